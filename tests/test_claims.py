"""The ledger: every verdict follows from the numbers, in whichever direction they point."""

import json
import math
from itertools import product
from pathlib import Path

import pandas as pd
import pytest

from stages import params
from stages.claims import CONVENTION, NOT, OPEN, REPRODUCED, TABLE_1, Judge, Verdict, table

SECTION = params.Claims(
    least_runs=3, least_effect=0.1, confidence=0.95, resamples=200, near_zero=1e-6, comparable=0.3
)
RATES = {"B1": (0.1, 0.5), "B2": (0.02, 1.0), "B3": (0.22, 0.42), "B4": (0.42, 0.62)}
RULES = ("modified", "ordinary")
Errors = dict[tuple[str, str, float], float]


def judge(folder: Path, errors: Errors, runs: int = 3, spread: float = 0.1) -> Judge:
    """Write sweeps of initial error 1 and final error 0.5, but for the errors given."""
    for network, rates in RATES.items():
        rows = []
        for rule, rate, run in product(("modified", "ordinary"), rates, range(runs)):
            final = errors.get((network, rule, rate), 0.5) * (1 + 0.01 * run)
            for step, error in ((0, 1.0), (10, final)):
                lane = {"rule": rule, "learning_rate": rate, "run": run, "step": step}
                measured = {"absolute_error": error, "relative_error": error, "loss": error}
                extra = {"output_spread": spread, "diverged": math.isinf(error)}
                rows.append(lane | measured | extra)
        pd.DataFrame(rows).to_csv(folder / f"sweep_{network}.csv", index=False)
        (folder / f"sweep_{network}.json").write_text(json.dumps({"parameters": TABLE_1[network]}))
    return Judge(folder, SECTION)


def verdicts(folder: Path, errors: Errors, runs: int = 3) -> dict[str, Verdict]:
    (folder / "stability.json").write_text(json.dumps(edges((0.2, 0.22), (0.42, 0.5))))
    return {verdict.id: verdict for verdict in judge(folder, errors, runs).sweeps()}


@pytest.mark.parametrize(
    ("errors", "verdict"),
    [
        ({}, NOT),
        ({("B1", "modified", 0.5): 1e-3, ("B2", "modified", 1.0): 1e-3}, REPRODUCED),
        ({("B1", "modified", 0.5): 1e-3}, "on B1 only"),
        (
            {("B1", "modified", 0.5): 1e-3}
            | {("B2", rule, rate): math.inf for rule in RULES for rate in (0.02, 1)},
            "on B1, undecided on B2",
        ),
        ({("B1", "ordinary", 0.5): 1e-3, ("B2", "ordinary", 1.0): 1e-3}, NOT),
        (
            {
                ("B2", rule, rate): math.inf
                for rule in ("modified", "ordinary")
                for rate in (0.02, 1)
            },
            OPEN,
        ),
    ],
)
def test_t3_follows_the_errors_at_the_best_rates(tmp_path: Path, errors: Errors, verdict: str):
    assert verdicts(tmp_path, errors)["T3"].verdict == verdict


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
def test_t4_compares_both_readings_of_the_scale(tmp_path: Path, errors: Errors, verdict: str):
    assert verdicts(tmp_path, errors)["T4"].verdict == verdict


def edges(b3: tuple[float, float | None], b4: tuple[float, float | None]) -> dict:
    """Return a file of brackets, those of the modified rule given and ordinary's always fitting."""
    found = {}
    for network, (low, high), fitting in (("B3", b3, (0.1, 0.2)), ("B4", b4, (0.4, 0.5))):
        brackets = {"modified": (low, high), "ordinary": fitting}
        rules = {
            rule: {"largest_stable_rate": a, "lowest_unstable_rate": b}
            for rule, (a, b) in brackets.items()
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
def test_t5_follows_the_brackets_of_the_stable_rate(
    tmp_path: Path, b3: tuple[float, float | None], verdict: str
):
    (tmp_path / "stability.json").write_text(json.dumps(edges(b3, (0.42, 0.5))))
    found = judge(tmp_path, {})._t5()
    assert found.verdict == f"{verdict} (indication: 1 run)"
    assert f"B3, 9 steps: modified {b3[0]:g} and" in found.measured


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
    tmp_path: Path, fixed: float | None, best: float, verdict: str
):
    measured = {
        "batch_sizes": [32, 1000],
        "runs": 3,
        "at_fixed_rate": {"0.1": {"spread": fixed}, "0.2": {"spread": 0.05}, "9": {}},
        "at_best_rate": {"spread": best},
    }
    content = {"T7": {"B1": {"modified": measured, "ordinary": {"at_best_rate": {"1000": 1.0}}}}}
    (tmp_path / "variants.json").write_text(json.dumps(content))
    assert judge(tmp_path, {}).batch_sizes().verdict == verdict


def test_t3_takes_the_best_rate_at_which_no_run_diverges(tmp_path: Path):
    errors = {("B2", "modified", 1.0): 1e-3, ("B2", "modified", 0.02): 0.1}
    found = judge(tmp_path, errors)
    lanes = found.lanes["B2"]
    lost = (lanes.rule == "modified") & (lanes.learning_rate == 1.0) & (lanes.run == 0)
    lanes.loc[lost, ["diverged", "absolute_error"]] = [True, math.inf]
    assert "B2 0.02 and" in found._t3().measured


def test_t6_counts_the_lanes_that_reach_zero(tmp_path: Path):
    assert verdicts(tmp_path, {})["T6"].verdict == NOT
    found = verdicts(tmp_path, {("B1", "modified", 0.5): 1e-9})["T6"]
    assert found.verdict == REPRODUCED
    assert "3 of 6 modified lanes, 0 of 6 ordinary lanes" in found.measured


def test_with_fewer_runs_a_verdict_is_an_indication(tmp_path: Path):
    found = verdicts(tmp_path, {}, runs=2)
    assert found["T4"].verdict == f"{NOT} (indication: 2 runs)"
    assert found["T2"].verdict == REPRODUCED


def test_one_run_has_no_interval_and_decides_nothing(tmp_path: Path):
    found = judge(tmp_path, {}, runs=1).compared("B2", {"modified": 1.0, "ordinary": 1.0})
    assert found == (OPEN, "B2: ×1, one run")


def test_a_missing_rate_is_not_measurable(tmp_path: Path):
    found = judge(tmp_path, {}).compared("B2", {"modified": 7.0, "ordinary": 1.0})
    assert found == (OPEN, "B2: not measurable")


def test_the_table_has_a_row_a_claim():
    lines = table([Verdict("L1", "a claim", REPRODUCED, "a number")]).splitlines()
    assert lines[-1] == "| L1 | a claim | **reproduced** | a number |"


def generative(distance: float, error: float | None) -> dict:
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
    tmp_path: Path, distance: float, error: float | None, g1: str, g3: str
):
    (tmp_path / "generative_mnist.json").write_text(json.dumps(generative(distance, error)))
    found = {v.id: v.verdict for v in judge(tmp_path, {}).generative()}
    assert found == {"G1": g1, "G3": g3}
