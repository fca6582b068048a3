"""A grid takes what holds numbers, and draws what its key says."""

import dataclasses
from itertools import combinations

import numpy as np
import pytest
import torch

from idem.sweeps.grid import Grid, seeded

GRID = Grid((3, 4, 3), [0.1, 0.2], runs=2, steps=4, batch_size=8, log_every=2)
STREAMS = {
    "a run's start": (7, 1),
    "its first batch": (7, 1, 0, 0),
    "its second batch": (7, 1, 1, 0),
    "its new inputs": (7, 1, 0, 1),
    "another run's start": (7, 2),
    "its batch": (7, 2, 0, 0),
}
ONE = {"a run's start", "its first batch"}, {"another run's start", "its batch"}


def test_rates_in_an_array_are_rates():
    arrays = dataclasses.replace(GRID, learning_rates=np.array([0.1, 0.2]))
    assert arrays == GRID and arrays.units() == GRID.units()


@pytest.mark.parametrize("steps", [2.5, 2.0, float("inf"), float("nan")])
def test_a_count_that_is_no_whole_number_is_named(steps: float):
    with pytest.raises(ValueError, match=f"steps: expected a whole number, got {steps}"):
        dataclasses.replace(GRID, steps=steps)


def test_what_is_drawn_depends_on_the_key_alone():
    assert torch.equal(GRID.batch(1, 3), GRID.batch(1, 3))
    assert not torch.equal(GRID.batch(1, 3), GRID.batch(0, 3))
    for (weight, bias), (other, _) in zip(GRID.start(1), GRID.start(0), strict=True):
        assert weight.shape[0] == len(bias) and not torch.equal(weight, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(
            *pair,
            marks=pytest.mark.xfail(
                set(pair) in ONE, strict=True, reason="keys of zeros at the end are one: `seeded`"
            ),
        )
        for pair in combinations(STREAMS, 2)
    ],
)
def test_no_two_purposes_share_a_stream(one: str, other: str):
    first, second = (torch.rand(4, generator=seeded(*STREAMS[name])) for name in (one, other))
    assert not torch.equal(first, second)
