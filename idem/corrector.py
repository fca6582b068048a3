"""The nearest idempotent matrix along a polynomial recurrence (sections 2.1 and 2.2).

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
from numbers import Real
from typing import NamedTuple

import torch
from torch import Tensor

MCWEENY = (0.0, 3.0, -2.0)

_WORKING_DTYPE = {
    torch.float16: torch.float32,
    torch.bfloat16: torch.float32,
    torch.float32: torch.float32,
    torch.float64: torch.float64,
    torch.complex64: torch.complex64,
    torch.complex128: torch.complex128,
}
_SETTLED, _ESCAPED, _UNDECIDED = 0, 1, 2


class ProjectionError(ArithmeticError):
    """The recurrence has no idempotent limit for this matrix, or none that its precision shows."""


class Projection(NamedTuple):
    """What `project` found, each field with the batch shape (...) of its argument."""

    projector: Tensor
    """P, (..., n, n), in the dtype of the argument."""
    residual: Tensor
    """‖P² − P‖_F / max(1, ‖P‖_F), (...), real."""
    steps: Tensor
    """Recurrence steps taken, (...), int64; 0 where the eigendecomposition was used."""
    rank: Tensor
    """Rank of P, its trace, (...), int64."""


def corrector(K: Tensor) -> Tensor:
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
    degree 3: two.

    Args:
        coefficients: α₁ to α_j; there is no constant term.
        K: matrices, (..., n, n). Values are not checked: NaN in, NaN out.

    Raises:
        TypeError: K is not a tensor, or not of a real or complex floating-point dtype.
        ValueError: K is empty or not square, or there is no coefficient, or one is not finite.

    Source: Paterson and Stockmeyer, SIAM J. Comput. 2, 60 (1973).
    """
    _require_square(K)
    _require_coefficients(coefficients)
    degree = len(coefficients)
    width = min(range(1, degree + 1), key=lambda s: s + math.ceil(degree / s))
    powers = [K]
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

    Source: section 2.2; the range of γ is derived in `idem.jordan`.
    """
    _require_gamma(gamma)
    return (1 - gamma) * K + gamma * evaluate(coefficients, K)


def recurrence(
    K: Tensor, gamma: float, steps: int, coefficients: Sequence[float] = MCWEENY
) -> Tensor:
    """Return the history K₀, …, K_steps of the relaxed recurrence, (steps + 1, ..., n, n).

    Differentiable through every step; a matrix outside the basins overflows to NaN, visibly.

    Raises:
        TypeError: as `relaxed_step`, or steps is not an integer.
        ValueError: as `relaxed_step`, or steps is negative.

    Source: section 2.2.
    """
    if isinstance(steps, bool) or not isinstance(steps, int):
        raise TypeError(f"steps: expected an integer, got {type(steps).__name__}")
    if steps < 0:
        raise ValueError(f"steps: expected 0 or more, got {steps}")
    _require_square(K)
    _require_gamma(gamma)
    history = [K]
    for _ in range(steps):
        history.append(relaxed_step(history[-1], gamma, coefficients))
    return torch.stack(history)


def matrix_residual(K: Tensor, *, relative: bool = False) -> Tensor:
    """Return ‖K² − K‖_F of (..., n, n), real, (...). Differentiable where it is not 0.

    Args:
        K: matrices, (..., n, n).
        relative: divide by max(1, ‖K‖_F). A projector other than 0 has norm 1 or more, so the
            bound only keeps the zero matrix, a projector too, from dividing by 0.

    Raises:
        TypeError: K is not a tensor, or not of a real or complex floating-point dtype.
        ValueError: K is empty or not square.
    """
    _require_square(K)
    residual = torch.linalg.matrix_norm(K @ K - K)
    return residual / _scale(K) if relative else residual


def project(K: Tensor, *, strict: bool = True) -> Projection:
    """Find the idempotent matrix that repeating g ends in, for each matrix of (..., n, n).

    It is the spectral projector of the eigenvalues in the basin of 1: on the real axis those from
    ½ to (1 + √3)/2, and beyond, up to the golden ratio, alternating bands. Hermitian matrices go
    through their eigendecomposition; others repeat g until the residual stops falling, because the
    floor that rounding leaves depends on how oblique P is and cannot be set beforehand. float16 and
    bfloat16 are computed in float32 and rounded once.

    Not differentiable: the result is detached, since eigenvalues may coincide. To differentiate,
    take the last entry of `recurrence`. Waits for the device at every step.

    Args:
        K: matrices, (..., n, n), real or complex; each is treated as if it were alone.
        strict: raise if one matrix of the batch has no limit; otherwise its P is NaN, its rank −1.

    Raises:
        TypeError: K is not a tensor, or not of a real or complex floating-point dtype.
        ValueError: K is empty, not square, or holds NaN or infinity.
        ProjectionError: an eigenvalue escapes to infinity, or is too close to a boundary between
            the basins (½ above all) for its side to be decided in this precision.

    Example:
        >>> project(torch.tensor([[0.9, 0.2], [0.1, 0.1]])).rank
        tensor(1)

    Source: section 2.2; Higham 2008, chapter 5.
    """
    _require_square(K)
    if not torch.isfinite(K).all():
        raise ValueError("K: expected finite entries, got NaN or infinity")
    with torch.no_grad(), torch.autocast(K.device.type, enabled=False):
        matrices = K.detach().to(_WORKING_DTYPE[K.dtype]).reshape(-1, *K.shape[-2:])
        limits, steps, outcome = _limits(matrices)
        if strict:
            _require_settled(outcome, steps, K)
        limits[outcome != _SETTLED] = math.nan
        projector = limits.to(K.dtype).reshape(K.shape)
        residual = matrix_residual(projector.to(limits.dtype), relative=True)
        rank = _trace(limits).real.nan_to_num(nan=-1).round().long()
    batch = K.shape[:-2]
    return Projection(projector, residual, steps.reshape(batch), rank.reshape(batch))


def _limits(matrices: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    limits = torch.empty_like(matrices)
    steps = torch.zeros(len(matrices), dtype=torch.int64, device=matrices.device)
    outcome = torch.zeros_like(steps)
    hermitian = _is_hermitian(matrices)
    for mask, solve in ((hermitian, _from_eigenvalues), (~hermitian, _from_recurrence)):
        if mask.any():
            limits[mask], steps[mask], outcome[mask] = solve(matrices[mask])
    return limits, steps, outcome


def _from_eigenvalues(K: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    values, vectors = torch.linalg.eigh((K + K.mH) / 2)
    escaped_at = torch.zeros_like(values, dtype=torch.int64)
    for step in range(1, _step_limit(K) + 1):
        values = values * values * (3 - 2 * values)
        escaped_at[~torch.isfinite(values) & (escaped_at == 0)] = step
    undecided = ((values * values - values).abs() > 0.01).any(-1)
    steps = torch.where(undecided, _step_limit(K), escaped_at.amax(-1))
    outcome = torch.where(undecided, _UNDECIDED, _SETTLED)
    outcome[escaped_at.amax(-1) > 0] = _ESCAPED
    chosen = vectors * (values > 0.5).to(vectors.dtype).unsqueeze(-2)
    return chosen @ vectors.mH, steps, outcome


def _from_recurrence(K: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    limits = K.clone()
    steps = torch.full((len(K),), _step_limit(K), dtype=torch.int64, device=K.device)
    outcome = torch.full_like(steps, _UNDECIDED)
    live = torch.arange(len(K), device=K.device)
    previous = torch.full((len(K),), math.inf, dtype=K.real.dtype, device=K.device)
    for step in range(_step_limit(K) + 1):
        square = K @ K
        residual = torch.linalg.matrix_norm(square - K)
        settled, escaped = _has_settled(K, residual, previous), ~torch.isfinite(residual)
        stopped = settled | escaped
        if stopped.any():
            limits[live[settled]] = K[settled]
            steps[live[stopped]] = step
            outcome[live[settled]] = _SETTLED
            outcome[live[escaped]] = _ESCAPED
            live, K, square, residual = (x[~stopped] for x in (live, K, square, residual))
            if not len(live):
                break
        K, previous = 3 * square - 2 * (square @ K), residual
    return limits, steps, outcome


def _has_settled(K: Tensor, residual: Tensor, previous: Tensor) -> Tensor:
    """Whether the residual is as small as rounding lets it be, and the trace an integer.

    The products of a projector of norm p carry errors of about eps p³. The trace tells a residual
    that rests on this floor from an eigenvalue near ½, whose own residual hardly falls either.
    """
    eps, scale, trace = torch.finfo(K.dtype).eps, _scale(K), _trace(K)
    floor = torch.minimum(K.shape[-1] * eps * scale**3, 0.01 * scale)
    stagnant = (residual <= floor) & (residual >= previous / 2)
    return ((residual <= eps * scale) | stagnant) & ((trace - trace.real.round()).abs() < 0.1)


def _step_limit(K: Tensor) -> int:
    """Steps in which a gap to ½ just above rounding, growing by 3/2 a step, is decided."""
    gap = 16 * math.sqrt(K.shape[-1]) * torch.finfo(K.dtype).eps
    return math.ceil(math.log(0.5 / gap) / math.log(1.5)) + 6


def _is_hermitian(K: Tensor) -> Tensor:
    skew = torch.linalg.matrix_norm(K - K.mH)
    return skew <= 10 * torch.finfo(K.dtype).eps * torch.linalg.matrix_norm(K)


def _combine(coefficients: Sequence[float], powers: list[Tensor]) -> Tensor:
    terms = [a * power for a, power in zip(coefficients, powers, strict=False) if a != 0]
    return sum(terms[1:], start=terms[0]) if terms else torch.zeros_like(powers[0])


def _scale(K: Tensor) -> Tensor:
    return torch.linalg.matrix_norm(K).clamp(min=1)


def _trace(K: Tensor) -> Tensor:
    return K.diagonal(dim1=-2, dim2=-1).sum(-1)


def _require_square(K: Tensor) -> None:
    if not isinstance(K, Tensor):
        raise TypeError(f"K: expected a torch.Tensor, got {type(K).__name__}")
    if K.dtype not in _WORKING_DTYPE:
        names = ", ".join(str(dtype).removeprefix("torch.") for dtype in _WORKING_DTYPE)
        raise TypeError(
            f"K: expected a dtype of {names}, got {str(K.dtype).removeprefix('torch.')}"
        )
    if K.ndim < 2 or K.shape[-1] != K.shape[-2]:
        raise ValueError(f"K: expected square matrices (..., n, n), got shape {tuple(K.shape)}")
    if K.numel() == 0:
        raise ValueError(f"K: expected at least one entry, got shape {tuple(K.shape)}")


def _require_coefficients(coefficients: Sequence[float]) -> None:
    if len(coefficients) == 0 or not all(math.isfinite(a) for a in coefficients):
        raise ValueError(
            f"coefficients: expected one or more finite numbers α₁, …, α_j, got {coefficients!r}"
        )


def _require_gamma(gamma: float) -> None:
    if isinstance(gamma, bool) or not isinstance(gamma, Real):
        raise TypeError(f"gamma: expected a real number, got {type(gamma).__name__}")
    if not 0 < gamma < 2:
        raise ValueError(f"gamma: expected 0 < gamma < 2, got {gamma}")


def _require_settled(outcome: Tensor, steps: Tensor, K: Tensor) -> None:
    failed = outcome.nonzero().flatten().tolist()
    if not failed:
        return
    first, index = failed[0], []
    for size in reversed(K.shape[:-2]):
        index.insert(0, first % size)
        first //= size
    name = f"K{index}" if index else "K"
    others = f" ({len(failed) - 1} more of {len(outcome)} fail too)" if len(failed) > 1 else ""
    if outcome[failed[0]] == _ESCAPED:
        raise ProjectionError(
            f"{name}: expected every eigenvalue in the basin of 0 or of 1 (on the real axis -0.618"
            f" to 1.618), got an overflow at step {int(steps[failed[0]])}{others}; if the"
            " eigenvalues do lie there, K is too far from normal for its dtype: use float64"
        )
    raise ProjectionError(
        f"{name}: expected no eigenvalue within rounding of a boundary between the basins of 0 and"
        f" 1 (½ above all), got one still undecided after {int(steps[failed[0]])} steps{others}"
    )
