"""The largest stable learning rate, measured and predicted."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from idem.figures.style import BLUE, RULE_STYLES

_EDGE_LINES: dict[str, tuple[str, Any, float, str]] = {  # colour, dashes, width, meaning
    "paper": ("0.55", "-", 3, "the paper: nothing improves above (Figure 3)"),
    "marchenko_pastur": (BLUE, ":", 1.5, r"one linear layer, one batch: $2/(1+\sqrt{n/B})^2$"),
    "one_layer_fresh": (BLUE, "--", 1.2, r"one linear layer, fresh batches: $2/(1+(n+1)/B)$"),
}


_EDGE_MARKERS: dict[str, tuple[str, str]] = {
    "edge_from_curvature": ("v", "curvature, one batch"),
    "edge_fresh_batches": ("D", "curvature, fresh batches"),
}


def figure_stability(stability: pd.DataFrame) -> Figure:
    """Draw the largest stable rate of every network and rule, measured beside the predicted edges.

    A bar from the largest rate found stable to the lowest found unstable, in the colour of the
    rule; left of it what the curvature predicts, at the start and later in a training; across, what
    the covariance of the data alone predicts, and the paper's largest improving rate.

    Args:
        stability: columns network, rule, steps_before, edge_from_curvature, edge_fresh_batches,
            marchenko_pastur, one_layer_fresh, largest_stable_rate, lowest_unstable_rate and paper;
            a row a network, rule and place. Missing edges are left out.
    """
    networks = list(dict.fromkeys(stability.network))
    figure = Figure(figsize=(2 + 1.9 * len(networks), 5.2), layout="constrained")
    axes = figure.subplots()
    edges = stability[["edge_from_curvature", "edge_fresh_batches", "lowest_unstable_rate"]]
    top = 2 * float(edges.where(np.isfinite(edges)).max().max())
    for centre, network in enumerate(networks):
        rows = stability[stability.network == network]
        for name, (color, dashes, width, _) in _EDGE_LINES.items():
            if np.isfinite(value := float(rows[name].iloc[0])):
                ends = [centre - 0.45, centre + 0.45]
                axes.plot(ends, [value] * 2, color=color, linestyle=dashes, linewidth=width)
        for side, rule in ((-0.2, "modified"), (0.2, "ordinary")):
            _draw_stability(axes, centre + side, rows[rows.rule == rule], rule, top)
    axes.set(yscale="log", ylim=(None, top), ylabel="learning rate (matched scale)")
    axes.set_xticks(range(len(networks)), labels=networks)
    axes.set_xlim(-0.6, len(networks) - 0.4)
    axes.grid(axis="y", color="0.92", linewidth=0.6)
    figure.legend(handles=_stability_legend(), loc="outside lower center", ncols=2, frameon=False)
    return figure


def _draw_stability(axes: Axes, x: float, rows: pd.DataFrame, rule: str, top: float) -> None:
    """Draw one rule of one network: its bracket, and the edges left of it."""
    color = RULE_STYLES[rule]["color"]
    low, high = float(rows.largest_stable_rate.iloc[0]), float(rows.lowest_unstable_rate.iloc[0])
    end = high if np.isfinite(high) else top
    place: dict[str, Any] = {"color": color, "linestyle": "", "markersize": 9}
    if low > 0:
        axes.plot([x + 0.06] * 2, [low, end], color=color, linewidth=5, solid_capstyle="butt")
        axes.plot([x + 0.06], [low], marker="_", **place)
    axes.plot([x + 0.06], [end], marker="_" if np.isfinite(high) else "^", **place)
    for name, (marker, _) in _EDGE_MARKERS.items():
        for _, row in rows[np.isfinite(rows[name])].iterrows():
            face = "white" if row.steps_before == 0 else color
            style: dict[str, Any] = {"markerfacecolor": face, "markeredgecolor": color}
            axes.plot([x - 0.06], [row[name]], marker=marker, markersize=6, **style)


def _stability_legend() -> list[Artist]:
    black: dict[str, Any] = {"color": "black", "linestyle": ""}
    return [
        *(
            Line2D([], [], color=style["color"], linewidth=5, label=f"{rule}: stable to unstable")
            for rule, style in RULE_STYLES.items()
        ),
        *(
            Line2D([], [], marker=marker, label=f"{words}, after some steps", **black)
            for marker, words in _EDGE_MARKERS.values()
        ),
        Line2D([], [], marker="v", markerfacecolor="white", label="open: at the start", **black),
        *(
            Line2D([], [], color=color, linestyle=dashes, linewidth=width, label=words)
            for color, dashes, width, words in _EDGE_LINES.values()
        ),
    ]
