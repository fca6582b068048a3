"""The authors' published curves as lines, ours as marks, on the trained batch and on new inputs."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from idem.figures.newdata import draw_share, share_legend
from idem.figures.style import (
    RULE_STYLES,
    WIDTH,
    counted,
    far_apart,
    logarithmic,
    rules_legend,
    spaced,
    themed,
)
from idem.figures.sweep import ERROR

_THIN: dict[str, Any] = {"linewidth": 0.4, "alpha": 0.3}
_ROOM = 3.9  # times the last epoch, to the right edge, for the names of lines
GAP = 0.06  # of the height of a panel, that two names are apart at least
_APART = 2.5  # marks are drawn at an epoch if the next one that has them is so many times later
_OURS: Mapping[str, tuple[str, str, dict[str, Any]]] = {
    # data, column, look: in one place a dot in a ring in a cross, of which each is seen
    "ours, fresh batches": ("fresh", "error", {"marker": "x", "markersize": 6}),
    "ours, trained batch": ("fixed", "error", {"markersize": 2.4}),
    "the same on new inputs": ("fixed", "new_error", {"fillstyle": "none", "markersize": 5}),
}
_DATA = {data for data, *_ in _OURS.values()}
_OPEN: dict[str, Any] = {
    "marker": "D",
    "linestyle": ":",
    "markerfacecolor": "white",
    "markersize": 3,
}
_MARK: dict[str, Any] = {"marker": "o", "linestyle": "", "markeredgewidth": 0.7}


@themed
def figure_published(
    lines: pd.DataFrame,
    curves: pd.DataFrame,
    newdata: pd.DataFrame | None = None,
    each: Mapping[str, float] | None = None,
) -> Figure:
    """Draw error by epoch: the authors' lines, ours beside them, their ratio, and new inputs.

    A column a network. A colour is a rule; the authors' lines that were run here are thick and
    named by their published rate. Ours are marks, at epochs far enough apart to be told from each
    other. Below, ours on the trained batch over theirs at every epoch that is printed, with
    intervals as bands; what is neither fixed nor fresh is drawn there alone, as open diamonds,
    under its name. In the last column, what part of the fall of the error in training new inputs
    show, by the amount of training inputs.

    Args:
        lines: columns ``network``, ``data`` (fixed, fresh, or the name of another reading),
            ``rule``, ``label``, ``epoch``, ``runs``, ``error``, ``low``, ``high`` (an interval, or
            NaN), ``new_error`` (on inputs that were not trained on) and ``ratio`` (error / theirs,
            NaN if not printed).
        curves: columns ``network``, ``rule``, ``learning_rate``, ``epoch`` and ``error``, as
            published.
        newdata: as of `idem.figures.newdata.draw_share`; without it there is no last column.
        each: how many inputs a dimension the networks train on, if on one batch.
    """
    networks = list(dict.fromkeys(lines.network))
    figure = Figure(figsize=(WIDTH, 5.2), layout="constrained")
    columns = len(networks) + (newdata is not None)
    grid = figure.subplots(2, columns, height_ratios=[3, 2], squeeze=False)
    for (above, below), network in zip(grid.T, networks, strict=False):
        ours = lines[(lines.network == network) & (lines.epoch > 0)]
        theirs = curves[(curves.network == network) & (curves.epoch > 0)]
        below.sharex(above)
        below.sharey(grid[1, 0])
        logarithmic(above)
        _draw_theirs(above, theirs, ours)
        _draw_ours(above, ours)
        below.axhline(1, color="0.5", linewidth=0.8)
        _draw_ratio(below, ours[ours.data == "fixed"], {})
        _draw_ratio(below, ours[~ours.data.isin(_DATA)], _OPEN)
        above.set(xlim=(0.6 * ours.epoch.min(), _ROOM * theirs.epoch.max()))
        above.set_title(f"{network} ({counted(int(ours.runs.max()), 'run')})")
        below.set_xlabel("epoch (steps)")
    for below, network in zip(grid[1], networks, strict=False):  # once they share their scale
        ours = lines[(lines.network == network) & (lines.data == "fixed") & (lines.epoch > 0)]
        _name_ratios(below, ours.sort_values("epoch"))
    grid[0, 0].set_ylabel(ERROR)
    grid[1, 0].set_ylabel("ours / theirs")
    if newdata is not None:
        draw_share(grid[0, -1], newdata, each or {})
        grid[1, -1].set_axis_off()
        grid[1, -1].legend(handles=share_legend(newdata), loc="upper center", fontsize=7)
    more: dict[str, Any] = {"the authors (10 runs)": {"linestyle": "-"}}
    more["theirs, not compared"] = {"linestyle": "-"} | _THIN
    more |= {words: _MARK | look for words, (*_, look) in _OURS.items()}
    more |= {f"ours, {name}": _MARK | _OPEN for name in lines.data.unique() if name not in _DATA}
    rules_legend(figure, more, columns=4)
    return figure


def _draw_theirs(axes: Axes, curves: pd.DataFrame, ours: pd.DataFrame) -> None:
    run_here = set(zip(ours.rule, ours.label, strict=True))
    for (rule, label), line in curves.sort_values("epoch").groupby(["rule", "learning_rate"]):
        style: dict[str, Any] = RULE_STYLES[str(rule)] | {"marker": ""}
        if (rule, label) not in run_here:
            axes.plot(line.epoch, line.error, **style, **_THIN)
            continue
        axes.plot(line.epoch, line.error, **style, linewidth=1)
        end = line.iloc[-1]
        _name_end(axes, f"{label:g}", end.epoch, end.error, 1)


def _draw_ours(axes: Axes, lines: pd.DataFrame) -> None:
    shown = lines[lines.epoch.isin(far_apart(lines.epoch, _APART))]
    for data, column, look in _OURS.values():
        for rule, part in shown[shown.data == data].groupby("rule"):
            style = RULE_STYLES[str(rule)]
            mark = _MARK | {name: style[name] for name in ("color", "marker")} | look
            axes.plot(part.epoch, part[column], **mark, zorder=3)


def _draw_ratio(axes: Axes, lines: pd.DataFrame, more: dict[str, Any]) -> None:
    for (rule, _), line in lines.groupby(["rule", "label"]):
        look: dict[str, Any] = RULE_STYLES[str(rule)] | {"linewidth": 1, "markersize": 2.5} | more
        draw_ratio(axes, line, look, 0.12)


def _name_ratios(axes: Axes, lines: pd.DataFrame) -> None:
    """Write its rate at the end of every ratio far enough from those of higher rates."""
    bottom, top = axes.get_ylim()
    printed = lines.dropna(subset="ratio")
    ends = printed.drop_duplicates(["rule", "label"], keep="last")
    ends = ends.sort_values("label", ascending=False)
    for index in spaced((ends.ratio / (top - bottom)).tolist(), GAP):
        end = ends.iloc[index]
        _name_end(axes, f"{end.label:g}", end.epoch, end.ratio, 4)


def _name_end(axes: Axes, words: str, x: float, y: float, points: float) -> None:
    """Write words so many points to the right of the end of a line."""
    shift: dict[str, Any] = {"textcoords": "offset points", "xytext": (points, 0), "va": "center"}
    axes.annotate(words, (x, y), fontsize=7, **shift)


def draw_ratio(axes: Axes, line: pd.DataFrame, look: dict[str, Any], alpha: float) -> None:
    """Draw ours over theirs where theirs is printed, its interval as a band.

    Args:
        axes: into which.
        line: columns ``epoch``, ``error``, ``low``, ``high`` and ``ratio`` (NaN if not printed).
        look: of the line, for matplotlib.
        alpha: of the band.
    """
    printed = line.dropna(subset="ratio")
    low, high = (printed.ratio * printed[end] / printed.error for end in ("low", "high"))
    axes.fill_between(printed.epoch, low, high, color=look["color"], alpha=alpha, linewidth=0)
    axes.plot(printed.epoch, printed.ratio, **look)
