"""The ledger: every verdict follows from the numbers, in whichever direction they point."""

import json
import math
from itertools import product
from typing import Any

import pandas as pd
import pytest

from stages.claims import batch_sizes, edges, generative, sweeps
from stages.claims.comparison import (
    RULES,
    at_rates,
    at_rates_of_the_others,
    compared,
    log_ratio,
)
from stages.claims.ledgers import laptop
from stages.claims.printed import CLAIMS
from stages.claims.sweeps import BY_COLLAPSE
from stages.claims.verdict import (
    CONVENTION,
    NOT,
    OPEN,
    REPRODUCED,
    Verdict,
    entries,
    marked,
    short_table,
    table,
)
from stages.common import params
from stages.sweeps.aggregate import last_rows
from stages.sweeps.printed import BATCH_SIZES, PARAMETER_COUNTS
from tests import ROOT

SECTION = params.Claims(
    least_runs=3,
    least_effect=0.1,
    confidence=0.95,
    near_zero=1e-6,
    comparable=0.3,
    collapsed_below=1e-3,
    least_digits=8,
    projection_below=0.1,
    precision_factor=10.0,
    share_expected=0.5,
    equality_tolerance=1e-12,
    linear_exponent_tolerance=0.1,
)
RATES = {"B1": (0.1, 0.5), "B2": (0.02, 1.0)}
WIDTH = 100  # of B2, so that 1 is 0.02 relabelled
Errors = dict[tuple[str, str, float], float]


def rows_of(
    rates: tuple[float, ...], errors: dict[tuple[str, float], float], runs: int = 3
) -> pd.DataFrame:
    """Return lanes of initial error 1 and final error 0.5, but for those given by rule and rate."""
    rows = []
    for rule, rate, run in product(RULES, rates, range(runs)):
        final = errors.get((rule, rate), 0.5) * (1 + 0.01 * run)
        for step, error, spread in ((0, 1.0, 0.2), (10, final, 0.1)):
            lane = {"rule": rule, "learning_rate": rate, "run": run, "step": step}
            measured = {"absolute_error": error, "relative_error": error, "loss": error}
            rows.append(lane | measured | {"output_spread": spread, "diverged": math.isinf(error)})
    return pd.DataFrame(rows)


def lanes_of(errors: Errors, runs: int = 3) -> dict[str, pd.DataFrame]:
    """Return the lanes of both networks."""
    return {
        network: last_rows(
            rows_of(
                rates, {(rule, r): e for (n, rule, r), e in errors.items() if n == network}, runs
            )
        )
        for network, rates in RATES.items()
    }


LOST: Errors = {("B2", rule, rate): math.inf for rule in RULES for rate in (0.02, 1)}


@pytest.mark.parametrize(
    ("errors", "verdict"),
    [
        ({}, NOT),
        ({("B1", "modified", 0.5): 1e-3, ("B2", "modified", 1.0): 1e-3}, REPRODUCED),
        ({("B1", "modified", 0.5): 1e-3}, "on B1 only"),
        ({("B1", "modified", 0.5): 1e-3} | LOST, "on B1, undecided on B2"),
        ({("B1", "ordinary", 0.5): 1e-3, ("B2", "ordinary", 1.0): 1e-3}, NOT),
        (LOST, OPEN),
    ],
)
def test_t3_follows_the_errors_at_the_best_rates(errors: Errors, verdict: str):
    assert sweeps.lower_error(lanes_of(errors), SECTION).verdict == verdict


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


BOTH: Errors = {("B1", "modified", 0.5): 1e-3, ("B2", "modified", 1.0): 1e-3}


@pytest.mark.parametrize(
    ("errors", "left", "verdict"),
    [
        (BOTH, {"B1": 0.9e-3, "B2": 0.9e-3}, f"{REPRODUCED}, {BY_COLLAPSE}"),
        (BOTH, {"B1": 0.9e-3, "B2": 1.1e-3}, f"{REPRODUCED} (B1 {BY_COLLAPSE})"),
        (BOTH, {"B1": 1.1e-3, "B2": 1.1e-3}, REPRODUCED),
        ({("B1", "modified", 0.5): 1e-3}, {"B1": 1e-8}, f"on B1 only (B1 {BY_COLLAPSE})"),
        ({}, {"B1": 1e-8, "B2": 1e-8}, NOT),
    ],
)
def test_t3_says_where_the_lower_error_is_that_of_a_constant_map(
    errors: Errors, left: dict[str, float], verdict: str
):
    assert sweeps.lower_error(with_spread(lanes_of(errors), **left), SECTION).verdict == verdict


