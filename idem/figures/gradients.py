"""Gradients of both rules along training and their routes in a plane, the authors' beside ours."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from idem.figures.style import RULE_STYLES, WIDTH, grey, logarithmic, plain, themed
from idem.figures.trajectory import contours, draw_routes

_PANELS = {  # what is drawn, and along which route
    "norm of the gradient": {"norm_ordinary": "ordinary", "norm_modified": "modified"},
    "cosine of the rules' gradients": {
        "cosine_along_ordinary": "ordinary",
        "cosine_along_modified": "modified",
        "cosine_separate": "separate",
    },
}
_ROUTES: dict[str, tuple[dict[str, Any], str]] = {
    **{
        rule: (style | {"marker": ""}, f"along the {rule} route")
        for rule, style in RULE_STYLES.items()
    },
    "separate": ({"color": "black", "linestyle": (0, (1, 1.2))}, "between separate runs"),
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
    logarithmic(grid["N"], "y")
    for axes, (words, quantities) in zip((grid["N"], grid["C"]), _PANELS.items(), strict=True):
        for quantity, route in quantities.items():
            _draw_quantity(axes, quantity, _ROUTES[route][0], trace, theirs)
        axes.set_xscale("symlog", linthresh=10)
        axes.set(xlabel="epoch (steps)", ylabel=words, xlim=(-0.5, None))
        plain(axes, "x")
    planes = {"the authors' plane": (their_routes, None)}
    for start in starts:
        own = routes[(routes.start == start) & (routes.run == routes.run.min())]
        ground = surface[(surface.start == start) & (surface.run == own.run.min())]
        planes[f"our plane, {_in_words(start)}"] = own.sort_values("step"), ground
    for axes, (words, (shown, ground)) in zip(
        (grid[n] for n in "abc"), planes.items(), strict=False
    ):
        if ground is not None:
            contours(axes, ground, "pc1", "pc2", "loss, mean (f(f(x)) − f(x))²")
        draw_routes(axes, shown, "pc1", "pc2")
        axes.set(title=words, xlabel="first principal component")
    grid["a"].set_ylabel("second principal component")
    figure.legend(handles=_legend(starts), loc="outside lower center", ncols=3)
    return figure


def _draw_quantity(
    axes: Axes, quantity: str, look: dict[str, Any], trace: pd.DataFrame, theirs: pd.DataFrame
) -> None:
    line = theirs[theirs.quantity == quantity]
    axes.plot(line.epoch, line.value, **look, alpha=0.8)
    for style, (_, rows) in zip(_OURS, trace.groupby("start", sort=False), strict=False):
        mean = rows.groupby("step")[quantity].mean()
        places = np.unique(np.geomspace(1, len(mean), _MARKS).astype(int)) - 1
        axes.plot(mean.index[places], mean.iloc[places], **look | style, alpha=0.9)


def _in_words(start: object) -> str:
    return f"start: {str(start).replace('_', ' ')}"


def _legend(starts: list[Any]) -> list[Artist]:
    routes = [Line2D([], [], label=words, **look) for look, words in _ROUTES.values()]
    ours = [
        grey(f"ours, {_in_words(start)}", **style)
        for style, start in zip(_OURS, starts, strict=False)
    ]
    return [*routes, grey("the authors", linestyle="-"), *ours]
