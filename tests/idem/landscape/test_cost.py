"""What PyTorch does is what the formulas say, and what a sum over paths would be."""

from itertools import product
from math import log2

import pytest
import torch
from torch import Tensor, nn

from idem.landscape.cost import (
    counted_flops,
    exact_forward_equivalents,
    exact_saved_bytes,
    expanded_gradient,
    saved_bytes,
)
from idem.rule.loss import ALL_RULES, RULES
from idem.sweeps.mlp import MLP, TABLE_1

NETWORKS = [(3, 3), (4, 9, 4), (7, 2, 5, 7), (6,) * 9, *TABLE_1.values()]


def on_meta(widths: tuple[int, ...], batch_size: int) -> tuple[nn.Module, Tensor]:
    with torch.device("meta"):
        return MLP(widths), torch.empty(batch_size, widths[0])


def forward_flops(widths: tuple[int, ...], batch_size: int) -> int:
    return 2 * batch_size * sum(n * m for n, m in zip(widths, widths[1:], strict=False))


@pytest.mark.parametrize("rule", ALL_RULES)
@pytest.mark.parametrize("widths", NETWORKS)
def test_the_operations_counted_are_the_exact_ones(widths, rule: str):
    counted = counted_flops(*on_meta(widths, 6), rule) / forward_flops(widths, 6)
    assert counted == pytest.approx(exact_forward_equivalents(widths, rule), rel=1e-12)


@pytest.mark.parametrize("rule", ALL_RULES)
@pytest.mark.parametrize("widths", NETWORKS)
def test_the_bytes_counted_are_the_exact_ones(widths, rule: str):
    assert saved_bytes(*on_meta(widths, 6), rule) == exact_saved_bytes(widths, rule, 6)


@pytest.mark.parametrize(
    ("network", "modified", "ordinary"),
    [("B1", 4, 5), ("B2", 4.895, 5.895), ("B3", 4.5, 5.5), ("B4", 4.82, 5.82)],
)
def test_the_networks_of_table_1(network: str, modified: float, ordinary: float):
    widths = TABLE_1[network]
    found = {rule: exact_forward_equivalents(widths, rule) for rule in RULES}
    assert found == pytest.approx({"modified": modified, "ordinary": ordinary}, abs=2e-3)


@pytest.mark.parametrize("rule", ALL_RULES)
@pytest.mark.parametrize("cost", [counted_flops, saved_bytes])
def test_counts_are_linear_in_the_batch_and_the_same_without_computing(cost, rule: str):
    widths = (5, 8, 5)
    computed = cost(MLP(widths), torch.ones(4, 5), rule)
    assert computed == cost(*on_meta(widths, 4), rule)
    assert cost(*on_meta(widths, 1000), rule) == 250 * computed


@pytest.mark.parametrize("depth", [8, 16, 32])
def test_the_modified_rule_saves_half_the_bytes(depth: int):
    f, x = on_meta((16,) * (depth + 1), 10)
    assert saved_bytes(f, x, "ordinary") == 2 * saved_bytes(f, x, "modified")


@pytest.mark.parametrize("rule", ALL_RULES)
def test_work_and_memory_double_with_depth_where_paths_are_squared(rule: str):
    shallow, deep = (16,) * 17, (16,) * 33
    work = [counted_flops(*on_meta(widths, 10), rule) for widths in (shallow, deep)]
    memory = [saved_bytes(*on_meta(widths, 10), rule) for widths in (shallow, deep)]
    paths = [expanded_gradient(widths, rule).paths for widths in (shallow, deep)]
    assert work[1] / work[0] == pytest.approx(2, rel=0.01)
    assert memory[1] / memory[0] == 2
    assert log2(paths[1]) / log2(paths[0]) == pytest.approx(2, rel=0.1)


def test_bytes_leave_out_data_parameters_and_buffers():
    linear, x = nn.Linear(4, 4), torch.randn(3, 4)
    f = nn.Sequential(linear, nn.LeakyReLU(), linear)
    linear.register_buffer("scale", torch.ones(4))
    batch = 4 * x.numel()  # what goes into LeakyReLU and the last layer, and the derivative
    assert saved_bytes(f, x, "modified") == 3 * batch


def test_bytes_count_each_storage_once_and_what_a_plain_callable_closes_over():
    x, weight = torch.randn(3, 4), torch.randn(4, 4, requires_grad=True)
    batch = 4 * x.numel()

    def f(x: Tensor) -> Tensor:
        z = x @ weight
        return (z.sin() + z.cos()) @ weight  # z is saved twice

    assert saved_bytes(f, x, "modified") == 3 * batch + 4 * weight.numel()


@pytest.mark.parametrize("rule", ALL_RULES)
@pytest.mark.parametrize("widths", [(2, 2), (2, 3, 2), (3, 2, 4, 3), (1, 1, 1, 1)])
def test_paths_are_those_one_finds_by_listing_them(widths, rule: str):
    once, twice = paths_by_layer(widths), paths_by_layer([*widths, *widths[1:]])
    listed = {
        "modified": once,
        "ordinary": twice + once,
        "transposed": twice[: len(once)] + once,  # the outer half gives no gradient of its own
    }[rule]
    terms = expanded_gradient(widths, rule)
    assert terms.paths == sum(map(len, listed))
    assert terms.products == len(listed)
    assert terms.factors == sum(len(path) - 2 for path, *_ in listed)


def paths_by_layer(widths) -> list[list[tuple[int, ...]]]:
    """List, for each layer, all ways from one of its weights (two neurons) to an output."""
    return [
        list(product(*(range(width) for width in widths[layer:])))
        for layer in range(len(widths) - 1)
    ]


def test_paths_are_the_entries_of_the_gradient_where_all_factors_are_one():
    layers = [nn.Linear(n, m, bias=False) for n, m in ((3, 2), (2, 4), (4, 3))]
    for layer in layers:
        nn.init.ones_(layer.weight)
    total = 0
    for layer in range(3):
        activation = torch.ones(1, layers[layer].in_features)
        nn.Sequential(*layers[layer:])(activation).sum().backward()
        weight = layers[layer].weight
        assert weight.grad is not None
        total += int(weight.grad.sum())
        for other in layers:
            other.zero_grad()
    assert total == expanded_gradient((3, 2, 4, 3), "modified").paths


def test_without_width_even_the_gradient_multiplied_out_is_linear():
    assert expanded_gradient((1,) * 33, "ordinary").paths == 3 * 32


@pytest.mark.parametrize(
    "work",
    [
        exact_forward_equivalents,
        expanded_gradient,
        lambda widths, rule: exact_saved_bytes(widths, rule, 1),
    ],
)
def test_errors_name_what_was_expected(work):
    with pytest.raises(
        ValueError, match="rule: expected one of modified, ordinary, transposed, got 'none'"
    ):
        work((3, 3), "none")
    with pytest.raises(ValueError, match=r"widths: expected two or more, got \[3\]"):
        work([3], "modified")


@pytest.mark.parametrize("cost", [counted_flops, saved_bytes])
def test_counting_refuses_an_unknown_rule(cost):
    with pytest.raises(ValueError, match="rule: expected one of modified, ordinary"):
        cost(*on_meta((3, 3), 2), "none")