def test_t3_on_one_network_has_its_collapse_in_the_verdict_and_its_spread_in_the_words():
    lanes = with_spread(lanes_of({("B1", "modified", 0.5): 1e-3}), B1=1e-4)
    found = sweeps.lower_error({"B1": lanes["B1"]}, SECTION)
    assert found.verdict == f"{REPRODUCED}, {BY_COLLAPSE}"
    assert "spread 2e-05 against 0.1 (at the start 0.2), relative error 0.001 against 0.5" in (
        found.measured
    )


def test_no_run_is_judged_at_rates_that_it_chose():
    """Each run has a lucky rate of its own: chosen by that run, the rules would differ."""
    lanes = last_rows(rows_of((0.1, 0.2, 0.4), {}))
    lucky = lanes.learning_rate == lanes.run.map({0: 0.1, 1: 0.2, 2: 0.4})
    lanes.loc[lucky & (lanes.rule == "modified"), "absolute_error"] = 1e-6
    pairs = at_rates_of_the_others(lanes)
    assert len(pairs) == 6
    assert (pairs.absolute_error > 0.1).all()


def test_a_run_that_diverges_at_the_rates_of_the_others_leaves_t3_open():
    errors = {("modified", 1.0): 1e-3, ("modified", 0.02): 0.1}
    lanes = last_rows(rows_of(RATES["B2"], errors))
    lost = (lanes.rule == "modified") & (lanes.learning_rate == 1.0) & (lanes.run == 0)
    lanes.loc[lost, ["diverged", "absolute_error"]] = [True, math.inf]
    found = sweeps.lower_error({"B2": lanes}, SECTION)
    assert found.verdict == OPEN
    assert "rates 0.02 or 1, its end and 0.02" in found.measured
    assert "not measurable, as a run diverged" in found.measured


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
    assert "lower at 0 of 4 rates, 0.1 (×1 [1, 1]) to 5 (" in found.measured
    assert "lower at 0 of 1 rate, 0.1 (×1 [1, 1])" in found.measured


def test_t4_falls_back_on_the_lowest_rate_where_a_rule_is_best_there():
    found = sweeps.lower_rates("B2", falling({0.1: 1e-5}, {}), WIDTH, SECTION)
    assert found.verdict == CONVENTION
    words = "scale: none is below both, so at the lowest: lower at 1 of 1 rate, 0.1 (×2e-05 ["
    assert words in found.measured


def test_t4_relabels_by_half_the_width():
    found = sweeps.lower_rates("B2", falling(HIGH, {}), 4 * WIDTH, SECTION)
    assert "a 200 times higher rate for the rule: lower at 1 of 1 rate" in found.measured
    found = sweeps.lower_rates("B2", falling(HIGH, {}), 7 * WIDTH, SECTION)
    assert found.verdict == OPEN
    assert found.measured.endswith("no rate in common")


def brackets(b3: tuple[float, float | None], b4: tuple[float, float | None]) -> dict:
    """Return a file of brackets, those of the modified rule given and ordinary's always fitting."""
    found = {}
    for network, (low, high), fitting in (("B3", b3, (0.1, 0.2)), ("B4", b4, (0.4, 0.5))):
        rules = {
            rule: {"largest_stable_rate": a, "lowest_unstable_rate": b}
            for rule, (a, b) in {"modified": (low, high), "ordinary": fitting}.items()
        }
        found[network] = rules | {"marchenko_pastur": 0.2, "one_layer_fresh": 0.4, "steps": 9}
    return found


