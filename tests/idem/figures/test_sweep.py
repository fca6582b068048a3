import math
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest

from idem.figures.sweep import figure_3, figure_4, figure_sweep
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


def test_the_sweep_has_a_row_a_network_and_medians_over_dots():
    figure = drawn(figure_sweep(lanes()))
    assert len(figure.axes) == 6
    assert [axes.get_title(loc="left") for axes in figure.axes[::3]] == ["B1, 3 runs", "B2, 3 runs"]
    for axes in figure.axes:
        assert axes.get_xscale() == axes.get_yscale() == "log"
    error = figure.axes[0]
    assert [points for points in curves(error) if len(points) == 2 and points[0][0] == 0.1] == [
        [(0.1, 0.02), (0.5, 0.02)]
    ] * 2
    assert sum(len(dots.get_offsets()) for dots in error.collections) == 2 * 2 * 3  # pyright: ignore


def test_runs_that_diverged_count_as_the_worst_in_every_panel():
    table = lanes()
    lost = (table.learning_rate == 0.5) & (table.run < 2) & (table.rule == "ordinary")
    table.loc[lost, ["absolute_error", "relative_error"]] = math.inf
    table.loc[lost, "diverged"] = True
    for axes in drawn(figure_sweep(table)).axes:
        assert words(axes) == "diverged"
        ends = [points[-1][1] for points in curves(axes) if points[0][0] == 0.1]
        assert max(ends) > 2 * min(ends)


def test_zeros_are_drawn_at_the_bottom():
    axes = drawn(figure_sweep(lanes(absolute_error=0.0))).axes[0]
    assert all(y > 0 for points in curves(axes) for _, y in points)


def summary(**changes: Any) -> pd.DataFrame:
    keys = product(("B1", "B2"), RULES, RATES)
    table = pd.DataFrame(keys, columns=["network", "rule", "learning_rate"])
    row = {"runs": 3, "improved": 3, "discarded": 0, "mean_error_of_improved": 2e-3}
    return table.assign(**row | changes)


def test_figure_3_marks_what_the_paper_discards_and_leaves_out_where_all_were():
    table = summary()
    table.loc[table.learning_rate == 0.5, ["improved", "discarded"]] = [1, 2]
    axes = drawn(figure_3(table)).axes[0]
    assert curves(axes) == [[(0.1, 2e-3), (0.5, 2e-3)], [(0.5, 2e-3)]] * 2
    gone = summary(improved=0, discarded=3, mean_error_of_improved=math.nan)
    axes = drawn(figure_3(pd.concat([table[table.rule == "modified"], gone]))).axes[0]
    assert len(curves(axes)) == 2


def test_figure_3_says_where_no_run_improved():
    gone = summary(improved=0, discarded=3, mean_error_of_improved=math.nan)
    assert words(drawn(figure_3(gone)).axes[0]) == "no run improved"


@pytest.mark.parametrize(("runs", "line"), [(1, "None"), (3, "-")])
def test_figure_3_joins_no_rates_of_a_single_run(runs: int, line: str):
    axes = drawn(figure_3(summary(runs=runs))).axes[0]
    assert axes.lines[0].get_linestyle() == line
    assert axes.get_title() == f"B1, {runs} run{'s' * (runs > 1)}"


def logged() -> pd.DataFrame:
    keys = product(("B2", "B3"), RULES, (0.1, 0.2, 0.3, 0.4, 9.0), (0, 1), (0, 5, 10))
    table = pd.DataFrame(keys, columns=["network", "rule", "learning_rate", "run", "step"])
    lost = (table.learning_rate == 9) & (table.rule == "modified") & (table.run == 0)
    return table.assign(absolute_error=1 / (1 + table.step + table.run), diverged=lost)


def test_figure_4_has_both_rules_in_a_panel_at_rates_where_nothing_diverges():
    figure = drawn(figure_4(logged()))
    rates = ["0.1", "0.3", "0.4"]
    assert [axes.get_title() for axes in figure.axes] == [
        f"{network}, rate {rate}" for network in ("B2", "B3") for rate in rates
    ]
    for axes in figure.axes:
        found = curves(axes)
        assert len(found) == 2
        np.testing.assert_allclose(found[0], [(0, 0.75), (5, 13 / 84), (10, 23 / 264)])
    assert len({axes.get_ylim() for axes in figure.axes}) == 1


def test_figure_4_is_drawn_where_a_run_diverged_at_every_rate():
    assert not curves(drawn(figure_4(logged().assign(diverged=True))).axes[0])
