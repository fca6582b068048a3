"""The authors' published curves as lines, ours as marks, on the trained batch and on new inputs."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from idem.figures.style import counted, plain

_MARKS: dict[str, dict[str, Any]] = {
    "trained batch (one a run)": {"marker": "o", "markersize": 5},
    "the same runs on new inputs": {"marker": "o", "markersize": 5, "markerfacecolor": "white"},
    "a fresh batch every step": {"marker": "x", "markersize": 6},
}


def figure_published(lines: pd.DataFrame, curves: pd.DataFrame) -> Figure:
    """Draw error by epoch: the authors' lines, ours beside them, and below the ratio of the two.

    A column a network and rule, the rules of a network on one scale. A colour is a learning rate,
    by its published label; grey are the published lines that were not run here.

    Args:
        lines: columns ``network``, ``data`` (fixed or fresh), ``rule``, ``label``, ``epoch``,
            ``runs``, ``error``, ``low``, ``high`` (an interval, or NaN), ``new_error``
            (on inputs that were not trained on) and ``ratio`` (error / theirs, NaN if not printed).
        curves: columns ``network``, ``rule``, ``learning_rate``, ``epoch`` and ``error``, as
            published.
    """
    panels = list(lines[["network", "rule"]].drop_duplicates().itertuples(index=False, name=None))
    figure = Figure(figsize=(3.6 * len(panels) + 0.6, 6.4), layout="constrained")
    axes = figure.subplots(2, len(panels), sharex=True, squeeze=False, height_ratios=[3, 1])
    first = {network: column for column, (network, _) in reversed(list(enumerate(panels)))}
    all_colors = _colors(lines.label)
    for (network, rule), (above, below) in zip(panels, axes.T, strict=True):
        ours = lines[(lines.network == network) & (lines.rule == rule) & (lines.epoch > 0)]
        theirs = curves[(curves.network == network) & (curves.rule == rule) & (curves.epoch > 0)]
        colors = {label: all_colors[label] for label in sorted(ours.label.unique())}
        above.sharey(axes[0, first[network]])
        below.sharey(axes[1, 0])
        _draw_theirs(above, theirs, colors)
        _draw_ours(above, ours, colors)
        _draw_ratio(below, ours[ours.data == "fixed"], colors)
        runs = counted(int(ours.runs.max()), "run")
        above.set_title(f"{network}, {rule} ({runs})")
        above.set(xscale="log", yscale="log")
        handles = [Line2D([], [], color=c, label=f"{label:g}") for label, c in colors.items()]
        above.legend(handles=handles, title="rate", frameon=False, fontsize="small")
        below.set_xlabel("epoch (steps)")
        plain(below.xaxis)
    axes[0, 0].set_ylabel("mean |f(f(x)) − f(x)|")
    axes[1, 0].set_ylabel("ours / theirs")
    figure.legend(handles=_legend(), loc="outside lower center", ncols=4, frameon=False)
    return figure


def _colors(labels: pd.Series) -> dict[Any, Any]:
    """Return a colour a label, from dark to light."""
    names: Sequence[float] = sorted(labels.unique())
    return dict(zip(names, colormaps["viridis"](np.linspace(0.05, 0.85, len(names))), strict=True))


def _draw_theirs(axis: Axes, curves: pd.DataFrame, colors: dict[Any, Any]) -> None:
    for label, line in curves.groupby("learning_rate"):
        color = colors.get(label)
        style = {"color": "0.85", "linewidth": 0.8} if color is None else {"color": color}
        axis.plot(line.epoch, line.error, zorder=1 if color is None else 2, **style)


def _draw_ours(axis: Axes, lines: pd.DataFrame, colors: dict[Any, Any]) -> None:
    trained, new, fresh = _MARKS.values()
    for (data, label), line in lines.groupby(["data", "label"]):
        style = {"color": colors[label], "linestyle": "", "zorder": 3}
        if data == "fresh":
            axis.plot(line.epoch, line.error, **style, **fresh)
            continue
        axis.plot(line.epoch, line.error, **style, **trained)
        axis.vlines(line.epoch, line.low, line.high, color=colors[label])
        axis.plot(line.epoch, line.new_error, **style, **new)


def _draw_ratio(axis: Axes, lines: pd.DataFrame, colors: dict[Any, Any]) -> None:
    axis.axhline(1, color="0.6", linewidth=1)
    for label, line in lines.groupby("label"):
        axis.plot(line.epoch, line.ratio, color=colors[label], marker="o", markersize=4)


def _legend() -> list[Artist]:
    grey: dict[str, Any] = {"color": "0.35"}
    marks = [Line2D([], [], label=n, linestyle="", **grey, **m) for n, m in _MARKS.items()]
    return [Line2D([], [], label="the authors (10 runs)", **grey), *marks]
