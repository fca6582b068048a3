import math

import pytest
import torch
from torch import nn

from idem.sweeps.mlp import (
    INITIALIZATIONS,
    MLP,
    TABLE_1,
    initial_parameters,
    paper_network,
    parameter_count,
)


@pytest.mark.parametrize(
    ("network", "count"), [("B1", 30), ("B2", 238_600), ("B3", 8_393_728), ("B4", 4_509_456)]
)
def test_parameter_counts_of_table_1(network: str, count: int):
    assert sum(p.numel() for p in paper_network(network).parameters()) == count
    assert parameter_count(TABLE_1[network]) == count


def test_every_layer_has_a_bias_and_the_activation_the_last_one_too():
    layers = list(MLP([3, 4, 3], negative_slope=0.1))
    assert [type(layer) for layer in layers] == [nn.Linear, nn.LeakyReLU] * 2
    assert all(layer.bias is not None for layer in layers[::2] if isinstance(layer, nn.Linear))
    assert all(a.negative_slope == 0.1 for a in layers[1::2] if isinstance(a, nn.LeakyReLU))


@pytest.mark.parametrize("initialization", INITIALIZATIONS)
def test_initial_parameters_depend_on_the_generator_alone(initialization: str):
    first, again = (
        initial_parameters([6, 9, 6], initialization, 0.2, torch.Generator().manual_seed(3))
        for _ in range(2)
    )
    for (weight, bias), (same_weight, same_bias) in zip(first, again, strict=True):
        assert torch.equal(weight, same_weight)
        assert torch.equal(bias, same_bias)


def test_initial_parameters_have_the_shapes_of_the_network():
    drawn = initial_parameters([6, 9, 6], "default", 0.2, torch.Generator())
    layers = [layer for layer in MLP([6, 9, 6]) if isinstance(layer, nn.Linear)]
    for (weight, bias), layer in zip(drawn, layers, strict=True):
        assert weight.shape == layer.weight.shape
        assert bias.shape == layer.bias.shape


@pytest.mark.parametrize(
    ("initialization", "deviation"),
    [
        ("default", 1 / math.sqrt(3 * 400)),
        ("kaiming_normal", math.sqrt(2 / (1 + 0.2**2) / 400)),
        ("orthogonal", math.sqrt(2 / (1 + 0.2**2) / 400)),
    ],
)
def test_weights_have_the_standard_deviation_of_their_initialization(
    initialization: str, deviation: float
):
    ((weight, _),) = initial_parameters(
        [400, 400], initialization, 0.2, torch.Generator().manual_seed(0)
    )
    assert weight.std().item() == pytest.approx(deviation, rel=0.02)


def test_default_is_drawn_as_torch_draws_it():
    """Same bounds: PyTorch's Kaiming-uniform with a = sqrt(5) is uniform in ±1/sqrt(n)."""
    ((weight, bias),) = initial_parameters([100, 100], "default", 0.2, torch.Generator())
    layer = nn.Linear(100, 100)
    for drawn, reference in ((weight, layer.weight), (bias, layer.bias)):
        assert drawn.abs().max().item() <= 0.1
        assert reference.abs().max().item() <= 0.1
        assert drawn.abs().max().item() > 0.08


def test_unknown_names_and_widths_are_named():
    with pytest.raises(ValueError, match="network: expected one of B1, B2, B3, B4, got 'B5'"):
        paper_network("B5")
    with pytest.raises(ValueError, match="initialization: expected one of default, .*, got 'zero'"):
        initial_parameters([2, 2], "zero", 0.2, torch.Generator())
    with pytest.raises(ValueError, match=r"widths: expected two or more, .*, got \[3\]"):
        MLP([3])


def test_a_slice_is_a_network_of_the_same_layers():
    network = MLP((5, 7, 6, 5))
    first = network[:4]
    assert type(first) is torch.nn.Sequential
    assert list(first) == list(network)[:4] and network[0] is list(network)[0]
    x = torch.ones(3, 5)
    assert torch.equal(network[4:](first(x)), network(x))
    assert set(network[4:].state_dict()) < set(network.state_dict())
