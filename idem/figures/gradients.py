"""Gradients of both rules along training and their routes in a plane, the authors' beside ours."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from idem.figures.style import BLUE, ORANGE, WIDTH, plain, themed

_PANELS = {  # what is drawn, and along which route
    "norm of the gradient": {"norm_ordinary": "ordinary", "norm_modified": "modified"},
    "cosine of the rules' gradients": {
        "cosine_along_ordinary": "ordinary",
        "cosine_along_modified": "modified",
        "cosine_separate": "separate",
    },
}
_OF_ROUTE: dict[str, tuple[str, str]] = {  # colour and words
    "ordinary": (ORANGE, "along the ordinary route"),
    "modified": (BLUE, "along the modified route"),
    "separate": ("black", "between separate runs"),
}
_OURS: list[dict[str, Any]] = [  # of each start
    {"linestyle": "", "marker": "o", "markersize": 2.5},
    {"linestyle": "", "marker": "x", "markersize": 3},
    {"linestyle": "", "marker": "^", "markersize": 2.5},
]
_MARKS = 40  # of a line of ours, evenly spaced in the logarithm of the epoch


@themed
def figure_gradients(
    trace: pd.DataFrame,
    theirs: pd.DataFrame,
    routes: pd.DataFrame,
    their_routes: pd.DataFrame,
    surface: pd.DataFrame,
    title: str,
) -> Figure:
    """Draw the authors' gradients and routes, and ours beside them.

    Above, norms and cosines: theirs as lines, ours, means over runs, as marks, one kind a start.
    Below, the routes in the plane of their first two principal components: theirs, and ours of the
    first run of every start, with the loss on it.

    Args:
        trace: columns ``start``, ``run``, ``step``, ``norm_modified``, ``norm_ordinary``,
            ``cosine_along_modified``, ``cosine_along_ordinary`` and ``cosine_separate``.
        theirs: columns ``quantity`` (one of those), ``epoch`` and ``value``.
        routes: columns ``start``, ``run``, ``rule``, ``step``, ``pc1`` and ``pc2``.
        their_routes: columns ``rule``, ``pc1`` and ``pc2``, in their order.
        surface: columns ``start``, ``run``, ``pc1``, ``pc2`` and ``loss``, a full grid a run.
        title: which network and rate ours are of.
    """
    starts = list(dict.fromkeys(trace.start))
    figure = Figure(figsize=(WIDTH, 5.6), layout="constrained")
    figure.suptitle(title)
    grid = figure.subplot_mosaic("NNNCCC;aabbcc")
    for axes, (words, quantities) in zip((grid["N"], grid["C"]), _PANELS.items(), strict=True):
        for quantity, route in quantities.items():
            _draw_quantity(axes, quantity, _OF_ROUTE[route][0], trace, theirs)
        axes.set_xscale("symlog", linthresh=10)
        axes.set(xlabel="epoch (steps)", ylabel=words, xlim=(-0.5, None))
        plain(axes.xaxis)
    grid["N"].set_yscale("log")
    panels = [grid[name] for name in "abc"]
    _draw_routes(panels[0], their_routes)
    panels[0].set_title("the authors' plane")
    for axes, start in zip(panels[1:], starts, strict=False):
        own = routes[(routes.start == start) & (routes.run == routes.run.min())]
        _draw_surface(axes, surface[(surface.start == start) & (surface.run == own.run.min())])
        _draw_routes(axes, own.sort_values("step"))
        axes.set_title(f"our plane, {_in_words(start)}")
    for axes in panels:
        axes.set(xlabel="first principal component")
    panels[0].set_ylabel("second principal component")
    figure.legend(handles=_legend(starts), loc="outside lower center", ncols=3, frameon=False)
    return figure


def _draw_quantity(
    axes: Axes, quantity: str, color: str, trace: pd.DataFrame, theirs: pd.DataFrame
) -> None:
    line = theirs[theirs.quantity == quantity]
    axes.plot(line.epoch, line.value, color=color, linewidth=1.2, alpha=0.8)
    for style, (_, rows) in zip(_OURS, trace.groupby("start", sort=False), strict=False):
        mean = rows.groupby("step")[quantity].mean()
        places = np.unique(np.geomspace(1, len(mean), _MARKS).astype(int)) - 1
        axes.plot(mean.index[places], mean.iloc[places], color=color, alpha=0.9, **style)


def _draw_routes(axes: Axes, routes: pd.DataFrame) -> None:
    for rule, route in routes.groupby("rule"):
        color = _OF_ROUTE[str(rule)][0]
        axes.plot(route.pc1, route.pc2, color=color, marker=".", markersize=4, linewidth=1)
    axes.plot([0], [0], marker="*", markersize=11, color="white", markeredgecolor="black")


def _draw_surface(axes: Axes, surface: pd.DataFrame) -> None:
    losses = surface.pivot(index="pc2", columns="pc1", values="loss")
    levels = np.geomspace(float(losses.min().min()), float(losses.max().max()), 13)
    norm = LogNorm(levels[0], levels[-1])
    filled = axes.contourf(losses.columns, losses.index, losses, levels, norm=norm, cmap="Greys_r")
    axes.contour(losses.columns, losses.index, losses, levels, colors="0.5", linewidths=0.4)
    bar = axes.figure.colorbar(filled, ax=axes, ticks=levels[::4], location="bottom")
    bar.set_label("mean (f(f(x)) − f(x))², log scale")
    bar.ax.set_xticklabels([f"{tick:.1g}" for tick in levels[::4]])
    bar.ax.minorticks_off()


def _in_words(start: object) -> str:
    return f"start: {str(start).replace('_', ' ')}"


def _legend(starts: list[Any]) -> list[Artist]:
    grey: dict[str, Any] = {"color": "0.35"}
    routes = [Line2D([], [], color=color, label=words) for color, words in _OF_ROUTE.values()]
    ours = [
        Line2D([], [], label=f"ours, {_in_words(start)}", **grey, **style)
        for style, start in zip(_OURS, starts, strict=False)
    ]
    return [*routes, Line2D([], [], label="the authors", **grey), *ours]
