"""The objective of Idempotent Generative Networks against a slow twin with a real copy."""

import copy
import math
from typing import Any

import pytest
import torch
from torch import Generator, Tensor, nn
from torch.nn.functional import l1_loss, mse_loss

from idem.generative.ign import IGN, IGNLoss, ign_loss
from idem.generative.udcgan import UDCGAN
from idem.rule.loss import idempotency_loss

SHAPE = (1, 8, 8)
WEIGHTS: dict[str, Any] = {"reconstruction_weight": 0.7, "idempotency_weight": 0.3}


def network(seed: int = 0) -> UDCGAN:
    f = UDCGAN(SHAPE, (4, 6), 3, generator=Generator().manual_seed(seed))
    return f.double().train()


def batches() -> tuple[Tensor, Tensor]:
    generator = Generator().manual_seed(1)
    x, z = torch.randn(2, 8, *SHAPE, generator=generator, dtype=torch.float64)
    return x.tanh(), z


def slow_loss(f: nn.Module, x: Tensor, z: Tensor, settings: IGN) -> IGNLoss:
    """Compute the objective line by line, with a real copy whose parameters have no gradient."""
    held = copy.deepcopy(f).requires_grad_(False)
    distance = {"mse": mse_loss, "l1": l1_loss}[settings.distance]
    reconstruction = distance(f(x), x)
    fz = f(z)
    idempotency = distance(held(fz), fz)
    with torch.no_grad():
        frozen = copy.deepcopy(held)(z)
    tightness = -distance(f(frozen), frozen)
    if settings.clamp is not None:
        bound = settings.clamp * reconstruction.item()
        tightness = torch.tanh(tightness / bound) * bound
    total = 0.7 * reconstruction + 0.3 * idempotency + settings.tightness_weight * tightness
    return IGNLoss(total, reconstruction, idempotency, tightness)


def gradients(f: nn.Module, loss: Tensor) -> Tensor:
    return torch.cat([g.flatten() for g in torch.autograd.grad(loss, list(f.parameters()))])


@pytest.mark.parametrize("distance", ["mse", "l1"])
@pytest.mark.parametrize("clamp", [1.5, 0.1, None])
def test_values_gradients_and_statistics_equal_those_with_a_real_copy(distance, clamp):
    (x, z), settings = batches(), IGN(0.4, clamp, distance)
    fast, slow = network(), network()
    found, expected = ign_loss(fast, x, z, settings, **WEIGHTS), slow_loss(slow, x, z, settings)
    torch.testing.assert_close(torch.stack(found), torch.stack(expected), rtol=1e-12, atol=0)
    torch.testing.assert_close(
        gradients(fast, found.total), gradients(slow, expected.total), rtol=1e-9, atol=1e-14
    )
    for name, buffer in slow.named_buffers():
        assert torch.equal(fast.get_buffer(name), buffer), name


def test_the_terms_share_a_value_and_between_them_the_ordinary_gradient():
    f, (x, z) = network(), batches()
    loss = ign_loss(f, x, z, IGN(clamp=None))
    assert loss.tightness.item() == pytest.approx(-loss.idempotency.item(), rel=1e-12)
    inner, outer = gradients(f, loss.idempotency), -gradients(f, loss.tightness)
    y = f(z)
    both = gradients(f, mse_loss(f(y), y))
    torch.testing.assert_close(inner + outer, both, rtol=1e-9, atol=1e-14)
    assert inner.norm().item() > 0 and outer.norm().item() > 0
    assert not torch.allclose(inner, both, rtol=1e-3)


def test_gradients_of_a_scale_are_those_worked_out_by_hand():
    """For f(z) = kz: L_idem = ((κk - k)z)², by k; L_tight = -((kκ - κ)z)², by k; κ = k held."""
    f, k = nn.Linear(1, 1, bias=False).double(), 0.6
    nn.init.constant_(f.weight, k)
    one = torch.ones(1, 1, dtype=torch.float64)
    loss = ign_loss(f, one, one, IGN(clamp=None))
    assert gradients(f, loss.reconstruction).item() == pytest.approx(2 * (k - 1))
    assert gradients(f, loss.idempotency).item() == pytest.approx(2 * k * (k - 1) ** 2)
    assert gradients(f, loss.tightness).item() == pytest.approx(-2 * k**2 * (k - 1))