@pytest.mark.parametrize(
    ("b3", "verdict"),
    [
        ((0.2, 0.22), REPRODUCED),
        ((0.2, 0.3), OPEN),
        ((0.3, 0.4), NOT),
        ((0.2, None), OPEN),
        ((0.3, None), NOT),
    ],
)
def test_t5_follows_the_brackets_of_the_stable_rate(b3: tuple[float, float | None], verdict: str):
    found = edges.from_brackets(brackets(b3, (0.42, 0.5)), SECTION)
    assert found.verdict == f"{verdict} (indication: 1 run)"
    assert f"B3, 9 steps: modified {b3[0]:g} and" in found.measured


@pytest.mark.parametrize(
    ("errors", "verdict"),
    [
        ({("modified", 0.27): math.inf, ("ordinary", 0.27): 1.5}, REPRODUCED),
        ({("modified", 0.27): math.inf}, NOT),
        ({(rule, rate): math.inf for rule in RULES for rate in (0.17, 0.22, 0.27)}, OPEN),
        ({("ordinary", rate): 2.0 for rate in (0.17, 0.22, 0.27)}, NOT),
    ],
)
def test_t5_takes_the_highest_rate_of_a_sweep_at_which_a_run_improves(
    errors: dict[tuple[str, float], float], verdict: str
):
    lanes = last_rows(rows_of((0.17, 0.22, 0.27), errors))
    assert edges.from_sweep("B3", lanes, SECTION).verdict == verdict


def test_one_improving_run_above_the_edge_refutes_t5():
    errors = {(rule, 0.27): math.inf for rule in RULES}
    lanes = last_rows(rows_of((0.22, 0.27), errors))
    assert edges.from_sweep("B3", lanes, SECTION).verdict == REPRODUCED
    one = (lanes.rule == "ordinary") & (lanes.learning_rate == 0.27) & (lanes.run == 2)
    lanes.loc[one, "improved"] = True
    found = edges.from_sweep("B3", lanes, SECTION)
    assert found.verdict == NOT
    assert "modified 0.22 (3 of 3 runs), ordinary 0.27 (1 of 3 runs)" in found.measured


def test_t6_counts_the_lanes_that_reach_zero():
    assert sweeps.near_zero(lanes_of({})["B1"], SECTION).verdict == NOT
    found = sweeps.near_zero(lanes_of({("B1", "modified", 0.5): 1e-9})["B1"], SECTION)
    assert found.verdict == REPRODUCED
    assert "3 of 6 modified lanes, 0 of 6 ordinary lanes" in found.measured


Limits = tuple[float | None, float | None, float | None]
SMALL: Limits = (0.1, 0.05, 0.15)
WIDE: Limits = (0.2, -0.1, 0.5)
LARGE: Limits = (1.0, 0.8, 1.2)


def largest(limits: Limits, lost: float = 0.0) -> dict[str, Any]:
    ratio, low, high = limits
    return {
        "largest": {
            "sizes": list(BATCH_SIZES),
            "log10_ratio": ratio,
            "low": low,
            "high": high,
            "diverged_at_one": lost,
        }
    }


def lost(share: float) -> dict[str, Any]:
    return largest((None, None, None), share)


def case(
    fixed: dict[str, Any] | None = None,
    best: Limits = SMALL,
    runs: int = 3,
    sizes: tuple[int, ...] = BATCH_SIZES,
) -> dict[str, Any]:
    """Return what `variants` says of a network whose ordinary rule has one size only."""
    measured = {
        "batch_sizes": list(sizes),
        "runs": runs,
        "at_fixed_rate": {"0.1": fixed or largest(SMALL), "0.2": largest((0.05, 0, 0.1)), "9": {}},
        "at_best_rate": {"rates": {str(size): 0.1 for size in BATCH_SIZES}} | largest(best),
    }
    return {"modified": measured, "ordinary": {"at_best_rate": {"log10_errors": {"1000": 1.0}}}}


@pytest.mark.parametrize(
    ("fixed", "best", "verdict"),
    [
        (largest(SMALL), LARGE, REPRODUCED),
        (largest(WIDE), SMALL, OPEN),
        (largest((0.1, -0.4, 0.2)), SMALL, OPEN),  # the interval leaves on the other side
        (largest(LARGE), SMALL, "in 1 of 1 cases, if the rate is chosen anew"),
        (lost(1.0), SMALL, "in 1 of 1 cases, if the rate is chosen anew"),
        (lost(0.1), SMALL, OPEN),
        (largest(LARGE), LARGE, NOT),
        (largest(LARGE), WIDE, OPEN),
        (largest((0.1, None, None)), SMALL, OPEN),
    ],
)
def test_t7_compares_batch_sizes_at_one_rate_and_at_the_best(
    fixed: dict[str, Any], best: Limits, verdict: str
):
    assert batch_sizes.judge({"B1": case(fixed, best)}, SECTION).verdict == verdict


