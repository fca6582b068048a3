"""One eigenvalue under the recurrence: the tables of Figures 1 and 2 and the ends of the basins."""

from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import sympy

from idem import basins, jordan
from stages import params
from stages.recurrence import horizon, log10_of


def scalar_map(section: params.Linear) -> pd.DataFrame:
    """Return the points of Figure 1: the curve, its fixed points and two cobwebs."""
    curve = np.linspace(section.map_range[0], section.map_range[1], section.map_points)
    tables = [_points("curve", curve, basins.step(curve))]
    for point, multiplier in jordan.multipliers(sympy.Integer(1)).items():
        kind = "attracting" if abs(multiplier) < 1 else "repelling"
        tables.append(_points(kind, np.array([float(point)]), np.array([float(point)])))
    for start in section.cobweb_starts:
        path = [start]
        for _ in range(section.iterations):
            path.append(float(basins.step(np.array(path[-1]))))
        corners = np.repeat(path, 2)
        tables.append(_points(f"cobweb from {start:g}", corners[:-2], np.r_[start, corners[2:-1]]))
    return pd.concat(tables, ignore_index=True)


def _points(kind: str, lambda_: np.ndarray, image: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"kind": kind, "lambda": lambda_, "image": image})


def quarter_plane(section: params.Linear) -> pd.DataFrame:
    """Return Figure 2's quarter Re >= 1/2, Im >= 0: a row an imaginary part, a column a real one.

    The map commutes with conjugation and with λ → 1 − λ, which swaps the basins.
    """
    real = 0.5 + section.plane_spacing * np.arange(section.plane_columns)
    imaginary = section.plane_spacing * np.arange(section.plane_rows)
    points = real[None, :] + 1j * imaginary[:, None]
    codes = _destinations(section, points, section.all_iterations)
    table = pd.DataFrame(codes, columns=[f"{x:.6g}" for x in real])
    table.insert(0, "imaginary", imaginary)
    return table


def plane_shares(section: params.Linear, plane: pd.DataFrame) -> dict[str, Any]:
    """Return shares of the quarter window, what the paper's 10 steps decide, and the real ends."""
    codes = plane.drop(columns="imaginary")
    real, imaginary = codes.columns.astype(float), plane["imaginary"].to_numpy()
    points = real.to_numpy()[None, :] + 1j * imaginary[:, None]
    early = _destinations(section, points, section.iterations)
    values = codes.to_numpy()
    return {
        "to_one": float(np.mean(values == basins.TO_ONE)),
        "to_zero": float(np.mean(values == basins.TO_ZERO)),
        "escaping": float(np.mean(values < 0)),
        "undecided": float(np.mean(values == basins.UNDECIDED)),
        "undecided_after_paper_iterations": float(np.mean(early == basins.UNDECIDED)),
        "real_ends": real_ends(section, 1.0),
    }


def real_ends(section: params.Linear, gamma: float) -> dict[str, float]:
    """Measure by bisection where the basins end on the real axis, and compare with the exact."""
    exact = jordan.basin_boundaries(Fraction(str(gamma)))
    immediate, escape = (0.5 + float(end) for end in (exact.immediate, exact.escape))

    def code(point: float) -> int:
        return int(_destinations(section, np.array(point), horizon(1e-16, gamma), gamma))

    grid = np.linspace(1, section.bailout, 20_000)
    codes = _destinations(section, grid, horizon(1e-4, gamma), gamma)
    first = int(np.argmax(codes != basins.TO_ONE))
    neighbours = float(grid[first - 1]), float(grid[first])
    measured = basins.boundary(lambda point: code(point) == basins.TO_ONE, *neighbours)
    last = basins.boundary(lambda point: code(point) >= 0, 1.0, section.bailout)
    return {
        "immediate": measured,
        "escape": last,
        "log10_error": log10_of(max(abs(measured - immediate), abs(last - escape))),
    }


def _destinations(
    section: params.Linear, points: np.ndarray, iterations: int, gamma: float = 1.0
) -> np.ndarray:
    return basins.destinations(
        points, iterations, gamma=gamma, capture=section.capture, bailout=section.bailout
    )
