"""The generative networks in numbers: drift, collapse over time, copies."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from idem.figures.generative.samples import images_of
from idem.figures.style import (
    WIDTH,
    counted,
    first,
    in_order,
    legend,
    lifted,
    lines,
    model_name,
    plain,
    themed,
)

_INPUTS = {"test": "test images", "noise": "noise", "corrupted": "corrupted images"}
_MODES = {"train": "BatchNorm in training mode", "eval": "BatchNorm in eval mode"}
_WEIGHTS = {"raw": "raw weights", "ema": "their average (EMA)"}
_VALIDATED = {"frechet_distance": "Fréchet distance, validation", "digits": "digits found"}
_MODELS, _PICTURED = 5, 4  # that a panel, and a figure of images, has room for


@themed
def figure_drift(drift: pd.DataFrame) -> Figure:
    """Draw how far one more application moves f^k, a column a kind of input, a row a mode.

    Of the first five models: means over seeds, bands from the lowest to the highest; values of
    exactly 0 lie at the bottom.

    Args:
        drift: columns model, seed, weights, mode, input, application and drift; of one kind of
            weights.
    """
    modes = [mode for mode in _MODES if mode in set(drift["mode"])]
    inputs = [name for name in _INPUTS if name in set(drift["input"])]
    figure = Figure(figsize=(WIDTH, 1.9 * len(modes) + 0.6), layout="constrained")
    grid = figure.subplots(len(modes), len(inputs), sharex=True, sharey=True, squeeze=False)
    shown = first(drift.assign(drift=lifted(drift.drift)), _MODELS)
    for row, mode in zip(grid, modes, strict=True):
        for axes, name in zip(row, inputs, strict=True):
            rows = shown[(shown["mode"] == mode) & (shown["input"] == name)]
            lines(axes, rows, "application", "drift", by="model", estimator="mean")
            axes.set_yscale("log")
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        row[0].set_ylabel(f"{_MODES[mode]}\n‖f$^{{k+1}}$(x) − f$^k$(x)‖ / ‖f$^k$(x)‖")
    for axes, name in zip(grid[0], inputs, strict=True):
        axes.set_title(f"x: {_INPUTS[name]}")
    for axes in grid[-1]:
        axes.set_xlabel("k")
    legend(figure, shown["model"], columns=3)
    return figure


@themed
def figure_collapse(history: pd.DataFrame) -> Figure:
    """Draw how samples fare during training, a row a measure, a column a kind of weights.

    Of the first five models: means over seeds, bands from the lowest to the highest. BatchNorm is
    in training mode.

    Args:
        history: columns model, seed, step and, for ema and raw, such as ``ema_frechet_distance``
            and, where there are classes, ``ema_digits``.
    """
    measures = [name for name in _VALIDATED if f"ema_{name}" in history]
    figure = Figure(figsize=(WIDTH, 1.9 * len(measures) + 0.6), layout="constrained")
    options: dict[str, Any] = {"sharex": True, "sharey": "row", "squeeze": False}
    grid = figure.subplots(len(measures), len(_WEIGHTS), **options)
    shown = first(history, _MODELS)
    for row, measure in zip(grid, measures, strict=True):
        for axes, kind in zip(row, _WEIGHTS, strict=True):
            marks: dict[str, Any] = {"estimator": "mean", "markevery": 0.2}
            lines(axes, shown, "step", f"{kind}_{measure}", by="model", **marks)
        row[0].set_ylabel(_VALIDATED[measure])
        if measure == "frechet_distance":
            row[0].set_yscale("log")
            plain(row[0].yaxis)
        else:
            row[0].set_ylim(0, 10.5)
    for axes, words in zip(grid[0], _WEIGHTS.values(), strict=True):
        axes.set_title(f"{words}, {counted(history.seed.nunique(), 'seed')}")
    for axes in grid[-1]:
        axes.set_xlabel("step")
    legend(figure, shown["model"], columns=3)
    return figure


@themed
def figure_neighbours(neighbours: pd.DataFrame) -> Figure:
    """Draw samples of the first models above the training images nearest to them.

    Args:
        neighbours: columns model, seed, sample, picture (``sample`` or ``nearest``) and the pixels
            of square grey or colour images as uint8, as in `figure_5`. Of several seeds the first
            is drawn.
    """
    rows = first(neighbours[neighbours.seed == neighbours.seed.min()], _PICTURED)
    models = in_order(rows["model"])
    figure = Figure(figsize=(WIDTH, 1.15 * len(models)), layout="constrained")
    panels = figure.subplots(len(models), squeeze=False)[:, 0]
    for axes, model in zip(panels, models, strict=True):
        pictures = rows[rows.model == model].groupby("picture")
        strips = [np.hstack(list(images_of(pictures.get_group(p)))) for p in ("sample", "nearest")]
        side = len(strips[0])
        axes.imshow(np.vstack(strips))
        axes.set_xticks([])
        axes.set_yticks([side / 2, 3 * side / 2], [model_name(model), "nearest in training"])
        axes.tick_params(length=0)
        axes.grid(visible=False)
    return figure
