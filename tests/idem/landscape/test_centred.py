import pytest
import torch
from torch import Tensor

from idem.landscape.centred import CentredLinear, centred_network, largest_input_moment
from idem.landscape.layers import Layers, apply_layers, leaky
from idem.rule.loss import RULES, idempotency_loss

Start = list[tuple[Tensor, Tensor]]


@pytest.fixture
def start() -> Start:
    generator = torch.Generator().manual_seed(0)
    drawn = {"generator": generator, "dtype": torch.float64}
    return [(torch.randn(4, 4, **drawn) / 2, torch.randn(4, **drawn)) for _ in range(3)]


@pytest.fixture
def x() -> Tensor:
    return 3 + torch.randn(200, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def test_the_function_is_the_same_whatever_the_centres(start: Start, x: Tensor):
    expected = apply_layers(start, x, leaky(0.2))
    for centres in ([0, 0, 0], [3, -1, 0.5]):
        torch.testing.assert_close(centred_network(start, centres, 0.2)(x), expected)


@pytest.mark.parametrize("rule", RULES)
def test_a_step_is_that_of_the_plain_layer_seen_through_the_change_of_variables(
    start: Start, x: Tensor, rule: str
):
    centres = [3.0, -1.0, 0.5]
    plain, centred = (centred_network(start, c, 0.2) for c in ([0.0] * 3, centres))
    for f in (plain, centred):
        idempotency_loss(f, x, rule).backward()
    layers = ([m for m in f if isinstance(m, CentredLinear)] for f in (plain, centred))
    for c, a, b in zip(centres, *layers, strict=True):
        # z = W (x − c) + b', so dz/dW is x − c in the place of x, and dz/db' is 1.
        torch.testing.assert_close(b.bias.grad, a.bias.grad)
        torch.testing.assert_close(b.weight.grad, a.weight.grad - c * a.bias.grad[:, None])


def test_what_is_not_trained_gets_no_gradient(start: Start, x: Tensor):
    f = centred_network(start, [0, 0, 0], 0.2, trained=[1])
    idempotency_loss(f, x, "modified").backward()
    assert [p.grad is not None for p in f.parameters()] == [False, False, True, True, False, False]


def test_the_moment_is_of_the_inputs_of_trained_layers_alone(start: Start, x: Tensor):
    def moment(inputs: Tensor) -> float:
        with_one = torch.cat([inputs, torch.ones(len(inputs), 1, dtype=x.dtype)], 1)
        return float(torch.linalg.eigvalsh(with_one.mT @ with_one / len(inputs))[-1])

    hidden = apply_layers(start[:1], x, leaky(0.2))
    centres = [3.0, 0.0, 0.0]
    first, second = (centred_network(start, centres, 0.2, trained=[k]) for k in (0, 1))
    assert largest_input_moment(first, x) == pytest.approx(moment(x - 3))
    assert largest_input_moment(second, x) == pytest.approx(moment(hidden))
    both = centred_network(start, centres, 0.2, trained=[0, 1])
    assert largest_input_moment(both, x) == pytest.approx(max(moment(x - 3), moment(hidden)))


def test_its_inverse_bounds_the_rates_of_a_linear_layer_whatever_the_centre():
    """W (x − c) + b' fitted to 0: a rate below 2 / moment lowers the loss, one above raises it."""
    generator = torch.Generator().manual_seed(2)
    x = 4 + torch.randn(500, 6, dtype=torch.float64, generator=generator)
    weight = torch.randn(6, 6, dtype=torch.float64, generator=generator)
    for centre in (0.0, 4.0):
        layers: Layers = [(weight, torch.zeros(6, dtype=torch.float64))]
        edge = 2 / largest_input_moment(centred_network(layers, [centre], 1.0), x)
        for rate, falls in ((0.9 * edge, True), (1.1 * edge, False)):
            layer = CentredLinear(*layers[0], centre)
            losses = []
            for _ in range(200):
                loss = layer(x).square().sum() / (2 * len(x))
                losses.append(loss.item())
                for p, g in zip(
                    layer.parameters(),
                    torch.autograd.grad(loss, list(layer.parameters())),
                    strict=True,
                ):
                    p.data -= rate * g
            assert (losses[-1] < losses[0]) is falls


def test_what_does_not_fit_is_named(start: Start):
    with pytest.raises(ValueError, match=r"centres: expected one a layer, 3, got \[0\.0\]"):
        centred_network(start, [0.0], 0.2)
    with pytest.raises(ValueError, match=r"trained: expected layers 0 to 2, got \[3\]"):
        centred_network(start, [0.0] * 3, 0.2, trained=[3])
