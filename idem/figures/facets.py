"""Panels of one figure over a tidy table, on shared axes with shared labels."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from idem.figures.style import WIDTH

_LEGEND = 0.6  # inches


def facets(
    table: pd.DataFrame,
    columns: tuple[str, Mapping[Any, str]],
    rows: tuple[str, Mapping[Any, str]] = ("", {}),
    xlabel: str = "",
    ylabel: str = "",
    wrap: int = 3,
    height: float = 1.9,
    **shared: Any,
) -> tuple[Figure, list[tuple[Axes, pd.DataFrame]]]:
    """Return a figure with a panel for every value that there is, or pair of values, and its rows.

    As seaborn's `FacetGrid`, whose figures stay in pyplot's state until they are closed there.

    Args:
        table: tidy, a row an observation.
        columns: a column of the table, and titles of its values in their order; values without rows
            are left out. Without `rows`, panels go on in the next line after `wrap` of them.
        rows: another one, and labels of the vertical axes in place of `ylabel`.
        xlabel: of the lowest panels, or of all, if they share no axis.
        ylabel: of those at the left, or of all.
        wrap: how many panels stand beside each other at most.
        height: of a panel, in inches.
        shared: `sharex` and `sharey` of matplotlib's `subplots`; both are shared by default.
    """
    across, down = _there(table, *columns), _there(table, *rows)
    wide = len(across) if down else min(wrap, max(1, len(across)))
    high = len(down) or max(1, -(-len(across) // wide))
    figure = Figure(figsize=(WIDTH, height * high + _LEGEND), layout="constrained")
    shared = {"sharex": True, "sharey": True} | shared
    grid = figure.subplots(high, wide, squeeze=False, **shared)
    cells = [(column, row) for row in down or [None] for column in across]
    for spare in grid.flat[max(1, len(cells)) :]:
        spare.remove()
    panels = []
    for axes, (column, row) in zip(grid.flat, cells, strict=False):
        chosen = table[columns[0]] == column
        title = columns[1][column] if not down or row == down[0] else ""
        axes.set(title=title, xlabel=xlabel, ylabel=rows[1][row] if down else ylabel)
        panels.append((axes, table[chosen & (table[rows[0]] == row) if down else chosen]))
    for axes in grid.flat:
        _outer(axes, shared)
    return figure, panels


def _there(table: pd.DataFrame, column: str, words: Mapping[Any, str]) -> list[Any]:
    found = set(table[column]) if column else ()
    return [value for value in words if value in found]


def _outer(axes: Axes, shared: Mapping[str, Any]) -> None:
    """Hide inner labels of what is shared."""
    place = axes.get_subplotspec()
    if place is None:
        return
    if shared["sharex"] in (True, "col") and not place.is_last_row():
        axes.xaxis.label.set_visible(False)
    if shared["sharey"] in (True, "row") and not place.is_first_col():
        axes.yaxis.label.set_visible(False)
