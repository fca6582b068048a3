"""The largest stable learning rate, measured and predicted."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from idem.figures.style import RULE_STYLES, WIDTH, grey, legend, plain, themed

_LINES: dict[str, tuple[dict[str, Any], str]] = {
    "paper": ({"color": "0.6", "linestyle": "-", "linewidth": 2.5}, "the paper, Figure 3"),
    "marchenko_pastur": ({"color": "0", "linestyle": ":"}, r"one layer, one batch"),
    "one_layer_fresh": ({"color": "0", "linestyle": "--"}, r"one layer, fresh batches"),
}
_PREDICTED = {"edge_from_curvature": "one batch", "edge_fresh_batches": "fresh batches"}


@themed
def figure_stability(stability: pd.DataFrame) -> Figure:
    """Draw the largest stable rate of every network and rule beside what predicts it.

    A panel a network, all on one axis of rates. Bands in the colour of a rule reach from the
    largest rate found stable to the lowest found unstable. Marks are what the curvature predicts,
    by the steps of training before it was taken; lines what the covariance of the data alone
    predicts for one linear layer, and the paper's largest improving rate.

    Args:
        stability: columns network, rule, steps_before, edge_from_curvature, edge_fresh_batches,
            marchenko_pastur, one_layer_fresh, largest_stable_rate, lowest_unstable_rate and paper;
            a row a network, rule and place. Missing edges are left out.
    """
    networks = list(dict.fromkeys(stability.network))
    figure = Figure(figsize=(WIDTH, 2.9), layout="constrained")
    panels = figure.subplots(1, len(networks), sharey=True, squeeze=False)[0]
    for axes, network in zip(panels, networks, strict=True):
        rows = stability[stability.network == network]
        for name, (style, _) in _LINES.items():
            if np.isfinite(value := float(rows[name].iloc[0])):
                axes.axhline(value, **style)
        for side, rule in ((-0.1, "modified"), (0.1, "ordinary")):
            _draw_rule(axes, rows[rows.rule == rule], rule, side)
        steps = sorted(rows.steps_before.unique())
        axes.set_xticks(range(len(steps)), [str(step) for step in steps])
        axes.set(xlim=(-0.5, len(steps) - 0.5), title=network, xlabel="steps before")
    panels[0].set(yscale="log", ylabel="learning rate")
    plain(panels[0].yaxis)
    more: list[Artist] = [grey(words, **style) for style, words in _LINES.values()]
    more += [Patch(color="0.6", alpha=0.5, label="measured: stable to unstable")]
    more += [
        grey(f"curvature, {words}", marker="o", markerfacecolor=face)
        for words, face in zip(_PREDICTED.values(), ("0.35", "white"), strict=True)
    ]
    legend(figure, RULE_STYLES, *more, columns=3)
    return figure


def _draw_rule(axes: Axes, rows: pd.DataFrame, rule: str, side: float) -> None:
    low, high = float(rows.largest_stable_rate.iloc[0]), float(rows.lowest_unstable_rate.iloc[0])
    style = RULE_STYLES[rule]
    if low > 0:
        end = high if np.isfinite(high) else 2 * low
        axes.axhspan(low, end, color=style["color"], alpha=0.3, linewidth=0)
    steps = sorted(rows.steps_before.unique())
    places = np.array([steps.index(step) for step in rows.steps_before]) + side
    for name, face in zip(_PREDICTED, (style["color"], "white"), strict=True):
        mark: dict[str, Any] = style | {"linestyle": "", "markerfacecolor": face}
        mark |= {"markersize": 5 if face == "white" else 3}
        axes.plot(places, rows[name], zorder=3 if face == "white" else 4, **mark)
