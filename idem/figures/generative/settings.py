"""The result of every setting of a search."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter

from idem.figures.style import model_name, model_styles, plain


def figure_settings(found: pd.DataFrame) -> Figure:
    """Draw the distance of every setting's samples, a row a setting, the best at the top.

    A full marker stands for ten digits at every measurement of the second half of the training; an
    empty one for fewer, whose fewest is written beside it.

    Args:
        found: columns ``of``, ``changed`` (in words), ``distance`` (above 0), ``fewest_digits``
            and ``steady``, whether these were always all ten.
    """
    rows = found.sort_values("distance", ascending=False).reset_index(drop=True)
    figure = Figure(figsize=(8.0, 0.19 * len(rows) + 1.1), layout="constrained")
    axes = figure.subplots()
    looks = model_styles(rows.of).items()
    marks: dict[str, dict[str, Any]] = {model: look | {"linestyle": ""} for model, look in looks}
    for model, mark in marks.items():
        for steady in (True, False):
            chosen = rows[(rows.of == model) & (rows.steady == steady)]
            face = mark["color"] if steady else "white"
            axes.plot(chosen.distance, chosen.index, markerfacecolor=face, **mark)
    for place, row in rows[~rows.steady].iterrows():
        where, text = (row.distance, place), f"{row.fewest_digits:.0f}"
        shift = {"xytext": (7, 0), "textcoords": "offset points", "va": "center"}
        axes.annotate(text, where, fontsize=7, **shift)
    axes.set_yticks(np.arange(len(rows)), rows.changed)
    axes.tick_params(axis="y", labelsize=7)
    axes.set(xscale="log", ylim=(-0.8, len(rows) - 0.2))
    axes.margins(x=0.1)  # for the number beside the last
    axes.set_xlabel("Fréchet distance, second half of training")
    plain(axes.xaxis)
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.grid(color="0.9", linewidth=0.6)
    axes.legend(handles=_legend(marks), fontsize="small", loc="upper right")
    return figure


def _legend(marks: dict[str, dict[str, Any]]) -> list[Line2D]:
    """Explain the markers of the models there are, and what an empty one means."""
    lines = [Line2D([], [], label=model_name(model), **mark) for model, mark in marks.items()]
    empty = Line2D([], [], color="0.4", marker="o", markerfacecolor="white", linestyle="")
    empty.set_label("fewer than ten digits at some time")
    return [*lines, empty]
