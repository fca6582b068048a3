"""Draw a figure for real, and read what stands in it."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure


def drawn(figure: Figure) -> Figure:
    """Draw it for real: warnings, as of an empty log axis, are errors."""
    FigureCanvasAgg(figure).draw()
    return figure


def words(axes: Axes) -> str:
    return " ".join(text.get_text() for text in axes.texts)


def crosses(axes: Axes) -> list[float]:
    marked = [line for line in axes.lines if line.get_marker() == "x"]
    return sorted(np.concatenate([np.asarray(line.get_xdata()) for line in marked]).tolist())
