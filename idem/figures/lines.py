"""Every published line that was trained here, beside the authors'."""

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, cast

import numpy as np
import pandas as pd
import seaborn
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from idem.figures.published import GAP, draw_ratio
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

_ROOM = 3.98  # times the last epoch, to the right edge, for the names of lines
_APART = 1.9  # times, that a dot is later than the one before it at least
_FEW = 5  # runs; an interval of fewer spans more than the lines of a panel
_LIGHTEST = 2  # of the shades of a rule, that are left out, as they vanish on white


@themed
def figure_lines(lines: pd.DataFrame, curves: pd.DataFrame) -> Figure:
    """Draw the authors' lines and ours by epoch, ours over theirs, and ours on new inputs.

    A column a network. The authors' are lines, ours on the trained batch dots, of a rule's colour,
    the darker the higher the rate; theirs that were not run here are thin and pale. Below, ours
    over theirs wherever theirs is printed, at each rule's highest rate with its 95 % interval over
    runs as a band, if these are five or more; at the bottom our error on new inputs over that on
    the trained batch.

    Args:
        lines: one batch a run; columns ``network``, ``rule``, ``label``, ``epoch``, ``runs``,
            ``error``, ``low``, ``high`` (an interval, or NaN), ``new_error`` (on inputs that were
            not trained on) and ``ratio`` (error / theirs, NaN if not printed).
        curves: columns ``network``, ``rule``, ``learning_rate``, ``epoch`` and ``error``, as
            published.
    """
    networks = list(dict.fromkeys(lines.network))
    figure = Figure(figsize=(WIDTH, 5.6), layout="constrained")
    grid = figure.subplots(
        3, len(networks), height_ratios=[3, 1.3, 1.3], sharex=True, squeeze=False
    )
    for left, *others in grid[1:]:
        for axes in others:
            axes.sharey(left)
    for column, network in zip(grid.T, networks, strict=True):
        theirs = curves[(curves.network == network) & (curves.epoch > 0)].sort_values("epoch")
        ours = lines[lines.network == network].sort_values("epoch")
        ours = ours[ours.epoch >= theirs.epoch.min()]
        _draw(column, ours, theirs)
        column[0].set_title(f"{network} ({_runs(ours)})")
        column[-1].set_xlabel("epoch (steps)")
    for axes, words in zip(grid[:, 0], _WORDS, strict=True):
        axes.set_ylabel(words)
    more = {"above: the authors (10 runs)": {"linestyle": "-"}, "theirs, not run here": _NOT_RUN}
    more |= {"above: ours, trained batch": _OURS}
    rules_legend(figure, more, columns=3)
    return figure


_WORDS = (ERROR, "ours / theirs", "ours, new inputs /\ntrained batch")
_NOT_RUN: dict[str, Any] = {"color": "0.6", "linestyle": "-", "linewidth": 0.4}
_OURS: dict[str, Any] = {"marker": "o", "linestyle": "", "markersize": 2.4}


def _pale(rule: str) -> dict[str, Any]:
    return {"color": RULE_STYLES[rule]["color"], "alpha": 0.5}


def _runs(lines: pd.DataFrame) -> str:
    """Return of how many runs lines are means: "1 run", "3 to 4 runs"."""
    low, high = int(lines.runs.min()), int(lines.runs.max())
    return counted(high, "run") if low == high else f"{low} to {high} runs"


def _draw(column: np.ndarray, ours: pd.DataFrame, theirs: pd.DataFrame) -> None:
    errors, ratios, new = column
    logarithmic(errors)
    logarithmic(new, "y")
    for axes in (ratios, new):
        axes.axhline(1, color="0.5", linewidth=0.8)
    run_here = set(zip(ours.rule, ours.label, strict=True))
    shades = {str(rule): _shades(str(rule), of.label) for rule, of in ours.groupby("rule")}
    ends: list[tuple[float, str, float, float]] = []
    for (rule, rate), line in _by_line(theirs, "learning_rate"):
        shown = (rule, rate) in run_here
        look = _look(rule, shades[rule][rate]) if shown else _NOT_RUN | _pale(rule)
        errors.plot(line.epoch, line.error, **look)
        if shown:
            ends.append((rate, rule, line.epoch.iloc[-1], line.error.iloc[-1]))
    for (rule, rate), line in _by_line(ours, "label"):
        look = _look(rule, shades[rule][rate])
        dots = line[line.epoch.isin(far_apart(line.epoch, _APART))]
        errors.plot(
            dots.epoch, dots.error, **look | _OURS | {"marker": RULE_STYLES[rule]["marker"]}
        )
        new.plot(line.epoch, line.new_error / line.error, **look)
        banded = rate == ours[ours.rule == rule].label.max() and line.runs.min() >= _FEW
        draw_ratio(ratios, line if banded else line.assign(low=np.nan, high=np.nan), look, 0.15)
    errors.set_xlim(right=_ROOM * theirs.epoch.max())
    _name_ends(errors, ends)


def _by_line(table: pd.DataFrame, rate: str) -> Iterator[tuple[tuple[str, float], pd.DataFrame]]:
    for place, line in table.groupby(["rule", rate]):
        rule, value = cast("tuple[str, float]", place)
        yield (rule, value), line


def _look(rule: str, shade: Any) -> dict[str, Any]:
    return {"color": shade, "linestyle": RULE_STYLES[rule]["linestyle"], "linewidth": 0.9}


def _shades(rule: str, rates: Iterable[float]) -> dict[float, Any]:
    """Return a shade of the rule's colour for each rate, the darkest for the highest."""
    ordered, color = sorted(set(rates)), RULE_STYLES[rule]["color"]
    shades = seaborn.light_palette(color, len(ordered) + _LIGHTEST)[_LIGHTEST:]
    return dict(zip(ordered, shades, strict=True))


def _name_ends(axes: Axes, ends: Sequence[tuple[float, str, float, float]]) -> None:
    """Write its rate at the end of every line that is far enough from all that have theirs.

    Args:
        axes: logarithmic.
        ends: rate, rule, epoch and error of the end of each; higher rates have theirs first.
    """
    bottom, top = np.log(axes.get_ylim())
    ends = sorted(ends, reverse=True)
    for index in spaced([math.log(error) / (top - bottom) for *_, error in ends], GAP):
        rate, rule, epoch, error = ends[index]
        words = f"{rate:.1g}" if rate < 0.01 else f"{rate:g}"
        where: dict[str, Any] = {"textcoords": "offset points", "xytext": (1.5, 0), "va": "center"}
        color = RULE_STYLES[rule]["color"]
        axes.annotate(words, (epoch, error), fontsize=7, color=color, **where)
