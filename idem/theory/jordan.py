r"""The fixed points of a corrector and their stability, exactly (section 2.2 and Appendix B).

For which matrices is K = g(K), and which of them attract under K' = m(K) = (1 − γ)K + γ g(K)? With
K = V J V⁻¹ in Jordan normal form m(K) = V m(J) V⁻¹, and a polynomial acts on each Jordan block
J = λI + N through its derivatives, so with h the scalar map, m(J) = J asks of a block of size d

    γ(h(λ) − λ) = 0,    γ(h'(λ) − 1) = 0 if d ≥ 2,    γ h⁽ᵏ⁾(λ)/k! = 0 for all 2 ≤ k < d.

γ ≠ 0 drops out: the relaxed recurrence has the fixed points of g. For h(λ) = 3λ² − 2λ³ no λ
satisfies the first two together: a fixed point is diagonalisable with eigenvalues in {0, ½, 1}. The
paper writes "algebraic multiplicity" for d and concludes that the geometric one is 1; the identity,
a fixed point whose one eigenvalue has both multiplicities n, shows that neither is meant.

A larger block over a fixed eigenvalue λ keeps it, and its nilpotent part N becomes m(λI + N) − λI:
it vanishes over 0 and 1 and grows over ½.

At a fixed point the derivative of m multiplies the block between the eigenspaces of λ and μ by a
divided difference (Daleckii and Krein): m'(λ) if λ = μ, else (λ − μ)/(λ − μ) = 1. The latter are
the directions along the manifold of fixed points: that of the idempotents attracts, not its single
points. For idempotents `idem.theory.manifold` tells the two kinds of direction apart.

Source: Jensen and Vicary, equations 6 to 9; Higham, Functions of Matrices, SIAM 2008, definition
1.2 and theorem 3.9.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import sympy

LAMBDA, GAMMA = sympy.symbols("lambda gamma")
ONE = sympy.Integer(1)


@dataclass(frozen=True)
class Boundaries:
    """Where the basins end on the real axis, as distances |λ − ½|."""

    immediate: sympy.Expr
    """Up to here every λ > ½ goes to 1 and every λ < ½ to 0."""
    escape: sympy.Expr
    """From here on λ does not go to 0 or 1; in between the basins alternate."""


def scalar_map(lambda_: sympy.Expr = LAMBDA) -> sympy.Expr:
    """Return h(λ) = 3λ² − 2λ³ (equation 6)."""
    return 3 * lambda_**2 - 2 * lambda_**3


def relaxed_map(lambda_: sympy.Expr = LAMBDA, gamma: sympy.Expr = GAMMA) -> sympy.Expr:
    """Return (1 − γ)λ + γ h(λ)."""
    return (1 - gamma) * lambda_ + gamma * scalar_map(lambda_)


def relaxed_matrix(K: sympy.Matrix, gamma: sympy.Expr = GAMMA) -> sympy.Matrix:
    """Return (1 − γ)K + γ g(K) with g(K) = 3K² − 2K³, not simplified."""
    return (1 - gamma) * K + gamma * (3 * K * K - 2 * K * K * K)


def block_equations(size: int, gamma: sympy.Expr = ONE) -> tuple[sympy.Expr, ...]:
    """Return what must vanish for a Jordan block of this size to be a fixed point.

    Read off the first row of m(J) − J, which is a Toeplitz matrix, so that the derivative rule is a
    result here and not an assumption.

    Args:
        size: rows of the block, 1 or more.
        gamma: step size of the recurrence, 1 for the corrector itself.

    Raises:
        TypeError: size is not an integer.
        ValueError: size is below 1.

    Source: equations 6 to 9.
    """
    _require_integer("size", size, 1)
    block = sympy.jordan_cell(LAMBDA, size)
    difference = relaxed_matrix(block, gamma) - block
    return tuple(sympy.expand(entry) for entry in difference.row(0))


def fixed_eigenvalues(size: int, gamma: sympy.Expr = ONE) -> tuple[sympy.Expr, ...]:
    """Return the eigenvalues for which a Jordan block of this size is a fixed point.

    Args:
        size: rows of the block, 1 or more.
        gamma: step size of the recurrence, 1 for the corrector itself; a symbol stands for every
            value but 0, as the equations hold it as a factor and nowhere else.

    Raises:
        TypeError: size is not an integer.
        ValueError: size is below 1, or gamma is 0.
    """
    if gamma == 0:
        raise ValueError("gamma: expected a value other than 0, where every matrix is fixed, got 0")
    equations = [sympy.cancel(e / gamma) for e in block_equations(size, gamma) if e != 0]
    common = sympy.gcd_list(equations, LAMBDA)
    return tuple(sorted(sympy.roots(common, LAMBDA))) if common.has(LAMBDA) else ()


def superdiagonals(size: int) -> tuple[sympy.Symbol, ...]:
    """Return c₁, c₂, … of the nilpotent part c₁N + c₂N² + … of a block of this size."""
    _require_integer("size", size, 1)
    return tuple(sympy.Symbol(f"c_{k}") for k in range(1, size))


def step_on_superdiagonals(
    point: sympy.Expr, size: int, gamma: sympy.Expr = GAMMA
) -> tuple[sympy.Expr, ...]:
    """Return what one step of the recurrence makes of the superdiagonals of a block.

    The block is λI + c₁N + c₂N² + …, N the matrix of ones above the diagonal, with a fixed
    eigenvalue λ, which it keeps. A Jordan block has c₁ = 1 and no other.

    Args:
        point: the eigenvalue, a fixed one.
        size: rows of the block, 1 or more.
        gamma: step size of the recurrence.

    Returns:
        The new c₁, c₂, … in terms of the old.

    Raises:
        TypeError: size is not an integer.
        ValueError: size is below 1, or point is not a fixed eigenvalue.
    """
    _require_fixed(point)
    names, shift = superdiagonals(size), sympy.jordan_cell(0, size)
    block = point * sympy.eye(size)
    for k, c in enumerate(names, start=1):
        block += c * shift**k
    image = relaxed_matrix(block, gamma).row(0)[1:]
    return tuple(sympy.collect(sympy.expand(entry), names) for entry in image)


def multipliers(gamma: sympy.Expr = GAMMA) -> dict[sympy.Expr, sympy.Expr]:
    """Return, for each fixed eigenvalue, the derivative of the relaxed scalar map there."""
    slope = sympy.diff(relaxed_map(gamma=GAMMA), LAMBDA)
    return {
        point: sympy.expand(slope.subs({LAMBDA: point, GAMMA: gamma}))
        for point in fixed_eigenvalues(1)
    }


def attracting_steps(point: sympy.Expr) -> sympy.Set:
    """Return the γ for which a fixed eigenvalue attracts, |multiplier| < 1.

    Raises:
        ValueError: point is not a fixed eigenvalue.
    """
    _require_fixed(point)
    gamma = sympy.Symbol("gamma", real=True)
    return sympy.solveset(multipliers(gamma)[point] ** 2 < 1, gamma, sympy.S.Reals)


def fixed_point_spectrum(
    dimensions: Mapping[sympy.Expr, int], gamma: sympy.Expr = GAMMA
) -> dict[sympy.Expr, sympy.Expr]:
    """Return the eigenvalues, with multiplicity, of the derivative at any fixed point.

    The derivative of K ↦ (1 − γ)K + γ g(K) is a linear map of n × n matrices, so the multiplicities
    sum to n².

    Args:
        dimensions: for each fixed eigenvalue, the dimension of its eigenspace.
        gamma: step size of the recurrence.

    Raises:
        ValueError: a key of dimensions is not a fixed eigenvalue.

    Source: Higham 2008, theorem 3.9 (Daleckii and Krein).
    """
    for point in dimensions:
        _require_fixed(point)
    found: dict[sympy.Expr, sympy.Expr] = {}
    for left, rows in dimensions.items():
        for right, columns in dimensions.items():
            value = sympy.expand(_divided_difference(left, right).subs(GAMMA, gamma))
            found[value] = found.get(value, sympy.Integer(0)) + rows * columns
    return {value: count for value, count in found.items() if count}


def derivative_spectrum(
    rank: int, size: int, gamma: sympy.Expr = GAMMA
) -> dict[sympy.Expr, sympy.Expr]:
    """Return the eigenvalues, with multiplicity, of the derivative at an idempotent matrix.

    Args:
        rank: rank r of the idempotent, 0 ≤ r ≤ n.
        size: its size n.
        gamma: step size of the recurrence.

    Raises:
        TypeError: rank or size is not an integer.
        ValueError: size is below 1, or rank is not within 0 to size.
    """
    _require_integer("size", size, 1)
    _require_integer("rank", rank, 0)
    if rank > size:
        raise ValueError(f"rank: expected at most size = {size}, got {rank}")
    return fixed_point_spectrum({ONE: rank, sympy.Integer(0): size - rank}, gamma)


def basin_boundaries(gamma: int | Fraction | sympy.Expr = GAMMA) -> Boundaries:
    """Return where the real basins end, exactly, for 0 < γ < 2.

    With t = λ − ½ the map is t' = (1 + γ/2)t − 2γt³. The immediate basins end at the other
    preimages of t = 0, bounded orbits at the 2-cycle t' = −t.

    Args:
        gamma: step size, exact (a fraction, not a float); a symbol by default.

    Raises:
        TypeError: gamma is a float.
        ValueError: gamma is a number outside 0 < γ < 2.
    """
    if isinstance(gamma, float):
        raise TypeError(f"gamma: expected an exact number such as Fraction(1, 2), got {gamma!r}")
    exact = sympy.expand(gamma)
    if exact.is_number and not 0 < exact < 2:
        raise ValueError(f"gamma: expected 0 < gamma < 2, got {gamma}")
    symbol, t = sympy.Symbol("gamma", positive=True), sympy.Symbol("t", positive=True)
    half = sympy.Rational(1, 2)
    image = sympy.expand(relaxed_map(half + t, symbol) - half)
    squares = (sympy.expand(sympy.solve(e, t)[0] ** 2) for e in (image, image + t))
    return Boundaries(*(sympy.sqrt(sympy.expand(square.subs(symbol, exact))) for square in squares))


def _divided_difference(left: sympy.Expr, right: sympy.Expr) -> sympy.Expr:
    if left == right:
        return sympy.expand(sympy.diff(relaxed_map(), LAMBDA).subs(LAMBDA, left))
    return sympy.cancel((relaxed_map(left) - relaxed_map(right)) / (left - right))


def _require_integer(name: str, value: int, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name}: expected an integer, got {type(value).__name__}")
    if value < least:
        raise ValueError(f"{name}: expected {least} or more, got {value}")


def _require_fixed(point: sympy.Expr) -> None:
    if point not in (known := fixed_eigenvalues(1)):
        raise ValueError(f"point: expected one of {', '.join(map(str, known))}, got {point}")
