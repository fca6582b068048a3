"""The result of every setting of a search."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from idem.figures.facets import facets
from idem.figures.style import in_order, legend, logarithmic, looks, model_name, themed

_APART = 0.22  # of a row: neighbours of about equal distance stand above each other
_FACES = {True: "full", False: "none"}  # by whether all ten digits were there


@themed
def figure_settings(found: pd.DataFrame) -> Figure:
    """Draw the distance of every setting's samples, a row a model, a panel a length of training.

    A full mark stands for ten digits at every measurement of the second half of the training; an
    open one for fewer. The settings by name are in the table beside the figure.

    Args:
        found: columns ``of``, ``steps``, ``distance`` (above 0) and ``steady``, whether there were
            always all ten digits.
    """
    models = in_order(found.of)
    titles = {steps: f"{steps} steps" for steps in sorted(found.steps.unique())}
    figure, panels = facets(
        found,
        ("steps", titles),
        xlabel="Fréchet distance, second half",
        height=0.4 * len(models) + 0.6,
    )
    for axes, rows in panels:
        for model, style in looks(rows.of).items():
            own = rows[rows.of == model].sort_values("distance")
            heights = models.index(model) + _APART * (np.arange(len(own)) % 3 - 1)
            for distance, height, steady in zip(own.distance, heights, own.steady, strict=True):
                mark: dict[str, Any] = style | {"linestyle": "", "fillstyle": _FACES[bool(steady)]}
                axes.plot([distance], [height], **mark)
        logarithmic(axes, "x")
    axes = figure.axes[0]
    axes.set_yticks(range(len(models)), [model_name(model) for model in models])
    axes.set_ylim(len(models) - 0.5, -0.5)
    words = {True: "always ten digits", False: "fewer at some time"}
    legend(figure, (), {words[key]: {"marker": "o", "fillstyle": f} for key, f in _FACES.items()})
    return figure
