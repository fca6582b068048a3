import pytest
import torch
from torch import Tensor, nn

from idem.lanes import Lanes
from idem.mlp import MLP, initial_parameters
from idem.objectives import RULES, idempotency_loss

WIDTHS = [6, 9, 8, 6]
RATES = [0.01, 0.03, 0.1]


def start() -> list[tuple[Tensor, Tensor]]:
    drawn = initial_parameters(WIDTHS, "default", 0.2, torch.Generator().manual_seed(0))
    return [(weight.double(), bias.double()) for weight, bias in drawn]


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
    return torch.randn(steps, 20, 6, dtype=torch.float64, generator=generator)


def step(lanes: Lanes, rule: str, x: Tensor) -> None:
    first = lanes.record(x)
    if rule == "modified":
        lanes.modified_step(first, lanes.apply(first[-1]))
    else:
        lanes.ordinary_step(first, lanes.record(first[-1]))


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("lane", range(len(RATES)))
def test_a_lane_equals_a_plain_training_run(rule: str, lane: int):
    lanes, f = Lanes(start(), RATES, 0.2), plain_network()
    optimizer = torch.optim.SGD(f.parameters(), lr=RATES[lane])
    for x in batches(5):
        step(lanes, rule, x)
        optimizer.zero_grad()
        idempotency_loss(f, x, rule).backward()
        optimizer.step()
    for layer, weight, bias in zip(list(f)[::2], lanes.weights, lanes.biases, strict=True):
        assert isinstance(layer, nn.Linear)
        torch.testing.assert_close(weight[lane].T, layer.weight.detach(), rtol=1e-10, atol=1e-12)
        torch.testing.assert_close(bias[lane, 0], layer.bias.detach(), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("rule", RULES)
def test_a_lane_does_not_depend_on_its_company(rule: str):
    together, alone = Lanes(start(), RATES, 0.2), Lanes(start(), RATES[1:2], 0.2)
    for x in batches(5):
        step(together, rule, x)
        step(alone, rule, x)
    for a, b in zip(together.weights, alone.weights, strict=True):
        torch.testing.assert_close(a[1], b[0], rtol=1e-12, atol=1e-14)


def test_recording_and_applying_agree():
    lanes, x = Lanes(start(), RATES, 0.2), batches(1)[0]
    activations = lanes.record(x)
    assert [a.shape for a in activations] == [(3, 20, n) for n in WIDTHS]
    torch.testing.assert_close(lanes.apply(activations[0]), activations[-1])


def test_lanes_that_leave_take_their_rates_and_weights_along():
    lanes = Lanes(start(), RATES, 0.2)
    kept = [weight[[0, 2]].clone() for weight in lanes.weights]
    lanes.keep(torch.tensor([True, False, True]))
    assert lanes.rates == [0.01, 0.1]
    assert all(torch.equal(a, b) for a, b in zip(lanes.weights, kept, strict=True))
