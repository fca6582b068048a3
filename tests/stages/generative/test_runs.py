"""What decides a run, and the validation that all share."""

import json
from typing import Any, cast

import pytest
import torch
from torch import nn

from idem.generative.noise import FourierNoise
from stages.common import params
from stages.common.params import Validate
from stages.common.params.reading import parsed
from stages.generative import runs
from tests import ROOT

VALIDATE = Validate(every=3, samples=4, seed=0)


def test_a_validation_measures_copies_of_both_networks_in_training_mode():
    def measure(f: nn.Module) -> dict[str, float]:
        assert f.training and all(f is not network for network in networks.values())
        f(torch.ones(2, 1, 2, 2))
        return {"frechet_distance": cast(nn.BatchNorm2d, f).weight.item()}

    networks = {kind: nn.BatchNorm2d(1).eval() for kind in ("raw", "ema", "best")}
    for value, f in enumerate(networks.values()):
        nn.init.constant_(f.weight, value)
    validation = runs.validation(VALIDATE, measure)
    assert (validation.every, validation.criterion) == (3, "ema_frechet_distance")
    row = validation.measure(networks)
    assert row == {"ema_frechet_distance": 1.0, "raw_frechet_distance": 0.0}
    assert all(not f.training and f.running_mean == 0 for f in networks.values())


def keys(content: dict[str, Any]) -> list[Any]:
    """Return the key of the first model's run with the first seed."""
    everything = params.Laptop.model_validate(content)
    section, model = everything.train, next(iter(everything.train.models.values()))
    noise = FourierNoise(torch.zeros(1, 2, 2) + 0j, torch.zeros(1, 2, 2), torch.zeros(1, 2, 2), 2)
    return runs.Run("mnist", section, model, everything.score, section.seeds[0], noise).key("data")


def changed(content: Any, path: str, value: Any) -> Any:
    name, _, rest = path.partition(".")
    return content | {name: changed(content[name], rest, value) if rest else value}


@pytest.mark.parametrize(
    ("path", "value", "decides"),
    [
        ("train.seeds", [0, 7, 8], False),
        ("train.folder", "elsewhere", False),
        ("train.calibration_batches", 9, False),
        ("train.models.ordinary.weight", 0.7, False),
        ("evaluate.nearest_k", 3, False),
        ("train.seeds", [1, 0], True),
        ("train.steps", 7, True),
        ("train.log_every", 3, True),
        ("train.precision", "bfloat16", True),
        ("train.validation.every", 7, True),
        ("train.models.modified.steps", 7, True),
        ("train.models.modified.weight", 0.7, True),
        ("score.pairs", 9, True),
    ],
)
def test_the_key_of_a_run_holds_what_decides_it_and_no_more(path: str, value: Any, decides: bool):
    content = parsed(ROOT / "params.yaml")
    other = keys(changed(content, path, value))
    assert (json.dumps(other) != json.dumps(keys(content))) == decides


def test_it_matters_how_many_steps_a_run_makes_and_not_who_says_so():
    content = parsed(ROOT / "params.yaml")
    of_all = keys(changed(content, "train.steps", 7))
    assert of_all == keys(changed(content, "train.models.modified.steps", 7))
