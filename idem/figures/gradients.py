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
    "separate": (
        {"color": "black", "linestyle": (0, (1, 1.2))},
        "between separate runs; ours, of one start",
    ),
}
_ONE_START = "cosine_same_start"  # ours, beside what is published as between separate runs
_OURS: dict[str, Any] = {"linestyle": "", "marker": "x", "markersize": 3}
_LATER: dict[str, Any] = {"linestyle": "", "marker": "o", "markersize": 2.5}
_MARKS = 40  # of a line of ours, evenly spaced in the logarithm of their number


@themed
def figure_gradients(
    trace: pd.DataFrame,
    theirs: pd.DataFrame,
    delay: int,
    routes: pd.DataFrame,
    their_routes: pd.DataFrame,
    surface: pd.DataFrame,
    title: str,
) -> Figure:
    """Draw the authors' gradients and routes, and ours beside them.

    Above, norms and cosines: theirs as lines, ours, means over the runs of the first case, as marks
    at their epochs, and once more as if these had been counted so much later. Between separate runs
    ours are of the same start, in grey of another one. Below, the routes in the plane of their
    first two principal components, as far as they go: theirs, and ours of the first run of every
    case, with the loss on it.

    Args:
        trace: columns ``case``, ``run``, ``step``, ``norm_modified``, ``norm_ordinary``,
            ``cosine_along_modified``, ``cosine_along_ordinary``, ``cosine_separate`` and
            ``cosine_same_start``.
        theirs: columns ``quantity`` (one of the first five), ``epoch`` and ``value``.
        delay: in steps; 0 for not once more.
        routes: columns ``case``, ``run``, ``up_to``, the last step of a plane, ``rule``, ``step``,
            ``pc1`` and ``pc2``.
        their_routes: columns ``rule``, ``pc1`` and ``pc2``, in their order.
        surface: columns ``case``, ``run``, ``pc1``, ``pc2`` and ``loss``, a full grid a run.
        title: which network and rate ours are of above.
    """
    cases = list(dict.fromkeys(trace.case))
    figure = Figure(figsize=(WIDTH, 5.6), layout="constrained")
    figure.suptitle(title)
    (above,), (below,) = figure.subfigures(2, 1, squeeze=False)
    panels = above.subplots(1, 2)
    logarithmic(panels[0], "y")
    means = trace[trace.case == cases[0]].drop(columns="case").groupby("step").mean()
    for axes, (words, quantities) in zip(panels, _PANELS.items(), strict=True):
        for quantity, route in quantities.items():
            line, look = theirs[theirs.quantity == quantity], _ROUTES[route][0]
            axes.plot(line.epoch, line.value, **look, alpha=0.8)
            ours = means[quantity]
            if route == "separate":
                _draw_ours(axes, ours, look | _OURS | {"color": "0.7"})
                ours = means[_ONE_START]
            _draw_ours(axes, ours, look | _OURS)
            if delay:
                _draw_ours(axes, ours, look | _LATER, delay)
        axes.set_xscale("symlog", linthresh=10)
        axes.set(xlabel="epoch (steps)", ylabel=words, xlim=(-0.5, None))
        plain(axes, "x")
    their_plane, *our_planes = below.subplots(1, 1 + len(cases))
    draw_routes(their_plane, their_routes, "pc1", "pc2")
    their_plane.set(title="the authors'", ylabel="second principal component")
    whole = routes[(routes.run == routes.run.min()) & (routes.up_to == routes.up_to.max())]
    for axes, case in zip(our_planes, cases, strict=True):
        own = whole[whole.case == case]
        ground = surface[(surface.case == case) & (surface.run == own.run.min())]
        contours(axes, ground, "pc1", "pc2", "squared error")
        draw_routes(axes, own.sort_values("step"), "pc1", "pc2")
        axes.set_title(f"ours, {str(case).replace('_', ' ')}")
    _share_limits([their_plane, *our_planes])
    for axes in (their_plane, *our_planes):
        axes.set_xlabel("first principal component")
    more = {words: look for look, words in _ROUTES.values()} | {"the authors": {"linestyle": "-"}}
    more |= {"ours": _OURS} | ({f"ours at the epoch + {delay}": _LATER} if delay else {})
    more["ours, of two starts"] = _OURS | {"color": "0.7"}
    legend(figure, (), more, columns=3)
    return figure


def _share_limits(planes: list[Axes]) -> None:
    """Show the same part of every plane, so that lengths can be compared."""
    for ends in ("xlim", "ylim"):
        low, high = np.transpose([getattr(axes, f"get_{ends}")() for axes in planes])
        for axes in planes:
            axes.set(**{ends: (low.min(), high.max())})


def _draw_ours(axes: Axes, means: pd.Series, look: dict[str, Any], delay: int = 0) -> None:
    line = means.loc[delay:]
    places = np.unique(np.geomspace(1, len(line), _MARKS).astype(int)) - 1
    axes.plot(line.index[places] - delay, line.iloc[places], **look, alpha=0.9)
