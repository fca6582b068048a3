"""R2: all that is asked, on every seed of a lead; each alone is enough to fail."""

from typing import Any

import pandas as pd
import pytest

from stages.claims.generative import one_map
from stages.claims.verdict import NO, NOT_RUN, OPEN, Verdict
from stages.common import params
from tests.stages.claims.studies import SECTION

LIMITS = {"frechet_distance": 25.0, "relative_error": 0.3, "reconstruction_error": 0.055}
ASKED = params.StudyClaims(**SECTION.model_dump(), least_digits=10, one_map=params.OneMap(**LIMITS))
GOOD = {"eval_digits": 10.0, "eval_frechet_distance": 20.0, "eval_frechet_distance_2": 15.0}
GOOD |= {"eval_relative_error": 0.25, "eval_reconstruction_error": 0.05}
BAD = {
    "eval_digits": 9.0,
    "eval_frechet_distance": 26.0,
    "eval_frechet_distance_2": 21.0,
    "eval_relative_error": 0.31,
    "eval_reconstruction_error": 0.056,
}


def run(setting: str, seed: int, change: dict[str, Any]) -> pd.DataFrame:
    early = {name: 1000.0 for name in GOOD}
    rows = [early | {"step": 100}, GOOD | change | {"step": 1600}]
    return pd.DataFrame(rows).assign(setting=setting, seed=seed)


def judge(*runs: pd.DataFrame, leads: tuple[str, ...] = ()) -> Verdict:
    """Judge R2 from runs, all of whose settings are leads if no others are named."""
    table = pd.concat(runs)
    return one_map.judge(table, leads or set(table.setting), ASKED)


@pytest.mark.parametrize(("name", "value"), BAD.items())
def test_one_thing_that_is_lacking_is_enough_against_it(name: str, value: float):
    found = judge(run("a", 0, {name: value}))
    assert found.verdict == f"{NO} (indication: 1 seed)"
    assert "all of it on every seed: none" in found.measured


def test_a_lead_that_has_all_of_it_leaves_it_open():
    found = judge(run("a", 0, BAD), run("b", 0, {}))
    assert found.verdict.startswith(OPEN)
    assert "all of it on every seed: b." in found.measured


def test_every_seed_of_a_lead_must_have_it():
    assert judge(run("a", 0, {}), run("a", 1, {"eval_digits": 9.0})).verdict.startswith(NO)


def test_the_nearest_is_named_and_what_is_no_lead_decides_nothing():
    found = judge(
        run("a", 0, {"eval_frechet_distance": 40.0}),
        run("b", 0, {"eval_frechet_distance": 60.0, "eval_relative_error": 0.4}),
        run("ign", 0, {}),
        leads=("a", "b"),
    )
    assert found.ours == "f(z) at 40 or farther, 25 asked (2 settings)"
    assert "near: 0, f(f(z)) as near: 2, idempotent: 1" in found.measured
    assert "The nearest is a: f(z) 40 " in found.measured


def test_before_a_lead_was_tried_it_is_not_run():
    assert one_map.judge(None, ["a"], ASKED).verdict == NOT_RUN
    assert judge(run("ign", 0, {}), leads=("a",)).verdict == NOT_RUN
    assert judge(run("a", 0, {}), leads=("a", "b")).verdict == NOT_RUN


def test_a_lead_that_diverged_is_far():
    broken = pd.DataFrame({"setting": ["a"], "seed": [0], "step": [7]})
    assert "near: 0" in judge(broken, run("b", 0, BAD)).measured
    assert judge(broken, run("b", 0, BAD)).ours == "f(z) at 26 or farther, 25 asked (2 settings)"
