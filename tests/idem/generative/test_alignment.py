"""The penalty on statistics that disagree: against its definition, and what it does in training."""

import pytest
import torch
from torch import Generator, Tensor, nn
from torch.nn.functional import mse_loss

from idem.generative.alignment import disagreement, first_inputs
from idem.generative.decorrelation import DecorrelatedBatchNorm2d
from idem.generative.ign import IGN
from idem.generative.noise import GaussianNoise
from idem.generative.objective import Objective
from idem.generative.optimization import Optimization
from idem.generative.training import train
from idem.generative.udcgan import UDCGAN
from idem.rule.loss import idempotency_loss

SHAPE = (1, 8, 8)
LAYERS = {
    "batch": nn.BatchNorm2d(4),
    "group": nn.GroupNorm(2, 4),
    "in groups of two": DecorrelatedBatchNorm2d(4, 2),
    "as a whole": DecorrelatedBatchNorm2d(4, None),
}


def normal(*size: int, seed: int = 0) -> Tensor:
    return torch.randn(*size, generator=Generator().manual_seed(seed), dtype=torch.float64)


def features(seed: int) -> Tensor:
    """Return correlated features with means, (30, 4, 2, 3)."""
    mixed = torch.einsum("ij,bjhw->bihw", normal(4, 4, seed=seed), normal(30, 4, 2, 3, seed=9))
    return mixed + normal(1, 4, 1, 1, seed=seed + 1)


