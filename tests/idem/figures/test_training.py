import math
from collections.abc import Sequence
from itertools import product

import numpy as np
import pandas as pd
import pytest

from idem.figures.training import figure_4, figure_fair, figure_wall_time
from tests.idem.figures.drawing import crosses, drawn, words

RATES = (0.1, 0.5)


def logged(diverged_at: int | None = None) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "network": "B2",
            "rule": rule,
            "learning_rate": rate,
            "run": run,
            "step": step,
            "absolute_error": 1 / (1 + step),
            "diverged": step == diverged_at and rate == RATES[-1],
        }
        for rule, rate, run, step in product(("modified", "ordinary"), RATES, (0, 1), (0, 5, 10))
    )


def test_figure_4_has_a_curve_a_rate_and_a_column_a_rule():
    left, right = drawn(figure_4(logged())).axes
    assert (left.get_title(), right.get_title()) == ("B2, modified", "B2, ordinary")
    assert len(left.lines) == len(RATES)
    assert np.asarray(left.lines[0].get_ydata()).tolist() == [1, 1 / 6, 1 / 11]


def test_figure_4_ends_a_curve_where_its_first_run_diverged():
    """Run 0 diverges at step 5 and leaves no later row; what survives is no mean of all runs."""
    table = logged(diverged_at=5)
    gone = (table.learning_rate == RATES[-1]) & (table.run == 0) & (table.step > 5)
    table.loc[table.run == 1, "diverged"] = False
    left, _ = drawn(figure_4(table[~gone])).axes
    curves = [line for line in left.lines if line.get_marker() != "x"]
    assert [len(np.asarray(line.get_xdata())) for line in curves] == [3, 1]


def test_figure_4_marks_where_a_run_diverged_and_says_where_one_always_did():
    table = logged(diverged_at=5)
    left, _ = drawn(figure_4(table)).axes
    assert crosses(left) == [0]
    assert not words(left)
    table["diverged"] = table.step == 5
    left, right = drawn(figure_4(table)).axes
    assert words(left) == words(right) == "a run diverged at every rate"


def test_figure_4_draws_runs_that_diverged_before_the_first_step():
    table = logged()
    drawn(figure_4(table[table.step == 0].assign(diverged=True, absolute_error=math.inf)))


def fair(diverged: Sequence[str] = ()) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Three runs a lane, whose error halves every step; those of some rules diverge at the end."""
    keys = product(("modified", "ordinary"), (0.1, 0.2, 0.4), range(3), range(4))
    rows = pd.DataFrame(keys, columns=["rule", "learning_rate", "run", "step"])
    price = rows.rule.map({"modified": 4.0, "ordinary": 5.0})
    lost = rows.rule.isin(diverged) & (rows.step == 3)
    error = (0.5**rows.step).where(~lost, math.inf)
    rows = rows.assign(network="B1", absolute_error=error, forward_equivalents=rows.step * price)
    training = rows[rows.learning_rate == rows.rule.map({"modified": 0.2, "ordinary": 0.4})]
    ends = rows[rows.step == 3].assign(first_update_norm=rows.learning_rate * 3, initial_error=1.0)
    return training, ends


def test_the_fair_comparison_is_by_step_by_compute_and_by_update():
    steps, compute, norms = drawn(figure_fair(*fair())).axes
    assert steps.get_title() == "B1, best rates: modified 0.2, ordinary ≥ 0.4"
    thick = [line for line in steps.lines if line.get_linewidth() == 2]
    assert [np.asarray(line.get_ydata()).tolist() for line in thick] == [[1, 0.5, 0.25, 0.125]] * 2
    ends = [max(np.asarray(line.get_xdata())) for line in compute.lines]
    assert {12, 15} <= set(ends)
    equal = compute.lines[-1]
    assert np.asarray(equal.get_xdata()).tolist() == [12, 12]
    medians = [line for line in norms.lines if line.get_markersize() == 4]
    np.testing.assert_allclose(np.asarray(medians[0].get_xdata()), [0.3, 0.6, 1.2])


@pytest.mark.parametrize("diverged", [["modified"], ["modified", "ordinary"]])
def test_the_fair_comparison_of_diverged_rules_says_so(diverged: list[str]):
    steps, compute, norms = drawn(figure_fair(*fair(diverged))).axes
    assert "modified none" in steps.get_title()
    for rule in diverged:
        assert f"{rule}: at every rate at least half diverged" in words(steps)
        assert f"{rule}: all runs diverged" in words(norms)
    assert words(compute) == words(steps)
    assert len(crosses(norms)) == 9 * len(diverged)


def test_the_wall_time_has_a_panel_a_network_and_seconds_along_it():
    training, _ = fair()
    rows = pd.concat(
        training.assign(network=name, seconds=training.step * second)
        for name, second in (("B1", 0.5), ("B2", 2.0))
    )
    panels = drawn(figure_wall_time(rows)).axes
    assert [axes.get_title().partition("\n")[0] for axes in panels] == ["B1, 3 runs", "B2, 3 runs"]
    assert [max(max(np.asarray(line.get_xdata())) for line in axes.lines) for axes in panels] == [
        1.5,
        6,
    ]
    assert all("seconds" in axes.get_xlabel() for axes in panels)
