"""What the sweeps from default starts come to, far from idempotent maps (Figures 3 and 4)."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from idem.figures.style import (
    RULE_STYLES,
    WIDTH,
    counted,
    dots,
    grey,
    legend,
    lifted,
    lines,
    plain,
    themed,
    with_lost,
)

_ERROR = "mean |f(f(x)) − f(x)|"
_MEASURES: dict[str, tuple[str, str]] = {  # in words, and the column of what it was at the start
    "absolute_error": (_ERROR, "initial_error"),
    "output_spread": ("spread of the outputs", "initial_spread"),
    "relative_error": ("error / spread", ""),
}
_MOST = 4  # panels beside each other


@themed
def figure_sweep(lanes: pd.DataFrame) -> Figure:
    """Draw by learning rate how low the error falls and whether f only shrinks for it.

    A row a network: the error at the end of every run; the spread of the outputs, which is near 0
    where the map has become a constant; and the one over the other, the relative error. Lines are
    medians over all runs, those that diverged as the worst; dots are single runs.

    Args:
        lanes: a row a run; columns ``network``, ``rule``, ``learning_rate``, ``run``,
            ``absolute_error`` and ``relative_error``, infinite if the run diverged, ``diverged``,
            ``output_spread``, ``initial_error`` and ``initial_spread``.
    """
    networks = list(dict.fromkeys(lanes.network))
    lanes = lanes.assign(output_spread=lanes.output_spread.where(~lanes.diverged, np.inf))
    figure = Figure(figsize=(WIDTH, 2.0 * len(networks) + 0.6), layout="constrained")
    grid = figure.subplots(len(networks), len(_MEASURES), sharex="row", squeeze=False)
    for row, network in zip(grid, networks, strict=True):
        ends = lanes[lanes.network == network]
        for axes, (value, (words, start)) in zip(row, _MEASURES.items(), strict=True):
            _draw_by_rate(axes, ends, value, start)
            axes.set_ylabel(words)
        row[0].set_title(f"{network}, {counted(ends.run.nunique(), 'run')}", loc="left")
        for axes in row:
            axes.set_xlabel("learning rate")
    single = grey("a run", marker="o", markersize=3, alpha=0.5)
    start = grey("before training", linestyle="--", linewidth=0.8, color="0.5")
    legend(figure, RULE_STYLES, single, start)
    return figure


@themed
def figure_3(summary: pd.DataFrame) -> Figure:
    """Draw the paper's measure by rate: the mean error of the runs that improved (Figure 3).

    A panel a network. Open marks: some runs were discarded, as they did not improve; where all were
    there is none. The rates of a single run are not joined.

    Args:
        summary: the rows of the sweeps' summaries, with a column ``network``.
    """
    figure, panels = _panels(list(dict.fromkeys(summary.network)), 2)
    for network, axes in panels.items():
        rows = summary[(summary.network == network) & (summary.improved > 0)]
        rows = rows.assign(error=lifted(rows.mean_error_of_improved))
        runs = int(summary.runs[summary.network == network].max())
        for rule, style in RULE_STYLES.items():
            of_rule = rows[rows.rule == rule]
            line: dict[str, Any] = style | ({"linestyle": ""} if runs == 1 else {})
            axes.plot(of_rule.learning_rate, of_rule.error, **line)
            some = of_rule[of_rule.discarded > 0]
            hollow: dict[str, Any] = style | {"linestyle": "", "markerfacecolor": "white"}
            axes.plot(some.learning_rate, some.error, **hollow)
        axes.set(title=f"{network}, {counted(runs, 'run')}")
        axes.set(xlabel="learning rate", ylabel="mean error, improved runs")
        if rows.empty:  # of which a logarithmic axis can show nothing
            axes.set(xticks=[], yticks=[])
            axes.text(0.5, 0.5, "no run improved", ha="center", transform=axes.transAxes)
        else:
            axes.set(xscale="log", yscale="log")
            plain(axes.xaxis)
    discarded = grey("some runs discarded", marker="o", markerfacecolor="white")
    legend(figure, RULE_STYLES, discarded)
    return figure


@themed
def figure_4(rows: pd.DataFrame) -> Figure:
    """Draw the error during training at several rates, both rules in a panel (Figure 4).

    Of the rates at which no run of either rule diverged the lowest, the middle and the highest.
    Lines are medians over runs, bands reach from the lowest to the highest.

    Args:
        rows: the logged rows of the sweeps, with a column ``network``.
    """
    chosen = {}
    for network, of_network in rows.groupby("network", sort=False):
        lost = of_network.groupby("learning_rate").diverged.any()
        rates = lost.index[~lost]
        for place in sorted({0, len(rates) // 2, len(rates) - 1} if len(rates) else set()):
            chosen[f"{network}, rate {rates[place]:g}"] = of_network[
                of_network.learning_rate == rates[place]
            ]
    figure, panels = _panels(list(chosen), _MOST, sharey=True)
    for name, axes in panels.items():
        table = chosen[name].assign(absolute_error=lifted(chosen[name].absolute_error))
        lines(axes, table, "step", "absolute_error", markers=False)
        axes.set(yscale="log", title=name, xlabel="step", ylabel=_ERROR)
        axes.label_outer(remove_inner_ticks=False)
    legend(figure, RULE_STYLES)
    return figure


def _panels(names: list[str], columns: int, sharey: bool = False) -> tuple[Figure, dict[str, Axes]]:
    """Return a figure with a panel a name, as many beside each other as there are columns."""
    count = max(1, -(-len(names) // columns))
    figure = Figure(figsize=(WIDTH, 2.0 * count + 0.5), layout="constrained")
    grid = figure.subplots(count, columns, squeeze=False, sharey=sharey)
    for spare in grid.flat[max(1, len(names)) :]:  # an empty one stays where there are no names
        spare.remove()
    return figure, dict(zip(names, grid.flat, strict=False))


def _draw_by_rate(axes: Axes, ends: pd.DataFrame, value: str, start: str) -> None:
    if start:
        axes.axhline(ends[start].median(), color="0.5", linewidth=0.8, linestyle="--", zorder=1)
    axes.set_xscale("log")
    table = ends.assign(**{value: with_lost(axes, ends[value])})
    dots(axes, table, "learning_rate", value, alpha=0.45)
    lines(axes, table, "learning_rate", value, errorbar=None)
    plain(axes.xaxis)
    if table[value].max() < 10 * table[value].min():
        plain(axes.yaxis)
