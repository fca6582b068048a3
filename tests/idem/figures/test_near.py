import math
from functools import cache
from itertools import product

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

from idem.figures import near as near_figure
from idem.figures.near import figure_near
from tests.idem.figures.drawing import curves, drawn, words

CASES = ("n5", "n100", "n100_adam")
NAMES = ["n = 5, bias 4", "n = 100, bias 4", "n = 100, bias 4, Adam"]
RATES = (0.02, 0.1)


def near() -> pd.DataFrame:
    keys = product(CASES, ("modified", "ordinary"), RATES)
    table = pd.DataFrame(keys, columns=["case", "rule", "learning_rate"])
    lost = (table.rule == "ordinary") & (table.learning_rate == 0.1)
    error = (0.01 / table.learning_rate).where(~lost, math.inf)
    return table.assign(runs=5, start=0.4, relative_error=error)


def compared() -> pd.DataFrame:
    row = {"steps": 500, "log10_ratio": -1.0, "low": -2.0, "high": 0.0}
    edges = {"edge_modified": 1.0, "edge_ordinary": 0.01}
    none = dict.fromkeys(edges, math.nan)
    return pd.DataFrame(
        {"case": case, "name": name} | row | (none if "adam" in case else edges)
        for case, name in zip(CASES, NAMES, strict=True)
    )


@cache
def panels_of() -> list[Axes]:
    return drawn(figure_near(near(), compared())).axes


def test_a_case_has_a_panel_on_the_same_axis_of_errors():
    *panels, ratios = panels_of()
    titles = [axes.get_title().replace(",\n", ", ") for axes in panels]
    assert titles == [f"{name}\n500 steps, 5 runs" for name in NAMES]
    assert len({axes.get_ylim() for axes in panels}) == 1
    assert all(axes.get_yscale() == "log" for axes in panels)
    for axes in panels:
        modified, ordinary = (points for points in curves(axes) if points[0][0] == 0.02)
        assert [y for _, y in modified] == pytest.approx([0.5, 0.1])
        assert [y for _, y in ordinary] == pytest.approx([0.5]), "no line leads to what diverged"
        ((_, place),) = np.asarray(axes.collections[-1].get_offsets())
        assert place > 0.5, "what diverged lies above all numbers"
    assert [label.get_text() for label in ratios.get_yticklabels()] == NAMES


def test_no_line_joins_rates_between_which_nothing_was_tried():
    table = near().replace({"learning_rate": {0.02: 0.001}})
    panels = drawn(figure_near(table[table.rule == "modified"], compared())).axes[:-1]
    found = [[x for x, _ in points] for axes in panels for points in curves(axes)]
    assert [0.001] in found and [0.1] in found and [0.001, 0.1] not in found


def test_rates_are_written_as_briefly_as_they_can_be():
    assert [near_figure._short(rate) for rate in (0.6, 0.03, 0.003, 3e-4)] == [
        "0.6",
        "0.03",
        "3e-3",
        "3e-4",
    ]


def test_edges_are_drawn_where_they_are_predicted():
    *panels, _ = panels_of()
    found = [{points[0][0] for points in curves(axes)} & {1.0, 0.01} for axes in panels]
    assert found == [{1.0, 0.01}, {1.0, 0.01}, set()]


def test_the_ratios_have_their_intervals():
    ratios = panels_of()[-1]
    (bars,) = ratios.collections
    ends = [segment[:, 0].tolist() for segment in bars.get_segments()]  # pyright: ignore
    assert ends == [[0.01, 1.0]] * len(CASES)
    (marks,) = curves(ratios, "|")
    assert [x for x, _ in marks] == [0.1] * len(CASES)


def test_cases_without_a_panel_have_a_ratio_all_the_same_and_one_that_lacks_says_so():
    more = pd.concat([compared(), compared().head(1).assign(case="n7", name="n = 7")])
    more.loc[more.case == "n7", ["log10_ratio", "low", "high"]] = math.nan
    *panels, ratios = drawn(figure_near(near(), more)).axes
    assert len(panels) == len(CASES)
    assert [label.get_text() for label in ratios.get_yticklabels()][-1] == "n = 7"
    assert words(ratios) == "not measurable: a run diverged"
