"""The ledger: every verdict follows from the numbers, in whichever direction they point."""

import json
import math
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from stages import params
from stages.aggregate import last_rows
from stages.claims import judge
from stages.judges import batch_sizes, cost, edges, generative, linear, rule, sweeps
from stages.judges.comparison import compared, log_ratio
from stages.judges.verdict import CONVENTION, NOT, OPEN, REPRODUCED, Verdict, marked, table
from stages.printed import BATCH_SIZES, CLAIMS, PARAMETER_COUNTS

ROOT = Path(__file__).parents[1]
SECTION = params.Claims(
    least_runs=3, least_effect=0.1, confidence=0.95, near_zero=1e-6, comparable=0.3
)
RATES = {"B1": (0.1, 0.5), "B2": (0.02, 1.0)}
WIDTH = 100  # of B2, so that 1 is 0.02 relabelled
RULES = ("modified", "ordinary")
Errors = dict[tuple[str, str, float], float]


def rows_of(
    rates: tuple[float, ...], errors: dict[tuple[str, float], float], runs: int = 3
) -> pd.DataFrame:
    """Return lanes of initial error 1 and final error 0.5, but for those given by rule and rate."""
    rows = []
    for rule, rate, run in product(RULES, rates, range(runs)):
        final = errors.get((rule, rate), 0.5) * (1 + 0.01 * run)
        for step, error in ((0, 1.0), (10, final)):
            lane = {"rule": rule, "learning_rate": rate, "run": run, "step": step}
            measured = {"absolute_error": error, "relative_error": error, "loss": error}
            rows.append(lane | measured | {"output_spread": 0.1, "diverged": math.isinf(error)})
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


@pytest.mark.parametrize(
    ("errors", "verdict"),
    [
        ({}, NOT),
        ({("B2", "modified", 1.0): 0.01}, CONVENTION),
        ({("B2", "modified", 1.0): 0.01, ("B2", "modified", 0.02): 0.1}, REPRODUCED),
        ({("B2", "modified", 1.0): 0.01, ("B2", "modified", 0.02): 0.9}, CONVENTION),
        ({("B2", "modified", 1.0): math.inf}, OPEN),
    ],
)
def test_t4_compares_both_readings_of_the_scale(errors: Errors, verdict: str):
    found = sweeps.lower_rates("B2", lanes_of(errors)["B2"], WIDTH, SECTION)
    assert found.verdict == verdict


def test_t4_relabels_by_half_the_width():
    errors = {("B2", "modified", 1.0): 0.01}
    found = sweeps.lower_rates("B2", lanes_of(errors)["B2"], 2 * WIDTH, SECTION)
    assert found.verdict == OPEN  # no lane at 2
    assert "a 100 times higher rate" in found.measured


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


def case(
    fixed: float | None = 0.1, best: float = 0.1, runs: int = 3, sizes: tuple = BATCH_SIZES
) -> dict[str, Any]:
    """Return what `variants` says of a network whose ordinary rule has one size only."""
    measured = {
        "batch_sizes": list(sizes),
        "runs": runs,
        "at_fixed_rate": {"0.1": {"spread": fixed}, "0.2": {"spread": 0.05}, "9": {}},
        "at_best_rate": {"spread": best},
    }
    return {"modified": measured, "ordinary": {"at_best_rate": {"1000": 1.0}}}


@pytest.mark.parametrize(
    ("fixed", "best", "verdict"),
    [
        (0.1, 0.1, REPRODUCED),
        (2.0, 0.1, "in 1 of 1 cases, if the rate is chosen anew"),
        (None, 0.1, "in 1 of 1 cases, if the rate is chosen anew"),
        (2.0, 1.0, NOT),
    ],
)
def test_t7_compares_batch_sizes_at_one_rate_and_at_the_best(
    fixed: float | None, best: float, verdict: str
):
    assert batch_sizes.judge({"B1": case(fixed, best)}, SECTION).verdict == verdict


def test_t7_says_which_networks_saw_all_sizes_and_from_how_many_runs():
    mixed = {"B1": case(), "B2": case(runs=2, sizes=(32, 1000)), "B3": case(runs=1)}
    found = batch_sizes.judge(mixed, SECTION).verdict
    assert found.startswith(f"{REPRODUCED} (indication: 1 to 3 runs; sizes from 32 to 10 000 on ")
    assert found.endswith("on B1 and B3 only)")
    alone = batch_sizes.judge({"B2": case(sizes=(32, 1000))}, SECTION).verdict
    assert alone == f"{REPRODUCED} (sizes from 32 to 10 000 on no network)"


def test_without_two_sizes_t7_is_undecided():
    only = {"B1": {"modified": case()["ordinary"]}}
    assert batch_sizes.judge(only, SECTION).verdict == f"{OPEN} (indication: 0 runs)"


def test_t3_takes_the_best_rate_at_which_no_run_diverges():
    lanes = lanes_of({("B2", "modified", 1.0): 1e-3, ("B2", "modified", 0.02): 0.1})
    of_b2 = lanes["B2"]
    lost = (of_b2.rule == "modified") & (of_b2.learning_rate == 1.0) & (of_b2.run == 0)
    of_b2.loc[lost, ["diverged", "absolute_error"]] = [True, math.inf]
    assert "B2 0.02 and" in sweeps.lower_error(lanes, SECTION).measured


