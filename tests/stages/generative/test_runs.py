"""The validation that all runs of stages share, and scores of networks that training has broken."""

import math
from typing import cast

import pytest
import torch
from torch import nn

from stages.common.params import Validate
from stages.generative import runs
from stages.generative.scoring import Scorer

VALIDATE = Validate(every=3, samples=4, seed=0)


class Counter:
    """A scorer that says how many images it was given."""

    def score(self, images: torch.Tensor) -> dict[str, float]:
        return {"frechet_distance": float(len(images))}


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


@pytest.mark.parametrize(("broken", "expected"), [(0.0, 5.0), (math.nan, None), (math.inf, None)])
def test_images_that_are_not_finite_have_no_distance(broken, expected):
    images = torch.zeros(5, 1, 2, 2)
    images[3, 0, 1, 1] = broken
    found = runs.scored(images, cast(Scorer, Counter()))["frechet_distance"]
    assert math.isnan(found) if expected is None else found == expected
