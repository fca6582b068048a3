"""Lay a figure out, and read what stands in it."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure


def drawn(figure: Figure) -> Figure:
    """Draw all of it but the pixels: warnings, as of an empty log axis, are errors."""
    figure.draw_without_rendering()
    return figure


def words(axes: Axes) -> str:
    return " ".join(text.get_text() for text in axes.texts)


def curves(axes: Axes, marker: str | None = None) -> list[list[tuple[float, float]]]:
    """Return the points of every line, or of those with a marker; empty ones are left out."""
    found = [
        [(float(x), float(y)) for x, y in np.asarray(line.get_xydata(), float)]
        for line in axes.lines
        if marker in (None, line.get_marker())
    ]
    return [points for points in found if points]


def named(figure: Figure) -> list[str]:
    """Return the words of all legends."""
    return [text.get_text() for legend in figure.legends for text in legend.get_texts()]
