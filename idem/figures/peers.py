"""The cost of every iteration that computes the projector."""

from typing import Any

import pandas as pd
import seaborn
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from idem.figures.style import WIDTH, grey, themed

_MARKS = ("o", "s", "^")  # of the gaps that are drawn, the largest first
_TOLD = {"nothing": "", "bounds and rank": " †", "bounds and gap": " ‡"}


@themed
def figure_peers(peers: pd.DataFrame) -> Figure:
    """Draw what every iteration costs until rounding stops it, and how far from P that is.

    A row a scheme, the cheapest at the smallest gap at the top; a column a norm of the projector,
    above the cost, below the distance. A mark is a gap: the largest, a middle one, the smallest.

    Args:
        peers: columns scheme, knows, norm, gap, size, equivalents (products, with inverses priced
            in them; missing for direct methods) and log10_distance.
    """
    norms = list(dict.fromkeys(peers.norm))
    gaps = sorted(peers.gap.unique(), reverse=True)
    kept = dict.fromkeys([gaps[0], gaps[len(gaps) // 2], gaps[-1]])
    marks: dict[Any, str] = dict(zip(kept, _MARKS, strict=False))
    hardest = peers[peers.gap == gaps[-1]].groupby("scheme").equivalents.mean()
    schemes = list(hardest.sort_values(na_position="last").index)
    rows = peers[peers.gap.isin(list(marks))]
    figure = Figure(figsize=(WIDTH, 0.36 * len(schemes) + 1.2), layout="constrained")
    grid = figure.subplots(2, len(norms), sharex="row", sharey=True, squeeze=False)
    for column, norm in zip(grid.T, norms, strict=True):
        for axes, value in zip(column, ("equivalents", "log10_distance"), strict=True):
            _draw(axes, rows[rows.norm == norm], value, schemes, marks)
        column[0].set(title=rf"$\|\mathbf{{P}}\|_2 = {norm:g}$", xlim=(0, None))
        column[0].set_xlabel("cost until rounding stops it (products)")
        column[1].set_xlabel("log10 of the relative distance to the projector")
    knows = peers.drop_duplicates("scheme").set_index("scheme").knows
    names = [name + _TOLD[knows[name]] for name in schemes]
    grid[0, 0].set_yticks(range(len(schemes)), names)
    grid[0, 0].set_ylim(len(schemes) - 0.5, -0.5)
    told = [grey(f"{mark.strip()} told {what}", marker="") for what, mark in _TOLD.items() if mark]
    handles = [grey(f"gap {gap:g}", marker=mark) for gap, mark in marks.items()]
    figure.legend(handles=[*handles, *told], loc="outside lower center", ncols=5)
    return figure


def _draw(
    axes: Axes, rows: pd.DataFrame, value: str, schemes: list[str], marks: dict[Any, str]
) -> None:
    table = rows.assign(place=rows.scheme.map(schemes.index)).dropna(subset=value)
    shades = dict(zip(marks, ("0.75", "0.45", "0"), strict=False))
    options: dict[str, Any] = {"hue": "gap", "style": "gap", "legend": False, "s": 22}
    options |= {"palette": shades, "markers": marks, "linewidth": 0}
    seaborn.scatterplot(table, x=value, y="place", ax=axes, **options)
    own = schemes.index("project")
    axes.axhspan(own - 0.5, own + 0.5, color="0.94", zorder=0)
    axes.set(ylabel="")
