"""How idempotent is a map, and how much of its input has it kept?

Every function takes tensors of shape ``(B, ...)``: items first, whatever an item looks like. A
constant map is idempotent, so that an error alone says little: report the spread with it. Half
precision is measured in float32, whose range the sums of squares need; a ratio of 0 to 0 is 0, as
nothing has changed; and NaN stays NaN.
"""

from collections.abc import Callable

import torch
from torch import Tensor


def absolute_error(y: Tensor, u: Tensor) -> Tensor:
    """Return the mean over batch and elements of ``|f(f(x)) - f(x)|``, the paper's Figure 3.

    Args:
        y: ``f(x)``.
        u: ``f(f(x))``, the same shape.

    Raises:
        ValueError: if the shapes differ.
    """
    y, u = _alike(y, u)
    return (u - y).abs().mean()


def relative_error(y: Tensor, u: Tensor) -> Tensor:
    """Return ``||f(f(x)) - f(x)|| / ||f(x) - mean f(x)||``, Frobenius norms over the batch.

    Invariant under scaling of the outputs; 0 for an idempotent map, a constant one included, and
    infinite for a constant map that is not idempotent.

    Args:
        y: ``f(x)``.
        u: ``f(f(x))``, the same shape.

    Raises:
        ValueError: if the shapes differ.
    """
    y, u = _alike(y, u)
    return _ratio(u - y, y - y.mean(0))


def output_spread(y: Tensor) -> Tensor:
    """Return the root mean square of ``f(x) - mean f(x)``: 0 exactly when `f` is constant.

    Args:
        y: ``f(x)``.
    """
    y = _wide(y)
    return (y - y.mean(0)).square().mean().sqrt()


def power_drift(f: Callable[[Tensor], Tensor], z: Tensor, k: int = 10) -> list[float]:
    """Return ``||f^(i+1)(z) - f^i(z)|| / ||f^i(z)||`` for i = 1..k: does repetition wander off?

    An idempotent map, the zero map included, drifts by 0 from i = 1 on; one application is never
    enough to see that it does not. Costs k + 1 passes of the whole of `z`.

    Args:
        f: a network, in the mode it shall be measured in.
        z: inputs, ``(B, ...)``.
        k: how many applications to compare.

    Raises:
        ValueError: for k below 1, or if `f` changes the shape.
    """
    if k < 1:
        raise ValueError(f"k: expected at least 1, got {k}")
    drift = []
    with torch.no_grad():
        y = f(z)
        _alike(z, y)
        for _ in range(k):
            u = f(y)
            before, after = _alike(y, u)
            drift.append(float(_ratio(after - before, before)))
            y = u
    return drift


def displacement(z: Tensor, y: Tensor) -> float:
    """Return ``||f(z) - z|| / ||z||``: 0 exactly for the identity, which is trivially idempotent.

    Args:
        z: inputs.
        y: ``f(z)``, the same shape.

    Raises:
        ValueError: if the shapes differ.
    """
    z, y = _alike(z, y)
    return float(_ratio(y - z, z))


def _alike(y: Tensor, u: Tensor) -> tuple[Tensor, Tensor]:
    """Return two tensors in float32 at least, or raise a ValueError if their shapes differ."""
    if y.shape != u.shape:
        raise ValueError(
            f"expected two tensors of one shape, got {tuple(y.shape)} and {tuple(u.shape)}"
        )
    return _wide(y), _wide(u)


def _wide(y: Tensor) -> Tensor:
    return y.to(torch.promote_types(y.dtype, torch.float32))


def _ratio(change: Tensor, whole: Tensor) -> Tensor:
    """Return the ratio of two Frobenius norms, 0 for a change of 0."""
    top, bottom = torch.linalg.vector_norm(change), torch.linalg.vector_norm(whole)
    return torch.where((top == 0) & ~bottom.isnan(), 0, top / bottom)
