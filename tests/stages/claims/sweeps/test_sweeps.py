"""T2, T3, T4 and T6: every verdict follows from the lanes, in whichever direction they point."""

import math

import pandas as pd
import pytest

from stages.claims.sweeps import sweeps
from stages.claims.sweeps.comparison import RULES
from stages.claims.verdict import COLLAPSED, CONVENTION, NOT, ONE_RUN, OPEN, REPRODUCED, SHRINKS
from stages.sweeps.aggregate import last_rows
from stages.sweeps.printed import PARAMETER_COUNTS
from tests.stages.claims.lanes import RATES, SECTION, WIDTH, Errors, lanes_of, rows_of

LOST: Errors = {("B2", rule, rate): math.inf for rule in RULES for rate in (0.02, 1)}


@pytest.mark.parametrize(
    ("errors", "verdict"),
    [
        ({}, (NOT, NOT)),
        ({("B1", "modified", 0.5): 1e-3, ("B2", "modified", 1.0): 1e-3}, (REPRODUCED, REPRODUCED)),
        ({("B1", "modified", 0.5): 1e-3}, (REPRODUCED, NOT)),
        ({("B1", "modified", 0.5): 1e-3} | LOST, (REPRODUCED, OPEN)),
        ({("B1", "ordinary", 0.5): 1e-3, ("B2", "ordinary", 1.0): 1e-3}, (NOT, NOT)),
        (LOST, (NOT, OPEN)),
    ],
)
def test_t3_follows_the_errors_at_the_best_rates(errors: Errors, verdict: tuple[str, str]):
    found = sweeps.lower_error(lanes_of(errors), SECTION)
    assert found.verdict == "B1: {}; B2: {}".format(*verdict)
    assert found.brief == ""


@pytest.mark.parametrize(
    ("error", "verdict"), [(0.5, NOT), (1e-3, REPRODUCED), (0.45, OPEN), (2.0, NOT)]
)
def test_t3_on_one_network_says_nothing_of_others(error: float, verdict: str):
    errors = {("modified", rate): error for rate in RATES["B2"]}
    lanes = last_rows(rows_of(RATES["B2"], errors))
    noise = 1 + 0.3 * (lanes.run - 1) * (lanes.rule == "modified")
    lanes["absolute_error"] *= noise if verdict == OPEN else 1.0
    found = sweeps.lower_error({"B2": lanes}, SECTION)
    assert found.verdict == verdict
    assert "B2 here" in found.claim and "B1" not in found.claim + found.measured


def with_spread(lanes: dict[str, pd.DataFrame], **left: float) -> dict[str, pd.DataFrame]:
    """Leave the modified rule so much of the output spread of the start, by network."""
    for network, share in left.items():
        of_network = lanes[network]
        modified = of_network.rule == "modified"
        of_network.loc[modified, "output_spread"] = share * of_network.initial_spread
    return lanes


@pytest.mark.parametrize(
    ("error", "left", "verdict"),
    [
        (1e-3, 0.9e-3, f"{REPRODUCED}, {COLLAPSED}"),
        (1e-3, 1.1e-3, REPRODUCED),
        (0.5, 1e-8, NOT),  # whatever is left of an error that is no lower
    ],
)
def test_t3_says_where_the_lower_error_is_that_of_a_constant_map(
    error: float, left: float, verdict: str
):
    lanes = with_spread(lanes_of({("B1", "modified", 0.5): error}), B1=left)
    assert sweeps.lower_error({"B1": lanes["B1"]}, SECTION).verdict == verdict


