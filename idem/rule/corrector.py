"""Correctors: polynomials that move a matrix towards an idempotent one (sections 2.1 and 2.2).

Find P with P² = P from a near-idempotent K. A corrector is a polynomial without constant term,

    g(K) = α₁K + α₂K² + … + α_jKʲ                                        (equation 4)

whose values 0 and 1 are attracting fixed points. The paper's choice, equation 5, is McWeeny's
purification g(K) = 3K² − 2K³. With X = 2K − I it is the Newton-Schulz iteration for the matrix sign
function, X' = (3X − X³)/2, so repeating it ends in P = (sign(2K − I) + I)/2: the spectral projector
of the eigenvalues in the basin of 1. Every eigenvalue e = λ² − λ shrinks as e' = e²(4e − 3).

Layout: matrices are the last two axes of (..., n, n); a coefficient list is (α₁, …, α_j).

Source: Jensen and Vicary, "Enforcing idempotency in neural networks"; McWeeny, Rev. Mod. Phys. 32,
335 (1960); Higham, Functions of Matrices, SIAM 2008, chapter 5.
"""

import math
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from numbers import Integral, Real

import torch
from torch import Tensor
from torch.amp.autocast_mode import is_autocast_available

MCWEENY = (0.0, 3.0, -2.0)

_DTYPES = (
    torch.float16,
    torch.bfloat16,
    torch.float32,
    torch.float64,
    torch.complex64,
    torch.complex128,
)
_MEASURED_IN = {torch.float16: torch.float32, torch.bfloat16: torch.float32}


def correct(K: Tensor) -> Tensor:
    """Return g(K) = 3K² − 2K³ of (..., n, n), in two products. Differentiable.

    Raises:
        TypeError: K is not a tensor, or not of a real or complex floating-point dtype.
        ValueError: K is empty or not square.

    Source: equation 5.
    """
    return evaluate(MCWEENY, K)


