"""Q2: what is asked of every model, in either mode, beside models without a rule."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

from stages.claims.generative import latent
from stages.claims.verdict import NOT_RUN, OPEN
from tests.stages.claims.studies import SECTION

RULES = {"modified": "modified", "ign": "ign", "denoiser": "none"}


def table(**columns: Sequence[float]) -> pd.DataFrame:
    return pd.DataFrame(columns).map(math.log10)


@pytest.mark.parametrize(
    ("departures", "expected"),
    [
        ((0.05, 0.06), "yes"),
        ((0.2, 0.25), "no"),
        ((0.08, 0.12), OPEN),
        ((0.01, 0.5), OPEN),
    ],
)
def test_a_projection_departs_less_than_allowed_by_the_whole_interval(departures, expected: str):
    found = table(modified=departures, ign=(0.5, 0.6), denoiser=(0.7, 0.8), untrained=(1, np.nan))
    answers = latent.projects(found, RULES, SECTION)
    assert answers["modified"] == expected
    assert list(answers) == ["modified", "ign"]  # no control


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [((0.4, 0.42), "yes"), ((0.6, 0.61), OPEN), ((0.78, 0.8), "no"), ((2.0, 2.1), "no")],
)
def test_a_rule_must_do_more_than_all_models_without_one(numbers, expected: str):
    found = table(modified=numbers, ign=(0.1, 0.11), denoiser=(0.76, 0.77), autoencoder=(0.9, 1))
    rules = RULES | {"autoencoder": "none"}
    assert latent.beyond_controls(found, rules, SECTION) == {"modified": expected, "ign": "yes"}


def test_without_a_model_that_has_no_rule_nothing_is_compared():
    found = table(modified=(0.4, 0.4), ign=(0.1, 0.1))
    rules = {"modified": "modified", "ign": "ign"}
    assert set(latent.beyond_controls(found, rules, SECTION).values()) == {NOT_RUN}


@pytest.mark.parametrize("seeds", [2, 5])
def test_noise_decides_nothing(seeds: int):
    rng = np.random.default_rng(0)
    words = []
    for _ in range(60):
        drawn = 10 ** rng.normal(-1, 0.1, (3, seeds))
        found = table(**dict(zip(RULES, drawn, strict=True)))
        words += [
            latent.projects(found, RULES, SECTION)["modified"],
            latent.beyond_controls(found.assign(modified=found.modified - 0.1), RULES, SECTION)[
                "modified"
            ],
        ]
    assert words.count(OPEN) >= 0.9 * len(words)


def tables(
    departures: Mapping[str, float], distances: Mapping[str, float], seeds: int = 5
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the tables of stage latent, with the same numbers in both modes and an own scatter."""
    runs = [
        {"model": model, "seed": seed, "mode": mode}
        for model in departures
        for seed in range(1 if model == "untrained" else seeds)
        for mode in ("train", "eval")
    ]
    jacobians = [
        run | {"application": k, "departure": departures[run["model"]] * scatter(run) / k}
        for run in runs
        for k in (1, 20)
    ]
    clouds = [
        run | {"kind": kind, "distance": apart * scatter(run)}
        for run in runs
        for kind, apart in (("noise", 1.0), ("f(z)", distances[run["model"]]))
    ]
    return pd.DataFrame(jacobians), pd.DataFrame(clouds)


def scatter(run: Mapping[str, Any]) -> float:
    return 1 + run["seed"] / 100


DEPARTURES = {"modified": 0.05, "ign": 0.5, "denoiser": 0.5, "untrained": 2.0}
DISTANCES = {"modified": 0.1, "ign": 0.1, "denoiser": 0.5, "untrained": 9.0}


def test_the_verdict_names_models_that_differ():
    said = latent.judge(*tables(DEPARTURES, DISTANCES), RULES, SECTION)
    assert said.verdict == (
        "projection around samples: yes (our training), no (IGN); "
        "nearer to one than without a rule: yes (our training), no (IGN); "
        "codes nearer to the data's than without a rule: yes"
    )
    assert said.brief == "yes or no"
    assert said.ours == "‖J² − J‖ / ‖J‖ 0.051 to 0.51 (train), 0.051 to 0.51 (eval)"
    assert "BatchNorm in eval mode: our training 0.051 [" in said.measured
    assert said.measured.endswith("untrained 2 and 9")


def test_a_mode_that_differs_is_named_and_few_seeds_too():
    jacobians, clouds = tables(DEPARTURES, DISTANCES, seeds=2)
    low = (jacobians["mode"] == "eval") & (jacobians.model == "ign")
    jacobians.loc[low, "departure"] /= 10
    said = latent.judge(jacobians, clouds, RULES, SECTION)
    assert said.verdict.startswith(
        "projection around samples: in training mode yes (our training), no (IGN), "
        "in eval mode yes; "
    )
    assert said.brief == "yes or no (indication: 2 seeds)"


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        (["yes", "yes"], "yes"),
        (["undecided", "no", "no"], "no"),
        (["no", "undecided"], "no"),
        (["undecided", "undecided"], "undecided"),
        (["undecided", "yes"], "yes or undecided"),
        (["undecided", "no", "yes"], "yes or no or undecided"),
    ],
)
def test_in_brief_it_does_not_hang_on_which_models_are_undecided(answers, expected: str):
    assert latent.in_brief(answers) == expected
