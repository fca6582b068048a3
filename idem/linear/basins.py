r"""Where a single eigenvalue goes under the relaxed recurrence (section 2.2, Figures 1 and 2).

For which λ, real or complex, does repeating λ' = (1 − γ)λ + γ(3λ² − 2λ³) end in 0, in 1, or at
infinity, and after how many steps? With t = λ − ½ the map is odd and commutes with conjugation,

    t' = αt − 2γt³,    α = 1 + γ/2,

so that a quarter of the plane holds all of it. For 0 < γ < 2 every code is certain but for
rounding, as an orbit is left where its end is proved:

    escape     |t'| ≥ |t| (2γ|t|² − α) > |t|                   where |t|² > 1/γ + ¼,
    capture    |λ'| ≤ |λ| (|1 − γ| + 3γ|λ| + 2γ|λ|²) < |λ|     where 3|λ| + 2|λ|² < c,

with c = (1 − |1 − γ|)/γ, around 0, and by symmetry around 1. NumPy in float64, products and
sums only: the same codes on every machine. No threads: on the plane an orbit takes four steps on
average, and two threads were slower than one.

Source: Jensen and Vicary, section 2.2 and Figure 2; the exact ends are in `idem.theory.jordan`.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

TO_ZERO, TO_ONE, UNDECIDED = 0, 1, 2

Points = NDArray[Any]
Codes = NDArray[np.int64]

_CHUNK = 16_384  # points at a time: their seven arrays fit into a second-level cache
_SECTIONS = 64


def step(points: Points, gamma: float = 1.0) -> Points:
    """Return (1 − γ)λ + γ(3λ² − 2λ³) for every λ (equation 6)."""
    return (1 - gamma) * points + gamma * points * points * (3 - 2 * points)


def capture_radius(gamma: float) -> float:
    """Return a radius within which, around 0 and around 1, every λ goes to the centre.

    A hundredth below the root r = (√(9 + 8c) − 3)/4 of 3r + 2r² = c, so that rounding takes no λ
    out again: 0.28 for γ ≤ 1, towards 0 as γ goes to 2.

    Raises:
        ValueError: gamma is not between 0 and 2, where 0 and 1 do not attract.
    """
    _require_gamma(gamma)
    return 0.99 * (math.sqrt(9 + 8 * min(gamma, 2 - gamma) / gamma) - 3) / 4


def escape_radius(gamma: float) -> float:
    """Return √(1/γ + ¼), the distance from ½ beyond which every λ, real or complex, escapes.

    On the real axis it is the end of the bounded orbits, a 2-cycle: no smaller one would do.

    Raises:
        ValueError: gamma is not between 0 and 2.
    """
    _require_gamma(gamma)
    return math.sqrt(1 / gamma + 0.25)


def sufficient_iterations(gamma: float, gap: float) -> int:
    """Return steps enough to decide a λ whose orbit comes to ½ as near as `gap`.

    It leaves ½ by a factor 1 + γ/2 a step, then nears its end by |1 − γ|; a fifth more for the way
    between.

    Raises:
        ValueError: gamma is not between 0 and 2, or gap not between 0 and ½.
    """
    if not 0 < gap < 0.5:
        raise ValueError(f"gap: expected 0 < gap < 0.5, got {gap}")
    leave = math.log(0.5 / gap) / math.log1p(gamma / 2)
    settle = math.log(2 * capture_radius(gamma)) / math.log(max(abs(1 - gamma), 0.1))
    return math.ceil(1.2 * (leave + settle)) + 8


def destinations(
    points: Points, iterations: int, *, gamma: float = 1.0, bailout: float = 10.0
) -> Codes:
    """Classify every λ: 0 or 1 where it goes there, −k where it escaped at step k, else 2.

    Args:
        points: λ, real or complex, any shape; what is not finite escapes at step 1.
        iterations: steps to take, 0 or more.
        gamma: step size.
        bailout: λ farther than this from ½ has escaped; at least `escape_radius(gamma)`. It moves
            no boundary, and all k.

    Raises:
        ValueError: iterations is negative, gamma not between 0 and 2, or bailout too small for an
            escape to be final.
    """
    shifted = np.asarray(points).ravel() - 0.5
    real, imaginary = (np.asarray(part, dtype=np.float64) for part in (shifted.real, shifted.imag))
    return _codes(real, imaginary, iterations, gamma, bailout).reshape(np.shape(points))


def quarter_plane(
    gamma: float,
    columns: int,
    rows: int,
    *,
    spacing: float,
    iterations: int,
    bailout: float = 10.0,
) -> Codes:
    """Classify the quarter Re λ > ½, Im λ > 0 on a square grid: shape (rows, columns).

    Column i and row j hold λ = ½ + (i + ½)h + (j + ½)h√−1 with h the spacing, so that no point
    lies on an axis of symmetry; imaginary parts grow with the row.

    Raises:
        ValueError: columns, rows or spacing is not positive, or as for `destinations`.
    """
    if columns < 1 or rows < 1 or not spacing > 0:
        raise ValueError(
            "expected columns and rows of 1 or more and a positive spacing, "
            f"got {columns}, {rows} and {spacing}"
        )
    real, imaginary = (spacing * (np.arange(count) + 0.5) for count in (columns, rows))
    codes = _codes(np.tile(real, rows), np.repeat(imaginary, columns), iterations, gamma, bailout)
    return codes.reshape(rows, columns)


def mirrored(quarter: NDArray[np.integer]) -> NDArray[np.integer]:
    """Return the plane of which this is the quarter: twice as many rows and columns.

    The map commutes with conjugation and with λ → 1 − λ, which swaps the basins of 0 and 1.
    """
    swapped = np.where((quarter == TO_ZERO) | (quarter == TO_ONE), 1 - quarter, quarter)
    half = np.hstack([swapped[:, ::-1], quarter])
    return np.vstack([half[::-1], half])


def plane(
    gamma: float,
    width: int,
    height: int,
    *,
    half_width: float,
    iterations: int,
    bailout: float = 10.0,
) -> Codes:
    """Classify a window of the plane centred at ½, square pixels: shape (height, width).

    Args:
        gamma: step size.
        width: pixels along Re λ, even.
        height: pixels along Im λ, which grows with the row, even.
        half_width: the window is ½ ± half_width on the real axis.
        iterations: steps to take, such as `sufficient_iterations`.
        bailout: λ farther than this from ½ has escaped.

    Raises:
        ValueError: width or height is odd, or as for `quarter_plane`.

    Source:
        Jensen and Vicary, Figure 2.
    """
    if width % 2 or height % 2:
        raise ValueError(f"expected an even width and height, got {width} and {height}")
    columns, rows, spacing = width // 2, height // 2, 2 * half_width / max(width, 1)
    return mirrored(
        quarter_plane(gamma, columns, rows, spacing=spacing, iterations=iterations, bailout=bailout)
    ).astype(np.int64, copy=False)


def boundary(
    holds: Callable[[NDArray[np.float64]], NDArray[np.bool_]], inside: float, outside: float
) -> float:
    """Return the last float64, seen from inside, before a property of λ first fails.

    By sections, 64 at a time, to full precision.

    Args:
        holds: takes an array of λ and says of each whether it has the property.
        inside: a λ that has it.
        outside: a λ that has not.

    Raises:
        ValueError: the property does not hold inside, or holds outside.
    """
    if not holds(np.array([inside]))[0] or holds(np.array([outside]))[0]:
        raise ValueError(f"expected a property of {inside} but not of {outside}")
    while np.nextafter(inside, outside) != outside:
        points = np.linspace(inside, outside, _SECTIONS + 1)
        last = int(np.argmin(holds(points))) - 1
        inside, outside = float(points[last]), float(points[last + 1])
    return inside


def real_ends(gamma: float) -> tuple[float, float]:
    """Measure where, right of ½, the basin around 1 and the bounded orbits end on the real axis.

    To full precision; the exact ends are `idem.theory.jordan.basin_boundaries`, as distances from
    ½.

    Returns:
        The end of the immediate basin of 1, and the λ from which on all escape.

    Raises:
        ValueError: gamma is not between 0 and 2.
    """
    bailout = 2 * escape_radius(gamma)
    iterations = sufficient_iterations(gamma, 1e-16)

    def code(points: Points) -> Codes:
        return destinations(points, iterations, gamma=gamma, bailout=bailout)

    immediate = boundary(lambda points: code(points) == TO_ONE, 1.0, 0.5 + bailout)
    return immediate, boundary(lambda points: code(points) >= 0, 1.0, 0.5 + bailout)


def _codes(x: Points, y: Points, iterations: int, gamma: float, bailout: float) -> Codes:
    """Classify t = x + iy, two flat float64 arrays."""
    if iterations < 0:
        raise ValueError(f"iterations: expected 0 or more, got {iterations}")
    if not bailout >= escape_radius(gamma):
        raise ValueError(
            f"bailout: expected at least {escape_radius(gamma):.6g}, beyond which every point "
            f"escapes, got {bailout}"
        )
    codes = np.full(x.size, UNDECIDED, dtype=np.int64)
    with np.errstate(over="ignore", invalid="ignore"):
        for start in range(0, x.size, _CHUNK):
            part = slice(start, start + _CHUNK)
            _follow(x[part], y[part], codes[part], iterations, gamma, bailout)
    return codes


def _follow(
    x: Points, y: Points, codes: Codes, iterations: int, gamma: float, bailout: float
) -> None:
    """Fill in the codes of t = x + iy; a point leaves as soon as its code is certain.

    Around t = ±½ the squared distance is |t|² − |x| + ¼ for the nearer of the two.
    """
    near, live = capture_radius(gamma) ** 2 - 0.25, np.arange(x.size)
    for taken in range(iterations + 1):
        xx, yy = x * x, y * y
        size = xx + yy
        captured = size - np.abs(x) < near
        escaped = ~(size <= bailout**2) if taken else np.zeros_like(captured)
        done = captured | escaped
        if done.any():
            codes[live[captured]] = np.where(x[captured] > 0, TO_ONE, TO_ZERO)
            codes[live[escaped]] = -taken
            x, y, xx, yy, live = (values[~done] for values in (x, y, xx, yy, live))
        if not live.size:
            break
        x, y = _advance(x, y, xx, yy, gamma)


def _advance(x: Points, y: Points, xx: Points, yy: Points, gamma: float) -> tuple[Points, Points]:
    """Return the parts of t(p − iq), where p − iq = α − 2γt²; overwrites x² and y²."""
    p, q = xx, x * y
    p -= yy
    p *= -2 * gamma
    p += 1 + gamma / 2
    q *= 4 * gamma
    return x * p + y * q, y * p - x * q


def _require_gamma(gamma: float) -> None:
    if not 0 < gamma < 2:
        raise ValueError(f"gamma: expected 0 < gamma < 2, where 0 and 1 attract, got {gamma}")
