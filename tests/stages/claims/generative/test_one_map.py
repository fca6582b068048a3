"""R2: all that is asked, on every seed; each alone is enough to fail."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

from stages.claims.generative import one_map
from stages.claims.generative.study import Study
from stages.claims.verdict import NO, NOT_RUN, OPEN, YES, Verdict
from stages.common import params
from tests.stages.claims.studies import SECTION, TRAINING as TRAINED

LIMITS = {"frechet_distance": 25.0, "relative_error": 0.3, "reconstruction_error": 0.055}
ASKED = params.StudyClaims(**SECTION.model_dump(), least_digits=10, one_map=params.OneMap(**LIMITS))
GOOD = {"digits": 10.0, "frechet_distance": 20.0, "frechet_distance_2": 15.0}
GOOD |= {"noise_relative_error": 0.25}
SEEDS = 5
LIKE = TRAINED.models["modified"]
TRAINING = TRAINED.model_copy(update={"models": TRAINED.models | {one_map.MODEL: LIKE}})


def judge(
    change: dict[str, Any], reconstruction: float | Sequence[float] = 0.05, peer: float = 180.0
) -> Verdict:
    seeds = {"seed": range(SEEDS), "weights": "ema", "mode": "eval"}
    scatter = 10 ** np.linspace(-0.01, 0.01, SEEDS)
    runs = [
        pd.DataFrame(seeds | GOOD | change).assign(model="one_map"),
        pd.DataFrame(seeds | GOOD | {"frechet_distance": peer * scatter}).assign(model="ign"),
    ]
    last = {"seed": range(SEEDS), "step": 1600, "eval_reconstruction_error": reconstruction}
    early = {"seed": range(SEEDS), "step": 100, "eval_reconstruction_error": 0.5}
    validation = pd.concat(pd.DataFrame(rows) for rows in (early, last)).assign(model="one_map")
    return one_map.judge(Study(pd.concat(runs), TRAINING, ASKED), validation, ASKED)


def test_all_that_is_asked_makes_it():
    found = judge({})
    assert found.verdict == YES
    assert found.ours == "10 digits, 20 (eval, EMA, the worst seed)"
    assert "near: yes; f(f(z)) as near: yes" in found.measured
    assert "ign ×0.11 [" in found.measured


@pytest.mark.parametrize(
    "change",
    [
        {"digits": 9.0},
        {"frechet_distance": 26.0},
        {"frechet_distance_2": 21.0},
        {"noise_relative_error": 0.31},
    ],
)
def test_one_thing_that_no_seed_has_is_enough_against_it_and_one_seed_leaves_it_open(change):
    assert judge(change).verdict == NO
    ((name, bad),) = change.items()
    assert judge({name: [GOOD[name]] * (SEEDS - 1) + [bad]}).verdict == OPEN


def test_the_reconstruction_error_is_that_of_the_last_step_of_the_validation():
    assert judge({}, 0.056).verdict == NO
    assert judge({}, [0.05, 0.05, 0.05, 0.05, 0.06]).verdict == OPEN


@pytest.mark.parametrize(("peer", "expected"), [(10.0, NO), (20.0, OPEN)])
def test_an_ign_that_is_as_near_or_nearer_in_eval_mode_counts(peer: float, expected: str):
    assert judge({}, peer=peer).verdict == expected


def test_before_it_was_trained_it_is_not_run():
    runs = pd.DataFrame({"model": ["ign"], "seed": [0], "weights": "ema", "mode": "eval"})
    found = one_map.judge(Study(runs, TRAINING, ASKED), pd.DataFrame(), ASKED)
    assert found.verdict == NOT_RUN
