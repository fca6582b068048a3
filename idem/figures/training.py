"""The error during training: at every rate (Figure 4), and of the rules on equal terms."""

from itertools import cycle
from typing import Any

import numpy as np
import pandas as pd
import seaborn
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from idem.figures.style import CROSS, RULE_STYLES, counted, cross, lifted, plain, say, shown

_LEGEND_LINES = 12  # of rates under each other


def figure_4(rows: pd.DataFrame) -> Figure:
    """Draw the mean error during training, a curve a learning rate, a column a rule (Figure 4).

    Args:
        rows: the logged rows of the sweeps, with a column ``network``. A curve ends, with a cross,
            where its first run diverged.
    """
    networks = list(dict.fromkeys(rows.network))
    most = max(of_one.learning_rate.nunique() for _, of_one in rows.groupby("network"))
    size = (7.3 + 1.2 * -(-most // _LEGEND_LINES), 3.2 * len(networks))
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots(len(networks), 2, sharex="row", sharey="row", squeeze=False)
    for pair, network in zip(axes, networks, strict=True):
        of_network = rows[rows.network == network]
        for axis, rule in zip(pair, RULE_STYLES, strict=True):
            _draw_training(axis, of_network[of_network.rule == rule], of_network)
            axis.set(title=f"{network}, {rule}", yscale="log", xlabel="step")
        pair[0].set_ylabel("mean |f(f(x)) − f(x)|")
        pair[1].legend(
            title="learning rate\n(matched scale)\n× a run diverged",
            loc="center left",
            bbox_to_anchor=(1, 0.5),
            frameon=False,
            ncols=-(-of_network.learning_rate.nunique() // _LEGEND_LINES),
            fontsize="small",
            title_fontsize="small",
            handlelength=2.6,
        )
    return figure


def figure_fair(training: pd.DataFrame, lanes: pd.DataFrame) -> Figure:
    """Compare the rules at their best rates, at equal compute, and at equal first updates.

    A row a network, and in it three panels: the error during training of each rule at its own best
    rate, by step; the same by what the steps cost, up to a vertical line that the cheaper rule does
    not pass; and the final error of all lanes by the norm of their first update. Thick: the median
    of all runs, ending where half of them have diverged; thin, or small: single runs.

    Seconds are no part of this figure, as they differ on every machine: `figure_wall_time`.

    Args:
        training: columns ``network``, ``rule``, ``learning_rate``, ``run``, ``step``,
            ``forward_equivalents`` and ``absolute_error``, infinite once a run diverged.
        lanes: one row a lane: ``network``, ``rule``, ``learning_rate``, ``first_update_norm``,
            ``absolute_error`` at the end, infinite if the lane diverged, and ``initial_error``.

    A best rate at an end of the grid has ≥ or ≤ before it: a better one may lie beyond.
    """
    networks = list(dict.fromkeys(training.network))
    figure = Figure(figsize=(11.5, 3.1 * len(networks) + 0.6), layout="constrained")
    axes = figure.subplots(len(networks), 3, sharey="row", squeeze=False)
    for line, network in zip(axes, networks, strict=True):
        of_network, ends = (table[table.network == network] for table in (training, lanes))
        _draw_at_best(line[0], of_network, "step")
        _draw_at_best(line[1], of_network, "forward_equivalents")
        _draw_by_norm(line[2], ends)
        if np.isfinite(of_network.groupby(["rule", "step"]).absolute_error.median()).all():
            cost = of_network.groupby("rule").forward_equivalents.max().min()
            line[1].axvline(cost, color="0.6", linestyle=":", linewidth=1)
        rates = _best_rates(of_network, ends.learning_rate)
        line[0].set_title(f"{network}, best rates: {rates}", fontsize="medium")
        line[1].set_title(f"{network}, the same at equal compute", fontsize="medium")
        line[2].set_title(f"{network}, all rates, by update", fontsize="medium")
        line[0].set_ylabel("mean |f(f(x)) − f(x)|")
    for axis, label in zip(
        axes[-1],
        ("step", "cost in forward passes", "norm of the first update (all weights and biases)"),
        strict=True,
    ):
        axis.set_xlabel(label)
    figure.legend(handles=_fair_legend(), loc="outside lower center", ncols=4, frameon=False)
    return figure


def figure_wall_time(training: pd.DataFrame) -> Figure:
    """Draw the error of each rule at its best rate against the seconds of its training.

    Args:
        training: as for `figure_fair`, with a column ``seconds``.
    """
    networks = list(dict.fromkeys(training.network))
    figure = Figure(figsize=(3.1 * len(networks), 3.6), layout="constrained")
    panels = figure.subplots(1, len(networks), squeeze=False)[0]
    for axis, network in zip(panels, networks, strict=True):
        of_network = training[training.network == network]
        _draw_at_best(axis, of_network, "seconds")
        rates = of_network.groupby("rule").learning_rate.first()
        words = ", ".join(f"{rule} {rate:g}" for rule, rate in rates.items())
        axis.set_title(
            f"{network}, {counted(of_network.run.nunique(), 'run')}\n{words}", fontsize="medium"
        )
        axis.set_xlabel("seconds (one core)")
    panels[0].set_ylabel("mean |f(f(x)) − f(x)|")
    handles = _fair_legend()[: len(RULE_STYLES) + 1]
    figure.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False)
    return figure


def _draw_training(axis: Axes, rows: pd.DataFrame, of_both: pd.DataFrame) -> None:
    """Draw one rule, with the colours and dashes that a rate has for both."""
    rates = sorted(of_both.learning_rate.unique())
    colors = seaborn.color_palette("viridis", len(rates))
    for rate, color, dash in zip(rates, colors, cycle(("-", "--", "-.", ":")), strict=False):
        lanes = rows[rows.learning_rate == rate].groupby("step")
        lost = lanes.diverged.any().cummax()
        mean = lifted(lanes.absolute_error.mean()[~lost])
        axis.plot(mean.index, mean, color=color, linestyle=dash, label=f"{rate:g}")
        if lost.any() and len(mean):
            axis.plot(mean.index[-1:], mean[-1:], color=color, clip_on=False, **CROSS)
    if len(rows) and rows[rows.diverged].learning_rate.nunique() == rows.learning_rate.nunique():
        say(axis, ["a run diverged at every rate"])


def _best_rates(training: pd.DataFrame, tried: pd.Series) -> str:
    """Name each rule's best rate; at an end of the grid a better one may lie beyond."""
    names = []
    for rule, of_rule in training.groupby("rule"):
        rate = of_rule.learning_rate.iloc[0]
        bound = "≥ " if rate == tried.max() else "≤ " if rate == tried.min() else ""
        survived = np.isfinite(of_rule.groupby("step").absolute_error.median()).all()
        names.append(f"{rule} {bound}{rate:g}" if survived else f"{rule} none")
    return ", ".join(names)


def _draw_at_best(axes: Axes, training: pd.DataFrame, along: str) -> None:
    """Draw every run, and the median of all, against a column of `training`."""
    words = []
    for rule, style in RULE_STYLES.items():
        of_rule = training[training.rule == rule]
        thin = {"color": style["color"], "linestyle": style["linestyle"], "linewidth": 0.6}
        for _, run in of_rule.groupby("run"):
            axes.plot(run[along], shown(run.absolute_error), alpha=0.4, **thin)
        median = of_rule.groupby(along).absolute_error.median()
        thick: dict[str, Any] = style | {
            "linewidth": 2,
            "markevery": max(1, len(median) // 8),
            "zorder": 4,
        }
        axes.plot(median.index, shown(median), **thick)
        if not np.isfinite(median).all():
            words.append(f"{rule}: at every rate at least half diverged")
    axes.set_yscale("log")
    say(axes, words)


def _draw_by_norm(axes: Axes, lanes: pd.DataFrame) -> None:
    """Draw the final error of every lane against its first update, and the median of each rate."""
    axes.axhline(lanes.initial_error.median(), color="0.6", linestyle="--", linewidth=1)
    words = []
    for rule, style in RULE_STYLES.items():
        of_rule = lanes[lanes.rule == rule]
        dots = style | {"linestyle": "", "markersize": 2.5, "alpha": 0.5}
        axes.plot(of_rule.first_update_norm, shown(of_rule.absolute_error), **dots)
        medians = of_rule.groupby("learning_rate")[["first_update_norm", "absolute_error"]].median()
        axes.plot(medians.first_update_norm, shown(medians.absolute_error), **style)
        height = 0.96 if rule == "modified" else 0.90
        lost = of_rule.first_update_norm[np.isinf(of_rule.absolute_error)]
        cross(axes, lost, height, rule)
        words += [f"{rule}: all runs diverged"] * (len(lost) == len(of_rule))
    axes.set(xscale="log", yscale="log")
    axes.margins(y=0.2)
    plain(axes.xaxis)
    say(axes, words)


def _fair_legend() -> list[Artist]:
    grey: dict[str, Any] = {"color": "0.45"}
    rules = [
        Line2D([], [], label=f"{rule}: median of all runs", **style)
        for rule, style in RULE_STYLES.items()
    ]
    return [
        *rules,
        Line2D([], [], linewidth=0.6, marker="o", markersize=2.5, label="single runs", **grey),
        Line2D([], [], label="a run that diverged", **grey | CROSS),
        Line2D([], [], linestyle=":", linewidth=1, label="equal compute", **grey),
        Line2D([], [], linestyle="--", linewidth=1, label="error before training", **grey),
    ]