def evaluate(coefficients: Sequence[float], K: Tensor) -> Tensor:
    """Return α₁K + … + α_jKʲ of (..., n, n) in the fewest products. Differentiable.

    With s powers at hand the sum is B₀ + Kˢ(B₁ + Kˢ(B₂ + …)), where B_b = Σ_l α_{bs+l} Kˡ. That is
    s − 1 products for the powers and ⌈j/s⌉ − 1 for the nesting, so degree 4 costs no more than
    degree 3: two. They are made in the dtype of K, within `torch.autocast` too.

    Args:
        coefficients: α₁ to α_j; there is no constant term.
        K: matrices, (..., n, n). Values are not checked: NaN in, NaN out.

    Raises:
        TypeError: K is not a tensor, or not of a real or complex floating-point dtype.
        ValueError: K is empty or not square, or there is no coefficient, or one is not finite.

    Source: Paterson and Stockmeyer, SIAM J. Comput. 2, 60 (1973).
    """
    require_square(K)
    require_coefficients(coefficients)
    degree = len(coefficients)
    width = min(range(1, degree + 1), key=lambda s: s + math.ceil(degree / s))
    powers = [K]
    with unrounded(K):
        while len(powers) < width:
            powers.append(powers[-1] @ K)
        starts = range((degree - 1) // width * width, -1, -width)
        blocks = [_combine(coefficients[start : start + width], powers) for start in starts]
        total = blocks[0]
        for block in blocks[1:]:
            total = block + powers[-1] @ total
    return total


def relaxed_step(K: Tensor, gamma: float, coefficients: Sequence[float] = MCWEENY) -> Tensor:
    """Return (1 − γ)K + γ g(K) of (..., n, n): one step of size γ towards g(K). Differentiable.

    Raises:
        TypeError: K is not a floating-point tensor, or gamma is not a real number.
        ValueError: K is empty or not square, or gamma lies outside 0 < γ < 2, where 0 and 1 do not
            attract.

    Source: section 2.2; the range of γ is derived in `idem.theory.jordan`.
    """
    require_gamma(gamma)
    return (1 - gamma) * K + gamma * evaluate(coefficients, K)


def recurrence(
    K: Tensor, gamma: float, steps: int, coefficients: Sequence[float] = MCWEENY
) -> Tensor:
    """Return the history K₀, …, K_steps of the relaxed recurrence, (steps + 1, ..., n, n).

    Differentiable through every step. A matrix outside the immediate basins may end in another
    projector than the nearest, stay bounded for ever, or overflow to NaN: ``project(K,
    basin="recurrence")`` tells.

    Raises:
        TypeError: as `relaxed_step`, or steps is not an integer.
        ValueError: as `relaxed_step`, or steps is negative.

    Source: section 2.2.
    """
    if isinstance(steps, bool) or not isinstance(steps, Integral):
        raise TypeError(f"steps: expected an integer, got {type(steps).__name__}")
    if steps < 0:
        raise ValueError(f"steps: expected 0 or more, got {steps}")
    require_square(K)
    require_gamma(gamma)
    history = [K]
    for _ in range(int(steps)):
        history.append(relaxed_step(history[-1], gamma, coefficients))
    return torch.stack(history)


def matrix_residual(K: Tensor, *, relative: bool = False) -> Tensor:
    """Return ‖K² − K‖_F of (..., n, n), real, (...). Differentiable where it is not 0.

    Half precision is measured in float32, whose range the squares need, within `torch.autocast`
    too.

    Args:
        K: matrices, (..., n, n).
        relative: divide by max(1, ‖K‖_F). A projector other than 0 has norm 1 or more, so the
            bound only keeps the zero matrix, a projector too, from dividing by 0. Entries above 1
            are first divided by a power of two, which is exact and lets no square overflow.

    Raises:
        TypeError: K is not a tensor, or not of a real or complex floating-point dtype.
        ValueError: K is empty or not square.
    """
    require_square(K)
    K = K.to(_MEASURED_IN.get(K.dtype, K.dtype))
    with unrounded(K):
        if not relative:
            return _norm(K @ K - K)
        scale = _power_of_two(K)
        small = K / scale
        change = small @ K - small
        size = _power_of_two(change)
        residual = _norm(change / size) * size[..., 0, 0]
        return residual / torch.maximum(_norm(small), 1 / scale[..., 0, 0])


def _combine(coefficients: Sequence[float], powers: list[Tensor]) -> Tensor:
    terms = [a * power for a, power in zip(coefficients, powers, strict=False) if a != 0]
    return sum(terms[1:], start=terms[0]) if terms else torch.zeros_like(powers[0])


def _power_of_two(K: Tensor) -> Tensor:
    """Return the power of two at or below the largest entry of each, 1 at least, (..., 1, 1)."""
    largest = K.detach().abs().amax((-2, -1), keepdim=True)
    power = torch.ldexp(torch.ones_like(largest), torch.frexp(largest).exponent - 1)
    return torch.where(largest.isfinite(), power, 1).clamp(min=1)


def _norm(K: Tensor) -> Tensor:
    return torch.linalg.matrix_norm(K)


def unrounded(K: Tensor) -> AbstractContextManager:
    """Switch autocast off for a while, where the device of K has any: `meta` has none."""
    device = K.device.type
    there = is_autocast_available(device)
    return torch.autocast(device, enabled=False) if there else nullcontext()


def add_to_diagonal(K: Tensor, constant: float | Tensor) -> Tensor:
    """Add a constant, or one a matrix (..., 1), to the diagonal of K, in place, and return K."""
    K.diagonal(dim1=-2, dim2=-1).add_(constant)
    return K


def trace(K: Tensor) -> Tensor:
    """Return the trace of (..., n, n), (...)."""
    return K.diagonal(dim1=-2, dim2=-1).sum(-1)


def dtype_name(dtype: torch.dtype) -> str:
    """Return the name of a dtype as users type it, without the package."""
    return str(dtype).removeprefix("torch.")


def require_square(K: Tensor) -> None:
    """Raise a TypeError or ValueError unless K is (..., n, n), floating-point and not empty."""
    if not isinstance(K, Tensor):
        raise TypeError(f"K: expected a torch.Tensor, got {type(K).__name__}")
    if K.dtype not in _DTYPES:
        names = ", ".join(map(dtype_name, _DTYPES))
        raise TypeError(f"K: expected a dtype of {names}, got {dtype_name(K.dtype)}")
    if K.ndim < 2 or K.shape[-1] != K.shape[-2]:
        raise ValueError(f"K: expected square matrices (..., n, n), got shape {tuple(K.shape)}")
    if K.numel() == 0:
        raise ValueError(f"K: expected at least one entry, got shape {tuple(K.shape)}")


def require_coefficients(coefficients: Sequence[float]) -> None:
    """Raise a ValueError unless there are coefficients, all finite."""
    if len(coefficients) == 0 or not all(math.isfinite(a) for a in coefficients):
        raise ValueError(
            f"coefficients: expected one or more finite numbers α₁, …, α_j, got {coefficients!r}"
        )


def require_gamma(gamma: float) -> None:
    """Raise a TypeError or ValueError unless gamma is a number between 0 and 2."""
    if isinstance(gamma, bool) or not isinstance(gamma, Real):
        raise TypeError(f"gamma: expected a real number, got {type(gamma).__name__}")
    if not 0 < gamma < 2:
        raise ValueError(f"gamma: expected 0 < gamma < 2, got {gamma}")
