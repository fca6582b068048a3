"""The computational graph of one training step of either rule, as data.

`torch.autograd` keeps a graph of what it will run backwards; it is walked here from the loss, by
``grad_fn`` and ``next_functions``, and nothing of it is typed in. What runs *without* leaving a
graph is not in it, and is what tells the rules apart. So every operation is seen where PyTorch
dispatches it, too, and those that no node stands for are kept as ``unrecorded``.

    recorded      a node of autograd, with what it saves for the backward pass
    parameter     a leaf, where a gradient is accumulated
    unrecorded    an operation of the forward pass without a node behind the loss; views apart

Two operations are joined if one reads the storage that the other wrote, so that detaching a tensor
does not hide where it came from.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from idem.rule.loss import idempotency_loss


class Node(NamedTuple):
    """One operation, or one parameter."""

    key: int
    """Position in `Graph.nodes`: parameters first, then operations in the order they ran."""
    kind: str
    """``recorded``, ``parameter`` or ``unrecorded``."""
    operation: str
    """PyTorch's name for it; the name of a parameter."""
    application: int
    """Which call of f it belongs to, from 1; 0 outside of f."""
    saved_bytes: int
    """Kept for the backward pass by this node and by none before it, parameters and x apart."""
    reached: int
    """Ways on which gradients come in: for a parameter, the sum has so many terms."""


class Edge(NamedTuple):
    """Where something goes from one node to another."""

    source: int
    target: int
    kind: str
    """``gradient``, in the backward pass, or ``value``, from or between unrecorded operations."""


class Graph(NamedTuple):
    """All nodes and edges of a step."""

    nodes: list[Node]
    edges: list[Edge]


def step_graph(f: nn.Module, x: Tensor, rule: str) -> Graph:
    """Return the graph of ``idempotency_loss(f, x, rule)``; nothing is run backwards.

    Args:
        f: a network whose output has the shape of its input; a small one, as everything that it
            computes is held until the graph is read.
        x: a batch, shape ``(B, ...)``, not requiring a gradient.
        rule: ``"modified"`` or ``"ordinary"``.

    Raises:
        ValueError: for an unknown rule, or a network without a parameter to train.

    Example:
        >>> graph = step_graph(nn.Linear(4, 4), torch.randn(8, 4), "ordinary")
        >>> [node.reached for node in graph.nodes if node.kind == "parameter"]
        [2, 2]
    """
    with _Trace() as trace, _counted_applications(f, trace):
        loss = idempotency_loss(f, x, rule)
    if loss.grad_fn is None:
        raise ValueError("f: expected a parameter that requires a gradient, got none")
    names = {id(parameter): name for name, parameter in f.named_parameters()}
    return _assemble(_reachable(loss.grad_fn), trace.calls, names)


def nodes_of_its_own(graph: Graph, other: Graph) -> set[int]:
    """Return the keys of nodes for which the other graph has no partner.

    Partners are of one kind, one operation and one application of f; of several that could be,
    the first ones are.
    """

    def kind(node: Node) -> tuple[str, int, str]:
        return node.kind, node.application, node.operation

    left, own = Counter(map(kind, other.nodes)), set()
    for node in graph.nodes:
        if left[kind(node)] == 0:
            own.add(node.key)
        left[kind(node)] -= left[kind(node)] > 0
    return own


class _Call(NamedTuple):
    """One operation as PyTorch dispatched it."""

    operation: str
    application: int
    inputs: list[Tensor]
    outputs: list[Tensor]
    is_view: bool

    @property
    def node(self) -> Any:
        """The node of autograd that stands for it, if any; known once the operation is over."""
        return next((out.grad_fn for out in self.outputs if out.grad_fn is not None), None)


