"""Lanes against plain training runs with `idem.rule`, one by one."""

import pytest
import torch
from torch import Tensor, nn

from idem.rule.loss import ALL_RULES, idempotency_loss
from idem.sweeps import lanes as lanes_module
from idem.sweeps.lanes import Lanes, homogeneous, required_bytes
from idem.sweeps.mlp import MLP, initial_parameters

WIDTHS = [6, 9, 8, 6]
RATES = [0.01, 0.03, 0.1]
BATCH = 20
OPTIMIZERS = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}


def start() -> list[tuple[Tensor, Tensor]]:
    drawn = initial_parameters(WIDTHS, "default", 0.2, torch.Generator().manual_seed(0))
    return [(weight.double(), bias.double()) for weight, bias in drawn]


def several(rates: list[float] = RATES, optimizer: str = "sgd") -> Lanes:
    return Lanes(start(), rates, 0.2, BATCH, optimizer)


def plain_network() -> MLP:
    f = MLP(WIDTHS).double()
    linear = [layer for layer in f if isinstance(layer, nn.Linear)]
    with torch.no_grad():
        for layer, (weight, bias) in zip(linear, start(), strict=True):
            layer.weight.copy_(weight)
            layer.bias.copy_(bias)
    return f


def batches(steps: int) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randn(steps, BATCH, 6, dtype=torch.float64, generator=generator)


def step(lanes: Lanes, rule: str, x: Tensor, measure: bool = False) -> Tensor:
    for block in lanes.blocks():
        lanes.accumulate(block, lanes.apply_twice(block, homogeneous(x)), rule)
    return lanes.descend(measure)


@pytest.fixture(params=["one block", "a lane a block", "padded"])
def blocks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "a lane a block":
        monkeypatch.setitem(lanes_module._BLOCK_BYTES, "cpu", 1)
    if request.param == "padded":
        monkeypatch.setattr(lanes_module, "_WIDE", 1)


@pytest.mark.usefixtures("blocks")
@pytest.mark.parametrize("rule", ALL_RULES)
def test_a_lane_sends_back_what_idem_rule_does(rule: str):
    """The copy of the rule in `Lanes.accumulate` is that of `idem.rule.loss`."""
    f, lanes, x = plain_network(), several([0.1]), batches(1)[0]
    (block,) = lanes.blocks()
    lanes.accumulate(block, lanes.apply_twice(block, homogeneous(x)), rule)
    idempotency_loss(f, x, rule).backward()
    for layer, G in zip(list(f)[::2], lanes.gradients, strict=True):
        assert isinstance(layer, nn.Linear)
        assert layer.weight.grad is not None and layer.bias.grad is not None
        m, n = layer.weight.shape
        expected = torch.cat([layer.weight.grad, layer.bias.grad[:, None]], dim=1)
        torch.testing.assert_close(G[0, :m, : n + 1] / BATCH, expected, rtol=1e-10, atol=1e-13)


@pytest.mark.usefixtures("blocks")
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("rule", ALL_RULES)
def test_every_lane_equals_a_plain_training_run(rule: str, optimizer: str):
    lanes = several(optimizer=optimizer)
    for x in batches(5):
        step(lanes, rule, x)
    for lane, rate in enumerate(RATES):
        f = plain_network()
        descent = OPTIMIZERS[optimizer](f.parameters(), lr=rate)
        for x in batches(5):
            descent.zero_grad()
            idempotency_loss(f, x, rule).backward()
            descent.step()
        for layer, W in zip(list(f)[::2], lanes.weights, strict=True):
            assert isinstance(layer, nn.Linear)
            m, n = layer.weight.shape
            weight, bias = layer.weight.detach(), layer.bias.detach()
            torch.testing.assert_close(W[lane, :m, :n], weight, rtol=1e-9, atol=1e-11)
            torch.testing.assert_close(W[lane, :m, n], bias, rtol=1e-9, atol=1e-11)


@pytest.mark.usefixtures("blocks")
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("rule", ALL_RULES)
def test_ones_stay_ones_and_zeros_zeros(rule: str, optimizer: str):
    lanes = several(optimizer=optimizer)
    for x in batches(3):
        step(lanes, rule, x)
    for W, n, m in zip(lanes.weights, WIDTHS, WIDTHS[1:], strict=False):
        expected = torch.zeros_like(W[:, m:])
        expected[:, 0, n] = 1
        assert torch.equal(W[:, m:], expected)
        assert not W[:, :, n + 1 :].any()


