"""The rules are compared in pairs, at rates that no run chose for itself."""

import numpy as np
import pytest

from stages.claims.sweeps.comparison import (
    RULES,
    at_rates,
    at_rates_of_the_others,
    compared,
    log_ratio,
    nature,
)
from stages.claims.verdict import COLLAPSED, OPEN, SHRINKS
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


@pytest.mark.parametrize("factor", [1.0, 10**SECTION.least_effect, 10**-SECTION.least_effect])
def test_noise_is_undecided(factor: float):
    """Errors of both rules are drawn alike, but for a factor of the least effect at most."""
    rng, words = np.random.default_rng(0), []
    lanes = last_rows(rows_of((0.1,), {}, runs=10))
    shift = np.where(lanes.rule == "modified", factor, 1.0)
    for _ in range(50):
        lanes["absolute_error"] = shift * 10 ** rng.normal(-2, 0.3, len(lanes))
        words.append(compared(lanes, SECTION)[0])
    assert words.count(OPEN) >= 45


@pytest.mark.parametrize(("relative", "expected"), [(0.49, ""), (0.5, SHRINKS)])
def test_lanes_shrink_or_collapse(relative: float, expected: str):
    lanes = last_rows(rows_of((0.1,), {}, relative=relative))
    assert nature(lanes, SECTION) == expected
    lanes["output_spread"] = 1.1e-3 * lanes.initial_spread
    assert nature(lanes, SECTION) == expected
    lanes["output_spread"] = 0.9e-3 * lanes.initial_spread
    assert nature(lanes, SECTION) == COLLAPSED
    assert nature(lanes.assign(diverged=True), SECTION) == ""
