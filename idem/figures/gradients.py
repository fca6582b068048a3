"""Gradients of both rules along training and their routes in a plane, the authors' beside ours."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from idem.figures.style import RULE_STYLES, WIDTH, legend, logarithmic, plain, themed
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
    draw_routes(grid["a"], their_routes, "pc1", "pc2")
    grid["a"].set_title("the authors' plane")
    for axes, start in zip((grid["b"], grid["c"]), starts, strict=False):
        own = routes[(routes.start == start) & (routes.run == routes.run.min())]
        ground = surface[(surface.start == start) & (surface.run == own.run.min())]
        contours(axes, ground, "pc1", "pc2", "mean (f(f(x)) − f(x))²")
        draw_routes(axes, own.sort_values("step"), "pc1", "pc2")
        axes.set_title(f"our plane, {_in_words(start)}")
    for axes in (grid["a"], grid["b"], grid["c"]):
        axes.set_xlabel("first principal component")
    grid["a"].set_ylabel("second principal component")
    more = {words: look for look, words in _ROUTES.values()} | {"the authors": {"linestyle": "-"}}
    more |= {f"ours, {_in_words(n)}": look for n, look in zip(starts, _OURS, strict=False)}
    legend(figure, (), more, columns=3)
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
