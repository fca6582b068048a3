"""What a training step costs by depth, and what either rule makes of what it may cost."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from idem.figures.style import (
    RULE_STYLES,
    WIDTH,
    counted,
    grey,
    legend,
    lines,
    plain,
    themed,
    with_lost,
)

_ERROR = "mean |f(f(x)) − f(x)|"


@themed
def figure_cost(cost: pd.DataFrame, training: pd.DataFrame) -> Figure:
    """Draw operations and memory of a step against depth, and the error against operations.

    Lines are exact, marks counted. In the panels of the networks each rule is at its own best rate:
    thick the median over all runs, those that diverged as the worst, thin single runs.

    Args:
        cost: columns rule, width, depth, forward_equivalents, exact and saved_bytes.
        training: columns ``network``, ``rule``, ``run``, ``forward_equivalents`` and
            ``absolute_error``, infinite once the run diverged.
    """
    networks = list(dict.fromkeys(training.network))
    figure = Figure(figsize=(WIDTH, 4.6), layout="constrained")
    grid = figure.subplots(2, max(2, len(networks)))
    work, memory = grid[0, :2]
    lines(work, cost, "depth", "exact", errorbar=None, markers=False)
    for axes, column in ((work, "forward_equivalents"), (memory, "megabytes")):
        table = cost.assign(megabytes=cost.saved_bytes / 1e6)
        width: dict[str, Any] = {"units": "width", "estimator": None, "errorbar": None}
        if axes is work:
            width["linewidth"] = 0
        lines(axes, table, "depth", column, **width)
        axes.set(xscale="log", xlabel="depth (layers)")
        axes.set_xticks(sorted(cost.depth.unique()))
        axes.xaxis.set_minor_locator(NullLocator())
        plain(axes.xaxis)
    work.set(
        ylim=(0, 6.9),
        ylabel="forward passes a step",
        title="operations: linear in depth",
    )
    memory.set(yscale="log", ylabel="MB saved for backward", title="memory")
    _name_widths(memory, cost.assign(megabytes=cost.saved_bytes / 1e6))
    for axes, network in zip(grid[1], networks, strict=False):
        _draw_training(axes, training[training.network == network], "forward_equivalents")
        axes.set_xlabel("operations so far, in forward passes")
    for spare in (*grid[0, 2:], *grid[1, len(networks) :]):
        spare.remove()
    grid[1, 0].set_ylabel(_ERROR)
    legend(
        figure,
        RULE_STYLES,
        grey("counted", marker="o"),
        grey("exact", linestyle="-"),
        grey("a run", linestyle="-", linewidth=0.5),
    )
    return figure


@themed
def figure_wall_time(training: pd.DataFrame) -> Figure:
    """Draw the error of each rule at its best rate against the seconds of its training.

    Args:
        training: columns ``network``, ``rule``, ``learning_rate``, ``run``, ``step``, ``seconds``
            and ``absolute_error``, infinite once the run diverged.
    """
    networks = list(dict.fromkeys(training.network))
    figure = Figure(figsize=(WIDTH, 2.6), layout="constrained")
    panels = figure.subplots(1, len(networks), squeeze=False)[0]
    for axes, network in zip(panels, networks, strict=True):
        _draw_training(axes, training[training.network == network], "seconds")
        axes.set_xlabel("seconds (one core)")
    panels[0].set_ylabel(_ERROR)
    legend(figure, RULE_STYLES)
    return figure


def _name_widths(axes: Axes, cost: pd.DataFrame) -> None:
    shallowest = cost[(cost.depth == cost.depth.min()) & (cost.rule == "modified")]
    for width, height in zip(shallowest.width, shallowest.megabytes, strict=True):
        shift: dict[str, Any] = {"textcoords": "offset points", "xytext": (22, -2), "fontsize": 7}
        axes.annotate(f"width {width}", (shallowest.depth.min(), height), **shift)


def _draw_training(axes: Axes, training: pd.DataFrame, along: str) -> None:
    """Draw runs and their medians by step, along the median of a column of `training`."""
    places = training.groupby(["rule", "step"])[along].transform("median")
    table = training.assign(absolute_error=with_lost(axes, training.absolute_error), place=places)
    single: dict[str, Any] = {
        "units": "run",
        "estimator": None,
        "markers": False,
        "linewidth": 0.5,
        "alpha": 0.5,
    }
    lines(axes, table, "place", "absolute_error", errorbar=None, **single)
    lines(axes, table, "place", "absolute_error", errorbar=None, linewidth=1.8, markevery=0.15)
    rates = training.groupby("rule").learning_rate.first()
    words = ", ".join(f"{rule} {rate:g}" for rule, rate in rates.items())
    runs = counted(training.run.nunique(), "run")
    axes.set_title(f"{training.network.iloc[0]}, {runs}; best rates: {words}")
