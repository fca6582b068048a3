import math
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from idem.figures.newdata import draw_share, figure_newdata
from tests.idem.figures.drawing import drawn, words

CASES = ("default", "kaiming")
RESTS_ON = {"default": {"runs": 3, "steps": 99}, "kaiming": {"runs": 1, "steps": 9}}
HOWS = ("at_equal_rates", "at_equal_first_updates", "at_own_best_rates")
AMOUNTS = (16, 64, 256)
RULES = ("modified", "ordinary")


def table_of() -> pd.DataFrame:
    rows: list[dict[str, Any]] = [
        {"width": width, "batch_size": 16, "data": str(amount), "inputs": amount, "rule": rule}
        | {"learning_rate": 0.2, "trained_fell": 20.0, "new_fell": 2.0, "runs": 3, "diverged": 0}
        | {"share": 1 - 16 / amount}
        for width, amount, rule in product((16, 64), AMOUNTS, RULES)
    ]
    lost = rows[-1] | {"learning_rate": 9.0, "share": math.nan, "new_fell": 0.0, "diverged": 1}
    return pd.DataFrame([*rows, lost, rows[0] | {"data": "fresh", "inputs": 10**6}])


def ratios_of() -> pd.DataFrame:
    rows = [
        {"case": case, "how": how, "log10_ratio": -1.0, "low": -2.0, "high": 0.0} | RESTS_ON[case]
        for case, how in product(CASES, HOWS)
    ]
    nothing = {"log10_ratio": None, "low": None, "high": None}
    return pd.DataFrame([*rows[:-1], rows[-1] | nothing])


def learned_of() -> pd.DataFrame:
    errors = [1.1, 1.2, math.nan, 0.3]
    keys = pd.DataFrame(product(CASES, RULES), columns=["case", "rule"])
    return keys.assign(relative_error=errors)


@pytest.fixture(scope="module")
def panels() -> list[Axes]:
    return drawn(figure_newdata(table_of(), ratios_of(), learned_of())).axes


def points(axes: Axes) -> set[tuple[float, float]]:
    return {
        (float(f"{x:.10g}"), float(f"{y:.10g}"))
        for line in axes.get_lines()
        if line.get_marker() != "None"
        for x, y in np.asarray(line.get_xydata())
        if np.isfinite([x, y]).all()
    }


def test_the_share_stands_at_the_inputs_a_dimension():
    figure = Figure()
    axes = figure.subplots()
    draw_share(axes, table_of(), {"B3": 0.25})
    expected = {
        (float(f"{aside * amount / width:.10g}"), 1 - 16 / amount)
        for width, amount, aside in product((16, 64), AMOUNTS, (0.93, 1.07))  # by rule
    }
    assert {point for point in points(axes) if np.isfinite(point[0])} == expected
    assert "B3" in words(axes)


def test_the_share_is_drawn_below_if_it_is_asked_for():
    *_, share, aside = drawn(figure_newdata(table_of(), ratios_of(), learned_of(), {"B3": 1})).axes
    assert share.get_title() == "new inputs, equal steps"
    assert not aside.axison and aside.get_legend() is not None


def test_what_is_no_number_leaves_a_gap_and_says_so(panels: list[Axes]):
    assert len(points(panels[0])) == 2 * len(HOWS) - 1
    lost = ratios_of().log10_ratio.isna() & (ratios_of().how == "at_own_best_rates")
    assert words(panels[0]).count("not measurable") == lost.sum()
    assert {x for x, _ in points(panels[1])} == {1.1, 1.2, 0.3}


def test_every_case_is_named_with_what_it_rests_on(panels: list[Axes]):
    names = [label.get_text() for label in panels[0].get_yticklabels()]
    assert names == ["default (3 runs)", "Kaiming (1 run, 9 steps)"]
    assert panels[0].get_ylim() == panels[1].get_ylim()
