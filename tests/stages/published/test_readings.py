from typing import get_args

import pytest
import torch

from stages.common.params.published import Reading
from stages.published.readings import READINGS, factor


def test_the_parameters_know_every_reading():
    assert set(get_args(Reading)) == set(READINGS)


@pytest.mark.parametrize("width", [5, 4096])
def test_a_factor_is_that_of_the_gradient(width: int):
    """A step at a label is a step of the matched scale at factor times the label."""
    difference = torch.randn(7, width, dtype=torch.float64, requires_grad=True)
    square = difference.square()
    losses = {
        "batch": square.sum() / (2 * 7),
        "batch, no half": square.sum(1).mean(),
        "elements": square.mean(),
        "elements, half": square.mean() / 2,
    }
    matched = difference.detach() / 7
    for reading, loss in losses.items():
        (gradient,) = torch.autograd.grad(loss, difference, retain_graph=True)
        torch.testing.assert_close(gradient, factor(reading, width) * matched)


def test_an_unknown_reading_is_named():
    with pytest.raises(ValueError, match="reading: expected one of batch; .*, got 'sum'"):
        factor("sum", 5)
