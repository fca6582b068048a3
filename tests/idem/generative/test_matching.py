"""What gives samples the statistics of data: against its definition, and whom it moves."""

import pytest
import torch
from torch import Generator, Tensor, nn

from idem.generative.alignment import disagreement
from idem.generative.decorrelation import DecorrelatedBatchNorm2d
from idem.generative.matching import mismatch


def normal(*size: int, seed: int) -> Tensor:
    return torch.randn(*size, generator=Generator().manual_seed(seed))


def network() -> nn.Sequential:
    torch.manual_seed(0)
    layers = nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 4, 1)
    return nn.Sequential(*layers, DecorrelatedBatchNorm2d(4, 2))


X, Y = normal(40, 1, 6, 6, seed=1), 2 * normal(30, 1, 6, 6, seed=2) + 1


@torch.no_grad()
def test_it_is_the_sum_of_what_layers_see():
    f = network().eval()
    first = (f[0](X), f[0](Y))
    last = tuple(f[3](f[2](f[1](v))) for v in first)
    expected = disagreement(f[1], *first) + disagreement(f[4], *last)
    assert float(mismatch(f, X, Y)) == pytest.approx(float(expected), rel=1e-6)


@torch.no_grad()
def test_samples_like_data_cost_nothing_and_others_something():
    f = network().eval()
    assert float(mismatch(f, X, X.clone())) < 1e-6
    assert float(mismatch(f, X, Y)) > 0.1
    assert float(mismatch(f, X, torch.zeros_like(Y))) > 1


def test_samples_alone_are_moved():
    f, x, y = network().eval(), X.clone().requires_grad_(), Y.clone().requires_grad_()
    mismatch(f, x, y).backward()
    assert y.grad is not None and y.grad.abs().sum() > 0
    assert x.grad is None
    assert all(p.grad is None for p in f.parameters())


def test_the_way_by_which_samples_were_made_is_followed():
    f = network().eval()
    shift = torch.zeros((), requires_grad=True)
    mismatch(f, X, X + 1 + shift).backward()
    assert shift.grad is not None and float(shift.grad) > 0  # towards the mean of the data


@torch.no_grad()
def test_in_evaluation_mode_statistics_are_held():
    f = network().eval()
    before = {name: value.clone() for name, value in f.state_dict().items()}
    mismatch(f, X, Y)
    assert all(torch.equal(value, before[name]) for name, value in f.state_dict().items())


def test_a_network_without_normalised_layers_is_refused():
    with pytest.raises(ValueError, match="normalised layers"):
        mismatch(nn.Conv2d(1, 1, 1), X, Y)
