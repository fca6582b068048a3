"""A grid takes what holds numbers, and draws what its key says."""

import dataclasses
from itertools import combinations

import numpy as np
import pytest
import torch

from idem.sweeps.grid import Grid, seeded
from idem.sweeps.near import NearProjection

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
    by_rule = {rule: np.array([0.1, 0.2]) for rule in GRID.rules}
    assert dataclasses.replace(GRID, learning_rates=by_rule).units() == GRID.units()


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


@pytest.mark.parametrize("widths", [(0, 0), (4.0, 4.0), (4,), (4, 5)])
def test_widths_that_make_no_network_are_named(widths):
    with pytest.raises(ValueError, match="widths: expected two or more whole numbers"):
        dataclasses.replace(GRID, widths=widths)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("seed", -1, "seed: expected at least 0, got -1"),
        ("learning_rates", 0.1, "learning_rates: expected positive finite rates, got 0.1"),
        ("learning_rates", [], r"learning_rates: expected positive finite rates, got \[\]"),
        ("data", None, "data: expected one of fresh, fixed or a multiple .* got None"),
    ],
)
def test_a_value_of_another_kind_is_named(name: str, value, message: str):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(GRID, **{name: value})


def test_a_rule_that_is_not_swept_has_no_rates():
    grid = dataclasses.replace(GRID, learning_rates={"modified": [0.1], "ordinary": [0.2]})
    with pytest.raises(ValueError, match="rule: expected one of modified, ordinary, got 'transpo"):
        grid.rates("transposed")


def test_rates_in_a_tensor_are_rates():
    assert (
        dataclasses.replace(GRID, learning_rates=torch.tensor([0.5, 0.25])).units()[0]
        == (dataclasses.replace(GRID, learning_rates=[0.5, 0.25]).units()[0])
    )


@pytest.mark.parametrize("start", ["default", "orthogonal", NearProjection(0.1, 4.0)])
def test_what_is_drawn_does_not_depend_on_the_defaults_of_pytorch(start):
    grid = dataclasses.replace(GRID, widths=(4, 4, 4), initialization=start)
    expected = grid.start(0), grid.batch(0, 1)
    torch.set_default_dtype(torch.float64)
    try:
        with torch.device("meta"):
            found = grid.start(0), grid.batch(0, 1)
    finally:
        torch.set_default_dtype(torch.float32)
    torch.testing.assert_close(found, expected, rtol=0, atol=0)
