"""Where the recurrence takes a number, real or complex (Figures 1 and 2 of the paper)."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import seaborn
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MultipleLocator
from numpy.typing import NDArray

from idem.figures.style import WIDTH, themed
from idem.linear.basins import TO_ONE, TO_ZERO, UNDECIDED, mirrored

_ZERO, _ONE = (seaborn.color_palette("Purples", 8).as_hex()[place] for place in (7, 3))
_ESCAPES = "white"
_COLORS = {TO_ZERO: _ZERO, TO_ONE: _ONE, UNDECIDED: "red"}
_MARKS: dict[str, dict[str, Any]] = {
    "attracting": {"marker": "o", "markerfacecolor": "white", "label": "attracting fixed point"},
    "repelling": {"marker": "X", "markerfacecolor": "white", "label": "repelling fixed point"},
    "immediate": {
        "marker": "d",
        "markerfacecolor": "0.6",
        "label": "end of a main basin",
    },
    "escape": {"marker": "|", "markersize": 9, "label": "end of bounded orbits"},
}
_MARK: dict[str, Any] = {"linestyle": "", "markeredgecolor": "black", "markersize": 5, "zorder": 5}
_STRIP = 0.06  # of the height of the first panel, where real eigenvalues go


@themed
def figure_recurrence(scalar_map: pd.DataFrame, planes: Mapping[str, NDArray[Any]]) -> Figure:
    """Draw what K' = 3K² − 2K³ does to an eigenvalue, and the basins for several step sizes.

    First a real eigenvalue: the map, cobwebs, fixed points, and below in which basin it lies. Then
    the complex plane, a panel a step size γ, all on the same axes: beyond its own plane, which ends
    well outside of all bounded orbits, everything escapes.

    Args:
        scalar_map: columns kind ("curve", "attracting", "repelling", "immediate" and "escape" for
            the ends of the basins, or "cobweb from ..."), lambda and image, in drawing order.
        planes: arrays by plane: "gammas"; "codes" (planes, rows, columns) of the quarters
            (`idem.linear.basins.quarter_plane`); the "spacing" of their points; and the real
            λ > ½ where the "immediate" basin and the bounded orbits ("escape") end.

    Source:
        Jensen and Vicary, Figures 1 and 2.
    """
    figure = Figure(figsize=(WIDTH, 3.65), layout="constrained")
    gammas = [f"{gamma:g}" for gamma in planes["gammas"]]
    columns = -(-len(gammas) // 2)
    names = np.array([*gammas, *[""] * (2 * columns - len(gammas))]).reshape(-1, columns)
    grid: list[list[str]] = [["map", *line] for line in names]
    ratios = [1.55, *[1.0] * columns]
    panels = figure.subplot_mosaic(grid, empty_sentinel="", width_ratios=ratios)  # pyright: ignore
    _draw_map(panels["map"], scalar_map)
    for index, gamma in enumerate(gammas):
        _draw_plane(panels[gamma], {name: values[index] for name, values in planes.items()})
    halves = np.array(planes["codes"].shape[:0:-1])[:, None] * planes["spacing"]
    right, top = halves.max(axis=1)
    for row, line in enumerate(names):
        for column, gamma in enumerate(filter(None, line)):
            axes = panels[gamma]
            axes.set(xlim=(0.5 - right, 0.5 + right), ylim=(-top, top))
            lowest, leftmost = row == len(names) - 1, column == 0
            axes.set(xlabel=r"Re $\lambda$" if lowest else "", ylabel=r"Im $\lambda$" * leftmost)
            axes.tick_params(labelbottom=lowest, labelleft=leftmost)
    figure.legend(handles=_legend(), loc="outside lower center", ncols=4)
    return figure


def _draw_map(axes: Axes, scalar_map: pd.DataFrame) -> None:
    groups = {str(kind): table for kind, table in scalar_map.groupby("kind", sort=False)}
    ends = groups["curve"]["lambda"].iloc[[0, -1]]
    low, high = ends
    axes.plot(ends, ends, color="0.6", linewidth=0.8)
    axes.plot(groups["curve"]["lambda"], groups["curve"]["image"], color="black", linewidth=1.2)
    for name, dashes in zip((n for n in groups if n.startswith("cobweb")), "-:" * 9, strict=False):
        path = groups[name]
        axes.plot(path["lambda"], path["image"], color="0.35", linestyle=dashes, linewidth=1)
        start, start_label = path.iloc[0], name.replace("cobweb from ", "start ")
        shift: dict[str, Any] = {"textcoords": "offset points", "xytext": (6, -3), "fontsize": 7}
        axes.annotate(start_label, (start["lambda"], start["image"]), **shift)
    for kind in ("attracting", "repelling", "immediate"):
        axes.plot(groups[kind]["lambda"], groups[kind]["image"], **_MARK | _MARKS[kind])
    escape, immediate = (sorted(groups[kind]["lambda"]) for kind in ("escape", "immediate"))
    _draw_real_basins(axes, immediate, escape)
    margin = (high - low) * _STRIP
    axes.set(xlim=(low, high), ylim=(low - margin, high), aspect="equal", title=r"$\gamma = 1$")
    axes.set_xlabel(r"eigenvalue $\lambda$ of $\mathbf{K}$")
    axes.set_ylabel(r"$\lambda'$ of $\mathbf{K}' = 3\mathbf{K}^2 - 2\mathbf{K}^3$")


def _draw_real_basins(axes: Axes, immediate: Sequence[float], escape: Sequence[float]) -> None:
    """Draw, at the bottom, where a real λ ends: 0, 1, hatched one or the other by turns."""
    strip: dict[str, Any] = {"ymax": _STRIP, "edgecolor": "black", "linewidth": 0.5}
    axes.axvspan(immediate[0], 0.5, facecolor=_ZERO, **strip)
    axes.axvspan(0.5, immediate[1], facecolor=_ONE, **strip)
    for ends in zip(escape, immediate, strict=True):
        axes.axvspan(*sorted(ends), facecolor=_ONE, hatch="//////", **strip)


def _draw_plane(axes: Axes, plane: Mapping[str, Any]) -> None:
    codes = mirrored(plane["codes"])
    right, top = plane["spacing"] * np.array(plane["codes"].shape[::-1])
    extent = (0.5 - right, 0.5 + right, -top, top)
    axes.imshow(_colors(codes), extent=extent, origin="lower")
    places: dict[str, Any] = {"attracting": (0, 1), "repelling": (0.5,)}
    places |= {name: (plane[name], 1 - plane[name]) for name in ("immediate", "escape")}
    for name, points in places.items():
        mark: dict[str, Any] = _MARK | _MARKS[name]
        mark["markersize"] = 7 if name == "escape" else 3
        axes.plot(points, [0] * len(points), **mark)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MultipleLocator(1))
    axes.grid(visible=False)
    axes.set_title(rf"$\gamma = {plane['gammas']:g}$")


def _colors(codes: NDArray[np.integer]) -> NDArray[np.float64]:
    image = np.broadcast_to(to_rgb(_ESCAPES), (*codes.shape, 3)).copy()
    for code, color in _COLORS.items():
        image[codes == code] = to_rgb(color)
    return image


def _legend() -> list[Any]:
    edge: dict[str, Any] = {"edgecolor": "black", "linewidth": 0.5}
    return [
        Patch(facecolor=_ZERO, label="goes to 0", **edge),
        Patch(facecolor=_ONE, label="goes to 1", **edge),
        Patch(facecolor=_ONE, hatch="//////", label="to 0 or 1 by turns", **edge),
        Patch(facecolor=_ESCAPES, label="escapes", **edge),
        *(Line2D([], [], **_MARK | style) for style in _MARKS.values()),
    ]
