"""What a sweep comes to at every learning rate (Figure 3), under every reading of the scale."""

from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import NullFormatter

from idem.figures.style import CROSS, RULE_STYLES, counted, cross, lifted, plain, say

_COMMON = "0.92"  # of the labels that both rules have


_LABELS = {  # what a lane that ran at the matched rate r is labelled, for width n
    "sum": "r / 2",
    "mean": "r n / 2",
    "matched": "r, as it was run",
    "mean against bare": "modified r, ordinary r n / 2",
}


def figure_3(summary: pd.DataFrame, error_floor: float) -> Figure:
    """Draw the final error, and what is left of the map, against the learning rate (Figure 3).

    A column a network. Its first panel is the paper's: the mean of the runs that improved, open
    where some were discarded, with their number, and a cross at the top where all were; the band is
    the bootstrap interval of the mean of all runs. The second is the geometric mean of all runs
    with its interval, and a cross where a run diverged. The third and fourth show whether it is a
    constant map that is so idempotent: the spread of its outputs and the rank of its Jacobian.

    Args:
        summary: the rows of the sweeps' summaries, with a column ``network``.
        error_floor: as what errors below it count in the geometric mean.
    """
    networks = list(dict.fromkeys(summary.network))
    figure = Figure(figsize=(3.1 * len(networks) + 0.4, 10.4), layout="constrained")
    axes = figure.subplots(4, len(networks), sharex="col", squeeze=False)
    for column, network in zip(axes.T, networks, strict=True):
        rows = summary[summary.network == network]
        _draw_mean_of_improved(column[0], rows)
        _draw_by_rate(column[1], rows, "geometric_mean_error", "a run diverged at every rate")
        _draw_by_rate(column[2], rows, "median_output_spread", "not measured")
        _draw_by_rate(column[3], rows, "median_jacobian_rank", "not measured")
        column[0].set_title(f"{network}, {counted(int(rows.runs.max()), 'run')}")
        for axis in column:
            _tick_rates(axis, rows.learning_rate)
            axis.tick_params(axis="x", labelbottom=axis is column[-1])
        plain(column[3].yaxis)
        column[-1].set_xlabel("learning rate (matched scale)")
    for axis, label in zip(
        axes[:, 0],
        (
            "mean error, improved runs\n(mean |f(f(x)) − f(x)|)",
            f"geometric mean error,\nall runs (at least $10^{{{np.log10(error_floor):.0f}}}$ each)",
            "output spread, median\n(rms of f(x) − mean f(x))",
            "effective rank, median\n(of the Jacobian at f(x))",
        ),
        strict=True,
    ):
        axis.set_ylabel(label)
    handles = _rate_legend("no run improved; second row: one diverged; below: all did")
    figure.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False)
    return figure


def figure_scales(readings: pd.DataFrame) -> Figure:
    """Show what a learning rate means under every reading of the scale the paper leaves open.

    A row a network, a column a reading. All columns are the same lanes with other labels, none is
    run twice: the mean error of improved runs as in Figure 3. Only where a reading scales the rules
    differently do the curves move against each other; grey then are the labels both rules have.

    Args:
        readings: summaries of the sweeps, with columns ``network``, ``width`` (its n), ``reading``,
            and the rates as that reading labels them.
    """
    networks, names = (list(dict.fromkeys(readings[key])) for key in ("network", "reading"))
    figure = Figure(figsize=(3 * len(names) + 0.4, 2.7 * len(networks) + 0.8), layout="constrained")
    axes = figure.subplots(len(networks), len(names), sharey="row", squeeze=False)
    for (network, name), axis in zip(product(networks, names), axes.flat, strict=True):
        rows = readings[(readings.network == network) & (readings.reading == name)]
        _draw_mean_of_improved(axis, rows)
        _shade_common_rates(axis, rows)
        axis.set_title(f"{network} (n = {rows.width.iloc[0]}), {name}", fontsize="medium")
        if rows.groupby("rule").learning_rate.min().nunique() == 1:
            _tick_rates(axis, rows.learning_rate)
        else:
            axis.xaxis.set_minor_formatter(NullFormatter())
    for line in axes:
        line[0].set_ylabel("mean error, improved runs\n(mean |f(f(x)) − f(x)|)")
    for axis, name in zip(axes[-1], names, strict=True):
        axis.set_xlabel(f"learning rate: {_LABELS[name]}")
    common = Patch(color=_COMMON, label="labels that both rules have")
    handles = [*_rate_legend("no run improved"), common]
    figure.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False)
    return figure