def test_t7_counts_cases_that_are_alike_or_undecided():
    mixed = {"B1": case(largest(LARGE)), "B2": case(largest(LARGE), WIDE)}
    found = batch_sizes.judge(mixed, SECTION)
    assert found.verdict == "in 1 of 2 cases, if the rate is chosen anew, undecided in 1"
    assert "B1 modified (batch 32 to 10000, 3 runs) ×10 [6.3, 16] (32 / 10000 at 0.1), ×1.3" in (
        found.measured
    )


@pytest.mark.parametrize("other", [{"runs": 2}, {"sizes": (32, 1000)}, {"sizes": (100, 10_000)}])
def test_t7_leaves_out_networks_of_too_few_runs_or_sizes(other: dict[str, Any]):
    left_out = case(largest(LARGE), LARGE, **other)
    found = batch_sizes.judge({"B1": case(), "B2": left_out}, SECTION)
    assert found.verdict == REPRODUCED
    assert found.claim.endswith("B1 here)")
    assert "Not counted, for their sizes or runs: B2 modified" in found.measured
    alone = batch_sizes.judge({"B2": left_out}, SECTION)
    assert (alone.verdict, alone.claim) == (OPEN, CLAIMS["T7"].text)
    assert alone.ours == "none that counts"


def test_without_two_sizes_t7_is_undecided():
    only = {"B1": {"modified": case()["ordinary"]}}
    assert batch_sizes.judge(only, SECTION).verdict == OPEN


def test_with_fewer_runs_a_verdict_is_an_indication():
    lanes = lanes_of({}, runs=2)["B2"]
    found = sweeps.lower_rates("B2", lanes, WIDTH, SECTION)
    assert found.verdict == f"{NOT} (indication: 2 runs)"
    assert marked(NOT, 1, "seed", 2) == f"{NOT} (indication: 1 seed)"
    assert marked(NOT, 2, "seed", 2) == NOT


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


def test_t2_is_reproduced_by_the_printed_counts_alone():
    assert sweeps.parameter_counts(PARAMETER_COUNTS).verdict == REPRODUCED
    assert sweeps.parameter_counts(PARAMETER_COUNTS | {"B2": 238_601}).verdict == NOT
    assert "B2 238 600" in sweeps.parameter_counts(PARAMETER_COUNTS).measured


def test_the_table_has_a_row_a_claim():
    ledger = [
        Verdict("T2", REPRODUCED, "30", "a number"),
        Verdict("Q1", "B1: no", "×1", "", brief="no"),
    ]
    assert table(ledger).splitlines()[:3] == [
        "|  | the paper | here | measured |",
        "| --- | --- | --- | --- |",
        "| T2 | parameter counts of Table 1 | **reproduced** | a number |",
    ]
    claim = CLAIMS["Q1"]
    assert short_table(entries(ledger)).splitlines()[1:] == [
        "| --- | --- | --- | --- | --- |",
        f"| T2 | {CLAIMS['T2'].short} | {CLAIMS['T2'].authors} | 30 | reproduced |",
        f"| Q1 | {claim.short} | {claim.authors} | ×1 | no |",
    ]


def test_a_claim_names_the_networks_it_is_judged_on():
    found = Verdict("T3", REPRODUCED, "", "", ["B1", "B2"])
    assert (
        found.claim == "the modified rule reaches lower absolute error (Figure 3; B1 and B2 here)"
    )


