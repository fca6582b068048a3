"""Hold what all figures have in common, and read what stands in one."""

from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import Collection
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Text

from idem.figures import style

MOST_PANELS, SMALLEST = 6, 7  # pt


def drawn(figure: Figure) -> Figure:
    """Return a figure of the room, which was laid out in its theme, if it is as all are to be.

    Raises:
        AssertionError: if it is wider than a page, has too many panels or too small a text, if
            numbers of an axis or a note and a legend overlap, or a colour of a rule or model that
            nothing in it has is in its legend.
    """
    assert figure.get_figwidth() == style.WIDTH
    panels = [axes for axes in figure.axes if axes.axison and axes.get_label() != "<colorbar>"]
    assert len(panels) <= MOST_PANELS
    texts: list[Any] = figure.findobj(Text)
    assert all(t.get_fontsize() >= SMALLEST for t in texts if t.get_visible() and t.get_text())
    for axes in panels:
        assert not overlapping(axes.get_xticklabels()), "numbers of an axis"
    assert not overlapping([*figure.texts, *figure.legends]), "a note and a legend"
    entries = {c for legend in figure.legends for h in legend.legend_handles for c in colours(h)}
    shown = {c for axes in figure.axes for artist in axes.get_children() for c in colours(artist)}
    assert {color for color in entries if len(set(to_rgb(color))) > 1} <= shown
    return figure


def overlapping(artists: Iterable[Any]) -> bool:
    """Return whether two of these, as they are shown, lie over each other."""
    shown = [a for a in artists if a.get_visible() and (not isinstance(a, Text) or a.get_text())]
    boxes = [artist.get_window_extent() for artist in shown]
    return any(one.overlaps(other) for one, other in combinations(boxes, 2))


def colours(artist: Artist | None) -> Iterator[str]:
    """Yield the colours of what is not empty."""
    if isinstance(artist, Line2D):
        yield to_hex(artist.get_color())
    elif isinstance(artist, Collection):
        yield from map(to_hex, np.concatenate([artist.get_facecolor(), artist.get_edgecolor()]))
    elif isinstance(artist, Patch):
        yield to_hex(artist.get_facecolor())


def words(axes: Axes) -> str:
    return " ".join(text.get_text() for text in axes.texts)


def curves(axes: Axes, marker: str | None = None) -> list[list[tuple[float, float]]]:
    """Return the points of every line, or of those with a marker; empty ones are left out.

    Ten digits of each: seaborn goes through logarithms on logarithmic axes.
    """
    found = [
        [(float(f"{x:.10g}"), float(f"{y:.10g}")) for x, y in np.asarray(line.get_xydata(), float)]
        for line in axes.lines
        if marker in (None, line.get_marker())
    ]
    return [points for points in found if points]


def named(figure: Figure) -> list[str]:
    """Return the words of all legends."""
    return [text.get_text() for legend in figure.legends for text in legend.get_texts()]
