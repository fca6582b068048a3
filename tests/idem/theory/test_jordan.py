"""Appendix B: exact results against small numerical twins."""

from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import given, settings, strategies as st

from idem.theory.jordan import (
    GAMMA,
    LAMBDA,
    ONE,
    attracting_steps,
    basin_boundaries,
    block_equations,
    derivative_spectrum,
    fixed_eigenvalues,
    fixed_point_spectrum,
    multipliers,
    relaxed_map,
    relaxed_matrix,
    scalar_map,
    step_on_superdiagonals,
    superdiagonals,
)

ZERO = sympy.Integer(0)
HALF = sympy.Rational(1, 2)
exactly = settings(derandomize=True, deadline=None, max_examples=30)
gammas = st.fractions(Fraction(1, 20), Fraction(19, 10), max_denominator=40)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 6])
def test_block_equations_are_the_taylor_coefficients_of_the_scalar_map(size):
    h = scalar_map() - LAMBDA
    expected = [sympy.diff(h, LAMBDA, k) / sympy.factorial(k) for k in range(size)]
    differences = zip(block_equations(size), expected, strict=True)
    assert all(sympy.expand(a - b) == 0 for a, b in differences)


def test_only_blocks_of_size_1_are_fixed():
    assert fixed_eigenvalues(1) == (0, HALF, 1)
    assert [fixed_eigenvalues(size) for size in (2, 3, 4, 5)] == [()] * 4


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
def test_the_relaxed_recurrence_has_the_same_fixed_points_for_every_gamma_but_0(size):
    pairs = zip(block_equations(size, GAMMA), block_equations(size), strict=True)
    assert all(sympy.expand(relaxed - GAMMA * own) == 0 for relaxed, own in pairs)
    for gamma in (GAMMA, sympy.Rational(1, 3), sympy.Integer(-7)):
        assert fixed_eigenvalues(size, gamma) == fixed_eigenvalues(size)
    with pytest.raises(ValueError, match="gamma: expected a value other than 0"):
        fixed_eigenvalues(size, ZERO)


def toeplitz(point: sympy.Expr, c: tuple[sympy.Expr, ...]) -> sympy.Matrix:
    first = (point, *c)
    return sympy.Matrix(
        len(first), len(first), lambda i, j: first[j - i] if j >= i else sympy.Integer(0)
    )


@pytest.mark.parametrize("point", [ZERO, HALF, ONE])
@pytest.mark.parametrize("size", [1, 2, 4, 6])
def test_a_step_on_the_superdiagonals_is_a_step_on_the_matrix(point, size):
    c = superdiagonals(size)
    image = relaxed_matrix(toeplitz(point, c))
    found = toeplitz(point, step_on_superdiagonals(point, size))
    assert (image - found).applyfunc(sympy.expand).is_zero_matrix
    assert all(
        sympy.expand(sympy.diff(new, old).subs(dict.fromkeys(c, 0)) - multipliers()[point]) == 0
        for old, new in zip(c, step_on_superdiagonals(point, size), strict=True)
    )


@pytest.mark.parametrize("point", [ZERO, ONE])
@pytest.mark.parametrize(("size", "steps"), [(2, 1), (3, 2), (4, 2), (5, 3), (8, 3), (9, 4)])
def test_the_corrector_makes_a_block_diagonal_in_log2_of_its_size_steps(point, size, steps):
    c = (ONE, *[ZERO] * (size - 2))
    for step in range(steps):
        assert any(c), step
        rule = step_on_superdiagonals(point, size, ONE)
        c = tuple(e.subs(dict(zip(superdiagonals(size), c, strict=True))) for e in rule)
    assert not any(c)


def test_superdiagonals_of_a_block_of_size_4():
    a, b, c = superdiagonals(4)
    keep = 1 - GAMMA
    expected = [keep * a, keep * b + 3 * GAMMA * a**2]
    expected.append(keep * c + 6 * GAMMA * a * b - 2 * GAMMA * a**3)
    found = step_on_superdiagonals(ZERO, 4)
    assert all(sympy.expand(x - y) == 0 for x, y in zip(found, expected, strict=True))
    assert step_on_superdiagonals(HALF, 2) == (a * (1 + GAMMA / 2),)


def test_the_identity_is_fixed_although_its_eigenvalue_is_not_simple():
    identity = sympy.eye(3)
    assert 3 * identity**2 - 2 * identity**3 == identity


def test_fixed_points_are_fixed_and_repeated_eigenvalues_do_no_harm():
    basis = sympy.Matrix([[1, 2, 0, 0], [0, 1, 3, 0], [0, 0, 1, 1], [1, 0, 0, 1]])
    K = basis * sympy.diag(0, HALF, HALF, 1) * basis.inv()
    assert 3 * K**2 - 2 * K**3 == K


def test_multipliers():
    expected = {0: 1 - GAMMA, HALF: 1 + GAMMA / 2, 1: 1 - GAMMA}
    assert multipliers() == expected
    assert multipliers(sympy.Integer(1)) == {0: 0, HALF: sympy.Rational(3, 2), 1: 0}
    assert multipliers(sympy.Integer(0)) == {0: 1, HALF: 1, 1: 1}


