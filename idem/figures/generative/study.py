"""The generative networks in numbers: drift, collapse over time, classes, sample size, copies."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from idem.figures.generative.samples import images_of
from idem.figures.style import ORANGE, counted, model_name, model_styles, plain, shown

_REAL: dict[str, Any] = {"color": "0.55", "marker": "x", "linestyle": (0, (1, 1))}
_INPUTS = {
    "data": "training images",
    "test": "test images",
    "noise": "noise",
    "corrupted": "corrupted images",
}
_MODES = {"train": "BatchNorm in training mode", "eval": "BatchNorm in eval mode"}
_WEIGHTS = {"ema": "EMA weights", "raw": "raw weights"}
_VALIDATED = {
    "frechet_distance": "Fréchet distance, validation",
    "digits": "digits found",
    "relative_error": "relative error on noise",
    "valid_relative_error": "on validation images",
}


def figure_drift(drift: pd.DataFrame) -> Figure:
    """Draw how far one more application moves f^k, a column a kind of input, a row a mode.

    Lines are means over seeds, thin lines single seeds; values of exactly 0 lie at the bottom.

    Args:
        drift: columns model, seed, weights, mode, input, application and drift; of one kind of
            weights.
    """
    modes = [mode for mode in _MODES if mode in set(drift["mode"])]
    inputs = [name for name in _INPUTS if name in set(drift["input"])]
    size = (2.7 * len(inputs) + 0.6, 2.7 * len(modes) + 0.9)
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(len(modes), len(inputs), sharex=True, sharey=True, squeeze=False)
    styles = model_styles(drift["model"])
    for line, mode in zip(grid, modes, strict=True):
        for axes, name in zip(line, inputs, strict=True):
            rows = drift[(drift["mode"] == mode) & (drift["input"] == name)]
            for model, style in styles.items():
                _curves(axes, rows[rows.model == model], "application", "drift", style)
            axes.set_yscale("log")
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        line[0].set_ylabel(f"{_MODES[mode]}\n‖f$^{{k+1}}$(x) − f$^k$(x)‖ / ‖f$^k$(x)‖", fontsize=9)
    for axes, name in zip(grid[0], inputs, strict=True):
        axes.set_title(f"x: {_INPUTS[name]}", fontsize="medium")
    for axes in grid[-1]:
        axes.set_xlabel("k")
    _legend(figure, styles, [_single_seeds(drift)])
    return figure


def figure_collapse(history: pd.DataFrame) -> Figure:
    """Draw how samples and errors fare during training, raw and EMA weights, a column a model.

    BatchNorm is in training mode. A line a seed. A ring marks the step at which the EMA
    weights were nearest to validation images: those are the best weights.

    Args:
        history: columns model, seed, step and, for ema and raw, such as
            ``ema_frechet_distance``, ``ema_relative_error`` (on noise),
            ``ema_valid_relative_error`` and, where there are classes, ``ema_digits``.
    """
    models = list(model_styles(history["model"]))
    measures = [name for name in _VALIDATED if f"ema_{name}" in history]
    size = (2.9 * len(models) + 0.6, 2.5 * len(measures) + 0.9)
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(len(measures), len(models), sharex=True, sharey="row", squeeze=False)
    for line, measure in zip(grid, measures, strict=True):
        for axes, model in zip(line, models, strict=True):
            for _, run in history[history.model == model].groupby("seed"):
                _validated(axes, run.sort_values("step"), measure)
        line[0].set_ylabel(_VALIDATED[measure])
        if measure == "frechet_distance":
            line[0].set_yscale("log")
            plain(line[0].yaxis)
        else:
            line[0].set_ylim(0, 10.5 if measure == "digits" else None)
    for axes, model in zip(grid[0], models, strict=True):
        axes.set_title(model_name(model), fontsize="medium")
    for axes in grid[-1]:
        axes.set_xlabel("step")
    seeds = counted(history.seed.nunique(), "seed")
    handles = [Line2D([], [], label=_WEIGHTS[kind], **_weights(kind)) for kind in _WEIGHTS]
    ring = Line2D([], [], linestyle="", label=f"best weights ({seeds})", **_RING)
    figure.legend(handles=[*handles, ring], loc="outside lower center", ncols=3, frameon=False)
    return figure


def figure_classes(classes: pd.DataFrame, weights: str, mode: str) -> Figure:
    """Draw which classes a classifier sees in the samples, a panel a model, real images beside.

    Bars are means over seeds, dots single seeds, steps the fractions among real images.

    Args:
        classes: columns model, seed, weights, mode, class and fraction; model ``real`` of images.
        weights: which are drawn.
        mode: which is drawn.
    """
    real = classes[classes.model == "real"].set_index("class").fraction
    rows = classes[(classes.weights == weights) & (classes["mode"] == mode)]
    styles = model_styles(rows["model"])
    figure = Figure(figsize=(2.9 * len(styles) + 0.6, 3.0), layout="constrained")
    panels = figure.subplots(1, len(styles), sharey=True, squeeze=False)[0]
    for axes, (model, style) in zip(panels, styles.items(), strict=True):
        of_model = rows[rows.model == model]
        means = of_model.groupby("class").fraction.mean()
        axes.bar(means.index, means, color=style["color"], alpha=0.55, width=0.7)
        axes.plot(of_model["class"], of_model.fraction, "o", color="black", markersize=2.5)
        axes.step(real.index, real, where="mid", color="0.3", linewidth=1)
        axes.set(title=model_name(model), xlabel="class", xticks=list(means.index))
    panels[0].set_ylabel("fraction of the samples")
    handles = [
        Line2D([], [], color="0.5", linewidth=6, alpha=0.55, label="mean over seeds"),
        Line2D([], [], color="black", marker="o", linestyle="", markersize=2.5, label="a seed"),
        Line2D([], [], color="0.3", linewidth=1, label="real images"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False)
    return figure


def figure_size(size: pd.DataFrame) -> Figure:
    """Draw the Fréchet distance against the number of samples, and where it tends to without end.

    The horizontal axis is linear in 1 / size, along which the bias is a line to first order: dotted
    lines are the fits, their ends at 0 the distances of infinitely many samples.

    Args:
        size: columns model, seed, size, frechet_distance and fitted; sizes may be infinite, where
            nothing is measured; model ``real`` of images that no network made: the floor.
    """
    figure = Figure(figsize=(5.6, 4.2), layout="constrained")
    axes = figure.subplots()
    styles = model_styles(size["model"][size.model != "real"])
    for model, style in (styles | {"real": _REAL}).items():
        for _, run in size[size.model == model].sort_values("size").groupby("seed"):
            place = 1 / run["size"]
            marks = style | {"linestyle": "", "markersize": 5, "markerfacecolor": "none"}
            axes.plot(place, run.frechet_distance, **marks)
            axes.plot(place, run.fitted, color=style["color"], linestyle=":", linewidth=1)
    sizes = sorted(size["size"].unique(), reverse=True)
    axes.set_xticks([1 / n for n in sizes], ["∞" if np.isinf(n) else f"{n:.0f}" for n in sizes])
    axes.set(
        xlabel="samples (axis linear in 1 / samples)", ylabel="Fréchet distance to test images"
    )
    axes.set(xlim=(0, None), ylim=(min(0, size.fitted.min()), None))
    floor = Line2D([], [], label="other real images (floor)", **_REAL)
    seeds = counted(size[size.model != "real"].seed.nunique(), "seed")
    fit = Line2D([], [], color="0.4", linestyle=":", linewidth=1, label=f"fit, a seed ({seeds})")
    points = {name: style | {"linestyle": ""} for name, style in styles.items()}
    _legend(figure, points, [floor, fit], columns=3)
    return figure


def figure_neighbours(neighbours: pd.DataFrame) -> Figure:
    """Draw samples above the training images nearest to them, a pair of rows a model.

    Args:
        neighbours: columns model, seed, sample, picture (``sample`` or ``nearest``) and the pixels
            of square grey or colour images as uint8, as in `figure_5`. Of several seeds the first
            is drawn.
    """
    rows = neighbours[neighbours.seed == neighbours.seed.min()]
    models = list(model_styles(rows["model"]))
    strips = [(model, picture) for model in models for picture in ("sample", "nearest")]
    count = rows["sample"].nunique()
    figure = Figure(figsize=(0.5 * count + 2, 0.56 * len(strips)), layout="constrained")
    panels = figure.subplots(len(strips), squeeze=False)[:, 0]
    for axes, (model, picture) in zip(panels, strips, strict=True):
        cells = images_of(rows[(rows.model == model) & (rows.picture == picture)])
        axes.imshow(np.hstack(list(cells)))
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
        label = model_name(model) if picture == "sample" else "nearest"
        axes.set_ylabel(label, rotation=0, ha="right", va="center", fontsize=8)
    return figure


_RING: dict[str, Any] = {
    "marker": "o",
    "color": "black",
    "markersize": 8,
    "markerfacecolor": "none",
}


def _curves(axes: Axes, rows: pd.DataFrame, x: str, y: str, style: dict[str, Any]) -> None:
    for _, run in rows.groupby("seed"):
        thin = {"color": style["color"], "linestyle": style["linestyle"], "alpha": 0.4}
        axes.plot(run[x], shown(run[y]), linewidth=0.6, **thin)
    mean = rows.groupby(x)[y].mean()
    axes.plot(mean.index, shown(mean), linewidth=1.6, markersize=3.5, **style)


def _validated(axes: Axes, run: pd.DataFrame, measure: str) -> None:
    for kind in reversed(_WEIGHTS):
        axes.plot(run.step, run[f"{kind}_{measure}"], **_weights(kind))
    measured = run.dropna(subset="ema_frechet_distance")
    best = measured.nsmallest(1, "ema_frechet_distance")
    axes.plot(best.step, best[f"ema_{measure}"], clip_on=False, zorder=5, **_RING)


def _weights(kind: str) -> dict[str, Any]:
    if kind == "ema":
        return {"color": "black", "linestyle": "-", "linewidth": 1.1}
    return {"color": ORANGE, "linestyle": "--", "linewidth": 0.8}


def _single_seeds(rows: pd.DataFrame) -> Line2D:
    words = f"single seeds ({rows.seed.nunique()})"
    return Line2D([], [], color="0.45", linewidth=0.6, label=words)


def _legend(
    figure: Figure, styles: dict[str, dict[str, Any]], more: list[Line2D], columns: int = 5
) -> None:
    handles = [
        Line2D([], [], label=model_name(name), markersize=4, **style)
        for name, style in styles.items()
    ]
    figure.legend(
        handles=[*handles, *more], loc="outside lower center", ncols=columns, frameon=False
    )
