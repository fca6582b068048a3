"""The manifold of idempotents: the block calculation against random matrices of every rank."""

import numpy as np
import pytest
import sympy
from hypothesis import given, settings, strategies as st

from idem.theory.jordan import GAMMA, ONE, derivative_spectrum
from idem.theory.manifold import (
    Directions,
    derivative,
    direction,
    directions,
    linearised_idempotency,
    velocity,
)

exactly = settings(derandomize=True, deadline=None, max_examples=30)


def idempotent(rank: int, size: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    basis = np.eye(size) + 0.5 * draw.standard_normal((size, size)) / size**0.5
    P = basis @ np.diag([1.0] * rank + [0.0] * (size - rank)) @ np.linalg.inv(basis)
    return P, draw.standard_normal((size, size))


def test_normal_blocks_are_multiplied_and_tangential_ones_kept():
    found, X = derivative().applyfunc(sympy.expand), direction()
    expected = sympy.Matrix([[(1 - GAMMA) * X[0, 0], X[0, 1]], [X[1, 0], (1 - GAMMA) * X[1, 1]]])
    assert found == expected.applyfunc(sympy.expand)


def test_the_kept_directions_are_those_that_solve_the_linearised_equation():
    X, equation = direction(), linearised_idempotency()
    assert equation == sympy.diag(1, -1).multiply_elementwise(X)
    kept = [i for i, (a, b) in enumerate(zip(derivative().flat(), X.flat(), strict=True)) if a == b]
    assert kept == [i for i, entry in enumerate(equation.flat()) if entry == 0] == [1, 2]


def test_every_tangential_direction_is_the_velocity_of_a_curve_of_idempotents():
    X = direction()
    assert velocity() == sympy.Matrix([[0, X[0, 1]], [X[1, 0], 0]])


@exactly
@given(st.integers(1, 5), st.integers(0, 5), st.floats(0.05, 1.95), st.integers(0, 9))
def test_the_blocks_mean_what_they_say_on_random_matrices(size, rank, gamma, seed):
    P, X = idempotent(min(rank, size), size, seed)
    Q = np.eye(size) - P
    along, square = P @ X @ Q + Q @ X @ P, 3 * (P @ X + X @ P)
    image = (1 - gamma) * X + gamma * (square - 2 * (P @ X + P @ X @ P + X @ P))
    assert np.allclose(image, (1 - gamma) * (X - along) + along, atol=1e-9)
    assert np.allclose(P @ along + along @ P, along, atol=1e-9)
    Z = X @ P - P @ X
    assert np.allclose(Z @ P - P @ Z, along, atol=1e-9)


@exactly
@given(st.integers(1, 6), st.integers(0, 6))
def test_dimensions_are_those_of_the_spectrum(size, rank):
    rank = min(rank, size)
    found = directions(rank, size)
    assert found == Directions(rank**2 + (size - rank) ** 2, 2 * rank * (size - rank))
    spectrum = derivative_spectrum(rank, size)
    assert (found.normal, found.tangential) == (spectrum[1 - GAMMA], spectrum.get(ONE, 0))


def test_a_rank_above_the_size_is_refused():
    with pytest.raises(ValueError, match="rank: expected 0 to size = 2, got 3"):
        directions(3, 2)