def test_range_of_attraction():
    assert attracting_steps(sympy.Integer(0)) == sympy.Interval.open(0, 2)
    assert attracting_steps(sympy.Integer(1)) == sympy.Interval.open(0, 2)
    assert attracting_steps(HALF) == sympy.Interval.open(-4, 0)
    with pytest.raises(ValueError, match="point: expected one of 0, 1/2, 1, got 2"):
        attracting_steps(sympy.Integer(2))


@exactly
@given(st.integers(1, 5), st.integers(0, 5), gammas, st.integers(0, 9))
def test_derivative_spectrum_equals_the_numerical_jacobian(size, rank, gamma, seed):
    rank = min(rank, size)
    found = derivative_spectrum(rank, size, sympy.Rational(gamma))
    assert sum(found.values()) == size**2
    draw = np.random.default_rng(seed)
    basis = np.eye(size) + 0.3 * draw.standard_normal((size, size)) / np.sqrt(size)
    P = basis @ np.diag([1.0] * rank + [0.0] * (size - rank)) @ np.linalg.inv(basis)
    identity = np.eye(size)
    square = np.kron(P, identity) + np.kron(identity, P.T)
    cube = np.kron(P @ P, identity) + np.kron(P, P.T) + np.kron(identity, (P @ P).T)
    jacobian = (1 - float(gamma)) * np.eye(size**2) + float(gamma) * (3 * square - 2 * cube)
    values = np.sort(np.linalg.eigvals(jacobian).real)
    expected = np.sort(np.concatenate([[float(v)] * int(c) for v, c in found.items()]))
    assert np.allclose(values, expected, atol=1e-8)


def test_the_manifold_attracts_and_its_tangent_is_kept():
    assert derivative_spectrum(2, 5) == {1 - GAMMA: 13, 1: 2 * 2 * 3}
    assert derivative_spectrum(0, 3) == {1 - GAMMA: 9}
    assert derivative_spectrum(3, 3, sympy.Integer(1)) == {0: 9}


def test_fixed_points_with_one_half_are_repelling_in_some_direction():
    dimensions = {ZERO: 1, HALF: 2, ONE: 3}
    found = fixed_point_spectrum(dimensions)
    assert found == {1 - GAMMA: 1 + 9, 1 + GAMMA / 2: 4, 1: 2 * (2 + 3 + 6)}
    assert sum(found.values()) == 36
    with pytest.raises(ValueError, match="point: expected one of 0, 1/2, 1, got 2"):
        fixed_point_spectrum({ONE: 1, sympy.Integer(2): 1})


@exactly
@given(gammas)
def test_real_basins_end_where_bisection_finds_it(gamma):
    ends = basin_boundaries(gamma)
    immediate, escape = 0.5 + float(ends.immediate), 0.5 + float(ends.escape)
    size = float(gamma)

    def image(point: float) -> float:
        return (1 - size) * point + size * (3 * point**2 - 2 * point**3)

    def stays(point: float) -> bool:
        for _ in range(200):
            if abs(point) > 10:
                return False
            point = image(point)
        return True

    assert image(immediate) == pytest.approx(0.5, abs=1e-12)
    assert image(escape) == pytest.approx(1 - escape, abs=1e-11)
    inside, outside = 1.0, 10.0
    for _ in range(60):
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if stays(middle) else (inside, middle)
    assert inside == pytest.approx(escape, abs=1e-9)


def test_basins_of_the_corrector_itself():
    ends = basin_boundaries(1)
    assert ends.immediate == sympy.sqrt(3) / 2
    assert HALF + ends.escape == sympy.GoldenRatio.expand(func=True)
    cycle = scalar_map(HALF + ends.escape)
    assert sympy.expand(cycle - (HALF - ends.escape)) == 0
    assert basin_boundaries().escape ** 2 == 1 / sympy.Symbol("gamma") + sympy.Rational(1, 4)


def test_relaxed_map_interpolates():
    assert relaxed_map(gamma=sympy.Integer(0)) == LAMBDA
    assert sympy.expand(relaxed_map(gamma=sympy.Integer(1)) - scalar_map()) == 0


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match="size: expected 1 or more, got 0"):
        block_equations(0)
    with pytest.raises(TypeError, match="size: expected an integer, got float"):
        fixed_eigenvalues(2.0)  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="rank: expected at most size = 2, got 3"):
        derivative_spectrum(3, 2)
    with pytest.raises(ValueError, match="rank: expected 0 or more, got -1"):
        derivative_spectrum(-1, 2)
    with pytest.raises(TypeError, match="gamma: expected an exact number .*got 0.5"):
        basin_boundaries(0.5)  # pyright: ignore[reportArgumentType]
    for gamma in (Fraction(0), Fraction(2)):
        with pytest.raises(ValueError, match=rf"gamma: expected 0 < gamma < 2, got {gamma}"):
            basin_boundaries(gamma)
