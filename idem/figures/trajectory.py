"""The routes of both rules through the loss landscape, and what lies around them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from idem.figures.style import RULE_STYLES, WIDTH, lines, logarithmic, plain, rules_legend, themed

_PALE: dict[str, Any] = {"alpha": 0.5}
_THIN: dict[str, Any] = {"linewidth": 0.6}
_TRACED: dict[str, dict[str, dict[str, Any]]] = {  # by panel, what, and how
    "cosine of two updates": {"cosine_of_rules": {}, "cosine_of_batches": _PALE},
    "distance from route / travelled": {
        "function_off_route_rules": {},
        "function_off_route_data": _PALE,
        "function_off_route_half_rate": _THIN,
    },
}
START: dict[str, Any] = {"marker": "*", "markersize": 8, "linestyle": "", "color": "white"}
START |= {"markeredgecolor": "black"}
_QUARTILES = ("pi", 50)
_LOWEST = 1e-6  # of a loss on the plane, in units of the highest


@themed
def figure_trajectory(trace: pd.DataFrame, studies: Sequence[str]) -> Figure:
    """Draw how the routes part: directions and distances over the steps.

    A row of panels a study. First the cosine between the updates of the rules along either route,
    pale that between one rule's updates on two batches; then how far a route is from the other
    rule's, pale from the same rule's on other data, thin from the same rule's at half the rate.
    Lines are medians over runs, bands reach from the first to the third quartile.

    Args:
        trace: columns study, run, rule, step, cosine_of_rules, cosine_of_batches,
            function_off_route_rules, function_off_route_data and function_off_route_half_rate, of
            which the last is NaN where that route does not reach.
        studies: which to draw.
    """
    figure = Figure(figsize=(WIDTH, 1.9 * len(studies) + 0.6), layout="constrained")
    grid = figure.subplots(len(studies), 2, sharex="row", sharey="col", squeeze=False)
    for row, study in zip(grid, studies, strict=True):
        rows = trace[trace.study == study]
        row[0].set(ylabel=_words(study))
        row[0].set_xscale("symlog", linthresh=1)
        plain(row[0], "x")
        row[0].set_xlim(-0.2, rows.step.max() * 1.2)
        for axes, (title, columns) in zip(row, _TRACED.items(), strict=True):
            shown = rows if "cosine" in title else rows[rows.step > 0]
            if "cosine" not in title:
                logarithmic(axes, "y")
            for column, look in columns.items():
                how: dict[str, Any] = look and {"markers": False, **look}
                lines(axes, shown, "step", column, errorbar=_QUARTILES, **how)
    for axes, title in zip(grid[0], _TRACED, strict=True):
        axes.set_title(title)
    for axes in grid[-1]:
        axes.set_xlabel("step")
    pale, thin = ({"linestyle": "-", **look} for look in (_PALE, _THIN))
    more = {"same rule, other data": pale, "same rule, half the rate": thin}
    rules_legend(figure, more)
    return figure


@themed
def figure_landscape(surface: pd.DataFrame, trace: pd.DataFrame) -> Figure:
    """Draw the loss on the plane through start and both solutions, and both routes on it.

    A panel a study, of its first run.

    Args:
        surface: columns study, u, v and loss, a full grid a study.
        trace: columns study, run, rule, step, plane_u and plane_v.
    """
    studies = list(dict.fromkeys(surface.study))[:3]
    figure = Figure(figsize=(WIDTH, 2.7), layout="constrained")
    panels = figure.subplots(1, len(studies), squeeze=False)[0]
    for axes, study in zip(panels, studies, strict=True):
        rows = trace[(trace.study == study) & (trace.run == trace.run.min())]
        contours(axes, surface[surface.study == study], "u", "v", "loss")
        draw_routes(axes, rows.sort_values("step"), "plane_u", "plane_v")
        axes.set(title=_words(study), xlabel="towards modified solution", aspect="equal")
    panels[0].set_ylabel("across, to ordinary solution")
    rules_legend(figure, {"start": START})
    return figure


def draw_routes(axes: Axes, routes: pd.DataFrame, x: str, y: str) -> None:
    """Draw the routes of both rules from the start, which is at 0."""
    for rule, route in routes.groupby("rule"):
        axes.plot(route[x], route[y], **RULE_STYLES[str(rule)], markersize=2.5)
    axes.plot([0], [0], zorder=5, **START)


def contours(axes: Axes, surface: pd.DataFrame, x: str, y: str, words: str) -> None:
    """Draw a loss on a grid, on a logarithmic scale of its own, with a bar that says so."""
    losses = surface.pivot(index=y, columns=x, values="loss")
    top = float(losses.max().max())
    losses = losses.clip(lower=_LOWEST * top)
    levels = np.geomspace(float(losses.min().min()), top, 13)
    norm = LogNorm(levels[0], levels[-1])
    filled = axes.contourf(losses.columns, losses.index, losses, levels, norm=norm, cmap="Greys_r")
    bar = axes.figure.colorbar(filled, ax=axes, ticks=levels[::4], location="bottom")
    bar.set_label(f"{words}, log scale")
    bar.ax.set_xticklabels([f"{tick:.1g}" for tick in levels[::4]])
    bar.ax.minorticks_off()
    axes.grid(visible=False)


def _words(study: str) -> str:
    return study.replace("_best", ", best rates")
