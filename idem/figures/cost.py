"""The cost of a training step by depth."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from idem.figures.style import RULE_STYLES


def figure_cost(cost: pd.DataFrame) -> Figure:
    """Draw what a training step of either rule costs against depth, beside linear growth.

    Three panels: operations, the same in forward passes of the network (markers counted, lines
    exact), and bytes saved for the backward pass. Open markers are the narrowest networks, filled
    ones the others. For the narrowest, dotted lines show the operations, at least one a path and
    item, if the gradient were multiplied out.

    Args:
        cost: columns rule, width, depth, batch_size, flops, forward_equivalents, exact,
            saved_bytes and log10_expanded_paths.
    """
    figure = Figure(figsize=(11, 4.6), layout="constrained")
    work, passes, memory = figure.subplots(1, 3)
    narrowest = cost[cost.width == cost.width.min()]
    for (rule, width), rows in cost.groupby(["rule", "width"], sort=False):
        narrow = width == cost.width.min()
        style = RULE_STYLES[str(rule)] | {"markersize": 6}
        style |= {"markerfacecolor": "white"} if narrow else {}
        work.plot(rows.depth, rows.flops / 1e9, label=f"{rule}, width {width}", **style)
        memory.plot(rows.depth, rows.saved_bytes / 1e6, **style)
        passes.plot(rows.depth, rows.exact, **style | {"marker": ""})
        style |= {"linestyle": "", "markersize": 10 if narrow else 5}
        passes.plot(rows.depth, rows.forward_equivalents, **style)
    for rule, rows in narrowest.groupby("rule", sort=False):
        paths = rows.batch_size * 10.0**rows.log10_expanded_paths
        style = RULE_STYLES[str(rule)] | {"linestyle": ":", "marker": ""}
        label = f"{rule}, width {cost.width.min()}, at least, if multiplied out"
        work.plot(rows.depth, paths / 1e9, label=label, **style)
    _draw_linear(work, cost, cost.flops / 1e9)
    _draw_linear(memory, cost, cost.saved_bytes / 1e6)
    low, high = cost.flops.min() / 1e9, cost.flops.max() / 1e9
    work.set(yscale="log", ylim=(low / 30, high * 30), title="operations")
    work.set_ylabel("GFLOP of matrix products per step")
    passes.set(ylim=(0, 6.9), title="operations, relative")
    passes.set_ylabel("forward passes of the same network per step")
    memory.set(yscale="log", title="memory", ylabel="MB saved for the backward pass")
    depths = sorted(cost.depth.unique())
    for axes in (work, passes, memory):
        axes.set(xscale="log", xlabel="depth (layers)")
        axes.set_xticks(depths, labels=[f"{depth}" for depth in depths])
        axes.tick_params(axis="x", which="minor", bottom=False, labelbottom=False)
        axes.grid(color="0.92", linewidth=0.6)
    figure.legend(loc="outside lower center", ncols=3, frameon=False, handlelength=3.5)
    return figure


def _draw_linear(axes: Axes, cost: pd.DataFrame, values: pd.Series) -> None:
    """Draw a line of slope one between the curves of the narrowest and the widest networks."""
    depths = np.array([cost.depth.min(), cost.depth.max()])
    shallowest = values[cost.depth == depths[0]]
    line = np.sqrt(shallowest.min() * shallowest.max()) * depths / depths[0]
    axes.plot(depths, line, color="0.6", linewidth=1)
    place: dict[str, Any] = {"ha": "center", "va": "center", "color": "0.4", "fontsize": "small"}
    middle = np.sqrt(depths.prod()), np.sqrt(line.prod())
    axes.text(*middle, "linear in depth", **place, bbox={"color": "white", "pad": 1})
