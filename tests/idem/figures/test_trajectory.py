from itertools import product

import numpy as np
import pandas as pd
import pytest

from idem.figures import figure_landscape, figure_trajectory
from tests.idem.figures.drawing import curves, drawn

RULES, STUDIES = ("modified", "ordinary"), ("B1", "B1_best")


@pytest.fixture
def trace() -> pd.DataFrame:
    keys = product(STUDIES, range(3), RULES, (0, 1, 10))
    table = pd.DataFrame(list(keys), columns=["study", "run", "rule", "step"])
    step, ordinary = table.step, table.rule == "ordinary"
    return table.assign(
        cosine_of_rules=0.5 + 0.1 * table.run,
        cosine_of_batches=0.9,
        function_off_route_rules=0.4,
        function_off_route_data=0.1,
        function_off_route_half_rate=np.where(step == 10, np.nan, 0.2),
        plane_u=step * 0.1,
        plane_v=step * 0.1 * ordinary,
    )


@pytest.fixture
def surface() -> pd.DataFrame:
    keys = product(STUDIES, np.linspace(-1, 2, 5), np.linspace(-1, 2, 4))
    table = pd.DataFrame(list(keys), columns=["study", "u", "v"])
    return table.assign(loss=table.u**2 + table.v**2 + 1e-9)


def test_the_median_over_runs_is_drawn_for_either_route(trace: pd.DataFrame):
    figure = drawn(figure_trajectory(trace, ["B1"]))
    assert len(figure.axes) == 2
    heights = [[y for _, y in points] for points in curves(figure.axes[0])]
    assert heights == [pytest.approx([0.6] * 3)] * 2 + [pytest.approx([0.9] * 3)] * 2


def test_both_controls_are_drawn_as_far_as_they_reach(trace: pd.DataFrame):
    figure = drawn(figure_trajectory(trace, ["B1"]))
    found = curves(figure.axes[1])
    assert [points[0][1] for points in found] == pytest.approx([0.4, 0.4, 0.1, 0.1, 0.2, 0.2])
    assert [points[-1][0] for points in found] == [10, 10, 10, 10, 1, 1]


def test_the_routes_lie_on_the_plane_of_their_study(surface: pd.DataFrame, trace: pd.DataFrame):
    trace.loc[trace.study == "B1", "plane_u"] *= 2
    figure = drawn(figure_landscape(surface, trace))
    ends = [[line.get_xydata()[-1].tolist() for line in axes.lines] for axes in figure.axes[:2]]  # pyright: ignore
    assert ends[0] == [[2.0, 0.0], [2.0, 1.0], [0.0, 0.0]]
    assert ends[1] == [[1.0, 0.0], [1.0, 1.0], [0.0, 0.0]]
    assert figure.axes[0].get_aspect() == 1


def test_a_colour_bar_says_that_its_scale_is_logarithmic(
    surface: pd.DataFrame, trace: pd.DataFrame
):
    figure = drawn(figure_landscape(surface, trace))
    bars = [axes for axes in figure.axes if "log scale" in axes.get_xlabel()]
    assert len(bars) == len(STUDIES)
