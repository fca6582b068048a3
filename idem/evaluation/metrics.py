"""How idempotent is a map, and how much of its input has it kept?

Every function takes tensors of shape ``(B, ...)``: items first, whatever an item looks like. A
constant map is idempotent, so that an error alone says little: report the spread with it.
"""

from collections.abc import Callable

import torch
from torch import Tensor


def absolute_error(y: Tensor, u: Tensor) -> Tensor:
    """Return the mean over batch and elements of ``|f(f(x)) - f(x)|``, the paper's Figure 3.

    Args:
        y: ``f(x)``.
        u: ``f(f(x))``, the same shape.
    """
    return (u - y).abs().mean()


def relative_error(y: Tensor, u: Tensor) -> Tensor:
    """Return ``||f(f(x)) - f(x)|| / ||f(x) - mean f(x)||``, Frobenius norms over the batch.

    Invariant under scaling of the outputs; infinite for a constant map that is not idempotent.

    Args:
        y: ``f(x)``.
        u: ``f(f(x))``, the same shape.
    """
    return torch.linalg.vector_norm(u - y) / torch.linalg.vector_norm(y - y.mean(0))


def output_spread(y: Tensor) -> Tensor:
    """Return the root mean square of ``f(x) - mean f(x)``: 0 exactly when `f` is constant.

    Args:
        y: ``f(x)``.
    """
    return (y - y.mean(0)).square().mean().sqrt()


def power_drift(f: Callable[[Tensor], Tensor], z: Tensor, k: int = 10) -> list[float]:
    """Return ``||f^(i+1)(z) - f^i(z)|| / ||f^i(z)||`` for i = 1..k: does repetition wander off?

    An idempotent map drifts by 0 from i = 1 on; one application is never enough to see that it
    does not. Costs k + 1 passes of the whole of `z`.

    Args:
        f: a network, in the mode it shall be measured in.
        z: inputs, ``(B, ...)``.
        k: how many applications to compare.

    Raises:
        ValueError: for k below 1.
    """
    if k < 1:
        raise ValueError(f"k: expected at least 1, got {k}")
    drift = []
    with torch.no_grad():
        y = f(z)
        for _ in range(k):
            u = f(y)
            drift.append(float(torch.linalg.vector_norm(u - y) / torch.linalg.vector_norm(y)))
            y = u
    return drift


def displacement(z: Tensor, y: Tensor) -> float:
    """Return ``||f(z) - z|| / ||z||``: 0 exactly for the identity, which is trivially idempotent.

    Args:
        z: inputs.
        y: ``f(z)``, the same shape.
    """
    return float(torch.linalg.vector_norm(y - z) / torch.linalg.vector_norm(z))
