"""The routes of both rules through the loss landscape, and what lies around them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import seaborn
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from idem.figures.style import RULE_STYLES, WIDTH, grey, legend, lines, themed

_PAIRS: dict[str, tuple[str, Any, str]] = {  # colour, dashes, meaning
    "rules": ("black", "", "modified to ordinary"),
    "data": ("0.45", (4, 1.6), "same rule and start, other data"),
    "starts": ("0.65", (1, 1.2), "same rule, other start and data"),
}
_DISTANCES: dict[str, dict[str, Any]] = {  # from a route, of what
    "function_off_route_rules": {},
    "function_off_route_data": {"alpha": 0.5, "markers": False},
    "function_off_route_half_rate": {"linewidth": 0.6, "markers": False},
}
_START: dict[str, Any] = {"marker": "*", "markersize": 8, "linestyle": ""}
_START |= {"markerfacecolor": "white", "markeredgecolor": "black"}
_QUARTILES: dict[str, Any] = {"errorbar": ("pi", 50)}
_LOWEST = 1e-6  # of a loss on the plane, in units of the highest


@themed
def figure_trajectory(
    trace: pd.DataFrame, spectrum: pd.DataFrame, studies: Sequence[str]
) -> Figure:
    """Draw how the routes part: directions and distances over the steps, and the spectrum.

    A row of panels a study. First the cosine between the updates of the rules along either route,
    pale that between one rule's updates on two batches; then how far a route is from the other
    rule's, pale from the same rule's on other data, thin from the same rule's at half the rate;
    then the eigenvalues of the Jacobian at outputs of the first run. Lines are medians over runs,
    bands reach from the first to the third quartile.

    Args:
        trace: columns study, run, rule, step, cosine_of_rules, cosine_of_batches,
            function_off_route_rules, function_off_route_data and function_off_route_half_rate, of
            which the last is NaN where that route does not reach.
        spectrum: columns study, rule, step and real.
        studies: which to draw.
    """
    figure = Figure(figsize=(WIDTH, 1.9 * len(studies) + 0.6), layout="constrained")
    grid = figure.subplots(len(studies), 3, squeeze=False)
    for (cosines, distances, values), study in zip(grid, studies, strict=True):
        rows = trace[trace.study == study]
        lines(cosines, rows, "step", "cosine_of_rules", **_QUARTILES)
        lines(cosines, rows, "step", "cosine_of_batches", alpha=0.5, markers=False, **_QUARTILES)
        for column, look in _DISTANCES.items():
            lines(distances, rows[rows.step > 0], "step", column, **_QUARTILES | look)
        distances.set_yscale("log")
        _eigenvalues(values, spectrum[spectrum.study == study])
        cosines.set_ylabel(_words(study))
        for axes in (cosines, distances, values):
            axes.set_xscale("symlog", linthresh=1)
            axes.set_xlim(-0.2, rows.step.max() * 1.2)
    titles = (
        "cosine of two updates",
        "distance from route / travelled",
        r"Re $\lambda$ of Jacobian",
    )
    for axes, title in zip(grid[0], titles, strict=True):
        axes.set_title(title)
    for axes in grid[-1]:
        axes.set_xlabel("step")
    control = grey("same rule, other data", linestyle="-", alpha=0.5)
    half = grey("same rule, half the rate", linestyle="-", linewidth=0.6)
    legend(figure, RULE_STYLES, control, half)
    return figure


@themed
def figure_landscape(surface: pd.DataFrame, trace: pd.DataFrame, lines: pd.DataFrame) -> Figure:
    """Draw the loss on the plane through start and both solutions, and between solutions.

    A column of panels a study: above, the plane of the first run with both routes projected onto
    it; below, the loss on the straight lines between solutions, medians over runs with bands from
    the first to the third quartile.

    Args:
        surface: columns study, u, v and loss, a full grid a study.
        trace: columns study, run, rule, step, plane_u and plane_v.
        lines: columns study, run, pair (``rules``, or ``data_`` or ``starts_`` and a rule), share
            and loss_in_start_losses.
    """
    studies = list(dict.fromkeys(surface.study))[:3]
    figure = Figure(figsize=(WIDTH, 4.7), layout="constrained")
    grid = figure.subplots(2, len(studies), squeeze=False)
    for (above, below), study in zip(grid.T, studies, strict=True):
        rows = trace[(trace.study == study) & (trace.run == trace.run.min())]
        _plane(above, surface[surface.study == study], rows)
        above.set(title=_words(study), xlabel="towards modified solution")
        _between(below, lines[lines.study == study])
        below.set(xlabel="part of the way")
    grid[0, 0].set_ylabel("across, to ordinary solution")
    grid[1, 0].set_ylabel("loss / loss at the start")
    routes = [grey("start", **_START)]
    routes += [
        Line2D([], [], color=color, linestyle=(0, dashes) if dashes else "-", label=words)
        for color, dashes, words in _PAIRS.values()
    ]
    legend(figure, RULE_STYLES, *routes, columns=3)
    return figure


def _words(study: str) -> str:
    return study.replace("_", ", ")


def _eigenvalues(axes: Axes, rows: pd.DataFrame) -> None:
    for level in (0, 1):
        axes.axhline(level, color="0.5", linewidth=0.8, linestyle="--", zorder=1)
    for (rule, style), side in zip(RULE_STYLES.items(), (0.94, 1.06), strict=True):
        of_rule = rows[rows.rule == rule]
        mark: dict[str, Any] = style | {"linestyle": "", "markersize": 2, "alpha": 0.4}
        axes.plot(of_rule.step * side, of_rule.real, **mark)


def _plane(axes: Axes, surface: pd.DataFrame, rows: pd.DataFrame) -> None:
    """Draw the contours of the loss, and the routes on them."""
    losses = surface.pivot(index="v", columns="u", values="loss")
    top = float(losses.max().max())
    shown = losses.clip(lower=_LOWEST * top)
    levels = np.geomspace(float(shown.min().min()), top, 13)
    norm = LogNorm(levels[0], levels[-1])
    filled = axes.contourf(shown.columns, shown.index, shown, levels, norm=norm, cmap="Greys_r")
    ticks = levels[::4]
    bar = axes.figure.colorbar(filled, ax=axes, ticks=ticks, location="bottom")
    bar.set_label("loss, logarithmic scale")
    bar.ax.set_xticklabels([f"{tick:.1g}" for tick in ticks])
    bar.ax.minorticks_off()
    for rule, style in RULE_STYLES.items():
        route = rows[rows.rule == rule].sort_values("step")
        look: dict[str, Any] = style | {"markeredgecolor": "white", "markeredgewidth": 0.4}
        axes.plot(route.plane_u, route.plane_v, **look)
    axes.plot([0], [0], zorder=5, **_START)
    axes.set_aspect("equal")
    axes.grid(visible=False)


def _between(axes: Axes, rows: pd.DataFrame) -> None:
    table = rows.assign(pair=rows.pair.str.split("_").str[0])
    options: dict[str, Any] = {"estimator": "median", "errorbar": ("pi", 50), "legend": False}
    options |= {"hue": "pair", "style": "pair", "err_kws": {"linewidth": 0, "alpha": 0.12}}
    options |= {"palette": {name: color for name, (color, _, _) in _PAIRS.items()}}
    options |= {"dashes": {name: dashes for name, (_, dashes, _) in _PAIRS.items()}}
    seaborn.lineplot(table, x="share", y="loss_in_start_losses", ax=axes, **options)
    axes.set(xlabel="", ylabel="", xlim=(0, 1))
    axes.set_ylim(bottom=0)
