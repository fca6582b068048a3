"""The cost of one step of a rule: matrix products and memory, counted and derived exactly.

A network of L layers, layer l from n_l to m_l; a batch of B items. In units of one forward pass,
P = sum_l n_l m_l products an item, with p_1 = n_1 m_1 those of the first layer:

    modified    three passes forward, one back:      3P + (2P - p_1)     = 5P - p_1
    ordinary    two passes forward, two back:        2P + (4P - p_1)     = 6P - p_1
    transposed  two forward, one and a half back:    2P + (P + 2P - p_1) = 5P - p_1

A pass back makes the products of a pass forward twice, for the gradients with respect to weights
and to inputs; only the first layer's input, the data, needs none. The transposed rule takes of the
second pass the gradient of its input alone. All are linear in depth.

The gradient can be written as a sum over paths through the network, and of those there are
exponentially many; reverse mode shares what paths have in common and never lists them.
"""

from collections.abc import Sequence
from itertools import accumulate
from math import prod
from operator import mul
from typing import NamedTuple

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from idem.rule.gradient import Model
from idem.rule.loss import check_rule, idempotency_loss


class Terms(NamedTuple):
    """The size of the gradient for one item when the chain rule is multiplied out."""

    products: int
    """Additive products of matrices, over all weight matrices."""
    factors: int
    """Layer Jacobians that stand in those products."""
    paths: int
    """Scalar terms: paths from a weight to an output."""


def counted_flops(f: Model, x: Tensor, rule: str) -> int:
    """Count the floating-point operations of all matrix products of one step.

    The count is taken where PyTorch dispatches ``idempotency_loss(f, x, rule).backward()``, and a
    product of (a, b) with (b, c) counts 2abc. What is done entry by entry (biases, activations,
    the loss) does not count. Gradients are left on the parameters of `f`.

    Args:
        f: a network whose output has the shape of its input. On the device ``meta`` nothing is
            computed, and the count is the same.
        x: a batch, shape ``(B, ...)``, on the device of `f`, not requiring a gradient.
        rule: ``"modified"``, ``"ordinary"`` or ``"transposed"``.

    Raises:
        ValueError: for an unknown rule.

    Source:
        the counter is `torch.utils.flop_counter.FlopCounterMode`.
    """
    with FlopCounterMode(display=False) as counter:
        idempotency_loss(f, x, rule).backward()
    return counter.get_total_flops()


def saved_bytes(f: Model, x: Tensor, rule: str) -> int:
    """Count the bytes that one step holds from its forward for its backward pass.

    Every storage that any operation of ``idempotency_loss(f, x, rule)`` saves counts once and
    whole, however many operations save it; what is not counted is `x`, the parameters and buffers
    of `f`, which are there anyway, and what lives only between two operations, as do the results
    of passes that are not recorded.

    Args:
        f: a network whose output has the shape of its input, on any device, ``meta`` included.
        x: a batch, shape ``(B, ...)``, on the device of `f`.
        rule: ``"modified"``, ``"ordinary"`` or ``"transposed"``.

    Raises:
        ValueError: for an unknown rule.

    Source:
        the mechanism is `torch.autograd.graph.saved_tensors_hooks`.
    """
    held = {}  # by identity; keeping the storages keeps the identities apart

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        held[storage._cdata] = storage
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        idempotency_loss(f, x, rule)
    own = [*f.parameters(), *f.buffers()] if isinstance(f, torch.nn.Module) else []
    there_anyway = {tensor.untyped_storage()._cdata for tensor in (x, *own)}
    return sum(storage.nbytes() for key, storage in held.items() if key not in there_anyway)


