"""Appendix B: exact results against small numerical twins."""

from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from idem.basins import boundary, destinations, step
from idem.jordan import (
    GAMMA,
    LAMBDA,
    attracting_steps,
    basin_boundaries,
    block_equations,
    derivative_spectrum,
    fixed_eigenvalues,
    multipliers,
    relaxed_map,
    scalar_map,
)

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


@exactly
@given(gammas)
def test_real_basins_end_where_bisection_finds_it(gamma):
    ends = basin_boundaries(gamma)
    immediate, escape = 0.5 + float(ends.immediate), 0.5 + float(ends.escape)
    size = float(gamma)
    assert step(np.array(immediate), size) == pytest.approx(0.5, abs=1e-12)
    assert step(np.array(escape), size) == pytest.approx(1 - escape, abs=1e-11)

    def stays(point: float) -> bool:
        code = destinations(np.array(point), 60, gamma=size, capture=0.1, bailout=10)
        return int(code) >= 0

    assert boundary(stays, 1.0, 10.0) == pytest.approx(escape, abs=1e-9)


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