def slowly(x: Tensor, z: Tensor, size: int = 0) -> float:
    """Return the penalty channel by channel and pair by pair, with covariances within groups."""
    a, b = (v.transpose(0, 1).flatten(1) for v in (x, z))
    C, D = torch.cov(a, correction=0), torch.cov(b, correction=0)
    means, logs = [], []
    for i in range(4):
        means.append((a[i].mean() - b[i].mean()) ** 2 / (C[i, i] + D[i, i]))
        logs.append((C[i, i] / D[i, i]).log() ** 2)
    total = sum(means) / 4 + sum(logs) / 16
    if size:
        pairs = [(i, j) for i in range(4) for j in range(4) if i // size == j // size]
        s = ((C.diagonal() + D.diagonal()) / 2).sqrt()
        squares = [((C[i, j] - D[i, j]) / (s[i] * s[j])) ** 2 for i, j in pairs]
        total = total + 8 * sum(squares) / len(squares)
    return float(total)


@pytest.mark.parametrize(("layer", "size"), list(zip(LAYERS, (0, 0, 2, 4), strict=True)))
def test_it_equals_its_definition(layer: str, size: int):
    x, z = features(1), features(3)[:20]
    assert float(disagreement(LAYERS[layer], x, z)) == pytest.approx(slowly(x, z, size), rel=1e-9)


@pytest.mark.parametrize("layer", LAYERS)
def test_it_is_0_where_statistics_agree_symmetric_and_blind_to_scales(layer: str):
    norm, x, z = LAYERS[layer], features(1), features(3)
    assert float(disagreement(norm, x, x.flip(0))) < 1e-12
    there = disagreement(norm, x, z)
    torch.testing.assert_close(disagreement(norm, z, x), there)
    scales, shifts = normal(1, 4, 1, 1, seed=5).exp(), normal(1, 4, 1, 1, seed=6)
    moved = (v * scales + shifts for v in (x, z))
    torch.testing.assert_close(disagreement(norm, *moved), there)


def test_only_a_decorrelated_layer_sees_how_channels_vary_together():
    x = features(1)
    z = x.clone()
    z[:, 0] = 2 * z[:, 0].mean() - z[:, 0]  # mirrored: the same mean and variance
    assert float(disagreement(LAYERS["batch"], x, z)) < 1e-12
    assert float(disagreement(LAYERS["as a whole"], x, z)) > 0.1


def test_a_constant_channel_gives_a_finite_penalty_and_gradient():
    x, z = features(1), features(3)
    x[:, 2] = 1.0
    x.requires_grad_()
    loss = disagreement(LAYERS["as a whole"], x, z)
    loss.backward()
    assert loss.isfinite() and x.grad is not None and x.grad.isfinite().all()


def network() -> UDCGAN:
    f = UDCGAN(SHAPE, (4, 6), 4, (), "group", "decorrelated", None, Generator().manual_seed(0))
    return f.double()


def test_the_first_two_passes_are_recorded_and_no_other_nor_any_after():
    f, x, z = network(), normal(5, *SHAPE), normal(6, *SHAPE, seed=1)
    with first_inputs(f) as found:
        for batch in (x, z, x):
            f(batch)
    layers = [m for m in f.modules() if isinstance(m, nn.GroupNorm | DecorrelatedBatchNorm2d)]
    assert list(found.of) == layers and len(layers) == 4
    assert {tuple(map(len, inputs)) for inputs in found.of.values()} == {(5, 6)}
    before = found.disagreement()
    f(10 * z)
    assert found.disagreement() == before
    assert not any(m._forward_pre_hooks for m in f.modules())


def test_without_two_passes_or_any_layer_it_is_refused():
    f, plain = network(), nn.Conv2d(1, 1, 1).double()
    for g, passes in ((f, 1), (plain, 2)):
        with first_inputs(g) as found:
            for _ in range(passes):
                g(normal(5, *SHAPE))
        with pytest.raises(ValueError, match="normalised layers, and a pass over data and one"):
            found.disagreement()


@pytest.mark.parametrize("rule", ["modified", "ordinary", "transposed", "none", IGN(0.2)])
def test_the_objective_adds_it_to_what_it_is_without(rule):
    weight = 0.0 if rule == "none" else 0.3
    x, z = normal(7, *SHAPE).tanh(), normal(7, *SHAPE, seed=1)
    f, g, slow = network(), network(), network()
    loss, *parts = Objective(rule, weight, align=0.5).losses(f, x, x, z)
    without, *same = Objective(rule, weight).losses(g, x, x, z)
    with first_inputs(slow) as inputs:
        for batch in (x, z):
            slow(batch)
    torch.testing.assert_close(loss, without + 0.5 * inputs.disagreement())
    assert [p.item() for p in parts] == [p.item() for p in same]
    loss.backward()
    (without + 0.5 * inputs.disagreement()).backward()
    for fast, one, other in zip(f.parameters(), g.parameters(), slow.parameters(), strict=True):
        assert fast.grad is not None
        grads = [p.grad if p.grad is not None else 0 for p in (one, other)]
        torch.testing.assert_close(fast.grad, grads[0] + grads[1], rtol=1e-7, atol=1e-12)


def test_in_training_it_draws_data_and_noise_together():
    images = torch.randint(0, 60, (40, *SHAPE), generator=Generator().manual_seed(0)).byte()
    apart = {}
    for align in (0.0, 1.0):
        f = network().float()
        how = Optimization(steps=40, batch_size=16, learning_rate=0.01)
        train(f, images, GaussianNoise(SHAPE), Objective("none", 0.0, align=align), how)
        rng = Generator().manual_seed(7)
        with torch.no_grad(), first_inputs(f) as found:
            for batch in (images / 127.5 - 1, torch.randn(40, *SHAPE, generator=rng)):
                f(batch)
        apart[align] = float(found.disagreement())
    assert apart[1.0] < 0.3 * apart[0.0]


def test_it_is_written_as_the_paper_would():
    """The whole of a step, by hand, for one pass of each kind."""
    x, z, f = normal(7, *SHAPE).tanh(), normal(7, *SHAPE, seed=1), network()
    loss, *_ = Objective(align=0.1).losses(f, x, x, z)
    g = network()
    with first_inputs(g) as inputs:
        plain = mse_loss(g(x), x)
        plain = plain + idempotency_loss(g, z, "modified", "mean", running_statistics="all")
    torch.testing.assert_close(loss, plain + 0.1 * inputs.disagreement())


def test_a_negative_weight_is_refused():
    with pytest.raises(ValueError, match="align: expected 0 or more, got -0.1"):
        Objective(align=-0.1)