class _Trace(TorchDispatchMode):
    """Keep every operation, with its tensors, so that no identity is used twice."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[_Call] = []
        self.application, self.applications = 0, 0

    def __torch_dispatch__(
        self,
        func: Any,
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        name = func.overloadpacket.__name__
        inputs, outputs = _tensors((args, kwargs)), _tensors(result)
        self.calls.append(_Call(name, self.application, inputs, outputs, func.is_view))
        return result


@contextmanager
def _counted_applications(f: nn.Module, trace: _Trace) -> Iterator[None]:
    def enter(*_: Any) -> None:
        trace.applications += 1
        trace.application = trace.applications

    def leave(*_: Any) -> None:
        trace.application = 0

    hooks = f.register_forward_pre_hook(enter), f.register_forward_hook(leave)
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _reachable(root: Any) -> list[Any]:
    """Return the nodes of autograd behind the loss, each once however many ways lead to it."""
    found, waiting = {root: None}, [root]
    while waiting:
        for node in _next(waiting.pop()):
            if node not in found:
                found[node] = None
                waiting.append(node)
    return list(found)


def _assemble(reachable: list[Any], calls: list[_Call], names: dict[int, str]) -> Graph:
    """Return parameters, then operations in the order they ran, and what joins them."""
    leaves = [node for node in reachable if hasattr(node, "variable")]
    leaves.sort(key=lambda leaf: list(names).index(id(leaf.variable)))
    inner = sorted(set(reachable) - set(leaves), key=lambda node: node._sequence_nr())
    ran: dict[Any, _Call] = {}
    for call in calls:
        if call.node in inner:
            ran.setdefault(call.node, call)
        elif call.outputs and not call.is_view:
            ran[id(call)] = call
    keys = {leaf: key for key, leaf in enumerate(leaves)}
    for place in (*(node for node in inner if node not in ran), *ran):
        keys[place] = len(keys)
    edges = [Edge(keys[node], keys[to], "gradient") for node in inner for to in _next(node)]
    reached = Counter(edge.target for edge in edges)
    saved = _saved_bytes(inner, ran)

    def node(place: Any, key: int) -> Node:
        if hasattr(place, "variable"):
            return Node(key, "parameter", names[id(place.variable)], 0, 0, reached[key])
        application = ran[place].application if place in ran else 0
        if place in saved:
            name = place.name()
            return Node(key, "recorded", name, application, saved[place], reached[key])
        return Node(key, "unrecorded", ran[place].operation, application, 0, 0)

    nodes = [node(place, key) for place, key in keys.items()]
    return Graph(nodes, edges + _value_edges(ran, keys, nodes))


def _value_edges(ran: dict[Any, _Call], keys: dict[Any, int], nodes: list[Node]) -> list[Edge]:
    """Return what unrecorded operations read and hand on, in the order it happened."""
    edges, writers = {}, dict[int, int]()
    for place, call in ran.items():
        key = keys[place]
        for tensor in (*call.inputs, *_saved(call.node)):
            source = writers.get(_storage(tensor), key)
            if source != key and "unrecorded" in (nodes[source].kind, nodes[key].kind):
                edges[Edge(source, key, "value")] = None
        if not call.is_view:
            writers |= {_storage(tensor): key for tensor in call.outputs}
    return list(edges)


def _saved_bytes(inner: list[Any], ran: dict[Any, _Call]) -> dict[Any, int]:
    """Return the bytes by node, of storages that the step itself wrote, each where saved first."""
    calls = (call for call in ran.values() if not call.is_view)
    uncounted = {_storage(tensor) for call in calls for tensor in call.outputs}
    sizes = {}
    for node in inner:
        kept = {_storage(tensor): tensor.untyped_storage() for tensor in _saved(node)}
        sizes[node] = sum(kept[key].nbytes() for key in kept.keys() & uncounted)
        uncounted -= kept.keys()
    return sizes


def _saved(node: Any) -> list[Tensor]:
    if node is None:
        return []
    names = (name for name in dir(node) if name.startswith("_saved_"))
    return _tensors(([getattr(node, name) for name in names], getattr(node, "saved_tensors", ())))


def _next(node: Any) -> list[Any]:
    return [following for following, _ in node.next_functions if following is not None]


def _tensors(tree: Any) -> list[Tensor]:
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, Tensor)]


def _storage(tensor: Tensor) -> int:
    return tensor.untyped_storage()._cdata
