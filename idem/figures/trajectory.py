"""The routes of both rules through the loss landscape, and what lies around them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from idem.figures.style import BLUE, RULE_NAMES, RULE_STYLES

_PAIRS: dict[str, tuple[str, Any, str]] = {  # colour, dashes, meaning
    "rules": ("black", "-", "modified to ordinary"),
    "data": (BLUE, "--", "same rule and start, other data"),
    "starts": ("0.6", ":", "same rule, other start and data"),
}
_OTHER_DATA: dict[str, Any] = {"color": "0.6"}
_HALF_RATE: dict[str, Any] = {"color": BLUE, "markerfacecolor": "white", "linewidth": 1}
_LOWEST = 1e-6  # of a loss on the plane, in units of the highest


def figure_trajectory(
    trace: pd.DataFrame, spectrum: pd.DataFrame, studies: Sequence[str]
) -> Figure:
    """Draw how the routes part: directions and distances over the steps, and the spectrum.

    A row of panels a study. First the cosine between the updates of the rules along either route,
    in grey that between one rule's updates on two batches; then how far a route is from the other
    rule's, in grey from the same rule's on other data, in blue and with open marks from the same
    rule's at half the rate; then the eigenvalues of the Jacobian at outputs of the first run, a
    panel a rule. Lines are medians over runs, bands reach from the first to the third quartile.

    Args:
        trace: columns study, run, rule, step, cosine_of_rules, cosine_of_batches,
            function_off_route_rules, function_off_route_data and function_off_route_half_rate, of
            which the last is NaN where that route does not reach.
        spectrum: columns study, rule, step and real.
        studies: which to draw.
    """
    figure = Figure(figsize=(12.5, 1 + 2.6 * len(studies)), layout="constrained")
    grid = figure.subplots(len(studies), 4, squeeze=False)
    for row, study in zip(grid, studies, strict=True):
        rows, values = trace[trace.study == study], spectrum[spectrum.study == study]
        for rule in RULE_STYLES:
            of_rule = rows[rows.rule == rule]
            _band(row[0], of_rule, "cosine_of_rules", rule)
            _band(row[0], of_rule, "cosine_of_batches", rule, control=_OTHER_DATA)
            later = of_rule[of_rule.step > 0]
            _band(row[1], later, "function_off_route_rules", rule)
            _band(row[1], later, "function_off_route_data", rule, control=_OTHER_DATA)
            _band(row[1], later, "function_off_route_half_rate", rule, control=_HALF_RATE)
        row[0].set(ylabel=f"{_words(study)}\ncosine of two updates")
        row[1].set(yscale="log", ylabel="distance from route\n(of distance travelled)")
        for axes, rule in zip(row[2:], RULE_STYLES, strict=True):
            _eigenvalues(axes, values[values.rule == rule], rule)
        low, high = min(-0.25, values.real.min() - 0.1), max(1.25, values.real.max() + 0.1)
        for axes in row[2:]:
            axes.set_ylim(low, high)
        for axes in row:
            axes.set_xscale("symlog", linthresh=1)
            axes.set_xlim(-0.2, rows.step.max() * 1.2)
    titles = ("Directions", "Distance between routes")
    spectra = tuple(f"Spectrum, {RULE_NAMES[rule].lower()}" for rule in RULE_STYLES)
    for axes, title in zip(grid[0], (*titles, *spectra), strict=True):
        axes.set_title(title)
    for axes in grid[-1]:
        axes.set_xlabel("step")
    figure.legend(handles=_legend(), loc="outside lower center", ncols=3, frameon=False)
    return figure


def figure_landscape(surface: pd.DataFrame, trace: pd.DataFrame, lines: pd.DataFrame) -> Figure:
    """Draw the loss on the plane through start and both solutions, and between solutions.

    A column of panels a study: above, the plane of the first run with both routes projected onto
    it; below, the loss on the straight lines between solutions, one line a run.

    Args:
        surface: columns study, u, v and loss, a full grid a study.
        trace: columns study, run, rule, step, plane_u and plane_v.
        lines: columns study, run, pair (``rules``, or ``data_`` or ``starts_`` and a rule), share
            and loss_in_start_losses.
    """
    studies = list(dict.fromkeys(surface.study))
    figure = Figure(figsize=(1 + 4.2 * len(studies), 8), layout="constrained")
    grid = figure.subplots(2, len(studies), squeeze=False)
    for (above, below), study in zip(grid.T, studies, strict=True):
        rows = trace[(trace.study == study) & (trace.run == trace.run.min())]
        _plane(above, surface[surface.study == study], rows)
        above.set(title=_words(study), xlabel="towards the modified solution")
        _between(below, lines[lines.study == study])
        below.set(xlabel="share of the way")
    grid[0, 0].set_ylabel("across, to the ordinary solution")
    grid[1, 0].set_ylabel("loss (in units of that at the start)")
    handles = [
        Line2D([], [], label=f"{RULE_NAMES[rule]}: its route", **style)
        for rule, style in RULE_STYLES.items()
    ]
    handles.append(Line2D([], [], label="start", **_START))
    handles += [
        Line2D([], [], color=color, linestyle=dashes, label=words)
        for color, dashes, words in _PAIRS.values()
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False)
    return figure


_START: dict[str, Any] = {
    "marker": "*",
    "markersize": 12,
    "linestyle": "",
    "markerfacecolor": "white",
    "markeredgecolor": "black",
}


def _band(
    axes: Axes, rows: pd.DataFrame, column: str, rule: str, control: dict[str, Any] | None = None
) -> None:
    """Draw the median over runs by step, and the quartiles; a control in its own style."""
    by_step = rows.groupby("step")[column]
    style: dict[str, Any] = RULE_STYLES[rule] | (control or {})
    low, middle, high = (by_step.quantile(q) for q in (0.25, 0.5, 0.75))
    axes.fill_between(middle.index, low, high, color=style["color"], alpha=0.15, linewidth=0)
    axes.plot(middle.index, middle, zorder=2 if control else 3, **style)


def _words(study: str) -> str:
    return study.replace("_", ", ")


def _eigenvalues(axes: Axes, rows: pd.DataFrame, rule: str) -> None:
    for level in (0, 1):
        axes.axhline(level, color=BLUE, linewidth=0.8)
    style: dict[str, Any] = RULE_STYLES[rule] | {"linestyle": "", "markersize": 2.5}
    axes.plot(rows.step, rows.real, alpha=0.4, **style)
    axes.set_ylabel(r"Re $\lambda$ of the Jacobian")


def _plane(axes: Axes, surface: pd.DataFrame, rows: pd.DataFrame) -> None:
    """Draw the contours of the loss, and the routes on them."""
    losses = surface.pivot(index="v", columns="u", values="loss")
    top = float(losses.max().max())
    shown = losses.clip(lower=_LOWEST * top)
    levels = np.geomspace(float(shown.min().min()), top, 13)
    norm = LogNorm(levels[0], levels[-1])
    filled = axes.contourf(shown.columns, shown.index, shown, levels, norm=norm, cmap="Blues_r")
    axes.contour(shown.columns, shown.index, shown, levels, colors="0.5", linewidths=0.4)
    ticks = levels[::4]
    bar = axes.figure.colorbar(filled, ax=axes, ticks=ticks, label="loss", location="bottom")
    bar.ax.set_xticklabels([f"{tick:.1g}" for tick in ticks])
    bar.ax.minorticks_off()
    for rule, style in RULE_STYLES.items():
        route = rows[rows.rule == rule].sort_values("step")
        axes.plot(route.plane_u, route.plane_v, markeredgecolor="white", **style)
    axes.plot([0], [0], zorder=5, **_START)
    axes.set_aspect("equal")


def _between(axes: Axes, lines: pd.DataFrame) -> None:
    for (pair, _), rows in lines.groupby(["pair", "run"]):
        color, dashes, _ = _PAIRS[str(pair).split("_")[0]]
        front = 3 if pair == "rules" else 2
        axes.plot(
            rows.share,
            rows.loss_in_start_losses,
            color=color,
            linestyle=dashes,
            linewidth=1,
            alpha=0.8,
            zorder=front,
        )
    axes.set_xlim(0, 1)
    axes.set_ylim(bottom=0)


def _legend() -> list[Line2D]:
    handles = [
        Line2D([], [], label=f"{RULE_NAMES[rule]}: its route", **style)
        for rule, style in RULE_STYLES.items()
    ]
    controls = {"on other data": _OTHER_DATA, "at half the rate": _HALF_RATE}
    for rule, style in RULE_STYLES.items():
        for words, control in controls.items():
            of_rule: dict[str, Any] = style | control
            handles.append(Line2D([], [], label=f"control: {rule} {words}", **of_rule))
    return [handles[index] for index in (0, 1, 2, 4, 3, 5)]  # columns: rules, then a kind each
