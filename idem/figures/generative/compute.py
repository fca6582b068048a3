"""How near samples come to the data, by the compute that was spent."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure

from idem.figures.style import WIDTH, batchnorm_in, legend, lines, plain, themed

COLUMNS = {"train": "ema_frechet_distance", "eval": "eval_frechet_distance"}
# That panels have room for; others are in the tables.
_SHOWN = ("modified_plain", "modified", "one_map", "ordinary", "ign", "ign_one_map", "dcgan")


@themed
def figure_compute(history: pd.DataFrame, operations: Mapping[str, float]) -> Figure:
    """Draw the distance of the averaged weights' samples over compute, a panel a mode.

    Medians over seeds, bands from the lowest to the highest.

    Args:
        history: columns ``model``, ``seed``, ``step`` and those of `COLUMNS` that were measured; of
            a model that has not been measured in a mode they are not numbers.
        operations: of every model's whole run; models without are left out.
    """
    history = history[history.model.isin(_SHOWN) & history.model.isin(list(operations))]
    last = history.groupby("model").step.transform("max")
    spent = history.step / last * history.model.map(dict(operations))
    history = history.assign(operations=spent)
    modes = [mode for mode, name in COLUMNS.items() if name in history]
    figure = Figure(figsize=(WIDTH, 3.0), layout="constrained")
    grid = figure.subplots(1, len(modes), sharex=True, sharey=True, squeeze=False)
    for axes, mode in zip(grid[0], modes, strict=True):
        axes.set(xscale="log", yscale="log")
        measured = history.dropna(subset=COLUMNS[mode])
        lines(axes, measured, "operations", COLUMNS[mode], by="model")
        axes.set(xlabel="operations", title=batchnorm_in(mode))
        plain(axes.yaxis)
    grid[0, 0].set_ylabel("Fréchet distance, validation")
    legend(figure, history["model"], columns=4)
    return figure
