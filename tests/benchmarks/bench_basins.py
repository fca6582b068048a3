"""The planes of Figure 2 against a plain loop over all points.

Claim: the codes of four step sizes at 1200×800 take far less than a second on one core, as only a
quarter of the plane is computed, in parts that stay in cache, and a point leaves as soon as its
destination is certain. The codes are those of the plain loop.

    make bench

Typical output (one core of an AMD EPYC with AVX-512; steps are those of the plain loop):

    gamma  steps  plain s  plane s  ratio  undecided  different codes
     0.25    215     0.72    0.013     54       0.0%                0
      0.5    117     0.34    0.011     30       0.0%                0
      1.0     68     0.15    0.010     15       0.0%                0
      1.5     54     0.10    0.010     10       0.0%                0
    all              1.32    0.045     30
"""

import time
from collections.abc import Callable
from typing import TypeVar

import numpy as np

from idem.linear import basins

GAMMAS, WIDTH, HEIGHT, REACH, GAP, BAILOUT = (0.25, 0.5, 1.0, 1.5), 1200, 800, 1.08, 1e-9, 10.0

T = TypeVar("T")


def seconds(work: Callable[[], T], times: int) -> tuple[float, T]:
    """Return the shortest of some timings, and the result."""
    found = []
    for _ in range(times):
        start = time.perf_counter()
        result = work()
        found.append((time.perf_counter() - start, result))
    return min(found, key=lambda pair: pair[0])


def plain_loop(gamma: float, half_width: float, iterations: int) -> np.ndarray:
    """Classify every pixel in one complex array; what has escaped leaves, nothing else does."""
    spacing = 2 * half_width / WIDTH
    real, imaginary = (spacing * (np.arange(n) - (n - 1) / 2) for n in (WIDTH, HEIGHT))
    current = (0.5 + real + 1j * imaginary[:, None]).ravel()
    codes, live = np.full(current.size, basins.UNDECIDED), np.arange(current.size)
    for taken in range(1, iterations + 1):
        current = basins.step(current, gamma)
        inside = np.abs(current - 0.5) <= BAILOUT
        codes[live[~inside]] = -taken
        live, current = live[inside], current[inside]
    radius = basins.capture_radius(gamma)
    codes[live[np.abs(current) < radius]] = basins.TO_ZERO
    codes[live[np.abs(current - 1) < radius]] = basins.TO_ONE
    return codes.reshape(HEIGHT, WIDTH)


def main() -> None:
    """Print a line a step size, and one for all."""
    print("gamma  steps  plain s  plane s  ratio  undecided  different codes")
    sums = np.zeros(2)
    for gamma in GAMMAS:
        how = REACH * basins.escape_radius(gamma), basins.sufficient_iterations(gamma, GAP)
        plain, expected = seconds(lambda g=gamma, h=how: plain_loop(g, *h), 1)
        ours, codes = seconds(
            lambda g=gamma, h=how: basins.plane(
                g, WIDTH, HEIGHT, half_width=h[0], iterations=h[1], bailout=BAILOUT
            ),
            5,
        )
        sums += plain, ours
        undecided, different = np.mean(codes == basins.UNDECIDED), np.sum(codes != expected)
        print(
            f"{gamma:5} {how[1]:6} {plain:8.2f} {ours:8.3f} {plain / ours:6.0f}"
            f" {undecided:10.1%} {different:16}"
        )
    print(f"all          {sums[0]:8.2f} {sums[1]:8.3f} {sums[0] / sums[1]:6.0f}")


if __name__ == "__main__":
    main()
