"""Where the recurrence takes a number, real or complex (Figures 1 and 2)."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import BoundaryNorm, ListedColormap, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MultipleLocator
from numpy.typing import NDArray

from idem.figures.style import BLUE, ESCAPED, ORANGE
from idem.linear.basins import TO_ONE, TO_ZERO, UNDECIDED, mirrored

FIXED_POINTS: dict[str, dict[str, Any]] = {
    "attracting": {
        "marker": "o",
        "linestyle": "",
        "markerfacecolor": "black",
        "markeredgecolor": "white",
    },
    "repelling": {
        "marker": "o",
        "linestyle": "",
        "markerfacecolor": "white",
        "markeredgecolor": "black",
    },
}


_TIP = [(0, 0), (-0.4, 1), (0.4, 1), (0, 0)]  # a triangle that stands on its point


REAL_ENDS: dict[str, dict[str, Any]] = {
    "immediate": {
        "marker": _TIP,
        "linestyle": "",
        "markersize": 22,
        "markerfacecolor": BLUE,
        "markeredgecolor": "white",
        "label": r"real end of the basin around 0 or 1, $\frac{1}{2} \pm \sqrt{1/(2\gamma) + 1/4}$",
    },
    "escape": {
        "marker": _TIP,
        "linestyle": "",
        "markersize": 22,
        "markerfacecolor": "white",
        "markeredgecolor": BLUE,
        "label": r"real end of bounded orbits, $\frac{1}{2} \pm \sqrt{1/\gamma + 1/4}$",
    },
}


_SLOWEST = 10


# Lighter than ORANGE throughout, so that black, orange and escape stay apart in grey print.
_GREYS = np.linspace(1, 0.72, _SLOWEST)[:, None].repeat(3, axis=1)


_DPI = 200  # of Figure 2, and the pixels around its panels


_MARGINS = {"left": 190, "right": 300, "top": 90, "bottom": 130, "legend": 180}


def figure_1(scalar_map: pd.DataFrame) -> Figure:
    """Draw K' = 3K² − 2K³ for scalar K: diagonal, fixed points, cobwebs, basins (Figure 1).

    Args:
        scalar_map: columns kind ("curve", "attracting", "repelling", "immediate" and "escape" for
            the ends of the basins, or "cobweb from ..."), lambda and image, in drawing order.
    """
    figure = Figure(figsize=(5.6, 6.1), layout="constrained")
    axes, strip = figure.subplots(2, sharex=True, height_ratios=(22, 1))
    groups = {str(kind): table for kind, table in scalar_map.groupby("kind", sort=False)}
    ends = groups["curve"]["lambda"].iloc[[0, -1]]
    axes.set(xlim=tuple(ends), ylim=tuple(ends), aspect="equal")
    axes.plot(ends, ends, color="0.6", linewidth=1, label=r"$\lambda' = \lambda$")
    formula = r"$\lambda' = 3\lambda^2 - 2\lambda^3$"
    _draw(axes, groups["curve"], formula, color="black", linewidth=2)
    cobwebs = [kind for kind in groups if kind.startswith("cobweb")]
    for index, kind in enumerate(cobwebs):
        _draw_cobweb(axes, kind, groups[kind], (BLUE, ORANGE)[index % 2], ("-", "--")[index % 2])
    low, high = escape = sorted(groups["escape"]["lambda"])
    square = pd.DataFrame(
        {"lambda": (low, high, high, low, low), "image": (high, high, low, low, high)}
    )
    label = r"2-cycle $1 - \varphi$, $\varphi$: end of the bounded orbits"
    _draw(axes, square, label, color="0.35", linestyle=":", linewidth=1.2)
    for kind, style in FIXED_POINTS.items():
        _draw(axes, groups[kind], f"{kind} fixed point", markersize=9, zorder=5, **style)
    style = {"marker": "D", "linestyle": "", "markersize": 5, "zorder": 5, "color": BLUE}
    label = r"maps to $\frac{1}{2}$: end of the basin around 0 or 1"
    _draw(axes, groups["immediate"], label, markeredgecolor="white", **style)
    _draw_real_basins(strip, sorted(groups["immediate"]["lambda"]), escape)
    axes.set_ylabel(r"eigenvalue $\lambda'$ of $\mathbf{K}' = 3\mathbf{K}^2 - 2\mathbf{K}^3$")
    handles = [*axes.get_legend_handles_labels()[0], *strip.patches[2::2]]
    axes.legend(
        handles=handles,
        frameon=False,
        fontsize="x-small",
        loc="upper left",
        bbox_to_anchor=(0.1, 0.96),
    )
    return figure


def figure_2(planes: Mapping[str, NDArray[Any]]) -> Figure:
    """Draw which points of the complex plane go to 0, to 1, or escape, and how fast (Figure 2).

    A panel a step size γ, with a pixel, or a square of them, for every point: to be saved at the
    figure's own resolution. Only quarters are stored, the rest is mirrored.

    Args:
        planes: arrays by plane: "gammas"; "codes" (planes, rows, columns) of the quarters
            (`idem.linear.basins.quarter_plane`); the "spacing" of their points; and the real
            λ > ½ where the "immediate" basin and the bounded orbits ("escape") end.
    """
    count, height, width = planes["codes"].shape * np.array([1, 2, 2])
    columns, zoom = min(count, 2), max(1, round(1200 / width))
    panel = np.array([width * zoom, height * zoom])
    pitch = panel + (_MARGINS["left"], _MARGINS["top"] + _MARGINS["bottom"])
    lines = -(-count // columns)
    size = pitch * (columns, lines) + (_MARGINS["right"], _MARGINS["legend"])
    figure = Figure(figsize=(size[0] / _DPI, size[1] / _DPI), dpi=_DPI)
    for index in range(count):
        line, column = divmod(index, columns)
        left = column * pitch[0] + _MARGINS["left"]
        low = (lines - 1 - line) * pitch[1] + _MARGINS["bottom"] + _MARGINS["legend"]
        axes = figure.add_axes((left / size[0], low / size[1], *(panel / size)))
        _draw_plane(axes, {name: values[index] for name, values in planes.items()})
    low, high = _MARGINS["bottom"] + _MARGINS["legend"], size[1] - _MARGINS["top"]
    _explain_planes(figure, figure.axes[0], low / size[1], high / size[1])
    return figure


def _draw(axes: Axes, table: pd.DataFrame, label: str, **style: str | float) -> None:
    axes.plot(table["lambda"], table["image"], label=label, **style)  # pyright: ignore


def _draw_cobweb(axes: Axes, kind: str, path: pd.DataFrame, color: str, dashes: str) -> None:
    """Draw a cobweb with a square where it starts and an arrow on each of its longer lines."""
    label = kind.replace("from ", r"from $\lambda = $")
    _draw(axes, path, label, color=color, linestyle=dashes)
    _draw(axes, path[:1], "", color=color, linestyle="", marker="s", markersize=4)
    corners = path[["lambda", "image"]].to_numpy()
    for start, end in zip(corners, corners[1:], strict=False):
        if np.abs(end - start).max() > 0.06:
            middle = (start + end) / 2
            arrow = {"arrowstyle": "-|>", "color": color, "shrinkA": 0, "shrinkB": 0}
            tip = middle + (end - start) * 0.2
            axes.annotate("", tuple(tip), tuple(middle), arrowprops=arrow)


def _draw_real_basins(axes: Axes, immediate: Sequence[float], escape: Sequence[float]) -> None:
    """Draw, under Figure 1, where a real λ ends: black 0, orange 1, hatched one or the other."""
    axes.set(yticks=[], xlabel=r"eigenvalue $\lambda$ of $\mathbf{K}$")
    hatched = {"facecolor": ORANGE, "edgecolor": "black", "hatch": "/////"}
    axes.axvspan(immediate[0], 0.5, color="black")
    axes.axvspan(0.5, immediate[1], color=ORANGE)
    for ends in zip(escape, immediate, strict=True):
        axes.axvspan(*sorted(ends), label="goes to 0 or 1, by turns", **hatched)
    for end, outside in zip(escape, axes.get_xlim(), strict=True):
        axes.axvspan(*sorted((end, outside)), color=ESCAPED, label="escapes")
    centre: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": "x-small"}
    centre["transform"] = axes.get_xaxis_transform()
    for middle, end, color in ((immediate[0], 0, "white"), (immediate[1], 1, "black")):
        axes.text((middle + 0.5) / 2, 0.45, f"goes to {end}", color=color, **centre)


def _draw_plane(axes: Axes, plane: Mapping[str, Any]) -> None:
    """Draw one panel of Figure 2."""
    codes = mirrored(plane["codes"])
    right, top = plane["spacing"] * np.array(plane["codes"].shape[::-1])
    extent = (0.5 - right, 0.5 + right, -top, top)
    axes.imshow(_colors(codes), extent=extent, origin="lower", interpolation="nearest")
    for name, style in REAL_ENDS.items():
        axes.plot([plane[name], 1 - plane[name]], [0, 0], **style)
    for kind, style in FIXED_POINTS.items():
        points = (0, 1) if kind == "attracting" else (0.5,)
        axes.plot(points, [0] * len(points), label=f"{kind} fixed point", markersize=9, **style)
    place = {"ha": "center", "va": "center", "fontsize": 14}
    middle, lift = (0.5 + plane["immediate"]) / 2, 0.09 * right
    axes.text(1 - middle, lift, "goes to 0", color="white", **place)
    axes.text(middle, lift, "goes to 1", color="black", **place)
    axes.xaxis.set_major_locator(MultipleLocator(0.5))
    axes.yaxis.set_major_locator(MultipleLocator(0.5))
    axes.set_xlabel(r"Re $\lambda$", fontsize=14)
    axes.set_ylabel(r"Im $\lambda$", fontsize=14)
    axes.set_title(rf"$\gamma = {plane['gammas']:g}$", fontsize=16)
    axes.tick_params(labelsize=13)


def _explain_planes(figure: Figure, axes: Axes, low: float, high: float) -> None:
    """Draw the legend of Figure 2 below its panels, and the colour bar beside them."""
    patches = [Patch(color="black", label="goes to 0"), Patch(color=ORANGE, label="goes to 1")]
    handles = [*patches, *axes.get_legend_handles_labels()[0]]
    figure.legend(handles=handles, loc="lower center", ncols=3, fontsize=14, frameon=False)
    levels = BoundaryNorm(np.arange(_SLOWEST + 1) + 0.5, _SLOWEST)
    steps = ScalarMappable(levels, ListedColormap(_GREYS))
    margin = _MARGINS["right"] / (figure.get_figwidth() * _DPI)
    place = figure.add_axes((1 - 0.85 * margin, low, 0.2 * margin, high - low))
    bar = figure.colorbar(steps, cax=place)
    bar.set_label("step at which it escapes", fontsize=14)
    bar.set_ticks([1, 4, 7, _SLOWEST], labels=["1", "4", "7", f"≥ {_SLOWEST}"], fontsize=13)


def _colors(codes: NDArray[np.integer]) -> NDArray[np.float64]:
    image = _GREYS[np.clip(-codes, 1, _SLOWEST) - 1]
    for code, color in ((TO_ZERO, "black"), (TO_ONE, ORANGE), (UNDECIDED, "red")):
        image[codes == code] = to_rgb(color)
    return image
