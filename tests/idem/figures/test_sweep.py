import math
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from idem.figures import style
from idem.figures.sweep import figure_sweep
from tests.idem.figures.drawing import curves, drawn, words

RATES = (0.1, 0.5)
RULES = ("modified", "ordinary")


def lanes(**changes: Any) -> pd.DataFrame:
    keys = product(("B1", "B2"), RULES, RATES, range(3))
    table = pd.DataFrame(keys, columns=["network", "rule", "learning_rate", "run"])
    error = 0.01 * (1.0 + table.run)
    columns: dict[str, Any] = {"absolute_error": error, "relative_error": 1.0, "diverged": False}
    columns |= {"output_spread": 0.1, "initial_error": 0.5, "initial_spread": 0.6}
    return table.assign(**columns | changes)


def summary() -> pd.DataFrame:
    keys = product(("B1", "B2"), RULES, RATES)
    table = pd.DataFrame(keys, columns=["network", "rule", "learning_rate"])
    error = table.learning_rate / 100
    return table.assign(mean_error_of_improved=error.where(table.network == "B1"))


@cache
def panels_of() -> list[Axes]:
    return drawn(figure_sweep(lanes(), summary())).axes


def test_the_sweep_has_a_row_a_network_and_medians_over_dots():
    panels = panels_of()
    assert len(panels) == 6
    assert [axes.get_ylabel() for axes in panels[::3]] == ["B1, 3 runs", "B2, 3 runs"]
    for axes in panels:
        assert axes.get_xscale() == axes.get_yscale() == "log"
    error = panels[0]
    for rule in RULES:
        (median,) = curves(error, style.RULE_STYLES[rule]["marker"])
        assert median == [(0.1, 0.02), (0.5, 0.02)]
    assert sum(len(dots.get_offsets()) for dots in error.collections) == 2 * 2 * 3  # pyright: ignore


def test_runs_that_diverged_count_as_the_worst_in_every_panel():
    table = lanes()
    lost = (table.learning_rate == 0.5) & (table.run < 2) & (table.rule == "ordinary")
    table.loc[lost, ["absolute_error", "relative_error"]] = math.inf
    table.loc[lost, "diverged"] = True
    for axes in drawn(figure_sweep(table, summary())).axes:
        assert words(axes) == "diverged"
        medians = [m for rule in RULES for m in curves(axes, style.RULE_STYLES[rule]["marker"])]
        ends = [points[-1][1] for points in medians if points[0][0] == 0.1]
        assert max(ends) > 2 * min(ends)


def test_zeros_are_drawn_at_the_bottom():
    axes = drawn(figure_sweep(lanes(absolute_error=0.0), summary())).axes[0]
    assert all(y > 0 for points in curves(axes) for _, y in points)


def test_the_measure_of_the_paper_is_marked_where_a_run_improved():
    panels = panels_of()
    assert curves(panels[0], "x") == [[(0.1, 0.001), (0.5, 0.005)]] * 2
    assert all(np.isnan(y) for points in curves(panels[3], "x") for _, y in points)
    assert not curves(panels[1], "x")
