import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from stages.sweeps import paired

NO_LIMITS = {"low": math.nan, "high": math.nan}
NOTHING = {"log10_ratio": math.nan} | NO_LIMITS
MODIFIED = {0.1: [1e-3, 2e-3, 1e-3], 0.3: [1e-4, math.inf, math.inf]}
ORDINARY = {0.001: [1e-1, 1e-1, 2e-1], 0.1: [math.inf] * 3}


def lanes_of(
    modified: dict[float, list[float]], ordinary: dict[float, list[float]], longer: float = 1.0
) -> pd.DataFrame:
    """Errors of the runs by rule and rate; the first updates of the modified rule are longer."""
    return pd.DataFrame(
        {"rule": rule, "learning_rate": rate, "run": run, "error": error}
        | {"first_update_norm": rate * (longer if rule == "modified" else 1.0)}
        for rule, rates in {"modified": modified, "ordinary": ordinary}.items()
        for rate, of_rate in rates.items()
        for run, error in enumerate(of_rate)
    )


def test_the_ratio_is_of_each_rules_best_rate_run_by_run():
    found = paired.at_own_best_rates(lanes_of(MODIFIED, ORDINARY), "error")
    logs = np.log10([1e-2, 2e-2, 5e-3])
    interval = stats.t.interval(0.95, 2, loc=logs.mean(), scale=stats.sem(logs))
    assert found["runs"] == 3
    assert found["log10_ratio"] == pytest.approx(logs.mean())
    assert (found["low"], found["high"]) == pytest.approx(interval)


def test_a_rate_is_chosen_on_the_other_runs():
    """Run 0 is best at 0.3, which the others do not show: it is not judged there."""
    lanes = lanes_of({0.1: [1.0, 1.0, 1.0], 0.3: [1e-9, 2.0, 2.0]}, {0.1: [1.0] * 3})
    assert paired.at_own_best_rates(lanes, "error")["log10_ratio"] == pytest.approx(0.0)
    both = lanes_of({0.1: [1.0] * 3, 0.3: [0.3, 2.0, 2.0]}, {0.1: [1.0] * 3, 0.3: [3.0] * 3})
    assert paired.at_equal_rates(both, "error")["log10_ratio"] == pytest.approx(0.0)


def test_a_rule_that_diverged_has_no_ratio():
    lanes = lanes_of(MODIFIED, {0.1: [math.inf] * 3, 0.3: [math.inf] * 3})
    for compare in (paired.at_own_best_rates, paired.at_equal_rates, paired.at_equal_first_updates):
        assert compare(lanes, "error") == {"runs": 3} | NOTHING


def test_a_rule_without_lanes_is_not_compared():
    lanes = lanes_of(MODIFIED, ORDINARY)
    for compare in (paired.at_own_best_rates, paired.at_equal_rates, paired.at_equal_first_updates):
        assert compare(lanes[lanes.rule == "modified"], "error") == {"runs": 0} | NOTHING


def test_one_run_has_no_interval():
    lanes = lanes_of({0.1: [1e-3]}, {0.1: [1e-1]})
    for compare in (paired.at_own_best_rates, paired.at_equal_rates, paired.at_equal_first_updates):
        found = compare(lanes, "error")
        assert found == {"runs": 1, "log10_ratio": pytest.approx(-2.0)} | NO_LIMITS


def test_one_rate_is_the_one_that_is_best_for_both():
    modified = {0.1: [1.0, 1.1], 0.2: [0.5, 0.5], 0.4: [0.1, 0.1]}
    ordinary = {0.1: [1.0, 1.0], 0.2: [0.4, 0.4], 0.4: [0.9, math.inf], 0.8: [0.01, 0.01]}
    found = paired.at_equal_rates(lanes_of(modified, ordinary), "error")
    # 0.4 is judged on run 1 by run 0 alone, where it is best; run 1 diverged there
    assert found == {"runs": 2} | NOTHING
    ordinary[0.4] = [0.9, 0.9]
    found = paired.at_equal_rates(lanes_of(modified, ordinary), "error")
    assert found["log10_ratio"] == pytest.approx(math.log10(0.1 / 0.9))


@pytest.mark.parametrize("longer", [0.5, 2.0, 3.0])
def test_updates_of_one_length_divide_a_factor_of_the_scale_out(longer: float):
    """A rule that is the other one at rates `longer` times as high is level with it."""
    rates = [0.01 * 2.0**k for k in range(6)]
    power = 0.7  # errors that are a power of the rate lie on lines of the logarithms
    modified = {r: [(longer * r) ** -power * (1 + run) for run in range(3)] for r in rates}
    ordinary = {r: [r**-power * (1 + run) for run in range(3)] for r in rates}
    lanes = lanes_of(modified, ordinary, longer)
    assert paired.at_equal_first_updates(lanes, "error")["log10_ratio"] == pytest.approx(0.0)
    at_rates = paired.at_equal_rates(lanes, "error")["log10_ratio"]
    assert at_rates == pytest.approx(-power * math.log10(longer))


def test_no_error_is_made_up_beyond_the_rates_or_beside_a_divergence():
    modified, ordinary = {0.1: [1.0], 0.2: [1.0]}, {0.1: [2.0], 0.2: [math.inf]}
    for longer in (1e-3, 1e3):
        lanes = lanes_of(modified, ordinary, longer)
        assert paired.at_equal_first_updates(lanes, "error") == {"runs": 1} | NOTHING
    between = paired.at_equal_first_updates(lanes_of({0.1: [1.0]}, ordinary, 1.5), "error")
    assert between == {"runs": 1} | NOTHING


def test_noise_alone_decides_little():
    """The rates that runs are judged at are chosen on runs they share: not quite 95 %."""
    generator = np.random.default_rng(0)
    wrong = 0
    for _ in range(100):
        errors = np.exp(generator.normal(0, 0.5, (2, 2, 5)))
        modified, ordinary = ({0.1: list(of[0]), 0.2: list(of[1])} for of in errors)
        found = paired.at_own_best_rates(lanes_of(modified, ordinary), "error")
        wrong += not found["low"] <= 0 <= found["high"]
    assert wrong <= 11
