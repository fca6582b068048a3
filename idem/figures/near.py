"""Which rule improves a map that is almost idempotent, at which rates."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from idem.figures import style

_COLUMNS = 4


@style.themed
def figure_near(table: pd.DataFrame, compared: pd.DataFrame) -> Figure:
    """Draw the relative error on new inputs by rate, a panel a case, and the rules' ratio.

    Marks are medians over all runs, those that diverged as the worst. Dotted lines in the colour of
    a rule: the largest stable rate that theory predicts at the start. In the last panel each rule
    is at its best rate; lines across are 95 % intervals over runs.

    Args:
        table: columns ``case``, ``rule``, ``learning_rate``, ``runs``, ``start`` (the error before
            training) and ``relative_error``, infinite if most runs diverged.
        compared: a row a case: ``case``, ``bias`` (that layers start at), ``steps``,
            ``log10_ratio`` (modified / ordinary), ``low`` and ``high``, and ``edge_modified`` and
            ``edge_ordinary``, NaN where nothing is predicted.
    """
    shared = compared.set_index("case").loc[list(dict.fromkeys(table.case))]
    rows = -(-len(shared) // _COLUMNS)
    heights = [*[2.0] * rows, 0.2 * len(shared) + 0.4]
    figure = Figure(figsize=(style.WIDTH, sum(heights) + 0.5), layout="constrained")
    spec = figure.add_gridspec(rows + 1, _COLUMNS, height_ratios=heights)
    axes: Axes | None = None
    for number, case in enumerate(shared.index):
        axes = figure.add_subplot(spec[divmod(number, _COLUMNS)], sharey=axes)
        shown = table.assign(shown=style.with_lost(axes, table.relative_error))
        _draw_case(axes, shown[table.case == case], shared.loc[case])
        axes.set_xlabel("learning rate")
        if number % _COLUMNS:
            axes.tick_params(labelleft=False)
        else:
            axes.set_ylabel("relative error, new inputs")
    _draw_ratios(figure.add_subplot(spec[rows, :]), shared)
    edge = {"linestyle": ":", "linewidth": 1.2}
    more = {"before training": style.BEFORE, "edge of stability predicted at the start": edge}
    style.legend(figure, style.RULE_STYLES, more)
    return figure


def _draw_case(axes: Axes, rows: pd.DataFrame, predicted: pd.Series) -> None:
    axes.axhline(rows.start.iloc[0], zorder=1, **style.BEFORE)
    for rule, look in style.RULE_STYLES.items():
        if np.isfinite(edge := float(predicted[f"edge_{rule}"])):
            axes.axvline(edge, color=look["color"], linewidth=1.2, linestyle=":", zorder=1)
    style.logarithmic(axes, "x")
    rates = sorted(rows.learning_rate.unique())[::2]
    axes.set_xticks(rates, [f"{rate:g}" for rate in rates])
    axes.tick_params(axis="x", which="minor", labelbottom=False)
    style.lines(axes, rows, "learning_rate", "shown", errorbar=None)
    runs = style.counted(int(rows.runs.min()), "run")
    axes.set_title(f"{case_name(predicted)}\n{predicted.steps:.0f} steps, {runs}")


def _draw_ratios(axes: Axes, shared: pd.DataFrame) -> None:
    ratios = 10 ** shared[["low", "log10_ratio", "high"]].astype(float)
    axes.axvline(1, color="0.5", linewidth=0.8, zorder=1)
    names = [case_name(case) for _, case in shared.iterrows()]
    axes.hlines(names, ratios.low, ratios.high, color="black", linewidth=1.2)
    axes.plot(ratios.log10_ratio, names, linestyle="", marker="|", markersize=8, color="black")
    style.logarithmic(axes, "x")
    axes.set(
        ylim=(len(names) - 0.5, -0.5),
        title="each rule at the best of its rates above, 95 % intervals over runs",
    )
    axes.set_xlabel("relative error, modified / ordinary")


def case_name(case: pd.Series) -> str:
    """Return the case of a row of `figure_near`'s ``compared`` as ``n = 100, bias 4, Adam``."""
    size, _, other = str(case.name).replace("adam", "Adam").partition("_")
    words = [f"n = {size.removeprefix('n')}", f"bias {case.bias:g}"]
    return ", ".join(words if other.startswith("bias") or not other else [*words, other])
