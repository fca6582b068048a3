"""The cost of every iteration that computes the projector."""

from itertools import cycle
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from idem.figures.style import BLUE, ORANGE

_KNOWN: dict[str, tuple[str, str]] = {
    "nothing": ("black", ":"),
    "bounds and rank": (BLUE, "--"),
    "bounds and gap": (ORANGE, "-"),
}


_PEER_MARKERS = "os^DvP<X>hp*"


def figure_peers(peers: pd.DataFrame) -> Figure:
    """Draw what every iteration costs until rounding stops it, and how far from P that is.

    A column a norm of the projector; black schemes are told nothing of the spectrum, blue ones its
    bounds and the rank, orange ones its bounds and the gap.

    Args:
        peers: columns scheme, knows, norm, gap, size, equivalents (products, with inverses priced
            in them; missing for direct methods) and log10_distance.
    """
    norms = list(dict.fromkeys(peers.norm))
    width = 3.4 * len(norms) + 2.6
    figure = Figure(figsize=(width, 6.4), layout="constrained")
    axes = figure.subplots(2, len(norms), sharex=True, sharey="row", squeeze=False)
    for (upper, lower), norm in zip(axes.T, norms, strict=True):
        schemes = peers[peers.norm == norm].groupby(["scheme", "knows"], sort=False)
        for ((name, knows), rows), marker in zip(schemes, cycle(_PEER_MARKERS), strict=False):
            style = _peer_style(str(name), str(knows), marker)
            lower.plot(rows.gap, rows.log10_distance, label=name, **style)
            if rows.equivalents.notna().any():
                upper.plot(rows.gap, rows.equivalents, **style)
        upper.set(title=rf"$\|\mathbf{{P}}\|_2 = {norm:g}$", xscale="log", ylim=(0, None))
        lower.set_xlabel(r"least distance of an eigenvalue to $\frac{1}{2}$ (gap)")
        for panel in (upper, lower):
            panel.grid(color="0.9", linewidth=0.6)
    axes[0, 0].invert_xaxis()
    axes[0, 0].set_ylabel("cost until rounding stops it\n(n × n products; inverses priced)")
    axes[1, 0].set_ylabel("log10 of the relative distance\nto the exact projector")
    _explain_peers(figure, peers, axes[1, 0])
    return figure


def _peer_style(name: str, knows: str, marker: str) -> dict[str, Any]:
    """Return thick black for `project`; else a colour by what is known, a marker by scheme."""
    if name == "project":
        return {"color": "black", "linewidth": 3, "marker": "o", "markersize": 6, "zorder": 5}
    color, dashes = _KNOWN[knows]
    style = {"color": color, "linestyle": dashes, "linewidth": 1.1, "marker": marker}
    return style | {"markersize": 6, "markerfacecolor": "none"}


def _explain_peers(figure: Figure, peers: pd.DataFrame, axes: Axes) -> None:
    """Draw the legend beside the panels, a group for each thing that schemes are told."""
    handles, labels = axes.get_legend_handles_labels()
    drawn = dict(zip(labels, handles, strict=True))
    knows = peers.drop_duplicates("scheme").set_index("scheme").knows
    entries: list[tuple[Any, str]] = []
    for told in _KNOWN:
        members = sorted(knows.index[knows == told], key=lambda name: name != "project")
        if members:
            entries += [(Patch(alpha=0), f"told {told}:"), *((drawn[m], m) for m in members)]
    figure.legend(
        *zip(*entries, strict=True), loc="outside center right", frameon=False, handlelength=3.2
    )
