"""Where the recurrence takes a number, real or complex (Figures 1 and 2 of the paper)."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import seaborn
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MultipleLocator
from numpy.typing import NDArray

from idem.figures.style import WIDTH, grey, themed
from idem.linear.basins import TO_ONE, TO_ZERO, UNDECIDED, mirrored

_ZERO, _ONE = (seaborn.color_palette("Purples", 8).as_hex()[place] for place in (7, 3))
_COLORS = {TO_ZERO: _ZERO, TO_ONE: _ONE, UNDECIDED: "red"}  # what escapes stays white
_HATCHED: dict[str, Any] = {"facecolor": _ONE, "hatch": "//////"}
_MARKS: dict[str, dict[str, Any]] = {
    "attracting": {"marker": "o", "markerfacecolor": "white", "label": "attracting fixed point"},
    "repelling": {"marker": "X", "markerfacecolor": "white", "label": "repelling fixed point"},
    "immediate": {"marker": "d", "markerfacecolor": "0.6", "label": "end of a main basin"},
    "escape": {"marker": "|", "markersize": 9, "label": "end of bounded orbits"},
}
_MARK: dict[str, Any] = {"linestyle": "", "markeredgecolor": "black", "markersize": 5, "zorder": 5}
_EDGE: dict[str, Any] = {"edgecolor": "black", "linewidth": 0.5}
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
    parts: Any = figure.subfigures(1, 2, width_ratios=[1, 1.3])
    left, right = parts
    _draw_map(left.subplots(), scalar_map)
    columns = -(-len(planes["gammas"]) // 2)
    grid = right.subplots(2, columns, sharex=True, sharey=True, squeeze=False)
    width, height = (np.array(planes["codes"].shape[:0:-1])[:, None] * planes["spacing"]).max(1)
    grid[0, 0].set(xlim=(0.5 - width, 0.5 + width), ylim=(-height, height))
    for index, axes in enumerate(grid.flat):
        if index == len(planes["gammas"]):
            axes.remove()
            break
        _draw_plane(axes, {name: values[index] for name, values in planes.items()})
    right.supxlabel(r"Re $\lambda$", fontsize="medium")
    right.supylabel(r"Im $\lambda$", fontsize="medium")
    figure.legend(handles=_legend(), loc="outside lower center", ncols=4)
    return figure


def _draw_map(axes: Axes, scalar_map: pd.DataFrame) -> None:
    groups = {str(kind): table for kind, table in scalar_map.groupby("kind", sort=False)}
    low, high = ends = groups["curve"]["lambda"].iloc[[0, -1]]
    axes.plot(ends, ends, color="0.6", linewidth=0.8)
    axes.plot(groups["curve"]["lambda"], groups["curve"]["image"], color="black", linewidth=1.2)
    for name, dashes in zip((n for n in groups if n.startswith("cobweb")), "-:" * 9, strict=False):
        path, start = groups[name], groups[name].iloc[0]
        axes.plot(path["lambda"], path["image"], color="0.35", linestyle=dashes, linewidth=1)
        shift: dict[str, Any] = {"textcoords": "offset points", "xytext": (6, -3), "fontsize": 7}
        words = name.replace("cobweb from ", "start ")
        axes.annotate(words, (start["lambda"], start["image"]), **shift)
    for kind in ("attracting", "repelling", "immediate"):
        axes.plot(groups[kind]["lambda"], groups[kind]["image"], **_MARK | _MARKS[kind])
    escape, immediate = (sorted(groups[kind]["lambda"]) for kind in ("escape", "immediate"))
    axes.axvspan(immediate[0], 0.5, ymax=_STRIP, facecolor=_ZERO, **_EDGE)
    axes.axvspan(0.5, immediate[1], ymax=_STRIP, facecolor=_ONE, **_EDGE)
    for between in zip(escape, immediate, strict=True):
        axes.axvspan(*sorted(between), ymax=_STRIP, **_HATCHED, **_EDGE)
    margin = (high - low) * _STRIP
    axes.set(xlim=(low, high), ylim=(low - margin, high), aspect="equal", title=r"$\gamma = 1$")
    axes.set_xlabel(r"eigenvalue $\lambda$ of $\mathbf{K}$")
    axes.set_ylabel(r"$\lambda'$ of $\mathbf{K}' = 3\mathbf{K}^2 - 2\mathbf{K}^3$")


def _draw_plane(axes: Axes, plane: Mapping[str, Any]) -> None:
    codes = mirrored(plane["codes"])
    image = np.ones((*codes.shape, 3))
    for code, color in _COLORS.items():
        image[codes == code] = to_rgb(color)
    right, top = plane["spacing"] * np.array(plane["codes"].shape[::-1])
    limits = {"xlim": axes.get_xlim(), "ylim": axes.get_ylim()}
    axes.imshow(image, extent=(0.5 - right, 0.5 + right, -top, top), origin="lower")
    axes.set(title=rf"$\gamma = {plane['gammas']:g}$", **limits)  # pyright: ignore
    places: dict[str, Any] = {"attracting": (0, 1), "repelling": (0.5,)}
    places |= {name: (plane[name], 1 - plane[name]) for name in ("immediate", "escape")}
    for name, points in places.items():
        size: dict[str, Any] = {"markersize": 7 if name == "escape" else 3}
        axes.plot(points, [0] * len(points), **_MARK | _MARKS[name] | size)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MultipleLocator(1))
    axes.grid(visible=False)


def _legend() -> list[Any]:
    return [
        Patch(facecolor=_ZERO, label="goes to 0", **_EDGE),
        Patch(facecolor=_ONE, label="goes to 1", **_EDGE),
        Patch(label="to 0 or 1, in alternating bands", **_HATCHED, **_EDGE),
        Patch(facecolor="white", label="escapes", **_EDGE),
        *(grey(**_MARK | style) for style in _MARKS.values()),
    ]
