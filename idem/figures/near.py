"""Which rule improves a map that is almost idempotent, at which rates."""

from textwrap import fill

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from idem.figures import style

_COLUMNS = 4
_CHARACTERS = 18  # of a line of a panel's title
_GAP = 12  # times, beyond which no line joins two rates: nothing between them was tried
_APART = 8  # times, that a rate with a number is above the one before it at least


@style.themed
def figure_near(table: pd.DataFrame, compared: pd.DataFrame) -> Figure:
    """Draw the relative error on new inputs by rate, a panel a case, and the rules' ratio in each.

    Marks are medians over all runs, those that diverged as the worst; lines join those that have a
    number, but where no rate between was tried; marks above all numbers are where most runs
    diverged. Dotted lines in the colour of a rule: the largest stable rate that theory predicts at
    the start. In the last panel each rule is at its best rate; lines across are 95 % intervals over
    runs.

    Args:
        table: of the cases that get a panel: columns ``case``, ``rule``, ``learning_rate``,
            ``runs``, ``start`` (the error before training) and ``relative_error``, infinite if most
            runs diverged.
        compared: a row a case, of more cases maybe: ``case``, ``name`` (in words), ``steps``,
            ``log10_ratio`` (modified / ordinary), ``low`` and ``high``, NaN where it could not be
            measured, and ``edge_modified`` and ``edge_ordinary``, NaN where nothing is predicted.
    """
    shared, shown_cases = compared.set_index("case"), list(dict.fromkeys(table.case))
    columns = min(len(shown_cases), _COLUMNS)
    rows = -(-len(shown_cases) // columns)
    heights = [2.4 * rows, 0.18 * len(shared) + 0.9]
    figure = Figure(figsize=(style.WIDTH, sum(heights) + 0.3), layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=heights, squeeze=False).flat
    grid = above.subplots(rows, columns, sharey=True, squeeze=False)
    for axes in grid.flat[len(shown_cases) :]:
        axes.remove()
    for axes in grid[:, 0]:
        axes.set_ylabel("relative error, new inputs")
    for axes, case in zip(grid.flat, shown_cases, strict=False):
        shown = table.assign(shown=style.with_lost(axes, table.relative_error))
        _draw_case(axes, shown[table.case == case], shared.loc[case])
        axes.set_xlabel("learning rate")
    _draw_ratios(below.subplots(), shared)
    edge = {"linestyle": ":", "linewidth": 1.2}
    more = {"before training": style.BEFORE, "edge of stability predicted at the start": edge}
    style.rules_legend(figure, more)
    return figure


def _draw_case(axes: Axes, rows: pd.DataFrame, predicted: pd.Series) -> None:
    axes.axhline(rows.start.iloc[0], zorder=1, **style.BEFORE)
    for rule, look in style.RULE_STYLES.items():
        if np.isfinite(edge := float(predicted[f"edge_{rule}"])):
            axes.axvline(edge, color=look["color"], linewidth=1.2, linestyle=":", zorder=1)
    style.logarithmic(axes, "x")
    rates = style.far_apart(rows.learning_rate, _APART)
    axes.set_xticks(rates, [_short(rate) for rate in rates])
    axes.tick_params(axis="x", which="minor", labelbottom=False)
    lost = np.isinf(rows.relative_error)
    if not lost.all():
        joined = _joined(rows)[~lost]
        more = {"errorbar": None, "estimator": None, "units": "stretch"}
        style.lines(axes, joined, "learning_rate", "shown", **more)
    if lost.any():  # no line leads to what has no number
        style.dots(axes, rows[lost], "learning_rate", "shown", s=20, zorder=2)
    runs = style.counted(int(rows.runs.min()), "run")
    axes.set_title(f"{fill(predicted['name'], _CHARACTERS)}\n{predicted.steps:.0f} steps, {runs}")


def _joined(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with their ``stretch``: of rates of a rule that are near each other."""
    ordered = rows.sort_values(["rule", "learning_rate"])
    apart = ordered.groupby("rule").learning_rate.pct_change() + 1 > _GAP
    return rows.assign(stretch=apart.cumsum())


def _short(rate: float) -> str:
    """Return a rate as 0.03 or 3e-4, whichever is shorter."""
    return min(f"{rate:g}", f"{rate:.0e}".replace("e-0", "e-"), key=len)


def _draw_ratios(axes: Axes, shared: pd.DataFrame) -> None:
    ratios = 10 ** shared[["low", "log10_ratio", "high"]].astype(float)
    axes.axvline(1, color="0.5", linewidth=0.8, zorder=1)
    places = range(len(shared))
    axes.hlines(places, ratios.low, ratios.high, color="black", linewidth=1.2)
    axes.plot(ratios.log10_ratio, places, linestyle="", marker="|", markersize=8, color="black")
    style.logarithmic(axes, "x")
    for place, ratio in zip(places, ratios.log10_ratio, strict=True):
        if np.isnan(ratio):
            where = {"transform": axes.get_yaxis_transform(), "va": "center", "fontsize": 7}
            axes.text(0.01, place, "not measurable: a run diverged", color="0.35", **where)
    axes.set_yticks(places, list(shared["name"]))
    axes.set(
        ylim=(len(places) - 0.5, -0.5),
        title="each rule at the best of its rates, 95 % intervals over runs",
    )
    axes.set_xlabel("relative error, modified / ordinary")