def _draw_mean_of_improved(axes: Axes, rows: pd.DataFrame) -> None:
    """Draw the paper's mean with the interval over all runs, and what the paper discards."""
    limits = "mean_error_low", "mean_error_high"
    _draw_by_rate(axes, rows, "mean_error_of_improved", "no run improved", limits)
    some = rows[(rows.discarded > 0) & (rows.improved > 0)]
    for row in some.itertuples():
        style = RULE_STYLES[str(row.rule)] | {"markerfacecolor": "white", "zorder": 4}
        point: Any = row.learning_rate, row.mean_error_of_improved
        axes.plot(*point, **style)
        lift = -12 if row.rule == "modified" else 5
        place = {"textcoords": "offset points", "xytext": (0, lift), "ha": "center"}
        axes.annotate(f"−{row.discarded}", point, fontsize="x-small", **place)


def _draw_by_rate(
    axes: Axes,
    rows: pd.DataFrame,
    value: str,
    nothing: str,
    limits: tuple[str, str] | None = None,
) -> None:
    """Draw a column of a summary against the rate.

    Where it has no finite value because of the runs there, there is a cross at the top. A rule that
    has none at any rate is named, with `nothing` or that all diverged, in words.
    """
    low, high = limits or (f"{value}_low", f"{value}_high")
    words = []
    for rule, style in RULE_STYLES.items():
        of_rule = rows[rows.rule == rule].sort_values("learning_rate")
        there = np.isfinite(of_rule[value])
        if low in of_rule:
            band = of_rule.learning_rate, lifted(of_rule[low]), lifted(of_rule[high])
            axes.fill_between(*band, color=style["color"], alpha=0.18, linewidth=0)
        curve = lifted(of_rule[value].where(there))
        axes.plot(of_rule.learning_rate, curve, label=rule, **style)
        height = 0.96 if rule == "modified" else 0.90  # of the panel: both may lack one rate
        cross(axes, of_rule.learning_rate[~there & (of_rule.discarded > 0)], height, rule)
        if not there.any():
            all_diverged = (of_rule.diverged == of_rule.runs).all()
            words.append(f"{rule}: {'all runs diverged' if all_diverged else nothing}")
    axes.set_xscale("log")
    say(axes, words)
    if len(words) < len(RULE_STYLES):
        axes.set_yscale("log")
        axes.margins(y=0.22)
    else:
        axes.set(yticks=[], ylim=(0, 1))


def _rate_legend(meaning_of_cross: str) -> list[Artist]:
    """Return the legend of Figure 3 and of its views."""
    grey: dict[str, Any] = {"color": "0.45", "linestyle": "", "marker": "o", "markersize": 4}
    white: dict[str, Any] = grey | {"markerfacecolor": "white"}
    rules = [Line2D([], [], label=rule, **style) for rule, style in RULE_STYLES.items()]
    hollow = Line2D([], [], label="−k: k runs discarded", **white)
    cross = Line2D([], [], label=meaning_of_cross, **grey | CROSS)
    band = Patch(color="0.45", alpha=0.3, label="bootstrap interval over all runs")
    return [*rules, band, hollow, cross]


def _tick_rates(axes: Axes, rates: pd.Series) -> None:
    """Name every rate that was run, but for those too near their neighbour to be read."""
    values = np.sort(rates.unique())
    apart = max(np.log(values[-1] / values[0]) / 24, 1e-9)
    named = [values[-1]]
    for value in values[-2::-1]:
        named += [value] if np.log(named[-1] / value) > apart else []
    named.reverse()
    size = "small" if len(named) > 10 else "medium"
    axes.set_xticks(named, labels=[f"{rate:.3g}" for rate in named], rotation=90, fontsize=size)
    axes.tick_params(axis="x", which="minor", bottom=False, labelbottom=False)


def _shade_common_rates(axes: Axes, rows: pd.DataFrame) -> None:
    """Shade the labels that both rules have, where they have not all in common."""
    ends = rows.groupby("rule").learning_rate.agg(["min", "max"])
    low, high = ends["min"].max(), ends["max"].min()
    if low > high:
        say(axes, ["no label in common"])
    elif len(ends.drop_duplicates()) > 1:
        axes.axvspan(low, high, color=_COMMON, zorder=0)
