"""Where a single eigenvalue goes under the relaxed recurrence (section 2.2, Figures 1 and 2).

For which λ, real or complex, does repeating λ' = (1 − γ)λ + γ(3λ² − 2λ³) end in 0, in 1, or at
infinity, and after how many steps? NumPy in float64; arrays of any shape.

Source: Jensen and Vicary, section 2.2 and Figure 2; the exact ends are in `idem.jordan`.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

TO_ZERO, TO_ONE, UNDECIDED = 0, 1, 2

Points = NDArray[Any]
Codes = NDArray[np.int64]


def step(points: Points, gamma: float = 1.0) -> Points:
    """Return (1 − γ)λ + γ(3λ² − 2λ³) for every λ (equation 6)."""
    return (1 - gamma) * points + gamma * points * points * (3 - 2 * points)


def destinations(
    points: Points, iterations: int, *, gamma: float = 1.0, capture: float, bailout: float
) -> Codes:
    """Classify every λ: 0 or 1 where it goes there, −k where it escaped at step k, else 2.

    Args:
        points: λ, real or complex, any shape.
        iterations: steps to take, 0 or more.
        gamma: step size.
        capture: after the last step, λ within this distance of 0 or 1 counts as going there.
        bailout: λ farther than this from ½ has escaped.

    Raises:
        ValueError: iterations is negative, or capture is not between 0 and ½, or bailout not
            above 1, so that the regions overlap.
    """
    if iterations < 0:
        raise ValueError(f"iterations: expected 0 or more, got {iterations}")
    if not 0 < capture < 0.5 or not bailout > 1:
        raise ValueError(f"expected 0 < capture < 0.5 and bailout > 1, got {capture}, {bailout}")
    codes = np.full(points.size, UNDECIDED, dtype=np.int64)
    live, current = np.arange(points.size), points.ravel()
    for taken in range(1, iterations + 1):
        current = step(current, gamma)
        inside = np.abs(current - 0.5) <= bailout
        codes[live[~inside]] = -taken
        live, current = live[inside], current[inside]
    codes[live[np.abs(current) < capture]] = TO_ZERO
    codes[live[np.abs(current - 1) < capture]] = TO_ONE
    return codes.reshape(points.shape)


def boundary(holds: Callable[[float], bool], inside: float, outside: float) -> float:
    """Return where a property of λ that holds inside, but not outside, ends: by bisection.

    Raises:
        ValueError: the property does not hold inside, or holds outside.
    """
    if not holds(inside) or holds(outside):
        raise ValueError(f"expected a property of {inside} but not of {outside}")
    while (middle := (inside + outside) / 2) not in (inside, outside):
        if holds(middle):
            inside = middle
        else:
            outside = middle
    return inside
