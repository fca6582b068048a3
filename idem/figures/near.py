"""Which rule perfects a map that is almost idempotent, at which rates."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from idem.figures import style

_COLUMNS = 3


@style.themed
def figure_near(table: pd.DataFrame, compared: pd.DataFrame) -> Figure:
    """Draw the relative error on new inputs by rate, a panel a case, and the rules' ratio.

    Marks are medians over all runs, those that diverged as the worst. Dotted lines in the colour of
    a rule: the largest stable rate that theory predicts at the start. In the last panel each rule
    is at its best rate; lines across are intervals over runs.

    Args:
        table: columns ``case``, ``rule``, ``learning_rate``, ``runs``, ``start`` (the error before
            training) and ``relative_error``, infinite if most runs diverged.
        compared: a row a case: ``case``, ``steps``, ``log10_ratio`` (modified / ordinary), ``low``
            and ``high``, and ``edge_modified`` and ``edge_ordinary``, NaN where nothing is
            predicted.
    """
    shared = compared.set_index("case").loc[list(dict.fromkeys(table.case))]
    rows = -(-(len(shared) + 1) // _COLUMNS)
    figure = Figure(figsize=(style.WIDTH, 2.0 * rows + 0.5), layout="constrained")
    spec = figure.add_gridspec(rows, _COLUMNS)
    above: Axes | None = None
    for number, case in enumerate(shared.index):
        above = figure.add_subplot(spec[divmod(number, _COLUMNS)], sharey=above)
        shown = table.assign(shown=style.with_lost(above, table.relative_error))
        _draw_case(above, shown[table.case == case], shared.loc[case])
        above.set(xlabel="learning rate", ylabel="relative error, new inputs")
        if number % _COLUMNS:
            above.tick_params(labelleft=False)
            above.set_ylabel("")
    row, column = divmod(len(shared), _COLUMNS)
    _draw_ratios(figure.add_subplot(spec[row, column:]), shared)
    start = style.grey("before training", linestyle="--", linewidth=0.8, color="0.5")
    edge = style.grey("predicted edge of stability", linestyle=":", linewidth=1.2)
    style.legend(figure, style.RULE_STYLES, start, edge)
    return figure


def _draw_case(axes: Axes, rows: pd.DataFrame, predicted: pd.Series) -> None:
    axes.axhline(rows.start.iloc[0], color="0.5", linewidth=0.8, linestyle="--", zorder=1)
    for rule, look in style.RULE_STYLES.items():
        if np.isfinite(edge := float(predicted[f"edge_{rule}"])):
            axes.axvline(edge, color=look["color"], linewidth=1.2, linestyle=":", zorder=1)
    style.logarithmic(axes, "x")
    rates = sorted(rows.learning_rate.unique())[::2]
    axes.set_xticks(rates, [f"{rate:g}" for rate in rates])
    axes.tick_params(axis="x", which="minor", labelbottom=False)
    style.lines(axes, rows, "learning_rate", "shown", errorbar=None)
    name, runs = case_name(str(rows.case.iloc[0])), style.counted(int(rows.runs.min()), "run")
    axes.set_title(f"{name}: {predicted.steps:.0f} steps, {runs}")


def _draw_ratios(axes: Axes, shared: pd.DataFrame) -> None:
    ratios = 10 ** shared[["low", "log10_ratio", "high"]].astype(float)
    axes.axvline(1, color="0.5", linewidth=0.8, zorder=1)
    names = [case_name(str(case)) for case in shared.index]
    axes.hlines(names, ratios.low, ratios.high, color="black", linewidth=1.2)
    axes.plot(ratios.log10_ratio, names, linestyle="", marker="|", markersize=8, color="black")
    style.logarithmic(axes, "x")
    axes.set(ylim=(len(names) - 0.5, -0.5), title="each at its best rate")
    axes.set_xlabel("relative error, modified / ordinary")


def case_name(case: str) -> str:
    """Return a case as ``n = 100, Adam``."""
    size, *others = case.replace("adam", "Adam").split("_")
    return ", ".join([f"n = {size.removeprefix('n')}", *([" ".join(others)] if others else [])])
