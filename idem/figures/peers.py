"""The cost of every iteration that computes the projector."""

import pandas as pd
from matplotlib.figure import Figure

from idem.figures.facets import facets
from idem.figures.style import grey, themed

_MARKS = (("0.75", "o"), ("0.45", "s"), ("0", "^"))  # of the gaps drawn, the largest first
_TOLD = {"nothing": "", "bounds and rank": " †", "bounds and gap": " ‡"}
_VALUES = {
    "equivalents": "cost until rounding stops it (products)",
    "log10_distance": "log10 of the relative distance to the projector",
}


@themed
def figure_peers(peers: pd.DataFrame) -> Figure:
    """Draw what every iteration costs until rounding stops it, and how far from P that is.

    A row a scheme, the cheapest at the smallest gap at the top; a column a norm of the projector,
    above the cost, below the distance. A mark is a gap: the largest, a middle one, the smallest.

    Args:
        peers: columns scheme, knows, norm, gap, size, equivalents (products, with inverses priced
            in them; missing for direct methods) and log10_distance.
    """
    gaps = sorted(peers.gap.unique(), reverse=True)
    marks = dict(zip((gaps[0], gaps[len(gaps) // 2], gaps[-1]), _MARKS, strict=True))
    hardest = peers[peers.gap == gaps[-1]].groupby("scheme").equivalents.mean()
    schemes = list(hardest.sort_values(na_position="last").index)
    table = peers.melt(["scheme", "norm", "gap"], list(_VALUES), "measure")
    norms = {norm: rf"$\|\mathbf{{P}}\|_2 = {norm:g}$" for norm in peers.norm.unique()}
    figure, panels = facets(
        table,
        ("norm", norms),
        ("measure", dict.fromkeys(_VALUES, "")),
        height=0.18 * len(schemes) + 0.3,
        sharex="row",
    )
    own = schemes.index("project")
    for axes, rows in panels:
        for gap, (color, marker) in marks.items():
            part = rows[rows.gap == gap]
            places = part.scheme.map(schemes.index)
            axes.plot(part["value"], places, linestyle="", marker=marker, color=color, markersize=4)
        axes.axhspan(own - 0.5, own + 0.5, color="0.94", zorder=0)
        axes.set_xlabel(_VALUES[rows.measure.iloc[0]])
    knows = peers.drop_duplicates("scheme").set_index("scheme").knows
    figure.axes[0].set_yticks(range(len(schemes)), [n + _TOLD[knows[n]] for n in schemes])
    figure.axes[0].set(ylim=(len(schemes) - 0.5, -0.5), xlim=(0, None))
    handles = [grey(f"gap {gap:g}", marker=m, color=c) for gap, (c, m) in marks.items()]
    handles += [grey(f"{mark.strip()} told {what}") for what, mark in _TOLD.items() if mark]
    figure.legend(handles=handles, loc="outside lower center", ncols=5)
    return figure
