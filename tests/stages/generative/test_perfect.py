"""A denoiser that is trained on: what is compared, and that it is measured on other digits."""

import math
from pathlib import Path

import pandas as pd
import pytest

from idem.checkpoint import Checkpoint
from stages.common import params
from stages.generative import perfect
from tests.made_up import write_mnist

WAYS = [
    {"rule": "none", "task": 1.0, "learning_rates": [1e-3]},
    {"rule": "modified", "task": 0.0, "learning_rates": [1e-3, 1e30]},
    {"rule": "ordinary", "task": 0.0, "learning_rates": [1e-3]},
]
SECTION = params.Perfect.model_validate(
    {"seeds": [0], "seed": 1, "images": 6, "batch_size": 4, "pretraining_steps": 3}
    | {"pretraining_rate": 1e-3, "steps": 3, "ways": WAYS}
)
SHAPE = ([3, 4], 2)


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    folder = tmp_path_factory.mktemp("digits")
    write_mnist(folder, ("train", "test"))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        found = perfect.trained(SECTION, SHAPE, 0, Checkpoint(Path("unused.npz")))
    return pd.DataFrame(found)


def test_every_way_begins_with_the_denoiser(rows: pd.DataFrame):
    assert list(rows.rule) == ["before", "none", "modified", "modified", "ordinary"]
    finite = rows[rows.psnr_once.notna()]
    assert finite.relative_error.gt(0).all() and finite.psnr_once.gt(0).all()
    moved = finite.relative_error[1:] - finite.relative_error.iloc[0]
    assert (moved != 0).all()


def test_a_way_that_breaks_off_is_infinitely_wrong(rows: pd.DataFrame):
    broken = rows[rows.learning_rate == 1e30]
    assert (broken.relative_error == math.inf).all() or broken.psnr_once.notna().all()


def test_the_headline_is_of_each_rules_best_rate():
    seeds = (0, 1)
    table = [("before", math.nan, math.nan, 0.4, 20.0)]
    table += [("none", 1.0, 0.1, 0.3, 21.0), ("modified", 0.0, 0.1, 0.2, 18.0)]
    table += [("modified", 0.0, 0.2, 0.04, 15.0), ("ordinary", 0.0, 0.1, 0.4, 19.0)]
    rows = pd.DataFrame(
        {"seed": seed, "rule": rule, "task": task, "learning_rate": rate}
        | {"relative_error": error * (1 + seed), "psnr_once": psnr, "psnr_twice": psnr}
        | {"spread": psnr / 20}
        for seed in seeds
        for rule, task, rate, error, psnr in table
    )
    found = perfect.headline(rows)
    assert found["before"]["psnr_once"] == 20.0
    alone = found["task_0"]
    assert alone["modified"] == {
        "learning_rate": 0.2,
        "relative_error": pytest.approx(0.06),
        "psnr_lost": pytest.approx(5.0),
        "spread_kept": pytest.approx(0.75),
    }
    assert alone["modified_over_ordinary"]["log10_ratio"] == pytest.approx(-1.0)
    assert math.isnan(found["task_1"]["modified_over_ordinary"]["log10_ratio"])
    assert found["task_1"]["none"]["psnr_lost"] == pytest.approx(-1.0)
