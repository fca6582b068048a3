"""The loss of a network that is one map: that of its parts apart, with fewer passes."""

import pytest
import torch
from torch import Generator, Tensor, nn

from idem.generative.ign import IGN
from idem.generative.matching import mismatch
from idem.generative.objective import Objective
from idem.generative.one_map import losses, pixel_mismatch
from idem.generative.udcgan import UDCGAN

OBJECTIVES = {
    "modified": Objective("modified", 0.3),
    "ordinary": Objective("ordinary", 0.3),
    "transposed": Objective("transposed", 0.3),
    "none": Objective("none", 0.0),
    "ign": Objective(IGN(0.6), 1.0),
}


def normal(count: int, seed: int) -> Tensor:
    return torch.randn(count, 1, 8, 8, generator=Generator().manual_seed(seed)).double()


X, Z = normal(6, 1), normal(5, 2)


def network() -> UDCGAN:
    f = UDCGAN((1, 8, 8), (4, 6), 3, normalization="group", generator=Generator().manual_seed(0))
    return f.double()


def gradient(f: nn.Module, loss: Tensor) -> Tensor:
    return torch.cat([g.flatten() for g in torch.autograd.grad(loss, list(f.parameters()))])


@pytest.mark.parametrize("name", OBJECTIVES)
@pytest.mark.parametrize("training", [True, False])
def test_loss_and_gradient_are_those_of_the_parts_apart(name: str, training: bool):
    f, objective = network().train(training), OBJECTIVES[name]
    loss, *parts = losses(f, X, Z, objective, 0.7)
    apart, *expected = objective.losses(f, X, X, Z)
    unlike = mismatch(f, X, f(Z)) + pixel_mismatch(X, f(Z))
    torch.testing.assert_close(torch.stack(parts), torch.stack([*expected, unlike]))
    torch.testing.assert_close(loss, apart + 0.7 * unlike)
    torch.testing.assert_close(gradient(f, loss), gradient(f, apart + 0.7 * unlike))


@pytest.mark.parametrize("name", OBJECTIVES)
def test_without_matching_it_is_the_objective(name: str):
    f, objective = network(), OBJECTIVES[name]
    loss, *parts = losses(f, X, Z, objective, 0.0)
    apart, *expected = objective.losses(f, X, X, Z)
    assert torch.equal(loss, apart) and torch.equal(torch.stack(parts[:-1]), torch.stack(expected))
    assert parts[-1].isnan()


def test_pixels_are_compared_by_place():
    m, s = X.mean(0) - Z.mean(0), X.std(0, correction=0) - Z.std(0, correction=0)
    expected = (m**2 + s**2).mean() / X.var(0, correction=0).mean()
    assert float(pixel_mismatch(X, Z)) == pytest.approx(float(expected))
    assert float(pixel_mismatch(X, X.flip(0))) == pytest.approx(0, abs=1e-12)
    assert float(pixel_mismatch(X, X.flip(-1))) > 0.1


def test_samples_that_do_not_vary_have_a_gradient():
    y = torch.zeros_like(Z).requires_grad_()
    pixel_mismatch(X, y).backward()
    assert y.grad is not None and y.grad.isfinite().all()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("modified", 5),  # f(x), f(z), f(f(z)), f(f(f(z))); f(f(z)) with f held
        ("none", 3),
        ("ign", 5),  # f(x), f(z), f(f(z)) with f held, f of f(z) held; f(f(z)) with f held
    ],
)
def test_passes_are_shared(name: str, expected: int):
    f, passes = network(), list[int]()
    f.register_forward_hook(lambda *_: passes.append(1))
    losses(f, X, Z, OBJECTIVES[name], 0.3)
    assert len(passes) == expected


def test_nothing_is_left_on_the_network():
    f = network()
    losses(f, X, Z, OBJECTIVES["modified"], 0.3)
    hooks = [m for m in f.modules() if m._forward_hooks or m._forward_pre_hooks]
    assert not hooks


def test_a_network_without_normalised_layers_is_named():
    f = nn.Conv2d(1, 1, 3, padding=1).double()
    with pytest.raises(ValueError, match="f: expected a network with normalised layers, got none"):
        losses(f, X, Z, OBJECTIVES["modified"], 0.3)
