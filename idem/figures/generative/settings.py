"""The result of every setting of a search."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from idem.figures.style import WIDTH, in_order, legend, logarithmic, looks, model_name, themed

_SHORT = {"modified": "Modified", "ordinary": "Ordinary"}
_APART = 0.25  # of a row: neighbours of about equal distance stand above each other
_FACES = {True: "full", False: "none"}  # by whether all ten digits were there


@themed
def figure_settings(found: pd.DataFrame) -> Figure:
    """Draw the distance of every setting's samples, a row for what is added to which model.

    A full mark stands for ten digits at every measurement of the second half of the training; an
    open one for fewer. The settings by name are in the table beside the figure.

    Args:
        found: of trainings of one length, columns ``of``, ``added`` (words, `` + `` between them,
            or ``nothing``), ``distance`` (above 0) and ``steady``, whether there were always all
            ten digits.
    """
    rows = [(of, added) for of in in_order(found.of) for added in _in_order(found[found.of == of])]
    figure = Figure(figsize=(WIDTH, 0.21 * len(rows) + 1.4), layout="constrained")
    axes, styles = figure.subplots(), looks(found.of)
    for place, (of, added) in enumerate(rows):
        own = found[(found.of == of) & (found.added == added)].sort_values("distance")
        heights = place + _APART * ((np.arange(len(own)) + 1) % 3 - 1)
        for distance, height, steady in zip(own.distance, heights, own.steady, strict=True):
            look: dict[str, Any] = styles[of] | {"linestyle": "", "fillstyle": _FACES[bool(steady)]}
            axes.plot([distance], [height], **look)
    logarithmic(axes, "x")
    axes.set_xlabel("Fréchet distance, second half of the training")
    axes.set_yticks(range(len(rows)), [_label(*row) for row in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    words = {True: "always ten digits", False: "fewer at some time"}
    legend(figure, (), {words[key]: {"marker": "o", "fillstyle": f} for key, f in _FACES.items()})
    return figure


def _in_order(found: pd.DataFrame) -> list[str]:
    """Return what is added, from nothing to the most."""
    return sorted(found.added.unique(), key=lambda a: (a != "nothing", a.count("+"), a))


def _label(of: str, added: str) -> str:
    name = _SHORT.get(of, model_name(of))
    return name if added == "nothing" else f"{name} + {added}"
