"""Panels of one figure over a tidy table, on shared axes with shared labels."""

from collections.abc import Mapping
from itertools import product
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from idem.figures.style import WIDTH

_LEGEND = 0.6  # inches


def facets(
    table: pd.DataFrame,
    columns: tuple[str, Mapping[Any, str]],
    rows: tuple[str, Mapping[Any, str]] | None = None,
    xlabel: str = "",
    ylabel: str = "",
    height: float = 1.9,
    **shared: Any,
) -> tuple[Figure, list[tuple[Axes, pd.DataFrame]]]:
    """Return a figure with a panel for every value that there is, or pair of values, and its rows.

    As seaborn's `FacetGrid`, whose figures stay in pyplot's state until they are closed there.

    Args:
        table: tidy, a row an observation.
        columns: a column of the table, and titles of its values in their order; values without rows
            are left out.
        rows: another one, and labels of the vertical axes.
        xlabel: of the lowest panels.
        ylabel: of those at the left, without `rows`.
        height: of a panel, in inches.
        shared: `sharex` and `sharey` of matplotlib's `subplots`; both are shared by default.
    """
    across = _there(table, *columns)
    down = _there(table, *rows) if rows else {None: ylabel}
    size = WIDTH, height * len(down) + _LEGEND
    figure = Figure(figsize=size, layout="constrained")
    shared = {"sharex": True, "sharey": True, "squeeze": False} | shared
    grid = figure.subplots(len(down), len(across), **shared)
    panels = []
    for axes, (row, column) in zip(grid.flat, product(down, across), strict=True):
        axes.set(xlabel=xlabel, ylabel=down[row])
        chosen = table[columns[0]] == column
        panels.append((axes, table[chosen & (table[rows[0]] == row) if rows else chosen]))
    for axes, title in zip(grid[0], across.values(), strict=True):
        axes.set_title(title)
    for axes in grid[:-1].flat:
        axes.xaxis.label.set_visible(False)
    for axes in grid[:, 1:].flat:
        axes.yaxis.label.set_visible(False)
    return figure, panels


def _there(table: pd.DataFrame, column: str, words: Mapping[Any, str]) -> dict[Any, str]:
    found = set(table[column])
    return {value: word for value, word in words.items() if value in found}
