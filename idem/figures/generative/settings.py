"""The result of every setting of a search."""

from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from idem.figures.style import WIDTH, grey, in_order, looks, model_name, plain, themed

_APART = 0.22  # of a row: neighbours of about equal distance stand above each other


@themed
def figure_settings(found: pd.DataFrame) -> Figure:
    """Draw the distance of every setting's samples, a row a model, its best setting named.

    A full mark stands for ten digits at every measurement of the second half of the training; an
    open one for fewer. All settings by name are in the table beside the figure.

    Args:
        found: columns ``of``, ``changed`` (in words), ``distance`` (above 0), ``fewest_digits``
            and ``steady``, whether these were always all ten.
    """
    models = in_order(found.of)
    figure = Figure(figsize=(WIDTH, 0.55 * len(models) + 0.8), layout="constrained")
    axes = figure.subplots()
    for place, (model, style) in enumerate(looks(found.of).items()):
        rows = found[found.of == model].sort_values("distance").reset_index(drop=True)
        heights = place + _APART * (rows.index.to_numpy() % 3 - 1)
        for steady in (True, False):
            chosen = (rows.steady == steady).to_numpy()
            face = style["color"] if steady else "white"
            mark: dict[str, Any] = style | {"linestyle": "", "markerfacecolor": face}
            axes.plot(rows.distance[chosen], heights[chosen], **mark)
        where: dict[str, Any] = {"transform": axes.get_yaxis_transform(), "ha": "right"}
        axes.text(0.99, place - 0.35, f"best: {rows.changed[0]}", fontsize=7, **where)
    axes.set_yticks(range(len(models)), [model_name(model) for model in models])
    axes.set(xscale="log", ylim=(len(models) - 0.4, -0.75))
    axes.set_xlabel("Fréchet distance, second half of training")
    plain(axes.xaxis)
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_minor_formatter(NullFormatter())
    steady, unsteady = (grey("", marker="o", markerfacecolor=face) for face in ("0.35", "white"))
    labels = ["always ten digits", "fewer at some time"]
    figure.legend([steady, unsteady], labels, loc="outside lower center", ncols=2)
    return figure
