"""One eigenvalue under the recurrence: the tables of Figures 1 and 2 and the ends of the basins."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import sympy

from idem.linear import basins
from idem.theory import jordan
from stages.common import params
from stages.linear.recurrence import log10_of


def scalar_map(section: params.Linear) -> pd.DataFrame:
    """Return the points of Figure 1: curve, fixed points, both ends of the basins, two cobwebs."""
    curve = np.linspace(section.map_range[0], section.map_range[1], section.map_points)
    tables = [_points("curve", curve, basins.step(curve))]
    for point, multiplier in jordan.multipliers(sympy.Integer(1)).items():
        kind = "attracting" if abs(multiplier) < 1 else "repelling"
        tables.append(_points(kind, np.array([float(point)]), np.array([float(point)])))
    for kind, end in zip(("immediate", "escape"), basins.real_ends(1.0), strict=True):
        both = np.array([1 - end, end])
        tables.append(_points(kind, both, basins.step(both)))
    for start in section.cobweb_starts:
        path = [start]
        for _ in range(section.iterations):
            path.append(float(basins.step(np.array(path[-1]))))
        corners = np.repeat(path, 2)
        tables.append(_points(f"cobweb from {start:g}", corners[:-2], np.r_[start, corners[2:-1]]))
    return pd.concat(tables, ignore_index=True)


def _points(kind: str, lambda_: np.ndarray, image: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"kind": kind, "lambda": lambda_, "image": image})


def quarter_plane(section: params.Linear) -> dict[str, np.ndarray]:
    """Return the quarter planes of Figure 2, by γ, with what is needed to draw the whole.

    Arrays ``gammas``, ``spacing``, ``immediate`` and ``escape`` (real ends, λ > ½), all of shape
    (planes,), and ``codes`` (planes, rows, columns): see
    `idem.linear.basins.quarter_plane`. Every window is scaled to its basins.
    """
    spacing = [_spacing(section, gamma) for gamma in section.figure_gammas]
    codes = [
        _quarter(section, gamma, basins.sufficient_iterations(gamma, section.plane_gap))
        for gamma in section.figure_gammas
    ]
    ends = np.array([basins.real_ends(gamma) for gamma in section.figure_gammas])
    return {
        "gammas": np.array(section.figure_gammas),
        "spacing": np.array(spacing),
        "immediate": ends[:, 0],
        "escape": ends[:, 1],
        "codes": np.stack(codes).astype(np.int16),
    }


def plane_shares(section: params.Linear, planes: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Return by γ shares of the window right of ½, and what the paper's 10 steps leave open."""
    found = {}
    for gamma, codes in zip(section.figure_gammas, planes["codes"], strict=True):
        early = _quarter(section, gamma, section.iterations)
        found[f"gamma_{gamma:g}"] = {
            "to_one": float(np.mean(codes == basins.TO_ONE)),
            "to_zero": float(np.mean(codes == basins.TO_ZERO)),
            "escaping": float(np.mean(codes < 0)),
            "undecided": float(np.mean(codes == basins.UNDECIDED)),
            "undecided_after_paper_iterations": float(np.mean(early == basins.UNDECIDED)),
            "largest_escape_step": int(-codes.min()),
            "half_width": section.plane_width / 2 * _spacing(section, gamma),
        }
    return found


def real_ends(section: params.Linear, gamma: float) -> dict[str, float]:
    """Measure by bisection where the basins end on the real axis, and compare with the exact."""
    exact = jordan.basin_boundaries(Fraction(str(gamma)))
    measured = basins.real_ends(gamma)
    errors = [
        abs(end - 0.5 - float(distance))
        for end, distance in zip(measured, (exact.immediate, exact.escape), strict=True)
    ]
    return {
        "immediate": measured[0],
        "escape": measured[1],
        "log10_error": log10_of(max(errors)),
    }


def _spacing(section: params.Linear, gamma: float) -> float:
    return 2 * section.plane_reach * basins.escape_radius(gamma) / section.plane_width


def _quarter(section: params.Linear, gamma: float, iterations: int) -> np.ndarray:
    return basins.quarter_plane(
        gamma,
        section.plane_width // 2,
        section.plane_height // 2,
        spacing=_spacing(section, gamma),
        iterations=iterations,
        bailout=section.bailout,
    )