@pytest.mark.parametrize("error", [1e-3, 0.5, 2.0])
@pytest.mark.parametrize(("modified", "ordinary"), [(0.5, 0.5), (1.0, 9.0), (0.49, 1), (1, 0.49)])
def test_networks_shrink_where_neither_rule_makes_them_idempotent(
    error: float, modified: float, ordinary: float
):
    errors = {("modified", rate): error for rate in RATES["B2"]}
    lanes = last_rows(rows_of(RATES["B2"], errors))
    lanes["relative_error"] = lanes.rule.map({"modified": modified, "ordinary": ordinary})
    ends = f", {SHRINKS}" if min(modified, ordinary) >= 0.5 else ""
    of_t3 = sweeps.lower_error({"B2": lanes}, SECTION).verdict
    assert of_t3 == (REPRODUCED if error < 0.5 else NOT) + ends
    assert sweeps.lower_rates("B2", lanes, WIDTH, SECTION).verdict.endswith(ends)


def test_two_networks_have_a_brief_verdict_that_fits():
    lanes = with_spread(lanes_of({("B1", "modified", 0.5): 1e-3}), B1=1e-4)
    lanes["B2"]["relative_error"] = 1.0
    lanes["B2"]["step"] = 9
    found = sweeps.lower_error(lanes, SECTION)
    assert found.verdict == (
        f"B1: {REPRODUCED}, {COLLAPSED}; B2: {NOT}, {SHRINKS} (indication: 9 steps)"
    )
    assert found.brief == f"B1: {COLLAPSED}; B2: {NOT}, shrinks (9 steps)"


def test_t3_on_one_network_has_its_collapse_in_the_verdict_and_its_spread_in_the_words():
    lanes = with_spread(lanes_of({("B1", "modified", 0.5): 1e-3}), B1=1e-4)
    found = sweeps.lower_error({"B1": lanes["B1"]}, SECTION)
    assert found.verdict == f"{REPRODUCED}, {COLLAPSED}"
    assert "spread 2e-05 against 0.1 (at the start 0.2), relative error 0.1 against 0.1" in (
        found.measured
    )


def test_a_run_that_diverges_at_the_rates_of_the_others_leaves_t3_open():
    errors = {("modified", 1.0): 1e-3, ("modified", 0.02): 0.1}
    lanes = last_rows(rows_of(RATES["B2"], errors))
    lost = (lanes.rule == "modified") & (lanes.learning_rate == 1.0) & (lanes.run == 0)
    lanes.loc[lost, ["diverged", "absolute_error"]] = [True, math.inf]
    found = sweeps.lower_error({"B2": lanes}, SECTION)
    assert found.verdict == OPEN
    assert "rates 0.02 or 1, its end and 0.02" in found.measured
    assert "not measurable, as a run diverged" in found.measured
    assert found.ours == "error, modified / ordinary: B2 not measurable"


def test_a_single_run_chooses_its_own_rates_and_says_so():
    lanes = lanes_of({("B2", "modified", 1.0): 1e-3}, runs=1)["B2"]
    found = sweeps.lower_error({"B2": lanes}, SECTION)
    assert found.verdict == f"{OPEN} (indication: 1 run)"
    assert "best on itself" in found.measured and "rates 1, its end and" in found.measured


LABELS = (0.1, 0.2, 0.4, 5.0, 10.0, 20.0, 99.0)  # relabelled by 50, the first three are others


def falling(modified: dict[float, float], ordinary: dict[float, float]) -> pd.DataFrame:
    """Return lanes over LABELS, errors 0.5 but for those given, and least at the highest rate."""
    errors = {("modified", rate): error for rate, error in modified.items()}
    errors |= {("ordinary", rate): error for rate, error in ordinary.items()}
    return last_rows(rows_of(LABELS, {(rule, 99.0): 1e-3 for rule in RULES} | errors))


LOW = dict.fromkeys((0.1, 0.2, 0.4), 0.1)


HIGH = dict.fromkeys((5.0, 10.0, 20.0), 0.1)


