"""A network as a function of its layers is the module of the same parameters."""

import pytest
import torch
from torch import Tensor, nn

from idem.landscape.layers import (
    Layers,
    apply_layers,
    flattened,
    layer_outputs,
    leaky,
    leaky_slopes,
    unflattened,
)
from idem.sweeps.mlp import MLP


def network() -> MLP:
    torch.manual_seed(0)
    return MLP([4, 7, 5, 4]).double()


def layers_of(f: MLP) -> Layers:
    return [(layer.weight.data, layer.bias.data) for layer in f if isinstance(layer, nn.Linear)]


def items() -> Tensor:
    return torch.randn(20, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def test_the_function_is_the_module():
    f, x = network(), items()
    assert torch.equal(apply_layers(layers_of(f), x, leaky(0.2)), f(x))


def test_every_output_of_a_layer_is_yielded_in_turn():
    f, x = network(), items()
    outputs = list(layer_outputs(layers_of(f), x, leaky(0.2)))
    assert [output.shape[1] for output in outputs] == [7, 5, 4]
    assert torch.equal(outputs[0], f[1](f[0](x)))
    assert torch.equal(outputs[-1], f(x))


@pytest.mark.parametrize("slope", [0.2, 0.0, 1.5])
def test_the_slopes_are_the_derivative_also_seen_from_the_output(slope: float):
    z = torch.cat([items().flatten(), torch.zeros(3, dtype=torch.float64)]).requires_grad_()
    output = leaky(slope)(z)
    (expected,) = torch.autograd.grad(output.sum(), z)
    assert torch.equal(leaky_slopes(z, slope), expected)
    assert torch.equal(leaky_slopes(output, slope), expected)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_multiplying_by_the_slopes_is_leaky_relu_to_the_bit(dtype: torch.dtype):
    z = items().to(dtype)
    assert torch.equal(z * leaky_slopes(z, 0.2), leaky(0.2)(z))


def test_layers_come_back_from_their_vector():
    layers = layers_of(network())
    theta = flattened(layers)
    expected = torch.cat([parameter.flatten() for parameter in network().parameters()])
    assert torch.equal(theta, expected)
    shapes = [tensor.shape for layer in layers for tensor in layer]
    for found, given in zip(unflattened(theta, shapes), layers, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(found, given, strict=True))
