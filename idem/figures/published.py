"""The authors' published curves as lines, ours as marks, on the trained batch and on new inputs."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from idem.figures.newdata import draw_share, share_legend
from idem.figures.style import RULE_STYLES, WIDTH, counted, legend, logarithmic, themed
from idem.figures.sweep import ERROR

_NEW: dict[str, Any] = {"fillstyle": "none"}
_FRESH: dict[str, Any] = {"marker": "x", "markersize": 3.5}


@themed
def figure_published(
    lines: pd.DataFrame, curves: pd.DataFrame, newdata: pd.DataFrame, each: Mapping[str, float]
) -> Figure:
    """Draw error by epoch: the authors' lines, ours beside them, their ratio, and new inputs.

    A column a network. A colour is a rule; the authors' lines that were run here are thick and
    named by their published rate. In the last column, what part of the fall of the error in
    training new inputs show, by the amount of training inputs.

    Args:
        lines: columns ``network``, ``data`` (fixed or fresh), ``rule``, ``label``, ``epoch``,
            ``runs``, ``error``, ``low``, ``high`` (an interval, or NaN), ``new_error``
            (on inputs that were not trained on) and ``ratio`` (error / theirs, NaN if not printed).
        curves: columns ``network``, ``rule``, ``learning_rate``, ``epoch`` and ``error``, as
            published.
        newdata: as of `idem.figures.newdata.draw_share`.
        each: how many inputs a dimension the networks train on, if on one batch.
    """
    networks = list(dict.fromkeys(lines.network))
    figure = Figure(figsize=(WIDTH, 4.4), layout="constrained")
    ratios: dict[str, Any] = {"width_ratios": [*[1.0] * len(networks), 1.1]}
    grid = figure.subplots(2, len(networks) + 1, height_ratios=[3, 1.25], **ratios)
    for (above, below), network in zip(grid.T, networks, strict=False):
        ours = lines[(lines.network == network) & (lines.epoch > 0)]
        theirs = curves[(curves.network == network) & (curves.epoch > 0)]
        below.sharex(above)
        below.sharey(grid[1, 0])
        logarithmic(above)
        _draw_theirs(above, theirs, ours)
        _draw_ours(above, ours)
        _draw_ratio(below, ours[ours.data == "fixed"])
        above.set(xlim=(0.6, 5 * theirs.epoch.max()))
        above.set_title(f"{network} ({counted(int(ours.runs.max()), 'run')})")
        below.set_xlabel("epoch (steps)")
    grid[0, 0].set_ylabel(ERROR)
    grid[1, 0].set_ylabel("ours / theirs")
    draw_share(grid[0, -1], newdata, each)
    grid[1, -1].set_axis_off()
    grid[1, -1].legend(handles=share_legend(newdata), loc="upper center", fontsize=7)
    more: dict[str, Any] = {
        "the authors (10 runs)": {"linestyle": "-"},
        "ours, trained": {"marker": "o"},
        "the same on new inputs": {"marker": "o", **_NEW},
        "ours, fresh batches": _FRESH,
    }
    legend(figure, RULE_STYLES, more, columns=3)
    return figure


def _draw_theirs(axes: Axes, curves: pd.DataFrame, ours: pd.DataFrame) -> None:
    run_here = set(zip(ours.rule, ours.label, strict=True))
    for (rule, label), line in curves.sort_values("epoch").groupby(["rule", "learning_rate"]):
        style: dict[str, Any] = RULE_STYLES[str(rule)] | {"marker": ""}
        if (rule, label) not in run_here:
            axes.plot(line.epoch, line.error, **style, linewidth=0.5, alpha=0.35)
            continue
        axes.plot(line.epoch, line.error, **style)
        shift: dict[str, Any] = {"textcoords": "offset points", "xytext": (2, 0), "va": "center"}
        end = line.iloc[-1]
        axes.annotate(f"{label:g}", (end.epoch, end.error), fontsize=7, **shift)


def _draw_ours(axes: Axes, lines: pd.DataFrame) -> None:
    for (data, rule), line in lines.groupby(["data", "rule"]):
        style: dict[str, Any] = RULE_STYLES[str(rule)] | {"linestyle": "", "zorder": 3}
        if data == "fresh":
            axes.plot(line.epoch, line.error, **style | _FRESH)
            continue
        axes.vlines(line.epoch, line.low, line.high, color=style["color"], linewidth=0.8)
        axes.plot(line.epoch, line.new_error, **style, markersize=5, **_NEW)
        axes.plot(line.epoch, line.error, **style, markersize=3)


def _draw_ratio(axes: Axes, lines: pd.DataFrame) -> None:
    axes.axhline(1, color="0.5", linewidth=0.8)
    for (rule, _), line in lines.dropna(subset="ratio").groupby(["rule", "label"]):
        axes.plot(line.epoch, line.ratio, **RULE_STYLES[str(rule)])