def test_with_fewer_runs_a_verdict_is_an_indication():
    lanes = lanes_of({}, runs=2)["B2"]
    found = sweeps.lower_rates("B2", lanes, WIDTH, SECTION)
    assert found.verdict == f"{NOT} (indication: 2 runs)"
    assert marked(NOT, 1, "seed", 2) == f"{NOT} (indication: 1 seed)"
    assert marked(NOT, 2, "seed", 2) == NOT


def test_one_run_has_no_interval_and_decides_nothing():
    lanes = lanes_of({}, runs=1)["B2"]
    found = compared("B2", lanes, {"modified": 1.0, "ordinary": 1.0}, SECTION)
    assert found == (OPEN, "B2: ×1, one run")


def test_a_missing_rate_is_not_measurable():
    found = compared("B2", lanes_of({})["B2"], {"modified": 7.0, "ordinary": 1.0}, SECTION)
    assert found == (OPEN, "B2: not measurable")


def test_runs_are_compared_in_pairs():
    """What both rules of a run share, a lucky start for instance, widens no interval."""
    lanes = lanes_of({("B1", "modified", 0.5): 0.05})["B1"]
    lanes["absolute_error"] *= 10.0**lanes.run
    mean, low, high = log_ratio(lanes, dict.fromkeys(RULES, 0.5), 0.95)
    assert (mean, low, high) == pytest.approx((-1, -1, -1))


def test_t2_is_reproduced_by_the_printed_counts_alone():
    assert sweeps.parameter_counts(PARAMETER_COUNTS).verdict == REPRODUCED
    assert sweeps.parameter_counts(PARAMETER_COUNTS | {"B2": 238_601}).verdict == NOT
    assert "B2 238 600" in sweeps.parameter_counts(PARAMETER_COUNTS).measured


def test_t1_and_l1_to_l5_say_where_the_numbers_are_when_their_words_do_not_hold():
    assert cost.judge({"T1": {"verdict": REPRODUCED}}).measured == "the numbers are in cost.json"
    found = {name: {"verdict": NOT} for name in ("L1", "L2", "L3", "L4", "L5")}
    cases = {"oblique_10_float64_gamma_1": {"log10_floor": -9.0}}
    ledger = linear.judge({}, found | {"cases": cases})
    assert {v.measured for v in ledger} == {"the numbers are in linear.json"}


@pytest.mark.parametrize(("in_general", "words"), [(False, "matrices alone"), (True, "too")])
def test_c_says_whether_the_rule_is_a_gradient(in_general: bool, words: str):
    found = {
        "C": {"verdict": REPRODUCED, "log10_largest_difference": -15.0},
        "graphs": {"modified": {"nodes": 11}, "ordinary": {"nodes": 19}},
        "gradient_of_a_loss": {
            "modified_in_general": in_general,
            "least_asymmetry_elsewhere": 0.06,
        },
        "not_idempotent": {"examples": 5, "confirmed": 4},
    }
    assert words in rule.differentiation(found).measured
    refuted = rule.differentiation(found | {"C": found["C"] | {"verdict": NOT}})
    assert refuted.measured == "the numbers are in autodiff.json"


def test_q1_gives_every_study_its_ratio_and_word():
    ratio = {"log10_ratio": 1.0, "low": 0.0, "high": 2.0}
    study = {
        "distances": {"function_routes": ratio},
        "gradients": {"cosine_at_start": 0.5},
    }
    answer = {"verdict": "no", "routes": {"B1_best": "do not differ"}}
    found = rule.routes({"Q1": answer, "studies": {"B1_best": study}})
    assert found.verdict == "no"
    assert "B1, best: ×10 [1, 1e+02], do not differ" in found.measured
    assert "a cosine of 0.50" in found.measured


def test_the_table_has_a_row_a_claim():
    lines = table([Verdict("L1", "a claim", REPRODUCED, "a number")]).splitlines()
    assert lines[-1] == "| L1 | a claim | **reproduced** | a number |"


def measured(distance: float, error: float | None) -> dict:
    """Return a file of measurements in which only the modified rule's vary."""
    errors = {"noise_relative_error": 0.3, "data_relative_error": 0.3}
    other = {"frechet_distance": 100.0, "seeds": {}} | errors
    seeds = {seed: {"frechet_distance": distance, "digits": 9} for seed in "012"}
    modified = {key: error for key in errors} | {"frechet_distance": distance, "seeds": seeds}
    rules = {"modified": modified, "ordinary": other, "none": other}
    controls = {name: {"frechet_distance": d} for name, d in (("real", 3.0), ("raw_noise", 300.0))}
    return {"controls": controls} | {r: {"averaged": {"train": f}} for r, f in rules.items()}


@pytest.mark.parametrize(
    ("distance", "error", "g1", "g3"),
    [(50.0, 0.1, REPRODUCED, REPRODUCED), (150.0, 0.4, NOT, NOT), (150.0, None, NOT, OPEN)],
)
def test_g1_and_g3_compare_with_every_control(
    distance: float, error: float | None, g1: str, g3: str
):
    found = {v.id: v.verdict for v in generative.judge(measured(distance, error), SECTION)}
    assert found == {"G1": g1, "G3": g3}


def test_the_committed_ledger_has_every_claim_once_and_in_words_of_the_paper():
    settings = params.read(ROOT / "params.yaml")
    ledger = judge(ROOT / "metrics/laptop", settings)
    assert [v.id for v in ledger] == list(CLAIMS)
    for verdict in ledger:
        assert verdict.claim.startswith(CLAIMS[verdict.id].removesuffix(")"))
    rows = [json.dumps(v.measured) for v in ledger]
    assert not any("nan" in row or "{" in row for row in rows)