@pytest.mark.parametrize(
    ("modified", "ordinary", "verdict"),
    [
        ({}, {}, NOT),
        (HIGH, {}, CONVENTION),
        (LOW | HIGH, {}, REPRODUCED),
        (LOW | HIGH, HIGH, CONVENTION),  # at the matched scale lower at 3 of 6
        (LOW | {10.0: 0.1}, {0.1: 0.1, 0.2: 0.1, 0.4: 0.1}, NOT),  # matched 1 of 6, raw none
        ({rate: math.inf for rate in HIGH}, {}, OPEN),
        ({5.0: math.inf}, {}, NOT),  # one rate undecided cannot make a majority
        (LOW | dict.fromkeys(HIGH, 2.0), {5.0: 4.0}, CONVENTION),  # matched alone is lower
    ],
)
def test_t4_takes_the_majority_of_the_rates_below_the_best(
    modified: dict[float, float], ordinary: dict[float, float], verdict: str
):
    found = sweeps.lower_rates("B2", falling(modified, ordinary), WIDTH, SECTION)
    assert found.verdict == verdict


def test_t4_leaves_out_the_best_rates_and_all_above():
    lanes = falling({10.0: 1e-5}, {})
    found = sweeps.lower_rates("B2", lanes, WIDTH, SECTION)
    assert "lower at 0 of 4 rates; ×1 [1, 1] at 0.1, and ×" in found.measured
    assert "lower at 0 of 1 rate; ×1 [1, 1] at 0.1" in found.measured


def test_t4_falls_back_on_the_lowest_rate_where_a_rule_is_best_there():
    found = sweeps.lower_rates("B2", falling({0.1: 1e-5}, {}), WIDTH, SECTION)
    assert found.verdict == CONVENTION
    words = "none is below both, so at the lowest: lower at 1 of 1 rate; ×2e-05 ["
    assert words in found.measured
    assert found.ours == "lower at 1 of 1 rates (equal steps), 0 of 1 (printed rates)"


def test_t4_relabels_by_half_the_width():
    found = sweeps.lower_rates("B2", falling(HIGH, {}), 4 * WIDTH, SECTION)
    assert "a 200 times higher rate for the rule: lower at 1 of 1 rate" in found.measured
    found = sweeps.lower_rates("B2", falling(HIGH, {}), 7 * WIDTH, SECTION)
    assert found.verdict == OPEN
    assert found.measured.endswith("no rate in common")
    assert found.ours.endswith(", none (printed rates)")


def test_t4_does_not_count_rates_of_a_single_run():
    found = sweeps.lower_rates("B2", lanes_of({}, runs=1)["B2"], WIDTH, SECTION)
    assert found.verdict == f"{OPEN} (indication: 1 run)"
    assert found.ours == ONE_RUN
    assert f"{ONE_RUN}; ×1, one run at" in found.measured
    assert "lower at" not in found.measured


def test_t6_counts_the_lanes_that_reach_zero():
    assert sweeps.near_zero(lanes_of({})["B1"], SECTION).verdict == NOT
    found = sweeps.near_zero(lanes_of({("B1", "modified", 0.5): 1e-9})["B1"], SECTION)
    assert found.verdict == REPRODUCED
    assert "3 of 6 modified and 0 of 6 ordinary trainings" in found.measured
    lanes = with_spread(lanes_of({("B1", "modified", 0.5): 1e-9}), B1=1e-7)["B1"]
    assert sweeps.near_zero(lanes, SECTION).verdict == f"{REPRODUCED}, {COLLAPSED}"


def test_with_fewer_runs_a_verdict_is_an_indication():
    lanes = lanes_of({}, runs=2)["B2"]
    found = sweeps.lower_rates("B2", lanes, WIDTH, SECTION)
    assert found.verdict == f"{NOT} (indication: 2 runs)"
    lanes["step"] = 9
    found = sweeps.lower_rates("B2", lanes, WIDTH, SECTION)
    assert found.verdict == f"{NOT} (indication: 2 runs, 9 steps)"


def test_t2_is_reproduced_by_the_printed_counts_alone():
    assert sweeps.parameter_counts(PARAMETER_COUNTS).verdict == REPRODUCED
    assert sweeps.parameter_counts(PARAMETER_COUNTS | {"B2": 238_601}).verdict == NOT
    assert "B2 238 600" in sweeps.parameter_counts(PARAMETER_COUNTS).measured
