r"""The fixed points of a corrector and their stability, exactly (section 2.2 and Appendix B).

For which matrices is K = g(K), and which of them attract under K' = (1 − γ)K + γ g(K)? A polynomial
acts on a Jordan block of size d through its derivatives, so with h the scalar map, g(J) = J asks

    h(λ) = λ,    h'(λ) = 1 if d ≥ 2,    h''(λ)/2 = 0 if d ≥ 3,    h'''(λ)/6 = 0 if d ≥ 4.

For h(λ) = 3λ² − 2λ³ no λ satisfies the first two together: a fixed point is diagonalisable with
eigenvalues in {0, ½, 1}. The size d is that of the largest Jordan block of λ. The paper writes
"algebraic multiplicity" for it and concludes that the geometric one is 1; the identity, a fixed
point whose one eigenvalue has both multiplicities n, shows that neither is meant.

Between eigenspaces of a diagonalisable K the derivative of g acts by divided differences of h
(Daleckii and Krein). At an idempotent of rank r they are h'(0) = h'(1) = 0 and, on the 2r(n − r)
directions along the manifold of idempotents, (h(1) − h(0))/(1 − 0) = 1: the manifold attracts, not
its single points.

Source: Jensen and Vicary, equations 6 to 9; Higham, Functions of Matrices, SIAM 2008, theorem 3.9.
"""

from dataclasses import dataclass
from fractions import Fraction

import sympy

LAMBDA, GAMMA = sympy.symbols("lambda gamma")


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


def block_equations(size: int) -> tuple[sympy.Expr, ...]:
    """Return what must vanish for a Jordan block of this size to be a fixed point of g.

    Read off the first row of g(J) − J, which is a Toeplitz matrix, so that the derivative rule is a
    result here and not an assumption.

    Args:
        size: rows of the block, 1 or more.

    Raises:
        TypeError: size is not an integer.
        ValueError: size is below 1.

    Source: equations 6 to 9.
    """
    _require_integer("size", size, 1)
    block = sympy.jordan_cell(LAMBDA, size)
    difference = 3 * block**2 - 2 * block**3 - block
    return tuple(sympy.expand(entry) for entry in difference.row(0))


def fixed_eigenvalues(size: int) -> tuple[sympy.Expr, ...]:
    """Return the eigenvalues for which a Jordan block of this size is a fixed point of g.

    Raises:
        TypeError: size is not an integer.
        ValueError: size is below 1.
    """
    equations = block_equations(size)
    common = sympy.gcd_list([e for e in equations if e != 0], LAMBDA)
    return tuple(sorted(sympy.roots(common, LAMBDA))) if common.has(LAMBDA) else ()


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
    gamma = sympy.Symbol("gamma", real=True)
    found = multipliers(gamma)
    if point not in found:
        raise ValueError(f"point: expected one of {', '.join(map(str, found))}, got {point}")
    return sympy.solveset(found[point] ** 2 < 1, gamma, sympy.S.Reals)


def derivative_spectrum(
    rank: int, size: int, gamma: sympy.Expr = GAMMA
) -> dict[sympy.Expr, sympy.Expr]:
    """Return the eigenvalues, with multiplicity, of the derivative at an idempotent matrix.

    The derivative of K ↦ (1 − γ)K + γ g(K) is a linear map of n × n matrices, so the multiplicities
    sum to n².

    Args:
        rank: rank r of the idempotent, 0 ≤ r ≤ n.
        size: its size n.
        gamma: step size of the recurrence.

    Raises:
        TypeError: rank or size is not an integer.
        ValueError: size is below 1, or rank is not within 0 to size.

    Source: Higham 2008, theorem 3.9 (Daleckii and Krein).
    """
    _require_integer("size", size, 1)
    _require_integer("rank", rank, 0)
    if rank > size:
        raise ValueError(f"rank: expected at most size = {size}, got {rank}")
    dimensions = {sympy.Integer(1): rank, sympy.Integer(0): size - rank}
    found: dict[sympy.Expr, sympy.Expr] = {}
    for left, rows in dimensions.items():
        for right, columns in dimensions.items():
            value = sympy.expand(_divided_difference(left, right).subs(GAMMA, gamma))
            found[value] = found.get(value, sympy.Integer(0)) + rows * columns
    return {value: count for value, count in found.items() if count}


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
