"""The computational graph as data: against autograd itself, and the bytes against their count."""

from collections import Counter
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from idem.generative.udcgan import UDCGAN
from idem.landscape.cost import saved_bytes
from idem.rule.loss import RULES, idempotency_loss
from idem.sweeps.mlp import MLP
from idem.theory.graph import Graph, Node, nodes_of_its_own, step_graph

NETWORKS = {"one": [3, 3], "two": [4, 6, 4], "five": [3, 5, 7, 2, 5, 3]}


def network(name: str) -> tuple[MLP, Tensor]:
    f = MLP(NETWORKS[name])
    return f, torch.linspace(-1, 1, 8 * NETWORKS[name][0]).view(8, -1)


def chosen(graph: Graph, kind: str) -> list[Node]:
    return [node for node in graph.nodes if node.kind == kind]


def operations_behind(loss: Tensor) -> Counter[str]:
    """Count the nodes by name, by plain recursion."""
    seen: set[Any] = set()

    def visit(node: Any) -> None:
        if node is not None and node not in seen:
            seen.add(node)
            for following, _ in node.next_functions:
                visit(following)

    visit(loss.grad_fn)
    return Counter(node.name() for node in seen if not hasattr(node, "variable"))


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", NETWORKS)
def test_the_nodes_are_those_of_autograd(name: str, rule: str):
    f, x = network(name)
    found = chosen(step_graph(f, x, rule), "recorded")
    expected = operations_behind(idempotency_loss(f, x, rule))
    assert Counter(node.operation for node in found) == expected


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", NETWORKS)
def test_the_bytes_of_all_nodes_are_those_that_a_step_saves(name: str, rule: str):
    f, x = network(name)
    graph = step_graph(f, x, rule)
    assert sum(node.saved_bytes for node in graph.nodes) == saved_bytes(f, x, rule) > 0


@pytest.mark.parametrize("rule", RULES)
def test_a_convolutional_network_has_a_graph_too(rule: str):
    f = UDCGAN((1, 8, 8), channels=[2, 3], bottleneck=4, skips=[0])
    x = torch.linspace(-1, 1, 128).view(2, 1, 8, 8)
    graph = step_graph(f, x, rule)
    assert {node.operation for node in chosen(graph, "parameter")} == {
        name for name, _ in f.named_parameters()
    }
    assert sum(node.saved_bytes for node in graph.nodes) == saved_bytes(f, x, rule)


@pytest.mark.parametrize(("rule", "ways"), [("modified", 1), ("ordinary", 2)])
def test_parameters_are_reached_once_or_twice(rule: str, ways: int):
    f, x = network("two")
    graph = step_graph(f, x, rule)
    parameters = chosen(graph, "parameter")
    assert [node.operation for node in parameters] == [name for name, _ in f.named_parameters()]
    assert {node.reached for node in parameters} == {ways}
    into = Counter(edge.target for edge in graph.edges if edge.kind == "gradient")
    assert all(node.reached == into[node.key] for node in graph.nodes)


@pytest.mark.parametrize(
    ("rule", "recorded", "unrecorded"), [("modified", {1}, {2, 3}), ("ordinary", {1, 2}, set())]
)
def test_applications_are_told_apart(rule: str, recorded: set[int], unrecorded: set[int]):
    graph = step_graph(*network("five"), rule)
    for kind, expected in (("recorded", recorded), ("unrecorded", unrecorded)):
        assert {node.application for node in chosen(graph, kind)} - {0} == expected


def test_unrecorded_passes_have_every_operation_and_save_nothing():
    graph = step_graph(*network("five"), "modified")
    for application in (2, 3):
        names = [n.operation for n in chosen(graph, "unrecorded") if n.application == application]
        assert names == ["addmm", "leaky_relu"] * 5
    assert not any(node.saved_bytes or node.reached for node in chosen(graph, "unrecorded"))


def test_values_lead_from_y_through_both_passes_to_the_substitution():
    graph = step_graph(*network("two"), "modified")
    values = [(edge.source, edge.target) for edge in graph.edges if edge.kind == "value"]
    (substitution,) = (n for n in graph.nodes if n.operation.startswith("SubstituteGradient"))
    reached, new = set[int](), {node.key for node in graph.nodes if node.application == 1}
    while new:
        reached |= new
        new = {target for source, target in values if source in new} - reached
    assert {n.key for n in chosen(graph, "unrecorded")} <= reached
    assert substitution.key in reached
    assert not any(edge.kind == "value" for edge in step_graph(*network("two"), "ordinary").edges)


@pytest.mark.parametrize("rule", RULES)
def test_gradients_and_values_go_one_way_and_keys_are_positions(rule: str):
    graph = step_graph(*network("two"), rule)
    assert [node.key for node in graph.nodes] == list(range(len(graph.nodes)))
    for edge in graph.edges:
        assert (edge.source > edge.target) == (edge.kind == "gradient")


def test_what_differs_is_all_but_the_first_pass_and_the_parameters():
    graphs = {rule: step_graph(*network("two"), rule) for rule in RULES}
    for rule, other in (("modified", "ordinary"), ("ordinary", "modified")):
        own = nodes_of_its_own(graphs[rule], graphs[other])
        for node in graphs[rule].nodes:
            shared = node.kind == "parameter" or node.application == 1
            assert (node.key in own) != shared


def test_of_equal_nodes_as_many_have_partners_as_the_other_graph_has():
    def graph(count: int) -> Graph:
        return Graph([Node(k, "recorded", "A", 1, 0, 0) for k in range(count)], [])

    assert nodes_of_its_own(graph(3), graph(2)) == {2}
    assert nodes_of_its_own(graph(2), graph(3)) == set()


def test_frozen_parameters_are_no_leaves():
    f, x = network("two")
    f[0].requires_grad_(False)
    graph = step_graph(f, x, "modified")
    assert [n.operation for n in chosen(graph, "parameter")] == ["2.weight", "2.bias"]


def test_reading_the_graph_leaves_the_network_as_it_was():
    f, x = network("two")
    before = {name: value.clone() for name, value in f.state_dict().items()}
    step_graph(f, x, "modified")
    assert all(torch.equal(before[name], value) for name, value in f.state_dict().items())
    assert all(parameter.grad is None for parameter in f.parameters())
    assert not f._forward_hooks and not f._forward_pre_hooks


def test_hooks_are_removed_after_an_error():
    f = nn.Linear(3, 3)
    with pytest.raises(ValueError, match="rule: expected one of"):
        step_graph(f, torch.randn(2, 3), "unheard of")
    assert not f._forward_hooks and not f._forward_pre_hooks


def test_a_network_without_anything_to_train_is_refused():
    with pytest.raises(ValueError, match="f: expected a parameter"):
        step_graph(nn.Linear(3, 3).requires_grad_(False), torch.randn(2, 3), "ordinary")
