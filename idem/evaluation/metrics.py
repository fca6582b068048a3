"""How idempotent is a map, and how much of its input has it kept?

Every function takes tensors of shape ``(B, ...)``: items first, whatever an item looks like. A
constant map is idempotent, so that an error alone says little: report the spread with it. Half
precision is measured in float32; a ratio of 0 to 0 is 0, as nothing has changed; and NaN stays NaN.
Squares of small numbers would underflow, so that a map that shrinks would look idempotent: tensors
whose largest magnitude is below 1 are first divided by a power of two, which is exact. Nothing
guards against overflow beyond 1e19, as in a training that diverges. Where a measure is 0 its
gradient is 0.

Keep the input of each pass: a network that begins with an in-place layer overwrites it, and
``y = f(x); relative_error(y, f(y))`` would then compare f(y) with itself; and so it would where a
network returns all outputs in the same memory, as bound outputs do. `idem.idempotency_loss` refuses
such networks, and here no error can be seen: pass ``f(y.clone()).clone()``.
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
        ValueError: if the shapes differ, or for tensors of no elements.
    """
    y, u = _alike(y, u)
    return (u - y).abs().mean()


def relative_error(y: Tensor, u: Tensor) -> Tensor:
    """Return ``||f(f(x)) - f(x)|| / ||f(x) - mean f(x)||``, Frobenius norms over the batch.

    Invariant under scaling of the outputs; 0 for an idempotent map, a constant one included; for a
    constant map that is not idempotent infinite, or as large as the rounding of its mean makes it.

    Args:
        y: ``f(x)``.
        u: ``f(f(x))``, the same shape.

    Raises:
        ValueError: if the shapes differ, or for tensors of no elements.
    """
    y, u = _alike(y, u)
    return _ratio(u - y, y - y.mean(0))


def output_spread(y: Tensor) -> Tensor:
    """Return the root mean square of ``f(x) - mean f(x)``: 0 if `f` is constant, up to rounding.

    The mean of equal numbers is rounded, to about 1e-7 of them in float32.

    Args:
        y: ``f(x)``.

    Raises:
        ValueError: for a tensor of no elements.
    """
    y = _wide(y)
    scaled, scale = _scaled(y - y.mean(0))
    power = scaled.abs().square().mean()
    root = torch.where(power == 0, 1, power).sqrt()  # whose derivative at 0 is infinite
    return scale * torch.where(power == 0, 0, root)


def power_drift(f: Callable[[Tensor], Tensor], z: Tensor, k: int = 10) -> list[float]:
    """Return ``||f^(i+1)(z) - f^i(z)|| / ||f^i(z)||`` for i = 1..k: does repetition wander off?

    An idempotent map, the zero map included, drifts by 0 from i = 1 on; one application is never
    enough to see that it does not. Costs k + 1 passes of the whole of `z`, each over a copy, as
    `f` may begin with an in-place layer; outputs are copied too, as `f` may reuse their memory. In
    training mode they move BatchNorm's statistics.

    Args:
        f: a network, in the mode it shall be measured in.
        z: inputs, ``(B, ...)``.
        k: how many applications to compare.

    Raises:
        ValueError: for k below 1, if `f` changes the shape, or for a tensor of no elements.
    """
    if k < 1:
        raise ValueError(f"k: expected at least 1, got {k}")
    drift = []
    with torch.no_grad():
        y = f(z.clone()).clone()
        _alike(z, y)
        for _ in range(k):
            u = f(y.clone()).clone()
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
        ValueError: if the shapes differ, or for tensors of no elements.
    """
    z, y = _alike(z.detach(), y.detach())
    return float(_ratio(y - z, z))


def _alike(y: Tensor, u: Tensor) -> tuple[Tensor, Tensor]:
    """Return two tensors in float32 at least, or raise a ValueError if they cannot be compared."""
    if y.shape != u.shape:
        raise ValueError(
            f"expected two tensors of one shape, got {tuple(y.shape)} and {tuple(u.shape)}"
        )
    return _wide(y), _wide(u)


def _wide(y: Tensor) -> Tensor:
    """Return a tensor in float32 at least, or raise a ValueError if it has no elements.

    Whole numbers become float64, which holds those up to 2^53.
    """
    if y.numel() == 0:
        raise ValueError(f"expected a tensor of one element at least, got shape {tuple(y.shape)}")
    fractional = y.is_floating_point() or y.is_complex()
    return y.to(torch.promote_types(y.dtype, torch.float32 if fractional else torch.float64))


def _scaled(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return a tensor over the power of two at or below its largest magnitude, 1 at most."""
    largest = x.detach().abs().amax()
    power = largest / (2 * torch.frexp(largest).mantissa)
    power = torch.where((largest > 0) & (largest < 1), power, 1)
    return x / power, power


def _ratio(change: Tensor, whole: Tensor) -> Tensor:
    """Return the ratio of two Frobenius norms, 0 for a change of 0."""
    (change, above), (whole, below) = _scaled(change), _scaled(whole)
    top, bottom = torch.linalg.vector_norm(change), torch.linalg.vector_norm(whole)
    still = (top == 0) & ~bottom.isnan()
    return torch.where(still, 0, top / torch.where(still, 1, bottom) * (above / below))
