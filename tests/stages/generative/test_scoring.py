"""Scores of what a network generates, also where training has broken it."""

import math
from typing import cast

import pytest
import torch

from stages.generative.scoring import Scorer, scored


class Counter:
    """A scorer that says how many images it was given."""

    def score(self, images: torch.Tensor) -> dict[str, float]:
        return {"frechet_distance": float(len(images))}


@pytest.mark.parametrize(("broken", "expected"), [(0.0, 5.0), (math.nan, None), (math.inf, None)])
def test_images_that_are_not_finite_have_no_distance(broken, expected):
    images = torch.zeros(5, 1, 2, 2)
    images[3, 0, 1, 1] = broken
    found = scored(images, cast(Scorer, Counter()))["frechet_distance"]
    assert math.isnan(found) if expected is None else found == expected
