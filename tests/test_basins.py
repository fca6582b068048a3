"""One eigenvalue on the complex plane: symmetry first, then known points."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idem.basins import TO_ONE, TO_ZERO, UNDECIDED, boundary, destinations, step

exactly = settings(derandomize=True, deadline=None, max_examples=50)
plane = st.builds(complex, st.floats(0.51, 2), st.floats(0.01, 1))
FIXED = {"capture": 0.1, "bailout": 10.0}


@exactly
@given(plane)
def test_conjugation_keeps_and_reflection_swaps_the_basins(point):
    swapped = {TO_ZERO: TO_ONE, TO_ONE: TO_ZERO}
    codes = destinations(np.array([point, point.conjugate(), 1 - point]), 25, **FIXED)
    assert codes[1] == codes[0]
    if UNDECIDED not in codes:
        assert codes[2] == swapped.get(int(codes[0]), codes[0])


def test_known_points():
    points = np.array([[0.0, 1.0, 0.4], [0.6, 0.5, 3.0]])
    codes = destinations(points, 20, **FIXED)
    assert codes.tolist() == [[TO_ZERO, TO_ONE, TO_ZERO], [TO_ONE, UNDECIDED, -1]]
    assert destinations(points, 0, **FIXED).tolist() == [[0, 1, 2], [2, 2, 2]]


def test_the_basins_alternate_beyond_the_immediate_one():
    codes = destinations(np.array([1.36, 1.38, 1.56, 1.6]), 40, **FIXED)
    assert codes.tolist() == [TO_ONE, TO_ZERO, TO_ZERO, TO_ONE]


def test_step_is_the_relaxed_map():
    assert step(np.array(0.25)) == 3 * 0.25**2 - 2 * 0.25**3
    assert step(np.array(0.25), 0.5) == pytest.approx((0.25 + 0.15625) / 2)


def test_boundary_finds_the_last_number_that_has_the_property():
    assert boundary(lambda x: x * x <= 2, 0.0, 2.0) == pytest.approx(2**0.5, abs=1e-15)
    with pytest.raises(ValueError, match="expected a property of 0.0 but not of 1.0"):
        boundary(lambda x: True, 0.0, 1.0)


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match="iterations: expected 0 or more, got -1"):
        destinations(np.zeros(1), -1, **FIXED)
    with pytest.raises(ValueError, match="expected 0 < capture < 0.5 and bailout > 1, got 0.6"):
        destinations(np.zeros(1), 1, capture=0.6, bailout=10)
