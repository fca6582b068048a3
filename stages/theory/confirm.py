"""Appendix B measured: constructed Jordan matrices in float64 against what is derived for them."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import sympy

from idem.theory import jordan

Array = npt.NDArray[np.floating]
Block = tuple[sympy.Expr, int]
"""Eigenvalue and size."""

LARGEST = 4  # size of a block; from here on no equation is new
ATTRACTED_STEPS = 30
REPELLED_STEPS = 3  # rounding is repelled too
RANK, SIZE = 2, 5


def confirm(seed: int, gammas: Iterable[float]) -> dict[str, Any]:
    """Return how far theory and measurement are apart, as log10 of relative errors.

    Args:
        seed: of the random bases.
        gammas: step sizes of the recurrence.
    """
    draw = np.random.default_rng(seed)
    points, sizes = jordan.fixed_eigenvalues(1), range(1, LARGEST + 1)
    return {
        "log10_defect_by_block_size": {
            str(point): {str(size): defect(point, size, draw) for size in sizes} for point in points
        },
        "nilpotent_part": {
            str(point): {str(gamma): nilpotent_part(point, gamma, draw) for gamma in gammas}
            for point in points
        },
        f"derivative_at_rank_{RANK}_of_{SIZE}": {
            str(gamma): derivative_errors(gamma, draw) for gamma in gammas
        },
    }


def errors(confirmed: dict[str, Any]) -> list[float]:
    """Return every log10 of an error in what `confirm` found, defects of blocks aside."""
    found = []
    for key, value in confirmed.items():
        if isinstance(value, dict):
            found += errors(value)
        elif key.startswith("log10_error"):
            found.append(value)
    return found


def jordan_matrix(blocks: Sequence[Block], V: Array) -> Array:
    """Return V J V⁻¹, J with these blocks.

    Raises:
        ValueError: the sizes do not sum to the size of V.
    """
    J, start = np.zeros_like(V), 0
    if (total := sum(size for _, size in blocks)) != len(V):
        raise ValueError(f"blocks: expected sizes that sum to {len(V)}, got {total}")
    for value, size in blocks:
        block = slice(start, start + size)
        J[block, block] = float(value) * np.eye(size) + np.eye(size, k=1)
        start += size
    return V @ J @ np.linalg.inv(V)


def relaxed(K: npt.NDArray[Any], gamma: float) -> npt.NDArray[Any]:
    """Return (1 − γ)K + γ(3K² − 2K³)."""
    return (1 - gamma) * K + gamma * (3 * K @ K - 2 * K @ K @ K)


def derivative(P: Array, X: Array, gamma: float) -> Array:
    """Return the derivative of the recurrence at P along X, by a complex step.

    Nothing cancels in Im m(P + ihX)/h, so that h = 1e-20 leaves rounding alone.
    """
    h = 1e-20
    return np.imag(relaxed(P + 1j * h * X, gamma)) / h


def defect(point: sympy.Expr, size: int, draw: np.random.Generator) -> float:
    """Return log10 of ‖g(K) − K‖ / ‖K‖, K with one block of this size among simple ones."""
    K = jordan_matrix(_among_simple(point, size), _basis(size + 3, draw))
    return _log10(float(np.linalg.norm(relaxed(K, 1.0) - K) / np.linalg.norm(K)))


def nilpotent_part(point: sympy.Expr, gamma: float, draw: np.random.Generator) -> dict[str, float]:
    """Follow the superdiagonals of the largest block through the recurrence.

    Returns:
        The predicted multiplier and the number of steps; log10 of the error of the first
        superdiagonal after them against its power, and of the error of all superdiagonals in any
        step against `jordan.step_on_superdiagonals`; log10 of their norm in the end, 0 at first.
    """
    multiplier = float(jordan.multipliers(sympy.Float(gamma))[point])
    steps = ATTRACTED_STEPS if abs(multiplier) < 1 else REPELLED_STEPS
    exact = jordan.step_on_superdiagonals(point, LARGEST, sympy.Float(gamma))
    predict = sympy.lambdify(jordan.superdiagonals(LARGEST), exact)
    V = _basis(LARGEST + 3, draw)
    K = jordan_matrix(_among_simple(point, LARGEST), V)
    c, errors = _superdiagonals(K, V), list[float]()
    for _ in range(steps):
        K, expected = relaxed(K, gamma), np.array(predict(*c))
        c = _superdiagonals(K, V)
        errors.append(_error(c, expected))
    return {
        "multiplier": multiplier,
        "steps": steps,
        "log10_error_of_multiplier": _log10(_error(c[:1], np.array([multiplier**steps]))),
        "log10_error_of_superdiagonals": _log10(max(errors)),
        "log10_norm": _log10(float(np.linalg.norm(c))),
    }


def derivative_errors(gamma: float, draw: np.random.Generator) -> dict[str, float]:
    """Compare the derivative at a random idempotent P with `jordan.derivative_spectrum`.

    Returns:
        log10 of the largest error of an eigenvalue of its n² × n² matrix, and of its error on
        PXP + (I − P)X(I − P) and on PX(I − P) + (I − P)XP for a random X.
    """
    blocks = [(sympy.Integer(i < RANK), 1) for i in range(SIZE)]
    P = jordan_matrix(blocks, _basis(SIZE, draw))
    units = np.eye(SIZE**2).reshape(-1, SIZE, SIZE)
    jacobian = np.stack([derivative(P, unit, gamma).ravel() for unit in units], axis=1)
    exact = jordan.derivative_spectrum(RANK, SIZE, sympy.Float(gamma))
    expected = np.sort(np.repeat([float(v) for v in exact], [int(n) for n in exact.values()]))
    X, Q = draw.standard_normal((SIZE, SIZE)), np.eye(SIZE) - P
    normal, tangential = P @ X @ P + Q @ X @ Q, P @ X @ Q + Q @ X @ P
    errors = {
        "eigenvalues": float(np.abs(np.sort_complex(np.linalg.eigvals(jacobian)) - expected).max()),
        "normal": _error(derivative(P, normal, gamma), (1 - gamma) * normal),
        "tangential": _error(derivative(P, tangential, gamma), tangential),
    }
    return {f"log10_error_of_{name}": _log10(error) for name, error in errors.items()}


def _among_simple(point: sympy.Expr, size: int) -> list[Block]:
    return [(point, size), *((other, 1) for other in jordan.fixed_eigenvalues(1))]


def _basis(size: int, draw: np.random.Generator) -> Array:
    """Return a random, well-conditioned matrix that is not orthogonal."""
    return np.eye(size) + 0.5 * draw.standard_normal((size, size)) / size**0.5


def _superdiagonals(K: Array, V: Array) -> Array:
    """Return c₁, c₂, … of the first block of V⁻¹ K V."""
    return np.linalg.solve(V, K @ V)[0, 1:LARGEST]


def _error(found: Array, expected: Array) -> float:
    return float(np.linalg.norm(found - expected) / max(1.0, np.linalg.norm(expected)))


def _log10(error: float) -> float:
    """Return log10, from the rounding unit on: below it the digits mean nothing."""
    return float(np.log10(max(error, np.finfo(np.float64).eps)))
