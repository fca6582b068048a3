"""The rules are compared in pairs, at rates that no run chose for itself."""

import pytest

from stages.claims.comparison import RULES, at_rates, at_rates_of_the_others, compared, log_ratio
from stages.claims.verdict import OPEN
from stages.sweeps.aggregate import last_rows
from tests.stages.claims.lanes import SECTION, lanes_of, rows_of


def test_no_run_is_judged_at_rates_that_it_chose():
    """Each run has a lucky rate of its own: chosen by that run, the rules would differ."""
    lanes = last_rows(rows_of((0.1, 0.2, 0.4), {}))
    lucky = lanes.learning_rate == lanes.run.map({0: 0.1, 1: 0.2, 2: 0.4})
    lanes.loc[lucky & (lanes.rule == "modified"), "absolute_error"] = 1e-6
    pairs = at_rates_of_the_others(lanes)
    assert len(pairs) == 6
    assert (pairs.absolute_error > 0.1).all()


def test_one_run_has_no_interval_and_decides_nothing():
    lanes = at_rates(lanes_of({}, runs=1)["B2"], {"modified": 1.0, "ordinary": 1.0})
    assert compared(lanes, SECTION) == (OPEN, "×1, one run")


def test_a_missing_rate_is_not_measurable():
    lanes = at_rates(lanes_of({})["B2"], {"modified": 7.0, "ordinary": 1.0})
    assert compared(lanes, SECTION) == (OPEN, "not measurable")


def test_runs_are_compared_in_pairs():
    """What both rules of a run share, a lucky start for instance, widens no interval."""
    lanes = lanes_of({("B1", "modified", 0.5): 0.05})["B1"]
    lanes["absolute_error"] *= 10.0**lanes.run
    mean, low, high = log_ratio(at_rates(lanes, dict.fromkeys(RULES, 0.5)), 0.95)
    assert (mean, low, high) == pytest.approx((-1, -1, -1))