@pytest.mark.parametrize("rule", ALL_RULES)
def test_a_lane_does_not_depend_on_its_company(rule: str):
    together, alone = several(), several(RATES[1:2])
    for x in batches(5):
        step(together, rule, x)
        step(alone, rule, x)
    for a, b in zip(together.weights, alone.weights, strict=True):
        torch.testing.assert_close(a[1], b[0], rtol=1e-12, atol=1e-14)


def test_the_activations_are_two_applications():
    lanes, f, x = several(), plain_network(), batches(1)[0]
    (block,) = lanes.blocks()
    activations = lanes.apply_twice(block, homogeneous(x))
    with torch.no_grad():
        y = f(x)
        u = f(y)
    for lane in range(len(RATES)):
        torch.testing.assert_close(activations.first[-1][lane, :-1].mT, y)
        torch.testing.assert_close(activations.second[-1][lane, :-1].mT, u)
        torch.testing.assert_close(activations.difference[lane, :-1].mT, u - y)
    assert not activations.difference[:, -1].any()


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_update_norms_are_those_of_the_weights(optimizer: str):
    lanes, x = several(optimizer=optimizer), batches(1)[0]
    before = [W.clone() for W in lanes.weights]
    norms = step(lanes, "modified", x, measure=True)
    moved = [(W - b).square().sum((1, 2)) for W, b in zip(lanes.weights, before, strict=True)]
    torch.testing.assert_close(norms.double(), torch.stack(moved).sum(0).sqrt(), rtol=1e-5, atol=0)
    assert step(lanes, "modified", x).isnan().all()


def test_jacobian_probes_agree_with_the_jacobian():
    lanes, f = several(), plain_network()
    x = torch.randn(BATCH, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    (block,) = lanes.blocks()
    activations = lanes.apply_twice(block, homogeneous(x))
    with torch.no_grad():
        y = f(x)
    J = torch.stack([torch.func.jacrev(f)(item) for item in y[:7]])
    probes = torch.randn(3, 6, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    below = torch.zeros(1, 3, 7, dtype=torch.float64)
    found = lanes.jacobian(block, activations, torch.cat([probes.transpose(0, 1), below]))
    Jv = torch.einsum("bij,rjb->rib", J, probes)
    JTJv = torch.einsum("bji,rjb->rib", J, Jv)
    expected = (probes * Jv).sum(1), Jv.square().sum(1), JTJv.square().sum(1)
    for values, value in zip(found, expected, strict=True):
        torch.testing.assert_close(values, value.mean(0).expand(3, 7), rtol=1e-9, atol=1e-12)


def test_lanes_that_leave_take_their_rates_and_weights_along():
    lanes = several(optimizer="adam")
    step(lanes, "ordinary", batches(1)[0])
    kept = [W[[0, 2]].clone() for W in lanes.weights]
    lanes.keep(torch.tensor([True, False, True]))
    assert lanes.rates == [0.01, 0.1]
    assert all(torch.equal(a, b) for a, b in zip(lanes.weights, kept, strict=True))
    step(lanes, "ordinary", batches(2)[1])


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_restored_training_goes_on_to_the_byte(optimizer: str):
    undisturbed, first = several(optimizer=optimizer), several(optimizer=optimizer)
    data = batches(6)
    for x in data:
        step(undisturbed, "modified", x)
    for x in data[:3]:
        step(first, "modified", x)
    saved = {name: tensor.clone() for name, tensor in first.state().items()}
    second = several([], optimizer=optimizer)
    second.restore(saved, updates=3)
    for x in data[3:]:
        step(second, "modified", x)
    for a, b in zip(undisturbed.weights, second.weights, strict=True):
        assert torch.equal(a, b)


def test_required_bytes_cover_what_is_held_and_little_more():
    start_ = [(torch.zeros(40, 30), torch.zeros(40)), (torch.zeros(30, 40), torch.zeros(30))]
    lanes = Lanes(start_, [0.1] * 70, 0.2, 100, "adam")
    held = [*lanes.weights, *lanes.gradients, *lanes.moments[0], *lanes.moments[1]]
    held += [*lanes._first, *lanes._second, *lanes._deltas, lanes._difference]
    total = sum(tensor.numel() * 4 for tensor in held)
    assert total < required_bytes([30, 40, 30], 100, 70, "adam") < 1.4 * total


def test_an_unknown_optimizer_is_named():
    with pytest.raises(ValueError, match="optimizer: expected one of sgd, adam, got 'lion'"):
        several(optimizer="lion")
