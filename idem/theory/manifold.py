r"""The manifold of idempotent matrices: its normal and tangential directions at a point.

At an idempotent P a direction X splits into PXP + (I − P)X(I − P) and PX(I − P) + (I − P)XP. In a
basis of the range of P and of its kernel, P = [[I, 0], [0, 0]], these are the diagonal and the
off-diagonal blocks of X. The blocks are symbols here that do not commute, so that what is found for
them holds for every rank and size.

- Normal, r² + (n − r)² of them: the derivative of (1 − γ)K + γ g(K) multiplies them by 1 − γ.
- Tangential, 2r(n − r) of them: it keeps them. They are the solutions of PX + XP = X, which is
  K² = K to first order, and each of them is the velocity of a curve of idempotents.

Source: Jensen and Vicary, section 2.2, corrected; Daleckii and Krein for the derivative (Higham,
Functions of Matrices, SIAM 2008, theorem 3.9), which is not used but found again here.
"""

from collections.abc import Callable
from dataclasses import dataclass

import sympy

from idem.theory.jordan import GAMMA, relaxed_matrix


@dataclass(frozen=True)
class Directions:
    """How many independent directions cross the manifold and run along it."""

    normal: int
    tangential: int


def direction() -> sympy.Matrix:
    """Return an arbitrary direction X in blocks, PXP and PX(I − P) in the first row."""
    return sympy.Matrix(2, 2, sympy.symbols("X_11 X_12 X_21 X_22", commutative=False))


def derivative(gamma: sympy.Expr = GAMMA) -> sympy.Matrix:
    """Return the derivative of (1 − γ)K + γ g(K) at an idempotent, applied to `direction()`."""
    return _linear_part(lambda K: relaxed_matrix(K, gamma))


def linearised_idempotency() -> sympy.Matrix:
    """Return the derivative of K² − K at an idempotent, PX + XP − X, applied to `direction()`."""
    return _linear_part(lambda K: K * K - K)


def velocity() -> sympy.Matrix:
    """Return the velocity at t = 0 of the curve exp(tZ) P exp(−tZ), where Z = XP − PX.

    All its points are idempotent, being similar to P. The velocity is the off-diagonal part of X:
    no solution of the linearised equation is lost to higher orders.
    """
    P, X = _idempotent(), direction()
    Z = X * P - P * X
    return (Z * P - P * Z).applyfunc(sympy.expand)


def directions(rank: int, size: int) -> Directions:
    """Count the directions across and along the manifold at an idempotent of this rank.

    Args:
        rank: rank r of the idempotent, 0 ≤ r ≤ n.
        size: its size n.

    Returns:
        r² + (n − r)² normal ones and 2r(n − r) tangential ones: the entries of the blocks on which
        the linearised equation does not vanish, and does.

    Raises:
        ValueError: rank is not within 0 to size.
    """
    if not 0 <= rank <= size:
        raise ValueError(f"rank: expected 0 to size = {size}, got {rank}")
    sides, equation = (rank, size - rank), linearised_idempotency()
    blocks = [(i, j) for i in (0, 1) for j in (0, 1) if equation[i, j] == 0]
    tangential = sum(sides[i] * sides[j] for i, j in blocks)
    return Directions(size**2 - tangential, tangential)


def _idempotent() -> sympy.Matrix:
    return sympy.diag(1, 0)


def _linear_part(function: Callable[[sympy.Matrix], sympy.Matrix]) -> sympy.Matrix:
    """Return what is linear in ε of function(P + εX)."""
    epsilon = sympy.Symbol("epsilon")
    image = function(_idempotent() + epsilon * direction())
    return image.applyfunc(lambda entry: sympy.factor(sympy.expand(entry).coeff(epsilon, 1)))
