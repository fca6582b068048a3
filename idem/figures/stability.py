"""The largest stable learning rate, measured and predicted."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from idem.figures.facets import facets
from idem.figures.style import RULE_STYLES, logarithmic, rules_legend, themed

_LINES: dict[str, tuple[dict[str, Any], str]] = {
    "paper": ({"color": "0.6", "linestyle": "-", "linewidth": 2.5}, "the paper, Figure 3"),
    "marchenko_pastur": ({"color": "0", "linestyle": ":"}, "one layer, one batch"),
    "one_layer_fresh": ({"color": "0", "linestyle": "--"}, "one layer, fresh batches"),
}
_PREDICTED: dict[str, tuple[dict[str, Any], str]] = {
    "edge_from_curvature": ({"fillstyle": "full", "markersize": 3}, "curvature, one batch"),
    "edge_fresh_batches": ({"fillstyle": "none", "markersize": 5}, "curvature, fresh batches"),
}


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
    names = {name: name for name in stability.network}
    figure, panels = facets(
        stability,
        ("network", names),
        xlabel="steps trained before",
        ylabel="learning rate",
        height=2.3,
        sharex=False,
    )
    for axes, rows in panels:
        logarithmic(axes, "y")
        for name, (style, _) in _LINES.items():
            if np.isfinite(value := float(rows[name].iloc[0])):
                axes.axhline(value, **style)
        steps = sorted(rows.steps_before.unique())
        for side, rule in ((-0.1, "modified"), (0.1, "ordinary")):
            own = rows[rows.rule == rule]
            _draw_rule(axes, own, own.steps_before.map(steps.index) + side, RULE_STYLES[rule])
        axes.set_xticks(range(len(steps)), [str(step) for step in steps])
        axes.set_xlim(-0.5, len(steps) - 0.5)
    more = {words: style for style, words in _LINES.values()}
    more["measured: stable to unstable"] = {"linestyle": "-", "linewidth": 6, "alpha": 0.4}
    more |= {words: {"marker": "o", **style} for style, words in _PREDICTED.values()}
    rules_legend(figure, more, columns=3)
    return figure


def _draw_rule(axes: Axes, rows: pd.DataFrame, places: pd.Series, style: dict[str, Any]) -> None:
    low, high = float(rows.largest_stable_rate.iloc[0]), float(rows.lowest_unstable_rate.iloc[0])
    if low > 0:
        end = high if np.isfinite(high) else 2 * low
        axes.axhspan(low, end, color=style["color"], alpha=0.3, linewidth=0)
    for name, (mark, _) in _PREDICTED.items():
        look: dict[str, Any] = style | {"linestyle": "", "zorder": 3} | mark
        axes.plot(places, rows[name], **look)
