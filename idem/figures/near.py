"""Which rule perfects a map that is almost idempotent, at which rates."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from idem.figures.style import (
    RULE_STYLES,
    WIDTH,
    counted,
    grey,
    legend,
    lines,
    themed,
    with_lost,
)

_COLUMNS = 3


@themed
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
    cases = list(dict.fromkeys(table.case))
    rows = -(-(len(cases) + 1) // _COLUMNS)
    figure = Figure(figsize=(WIDTH, 2.0 * rows + 0.5), layout="constrained")
    spec = figure.add_gridspec(rows, _COLUMNS)
    shared = compared.set_index("case")
    for number, case in enumerate(cases):
        first: dict[str, Any] = {"sharey": figure.axes[0]} if figure.axes else {}
        axes = figure.add_subplot(spec[divmod(number, _COLUMNS)], **first)
        shown = table.assign(shown=with_lost(axes, table.relative_error))
        _draw_case(axes, shown[table.case == case], shared.loc[case])
        axes.set_ylabel("relative error, new inputs" if number % _COLUMNS == 0 else "")
    row, column = divmod(len(cases), _COLUMNS)
    _draw_ratios(figure.add_subplot(spec[row, column:]), shared.loc[cases])
    start = grey("before training", linestyle="--", linewidth=0.8, color="0.5")
    edge = grey("predicted edge of stability", linestyle=":", linewidth=1.2)
    legend(figure, RULE_STYLES, start, edge)
    return figure


def _draw_case(axes: Axes, rows: pd.DataFrame, predicted: pd.Series) -> None:
    axes.axhline(rows.start.iloc[0], color="0.5", linewidth=0.8, linestyle="--", zorder=1)
    for rule, style in RULE_STYLES.items():
        if np.isfinite(edge := float(predicted[f"edge_{rule}"])):
            axes.axvline(edge, color=style["color"], linewidth=1.2, linestyle=":", zorder=1)
    lines(axes, rows, "learning_rate", "shown", errorbar=None)
    name = case_name(str(rows.case.iloc[0]))
    runs = counted(int(rows.runs.min()), "run")
    axes.set(xscale="log", title=f"{name}: {predicted.steps:.0f} steps, {runs}")
    axes.set_xlabel("learning rate")
    rates = sorted(set(rows.learning_rate))
    axes.set_xticks(rates, [f"{rate:g}" for rate in rates])
    axes.tick_params(axis="x", which="minor", labelbottom=False)


def _draw_ratios(axes: Axes, shared: pd.DataFrame) -> None:
    places = np.arange(len(shared))[::-1]
    axes.axvline(1, color="0.5", linewidth=0.8, zorder=1)
    low, middle, high = (10 ** shared[n].astype(float) for n in ("low", "log10_ratio", "high"))
    axes.hlines(places, low, high, color="black", linewidth=1.2)
    axes.plot(middle, places, linestyle="", marker="|", markersize=8, color="black")
    axes.set_yticks(places, [])
    for place, case in zip(places, shared.index, strict=True):
        where: dict[str, Any] = {
            "transform": axes.get_yaxis_transform(),
            "va": "bottom",
            "fontsize": 7,
        }
        axes.text(0.01, place + 0.08, case_name(str(case)), **where)
    axes.set(xscale="log", ylim=(-0.6, len(shared) - 0.4), title="each at its best rate")
    axes.set_xlabel("relative error, modified / ordinary")


def case_name(case: str) -> str:
    """Return a case as ``n = 100, Adam``."""
    size, *others = case.replace("adam", "Adam").split("_")
    return ", ".join([f"n = {size.removeprefix('n')}", *([" ".join(others)] if others else [])])