def test_the_tightness_term_stays_above_its_bound_and_sends_nothing_to_the_data():
    f, (x, z) = network(), batches()
    loss = ign_loss(f, x, z, IGN(clamp=1e-4))
    bound = 1e-4 * loss.reconstruction.item()
    assert loss.idempotency.item() > 10 * bound
    assert loss.tightness.item() == pytest.approx(-bound)
    x.requires_grad_(True)
    tightness = ign_loss(f, x, z, IGN(clamp=1.5)).tightness
    assert torch.autograd.grad(tightness, x, allow_unused=True) == (None,)


def test_a_bound_with_a_gradient_would_take_from_the_weight_of_the_reconstruction():
    f, (x, z) = network(), batches()
    free, ours = ign_loss(f, x, z, IGN(clamp=None)), ign_loss(f, x, z, IGN(clamp=0.003))
    of_bound = 0.003 * gradients(f, ours.reconstruction)
    u = free.tightness.item() / (0.003 * free.reconstruction.item())
    share = math.tanh(u) - u / math.cosh(u) ** 2
    assert -1 < share < -1e-4
    expected = gradients(f, ours.tightness) + share * of_bound
    again = ign_loss(f, x, z, IGN(clamp=None))
    bound = 0.003 * again.reconstruction
    literal = gradients(f, torch.tanh(again.tightness / bound) * bound)
    torch.testing.assert_close(literal, expected, rtol=1e-9, atol=1e-14)


def test_a_network_that_reproduces_everything_has_no_loss_and_a_finite_gradient():
    f, (x, z) = nn.Conv2d(1, 1, 1, bias=False).double(), batches()
    nn.init.ones_(f.weight)
    loss = ign_loss(f, x, z)
    assert [term.item() for term in loss] == [0.0, 0.0, 0.0, 0.0]
    assert math.isfinite(gradients(f, loss.total).item())


def test_in_eval_mode_no_statistic_moves():
    f, (x, z) = network().eval(), batches()
    before = copy.deepcopy(f.state_dict())
    ign_loss(f, x, z)
    assert all(torch.equal(before[name], value) for name, value in f.state_dict().items())


@pytest.mark.parametrize("rule", ["modified", "ordinary", "transposed", (0.0, 1.0)])
def test_the_idempotency_term_may_be_that_of_a_rule_and_all_else_stays(rule):
    (x, z), settings = batches(), IGN(0.4, 1.5, rule=rule)
    fast, slow = network(), network()
    found = ign_loss(fast, x, z, settings, idempotency_weight=0.3)
    published = ign_loss(slow, x, z, IGN(0.4, 1.5), idempotency_weight=0.0)
    term = idempotency_loss(network(), z, rule, "mean")
    assert found.idempotency.item() == pytest.approx(term.item(), rel=1e-12)
    assert found.tightness.item() == pytest.approx(published.tightness.item(), rel=1e-12)
    other = network()
    term = idempotency_loss(other, z, rule, "mean", running_statistics="all")
    expected = gradients(slow, published.total) + 0.3 * gradients(other, term)
    torch.testing.assert_close(gradients(fast, found.total), expected, rtol=1e-9, atol=1e-14)


def test_without_tightness_its_pass_is_saved():
    f, passes = network(), []
    f.register_forward_hook(lambda *_: passes.append(1))
    loss = ign_loss(f, *batches(), IGN(0.0))
    assert len(passes) == 3 and loss.tightness.item() == 0
    slow = network()
    published = ign_loss(slow, *batches())
    expected = gradients(slow, published.reconstruction + published.idempotency)
    torch.testing.assert_close(gradients(f, loss.total), expected, rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"distance": "l1", "rule": "modified"}, "distance: expected mse with the rule modified"),
        ({"tightness_weight": -0.1}, "tightness_weight: expected 0 or more, got -0.1"),
        ({"clamp": 0.0}, "clamp: expected more than 0, or None, got 0.0"),
        ({"distance": "l3"}, "distance: expected one of mse, l1, got 'l3'"),
    ],
)
def test_wrong_settings_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        IGN(**options)


def test_a_function_without_parameters_to_hold_is_refused():
    x, z = batches()
    with pytest.raises(TypeError, match="f: expected a torch.nn.Module, got function"):
        ign_loss(lambda x: x, x, z)  # pyright: ignore[reportArgumentType]


def test_what_is_reconstructed_from_changes_the_reconstruction_alone():
    (x, z), f = batches(), network()
    plain, corrupted = (ign_loss(network(), x, z, IGN(clamp=None), given=g) for g in (x, x / 2))
    assert ign_loss(f, x, z, IGN(clamp=None)) == plain
    torch.testing.assert_close(corrupted.reconstruction, mse_loss(network()(x / 2), x))
    assert (corrupted.idempotency, corrupted.tightness) == (plain.idempotency, plain.tightness)