def measured(
    distances: tuple[float | None, ...] = (50.0, 60.0, 150.0),
    error: float | None = 0.1,
    digits: int = 9,
) -> dict[str, Any]:
    """Return a file of measurements in which only the modified rule's vary, a distance a seed.

    The last weights are worse in everything.
    """
    bars = {seed: {"frechet_distance": d} for seed, d in zip("012", (100, 100, 200), strict=True)}
    ign = {"frechet_distance": 20.0, "digits": 10}
    seeds = {
        seed: {"frechet_distance": distance, "digits": digits if seed == "2" else 10}
        for seed, distance in zip("012", distances, strict=True)
    }
    ends = {seed: {"frechet_distance": 999.0, "digits": 2} for seed in "012"}
    models = {
        "modified": (of_model(90.0, error, seeds), of_model(999.0, 7.0, ends)),
        "ordinary": (of_model(133.0, 0.3, bars), of_model(888.0, 0.3, bars)),
        "ign": (of_model(20.0, 0.2, {"0": ign}), of_model(20.0, 0.2, {})),
    }
    controls = {name: {"frechet_distance": d} for name, d in (("real", 3.0), ("raw_noise", 300.0))}
    weights = {
        name: {"best": {"train": chosen}, "ema": {"train": last}}
        for name, (chosen, last) in models.items()
    }
    return {"controls": controls} | weights


def of_model(distance: float, error: float | None, seeds: dict[str, Any]) -> dict[str, Any]:
    means = {"frechet_distance": distance}
    means |= {f"{kind}_relative_error": error for kind in ("noise", "test")}
    return {name: {"mean": mean} for name, mean in means.items()} | {"seeds": seeds}


@pytest.mark.parametrize(
    ("distances", "digits", "verdict"),
    [
        ((50.0, 60.0, 150.0), 9, REPRODUCED),  # above a control of another seed
        ((50.0, 60.0, 150.0), 8, REPRODUCED),
        ((50.0, 60.0, 150.0), 7, NOT),
        ((50.0, 110.0, 120.0), 9, NOT),  # below ordinary's mean, above that of its own seed
        ((50.0, None, 150.0), 9, OPEN),
    ],
)
def test_g1_asks_for_digits_and_compares_with_every_control_seed_by_seed(
    distances: tuple[float | None, ...], digits: int, verdict: str
):
    found, _ = generative.judge(measured(distances, digits=digits), SECTION)
    assert found.verdict == verdict
    if verdict == REPRODUCED:
        assert "the samples are 16.7, 20, 50 times as far from real images" in found.measured
        assert "last step 2, 2, 2 digits, distance 999" in found.measured


@pytest.mark.parametrize("control", ["ordinary", "raw_noise"])
def test_without_a_control_g1_is_undecided(control: str):
    found = measured()
    if control == "raw_noise":
        found["controls"]["raw_noise"]["frechet_distance"] = None
    else:
        found[control]["best"]["train"] |= {"frechet_distance": {"mean": None}, "seeds": {}}
    assert generative.judge(found, SECTION)[0].verdict == OPEN


def test_the_published_reference_is_stated_and_decides_nothing():
    """Its distance is below that of the modified rule on every seed."""
    found, _ = generative.judge(measured(), SECTION)
    assert found.verdict == REPRODUCED
    assert "; IGN 20; " in found.measured


@pytest.mark.parametrize(("error", "verdict"), [(0.1, REPRODUCED), (0.4, NOT), (None, OPEN)])
def test_g3_compares_the_errors_with_ordinary(error: float | None, verdict: str):
    _, found = generative.judge(measured(error=error), SECTION)
    assert found.verdict == verdict
    assert "on held-out data (IGN 0.2)" in found.measured
    assert "last step 7 against 0.3 and 7 against 0.3" in found.measured


def test_the_committed_ledger_has_every_claim_once_and_in_words_of_the_paper():
    settings = params.read(ROOT / "params.yaml")
    ledger = laptop(ROOT / "metrics/laptop", settings)
    elsewhere = {"G2"}  # in the pipeline of CelebA, whose images its user brings
    assert [v.id for v in ledger] == [claim for claim in CLAIMS if claim not in elsewhere]
    for verdict in ledger:
        assert verdict.claim.startswith(CLAIMS[verdict.id].text.removesuffix(")"))
        row = entries([verdict])[verdict.id]
        assert max(map(len, (row["claim"], row["authors"], row["ours"]))) <= 60
        assert len(row.get("brief", row["verdict"])) <= 60
    rows = [json.dumps(v.measured) for v in ledger]
    assert not any("nan" in row or "{" in row for row in rows)