def exact_forward_equivalents(widths: Sequence[int], rule: str) -> float:
    """Derive the matrix products of one step, in units of one forward pass of the same network.

    ``5 - p_1/P`` for the modified and the transposed and ``6 - p_1/P`` for the ordinary rule, with
    P the products of a forward pass and p_1 those of its first layer.

    Args:
        widths: input width, hidden widths, output width of an `idem.sweeps.mlp.MLP`.
        rule: ``"modified"``, ``"ordinary"`` or ``"transposed"``.

    Raises:
        ValueError: for an unknown rule, or fewer than two widths.

    Example:
        >>> exact_forward_equivalents((4096, 1024, 4096), "modified")
        4.5
    """
    layers = _layers(widths, rule)
    forward = sum(n * m for n, m in layers)
    passes = {"modified": 3 + 2, "ordinary": 2 + 4, "transposed": 2 + 3}[rule]
    return passes - prod(layers[0]) / forward


def exact_saved_bytes(
    widths: Sequence[int], rule: str, batch_size: int, bytes_per_number: int = 4
) -> int:
    """Derive what `saved_bytes` counts for an `idem.sweeps.mlp.MLP`.

    A recorded pass saves what goes into each layer, the data excepted, and into each LeakyReLU:
    sum_l m_l + sum_(l < L) m_l numbers an item. To each recorded pass come m_L more: under the
    modified rule the substituted derivative; under ordinary, which records two passes, y as the
    input of the second, and the error u - y. So it is 2 sum_l m_l against 4 sum_l m_l. Transposed
    saves what ordinary does, and frees the half of it that is of the second pass before the loss is
    returned.

    Args:
        widths: input width, hidden widths, output width.
        rule: ``"modified"``, ``"ordinary"`` or ``"transposed"``.
        batch_size: items.
        bytes_per_number: 4 for float32.

    Raises:
        ValueError: for an unknown rule, or fewer than two widths.
    """
    outputs = [m for _, m in _layers(widths, rule)]
    recorded = {"modified": 1, "ordinary": 2, "transposed": 2}[rule]
    return recorded * 2 * sum(outputs) * batch_size * bytes_per_number


def expanded_gradient(widths: Sequence[int], rule: str) -> Terms:
    """Count what the gradient of one item's loss holds if the chain rule is multiplied out.

    Through a chain of N layers the derivative with respect to the j-th weight matrix is one product
    of matrices, with the N - j Jacobians of the layers above as factors; entry by entry it is a sum
    over the paths that lead from a weight to an output,

        sum_j n_j m_j m_(j+1) ... m_N        (about n^(N+1) where all widths are n)

    with errors and activations as symbols of their own. The modified rule has one chain, of N = L
    layers, and ordinary has two: one of 2L layers for f(f(x)), and one of L for f(x). Transposed
    has as many terms as that of 2L alone: the matrices of its outer half take no part, but have as
    many as the chain of L. Products are therefore L, 3L and 2L, Jacobians quadratic in L, paths
    exponential in L under *every* rule, and any other loss of f(x), unless all widths are 1.

    Args:
        widths: input width, hidden widths, output width.
        rule: ``"modified"``, ``"ordinary"`` or ``"transposed"``.

    Raises:
        ValueError: for an unknown rule, or fewer than two widths.

    Source:
        Jensen and Vicary, introduction: "the number of terms in the gradient [of equation 2] grows
        exponentially in the number of layers".
    """
    layers = _layers(widths, rule)
    twice = layers + layers
    chains = {"modified": [layers], "ordinary": [twice, layers], "transposed": [twice]}[rule]
    return Terms(
        products=sum(len(chain) for chain in chains),
        factors=sum(len(chain) * (len(chain) - 1) // 2 for chain in chains),
        paths=sum(map(_paths, chains)),
    )


def _paths(chain: Sequence[tuple[int, int]]) -> int:
    to_outputs = accumulate((m for _, m in reversed(chain)), mul)  # m_N, m_N m_(N-1), ...
    return sum(n * above for (n, _), above in zip(reversed(chain), to_outputs, strict=True))


def _layers(widths: Sequence[int], rule: str) -> list[tuple[int, int]]:
    check_rule(rule)
    if len(widths) < 2:
        raise ValueError(f"widths: expected two or more, got {list(widths)}")
    return list(zip(widths, widths[1:], strict=False))
