"""How fast the relaxed recurrence of matrices converges, measured step by step (section 2.2).

How many steps does K ← (1 − γ)K + γ(3K² − 2K³) take down to the floor that rounding leaves, with
which order, and how far is where it ends from the exact projector and from where it began? Which
matrices have a limit at all?

Layout: (b, n, n), measures of a history (steps + 1, b), float64.
"""

import math
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from idem.rule.corrector import (
    dtype_name,
    matrix_residual,
    relaxed_step,
    require_square,
    trace,
)

_TOLERANCE = {torch.float32: 1e-5, torch.complex64: 1e-5, torch.float64: 1e-9}
_TOLERANCE |= {torch.complex128: 1e-9}


class History(NamedTuple):
    """Measures of K₀, K₁, …, taken in double precision of the matrices as they are."""

    residual: NDArray[np.float64]
    """‖K² − K‖_F / max(1, ‖K‖_F)."""
    distance: NDArray[np.float64]
    """‖K − P‖_F / max(1, ‖P‖_F), P the exact projector."""
    moved: NDArray[np.float64]
    """‖K − K₀‖_F / ‖K₀‖_F."""
    trace: NDArray[np.float64]
    """Real part of tr K."""


class Limits(NamedTuple):
    """Where each matrix of a batch ends, (b,)."""

    converged: Tensor
    """bool; the others overflow or are still undecided."""
    steps: Tensor
    """int64, steps taken."""
    rank: Tensor
    """int64, of the limit; −1 where there is none."""
    residual: Tensor
    """‖P² − P‖_F / max(1, ‖P‖_F) of the limit; NaN where there is none."""


def follow(K: Tensor, P: Tensor, gamma: float, steps: int) -> History:
    """Run the recurrence in the dtype of K and measure every step.

    Args:
        K: start, (b, n, n).
        P: the exact projectors, (b, n, n), float64 or complex128.
        gamma: step size, 0 < γ < 2.
        steps: how many to take.

    Raises:
        TypeError, ValueError: as `idem.rule.corrector.relaxed_step`.
    """
    first, measures = K.to(P.dtype), list[tuple[Tensor, ...]]()
    for step in range(steps + 1):
        wide = K.to(P.dtype)
        measures.append(
            (
                matrix_residual(wide, relative=True),
                _norm(wide - P) / _norm(P).clamp(min=1),
                _norm(wide - first) / _norm(first),
                trace(wide).real,
            )
        )
        if step < steps:
            K = relaxed_step(K, gamma)
    return History(*(torch.stack(values).numpy() for values in zip(*measures, strict=True)))


def limits(K: Tensor, steps: int, tolerance: float | None = None) -> Limits:
    """Find which matrices K ← 3K² − 2K³ takes to an idempotent one, and of which rank.

    Each leaves the batch when its relative residual is below the tolerance, or overflows.

    Args:
        K: (b, n, n), in single or double precision.
        steps: most to take.
        tolerance: of the relative residual; None (default) is 1e-9 in double precision and 1e-5 in
            single, which rounding keeps above 1e-7.

    Raises:
        TypeError: K is no tensor of floating-point numbers, or of half precision.
        ValueError: K is empty or not square, or no batch.
    """
    require_square(K)
    if K.dtype not in _TOLERANCE:
        raise TypeError(f"K: expected single or double precision, got {dtype_name(K.dtype)}")
    if K.ndim != 3:
        raise ValueError(f"K: expected a batch (b, n, n), got shape {tuple(K.shape)}")
    tolerance = _TOLERANCE[K.dtype] if tolerance is None else tolerance
    found = Limits(
        torch.zeros(len(K), dtype=torch.bool),
        torch.full((len(K),), steps),
        torch.full((len(K),), -1),
        torch.full((len(K),), math.nan, dtype=K.real.dtype),
    )
    live = torch.arange(len(K))
    for step in range(steps + 1):
        square = K @ K
        norm = _norm(K)
        residual = torch.where(norm.isfinite(), _norm(square - K) / norm.clamp(min=1), math.inf)
        settled = residual < tolerance
        stopped = settled | ~torch.isfinite(residual)
        found.steps[live[stopped]] = step
        found.converged[live[settled]] = True
        found.rank[live[settled]] = trace(K[settled]).real.round().long()
        found.residual[live[settled]] = residual[settled]
        live, K, square = live[~stopped], K[~stopped], square[~stopped]
        if not len(live):
            break
        K = 3 * square - 2 * (square @ K)
    return found


def floor_and_steps(residual: NDArray[np.float64], factor: float = 2.0) -> tuple[float, int]:
    """Return the least residual of a run, (steps + 1,), and the first step within a factor of it.

    NaN and −1 if no residual is finite.
    """
    finite = np.where(np.isfinite(residual), residual, np.inf)
    floor = float(finite.min())
    if not math.isfinite(floor):
        return math.nan, -1
    return floor, int(np.argmax(finite <= factor * floor))


def order_of_convergence(residual: NDArray[np.float64], floor: float) -> float:
    """Estimate p in r' = c rᵖ from the last three residuals well above the floor, else NaN."""
    for k in range(len(residual) - 2, 0, -1):
        before, here, after = residual[k - 1 : k + 2]
        if after > 100 * floor and after < here < before < 0.1:
            return math.log(after / here) / math.log(here / before)
    return math.nan


def horizon(gap: float, gamma: float) -> int:
    """Return steps enough to leave ½ by a factor 1 + γ/2 each, and to settle in float64."""
    leave = math.log(0.5 / gap) / math.log1p(gamma / 2)
    settle = 8 if gamma == 1 else math.log(2**-52) / math.log(abs(1 - gamma))
    return math.ceil(1.2 * (leave + settle)) + 4


def _norm(K: Tensor) -> Tensor:
    return torch.linalg.matrix_norm(K)
