"""What a training step costs by depth, and what either rule makes of what it may cost."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from idem.figures import style
from idem.figures.sweep import ERROR


@style.themed
def figure_cost(cost: pd.DataFrame, training: pd.DataFrame) -> Figure:
    """Draw operations and memory of a step against depth, and the error against operations.

    In the panels of the networks each rule is at its own best rate: thick the median over all runs,
    those that diverged as the worst, thin single runs.

    Args:
        cost: columns rule, width, depth, forward_equivalents and saved_bytes.
        training: columns ``network``, ``rule``, ``run``, ``forward_equivalents`` and
            ``absolute_error``, infinite once the run diverged.
    """
    networks = list(dict.fromkeys(training.network))
    figure = Figure(figsize=(style.WIDTH, 4.6), layout="constrained")
    grid = figure.subplots(2, max(2, len(networks)))
    work, memory = grid[0, :2]
    depths = sorted(cost.depth.unique())
    cost = cost.assign(megabytes=cost.saved_bytes / 1e6)
    work.set(ylim=(0, 6.9), ylabel="in forward passes", title="operations of a step")
    memory.set(ylabel="MB saved for backward", title="memory of a step")
    style.logarithmic(memory, "y")
    for axes, column in ((work, "forward_equivalents"), (memory, "megabytes")):
        style.logarithmic(axes, "x")
        axes.set_xlabel("depth (layers)")
        axes.set_xticks(depths, [str(depth) for depth in depths])
        axes.xaxis.set_minor_locator(NullLocator())
        style.lines(axes, cost, "depth", column, units="width", estimator=None, errorbar=None)
    for row in cost[(cost.depth == cost.depth.min()) & (cost.rule == "modified")].itertuples():
        shift: dict[str, Any] = {"textcoords": "offset points", "xytext": (22, -2), "fontsize": 7}
        memory.annotate(f"width {row.width}", (row.depth, row.megabytes), **shift)
    for axes, network in zip(grid[1], networks, strict=False):
        _draw_training(axes, training[training.network == network])
    for spare in (*grid[0, 2:], *grid[1, len(networks) :]):
        spare.remove()
    grid[1, 0].set_ylabel(ERROR)
    style.rules_legend(figure, {"a run": {"linestyle": "-", "linewidth": 0.5}})
    return figure


def _draw_training(axes: Axes, training: pd.DataFrame) -> None:
    table = training.assign(absolute_error=style.with_lost(axes, training.absolute_error))
    places: tuple[str, str] = ("forward_equivalents", "absolute_error")
    single: dict[str, Any] = {"units": "run", "estimator": None, "markers": False}
    style.lines(axes, table, *places, errorbar=None, linewidth=0.5, alpha=0.5, **single)
    style.lines(axes, table, *places, errorbar=None, linewidth=1.8, markevery=0.15)
    rates = training.groupby("rule").learning_rate.first()
    words = ", ".join(f"{rule} {rate:g}" for rule, rate in rates.items())
    runs = style.counted(training.run.nunique(), "run")
    axes.set_title(f"{training.network.iloc[0]}, {runs}; best rates: {words}")
    axes.set_xlabel("operations so far, in forward passes")
