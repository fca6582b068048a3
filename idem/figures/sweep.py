"""What the sweeps from default starts come to, far from idempotent maps (the paper's Figure 3)."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from idem.figures import style
from idem.figures.facets import facets

ERROR = "mean |f(f(x)) − f(x)|"
_MEASURES = {
    "absolute_error": ERROR,
    "output_spread": "spread of the outputs",
    "relative_error": "relative error (error / spread)",
}
_STARTS = {"absolute_error": "initial_error", "output_spread": "initial_spread"}
_PUBLISHED = {"marker": "x", "markersize": 3, "linestyle": "", "zorder": 3}


@style.themed
def figure_sweep(lanes: pd.DataFrame, summary: pd.DataFrame) -> Figure:
    """Draw by learning rate how low the error falls and whether f only shrinks for it.

    A row a network: the error at the end of every run; the spread of the outputs, which is near 0
    where the map has become a constant; and the one over the other, the relative error. Lines are
    medians over all runs, those that diverged as the worst; dots are single runs. Crosses are the
    paper's measure, the mean error of the runs that improved (Figure 3).

    Args:
        lanes: a row a run; columns ``network``, ``rule``, ``learning_rate``, ``run``,
            ``absolute_error`` and ``relative_error``, infinite if the run diverged, ``diverged``,
            ``output_spread``, ``initial_error`` and ``initial_spread``.
        summary: columns ``network``, ``rule``, ``learning_rate`` and ``mean_error_of_improved``,
            not a number where none improved.
    """
    lanes = lanes.assign(output_spread=lanes.output_spread.where(~lanes.diverged, np.inf))
    runs = lanes.groupby("network", sort=False).run.nunique()
    words = {network: f"{network}, {style.counted(n, 'run')}" for network, n in runs.items()}
    keys = ["network", "rule", "learning_rate", "run", *_STARTS.values()]
    table = lanes.melt(keys, list(_MEASURES), "measure")
    rows = ("network", words)
    figure, panels = facets(
        table, ("measure", _MEASURES), rows, "learning rate", sharex="row", sharey=False
    )
    for axes, part in panels:
        measure, network = part.measure.iloc[0], part.network.iloc[0]
        if start := _STARTS.get(measure):
            axes.axhline(part[start].median(), zorder=1, **style.BEFORE)
        style.logarithmic(axes, "x")
        part = part.assign(value=style.with_lost(axes, part["value"]))
        style.dots(axes, part, "learning_rate", "value", alpha=0.45)
        style.lines(axes, part, "learning_rate", "value", errorbar=None)
        for rule, look in style.RULE_STYLES.items() if measure == "absolute_error" else ():
            own = summary[(summary.network == network) & (summary.rule == rule)]
            errors = style.lifted(own.mean_error_of_improved)
            axes.plot(own.learning_rate, errors, **look | _PUBLISHED)
    more = {
        "a run": {"marker": "o", "markersize": 3, "alpha": 0.5},
        "before training": style.BEFORE,
        "mean of improved runs, as in the paper": _PUBLISHED,
    }
    style.rules_legend(figure, more, columns=3)
    return figure
