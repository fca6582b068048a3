"""One eigenvalue on the complex plane: a slow twin and symmetry first, then known points."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from idem.linear import basins
from idem.linear.basins import TO_ONE, TO_ZERO, UNDECIDED, boundary, destinations, real_ends, step
from idem.theory import jordan

GAMMAS = (0.25, 0.5, 1.0, 1.5)
exactly = settings(derandomize=True, deadline=None, max_examples=50)
points_right = st.builds(complex, st.floats(0.51, 2), st.floats(0.01, 1))
step_sizes = st.floats(0.02, 1.98)


def slow_destinations(points, iterations, *, gamma, bailout):
    """Follow every point to the last step, and only then ask which of 0 and 1 it is near."""
    codes = np.full(points.size, UNDECIDED, dtype=np.int64)
    live, current = np.arange(points.size), points.ravel()
    for taken in range(1, iterations + 1):
        current = step(current, gamma)
        inside = np.abs(current - 0.5) <= bailout
        codes[live[~inside]] = -taken
        live, current = live[inside], current[inside]
    radius = basins.capture_radius(gamma)
    codes[live[np.abs(current) < radius]] = TO_ZERO
    codes[live[np.abs(current - 1) < radius]] = TO_ONE
    return codes.reshape(points.shape)


@pytest.mark.parametrize("iterations", [0, 1, 10, 60])
@pytest.mark.parametrize("gamma", [0.05, *GAMMAS, 1.9])
def test_points_that_leave_early_have_the_code_they_would_have_at_the_end(gamma, iterations):
    """More points than a chunk holds, on a grid whose window is not that of the figure."""
    reach = 1.3 * basins.escape_radius(gamma)
    points = np.linspace(-reach, reach, 211) + 1j * np.linspace(-reach, reach, 131)[:, None] + 0.507
    how = {"gamma": gamma, "bailout": 10.0}
    codes = destinations(points, iterations, **how)
    np.testing.assert_array_equal(codes, slow_destinations(points, iterations, **how))
    assert codes.shape == points.shape


@exactly
@given(step_sizes, st.floats(0, 1), st.floats(-math.pi, math.pi))
def test_the_map_sends_the_capture_disc_into_itself_towards_its_centre(gamma, fraction, angle):
    radius = basins.capture_radius(gamma)
    offset = fraction * radius * complex(math.cos(angle), math.sin(angle))
    for centre in (0, 1):
        image = complex(step(np.array(centre + offset), gamma)) - centre
        assert abs(image) <= abs(offset) * (1 - 1e-4) + 1e-15


@exactly
@given(step_sizes, st.floats(1 + 1e-9, 100), st.floats(-math.pi, math.pi))
def test_beyond_the_escape_radius_the_map_leads_away(gamma, times, angle):
    distance = times * basins.escape_radius(gamma)
    image = step(np.array(0.5 + distance * complex(math.cos(angle), math.sin(angle))), gamma)
    assert abs(complex(image) - 0.5) > distance


def test_the_capture_disc_shrinks_as_0_and_1_cease_to_attract():
    radii = [basins.capture_radius(gamma) for gamma in (0.01, 1.0, 1.5, 1.9, 1.999)]
    assert radii[0] == radii[1] == 0.99 * (math.sqrt(17) - 3) / 4
    assert radii[1:] == sorted(radii[1:], reverse=True)
    assert 0 < radii[-1] < 1e-3


@exactly
@given(points_right, st.sampled_from(GAMMAS))
def test_conjugation_keeps_and_reflection_swaps_the_basins(point, gamma):
    swapped = {TO_ZERO: TO_ONE, TO_ONE: TO_ZERO}
    four = np.array([point, point.conjugate(), 1 - point])
    codes = destinations(four, 25, gamma=gamma)
    assert codes[1] == codes[0]
    if UNDECIDED not in codes:
        assert codes[2] == swapped.get(int(codes[0]), codes[0])


@pytest.mark.parametrize("gamma", GAMMAS)
def test_the_plane_is_what_its_points_say_one_by_one(gamma):
    """Width and height even, so that no pixel lies on an axis of symmetry."""
    width, height, half_width = 90, 60, 1.1 * basins.escape_radius(gamma)
    iterations = basins.sufficient_iterations(gamma, 1e-9)
    codes = basins.plane(gamma, width, height, half_width=half_width, iterations=iterations)
    spacing = 2 * half_width / width
    real = spacing * (np.arange(width) - (width - 1) / 2)
    imaginary = spacing * (np.arange(height) - (height - 1) / 2)
    points = 0.5 + real + 1j * imaginary[:, None]
    expected = slow_destinations(points, iterations, gamma=gamma, bailout=10.0)
    np.testing.assert_array_equal(codes, expected)
    assert codes.shape == (height, width)
    assert UNDECIDED not in codes


def test_mirrored_swaps_left_and_keeps_below():
    whole = basins.mirrored(np.array([[TO_ONE, TO_ZERO], [UNDECIDED, -3]]))
    assert whole.tolist() == [[-3, 2, 2, -3], [1, 0, 1, 0], [1, 0, 1, 0], [-3, 2, 2, -3]]


def test_known_points():
    points = np.array([[0.0, 1.0, 0.2], [0.6, 0.5, 3.0]])
    codes = destinations(points, 20)
    assert codes.tolist() == [[TO_ZERO, TO_ONE, TO_ZERO], [TO_ONE, UNDECIDED, -1]]
    assert destinations(points, 0).tolist() == [[0, 1, 0], [2, 2, 2]]
    assert destinations(np.array(0.9), 5).shape == ()


def test_what_is_not_finite_escapes_at_once():
    points = np.array([math.nan, math.inf, -math.inf, 1e200, complex(0, math.nan)])
    assert destinations(points, 3).tolist() == [-1] * 5


def test_the_basins_alternate_beyond_the_immediate_one():
    codes = destinations(np.array([1.36, 1.38, 1.56, 1.6]), 40)
    assert codes.tolist() == [TO_ONE, TO_ZERO, TO_ZERO, TO_ONE]


@pytest.mark.parametrize("gamma", [0.05, *GAMMAS, 1.9])
def test_measured_ends_are_the_exact_ones(gamma):
    exact = jordan.basin_boundaries(Fraction(str(gamma)))
    formulas = math.sqrt(1 / (2 * gamma) + 0.25), math.sqrt(1 / gamma + 0.25)
    symbolic = float(exact.immediate), float(exact.escape)
    for end, formula, symbol in zip(real_ends(gamma), formulas, symbolic, strict=True):
        assert abs(end - 0.5 - formula) < 1e-12
        assert abs(end - 0.5 - symbol) < 1e-12


def test_the_ends_at_step_1_are_half_of_1_plus_root_3_and_the_golden_ratio():
    immediate, escape = real_ends(1.0)
    assert abs(immediate - (1 + math.sqrt(3)) / 2) < 1e-12
    assert abs(escape - (1 + math.sqrt(5)) / 2) < 1e-12


def test_step_is_the_relaxed_map():
    assert step(np.array(0.25)) == 3 * 0.25**2 - 2 * 0.25**3
    assert step(np.array(0.25), 0.5) == pytest.approx((0.25 + 0.15625) / 2)


def test_boundary_finds_the_last_number_that_has_the_property():
    root = boundary(lambda x: x * x <= 2, 0.0, 2.0)
    assert root * root <= 2 < np.nextafter(root, 2) ** 2
    assert boundary(lambda x: x >= -1.5, 0.0, -7.0) == -1.5
    with pytest.raises(ValueError, match=r"expected a property of 0\.0 but not of 1\.0"):
        boundary(lambda x: x < 2, 0.0, 1.0)


@pytest.mark.parametrize("gamma", [0.05, *GAMMAS, 1.9])
def test_sufficient_iterations_decide_the_points_beside_one_half(gamma):
    points = 0.5 + np.array([-1e-9, -1e-6, 1e-6, 1e-9])
    codes = destinations(points, basins.sufficient_iterations(gamma, 1e-9), gamma=gamma)
    assert codes.tolist() == [TO_ZERO, TO_ZERO, TO_ONE, TO_ONE]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: destinations(np.zeros(1), -1), "iterations: expected 0 or more, got -1"),
        (
            lambda: destinations(np.zeros(1), 1, bailout=1.0),
            r"bailout: expected at least 1\.11803, beyond which every point escapes, got 1\.0",
        ),
        (
            lambda: destinations(np.zeros(1), 1, gamma=2.0),
            r"gamma: expected 0 < gamma < 2, .* 2\.0",
        ),
        (lambda: real_ends(0.0), r"gamma: expected 0 < gamma < 2, .* got 0\.0"),
        (lambda: basins.sufficient_iterations(1.0, 0.5), r"gap: expected 0 < gap < 0\.5, got 0\.5"),
        (
            lambda: basins.plane(1.0, 3, 4, half_width=1.0, iterations=1),
            "expected an even width and height, got 3 and 4",
        ),
        (
            lambda: basins.plane(1.0, 4, 0, half_width=1.0, iterations=1),
            "expected columns and rows of 1 or more and a positive spacing, got 2, 0 and 0.5",
        ),
    ],
)
def test_wrong_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
