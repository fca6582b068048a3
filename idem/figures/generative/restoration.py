"""What trained networks make of corrupted images: the pictures, and how near they come."""

from itertools import product
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from idem.figures.style import WIDTH, batchnorm_in, first, in_order, looks, model_name, themed

_CORRUPTIONS = {
    "none": "Unchanged",
    "noise": "Noise",
    "mask": "Mask",
    "sketch": "Sketch",
    "shift": "Shift",
}
_BASELINES = {
    "input": r"Given $\tilde x$",
    "nearest_image": r"Training image nearest to $\tilde x$",
}
_APPLICATIONS = {1: r"$f(\tilde x)$", 2: r"$f(f(\tilde x))$"}
_LINES: dict[str, tuple[str, dict[str, Any]]] = {
    "input": (
        r"the given image $\tilde x$ itself",
        {"color": "0.45", "linestyle": "-", "linewidth": 2},
    ),
    "nearest_image": (
        r"training image nearest to $\tilde x$",
        {"color": "0.45", "linestyle": (0, (4, 1.5))},
    ),
    "mean_image": ("mean training image", {"color": "0.45", "linestyle": (0, (1, 1.5))}),
}
_UNITS = {"psnr": "PSNR (dB)", "ssim": "SSIM"}
_BELOW, _BETWEEN = 0.45, 0.35  # for what is written, and between two corruptions, in images
_MODELS = 4  # that there is room for


class _Strip(NamedTuple):
    """A row of the figure: its name, and which rows of the table it shows."""

    name: str
    model: str
    application: int
    original: bool = False


@themed
def figure_restoration(restored: pd.DataFrame) -> Figure:
    """Draw every image as it was, as given, and as f returns it, with its PSNR in dB.

    A column is an image under a corruption; beside what the first four networks make of it stands
    the training image nearest to the given one.

    Args:
        restored: columns ``model``, ``corruption``, ``application`` (0 for `input`, the given
            image, and `nearest_image`; 1 for f; others are left out), ``image``, ``psnr`` and the
            pixels ``p0``, ``p1``, … of a square image of one channel or of three, one after the
            other, as uint8. Corruption `none` of `input` is the original. Other baselines are left
            out.

    Raises:
        ValueError: if the pixels are not those of a square image of one or three channels.
    """
    pixels = [name for name in restored.columns if name[0] == "p" and name[1:].isdigit()]
    shape = _shape(len(pixels))
    table = restored.set_index(["model", "application", "corruption", "image"])
    cells = {
        key: (values.reshape(shape), psnr)
        for key, values, psnr in zip(
            table.index, table[pixels].to_numpy(np.uint8), table.psnr, strict=True
        )
    }
    strips, columns = _strips(restored), _columns(restored)
    width, height = max(columns.values()) + 1, (1 + _BELOW) * len(strips)
    figure = Figure(figsize=(WIDTH, (WIDTH - 1.4) * (height + 1) / width), layout="constrained")
    axes = figure.subplots()
    _head(axes, columns)
    for row, strip in enumerate(strips):
        _draw_strip(axes, strip, -(1 + _BELOW) * row, cells, columns)
    axes.set(xlim=(0, width), ylim=(-height, 0.8), aspect="equal")
    axes.set_axis_off()
    return figure


@themed
def figure_restoration_scores(scores: pd.DataFrame) -> Figure:
    """Draw PSNR and SSIM by corruption and model, over seeds, beside what takes no network.

    Of the first four models.

    Filled marks are f(x~), open ones f(f(x~)), with their intervals; the lines across are the
    baselines. A column of panels is a mode of BatchNorm.

    Args:
        scores: columns model, seed, mode, corruption, application (0 for the baselines, whose mode
            is missing), weights, and psnr and ssim with _low and _high. Rows of other seeds than
            `all` are left out; of several kinds of weights the first is drawn.
    """
    scores = scores[scores.seed == "all"]
    networks = scores[scores.application > 0]
    networks = networks[networks.weights == networks.weights.iloc[0]]
    modes = list(dict.fromkeys(networks["mode"]))
    networks = first(networks, _MODELS)
    styles = {m: style | {"linestyle": ""} for m, style in looks(networks.model).items()}
    figure = Figure(figsize=(WIDTH, 5.0), layout="constrained")
    panels = figure.subplots(2, len(modes), sharex=True, sharey="row", squeeze=False)
    for (row, metric), (column, mode) in product(enumerate(_UNITS), enumerate(modes)):
        axes: Axes = panels[row, column]
        _draw_baselines(axes, scores[scores.application == 0], metric)
        _draw_networks(axes, networks[networks["mode"] == mode], metric, styles)
        axes.grid(visible=False, axis="x")
        axes.set_xticks(range(len(_CORRUPTIONS)), labels=list(_CORRUPTIONS.values()))
        if row == 0:
            axes.set_title(batchnorm_in(mode))
        if column == 0:
            axes.set_ylabel(f"{_UNITS[metric]} against the original")
    figure.legend(handles=_legend(styles), loc="outside lower center", ncols=3, frameon=False)
    return figure


def _shape(count: int) -> tuple[int, int, int]:
    for channels in (1, 3):
        side = round((count / channels) ** 0.5)
        if count and channels * side * side == count:
            return channels, side, side
    raise ValueError(
        f"restored: expected the pixels of a square image of 1 or 3 channels, got {count} pixels"
    )


def _strips(restored: pd.DataFrame) -> list[_Strip]:
    models = in_order(restored.model[restored.application > 0])[:_MODELS]
    return [
        _Strip("Original $x$", "input", 0, original=True),
        *(_Strip(name, baseline, 0) for baseline, name in _BASELINES.items()),
        *(_Strip(model_name(model), model, 1) for model in models),
    ]


def _columns(restored: pd.DataFrame) -> dict[tuple[str, int], float]:
    """Return where the column of an image under a corruption begins."""
    images = sorted(restored.image.unique())
    group = len(images) + _BETWEEN
    pairs = product(enumerate(_CORRUPTIONS), enumerate(images))
    return {(name, image): which * group + place for (which, name), (place, image) in pairs}


def _draw_strip(
    axes: Axes,
    strip: _Strip,
    top: float,
    cells: dict[Any, tuple[NDArray[np.uint8], float]],
    columns: dict[tuple[str, int], float],
) -> None:
    """Draw the images of a row; what is given unchanged is the original above it, and left out."""
    axes.text(-0.2, top - 0.5, strip.name, ha="right", va="center")
    for (corruption, image), left in columns.items():
        source = "none" if strip.original else corruption
        if (strip.model, source) == ("input", "none") and not strip.original:
            continue
        pixels, psnr = cells[strip.model, strip.application, source, image]
        _draw(axes, pixels, left, top)
        if not strip.original:
            place: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 7}
            axes.text(left + 0.5, top - 1 - _BELOW / 2, f"{psnr:.1f}", **place)


def _draw(axes: Axes, pixels: NDArray[np.uint8], left: float, top: float) -> None:
    """Draw one image, (channels, side, side), with its upper left corner there."""
    margin = 0.02
    extent = (left + margin, left + 1 - margin, top - 1 + margin, top - margin)
    how: dict[str, Any] = {"cmap": "gray", "vmin": 0, "vmax": 255, "interpolation": "nearest"}
    axes.imshow(np.squeeze(np.moveaxis(pixels, 0, -1)), extent=extent, **how)


def _head(axes: Axes, columns: dict[tuple[str, int], float]) -> None:
    axes.text(-0.2, 0.35, "PSNR in dB\nbelow each image", ha="right", va="center", fontsize=7)
    for corruption, name in _CORRUPTIONS.items():
        lefts = [left for (own, _), left in columns.items() if own == corruption]
        middle = (min(lefts) + max(lefts) + 1) / 2
        axes.text(middle, 0.35, name, ha="center", va="center")


def _draw_baselines(axes: Axes, baselines: pd.DataFrame, metric: str) -> None:
    for place, corruption in enumerate(_CORRUPTIONS):
        rows = baselines[baselines.corruption == corruption]
        for name, (_, style) in _LINES.items():
            for value in rows[metric][rows.model == name]:
                axes.plot([place - 0.42, place + 0.42], [value] * 2, **style)


def _draw_networks(
    axes: Axes, rows: pd.DataFrame, metric: str, styles: dict[str, dict[str, Any]]
) -> None:
    places = list(product(styles, _APPLICATIONS))
    for index, (model, application) in enumerate(places):
        own = rows[(rows.model == model) & (rows.application == application)]
        own = own.set_index("corruption").reindex(list(_CORRUPTIONS))
        x = np.arange(len(own)) + 0.7 * ((index + 0.5) / len(places) - 0.5)
        ends = [own[metric] - own[f"{metric}_low"], own[f"{metric}_high"] - own[metric]]
        face = styles[model]["color"] if application == 1 else "white"
        how: dict[str, Any] = {"markersize": 3.5, "linewidth": 0.8}
        axes.errorbar(x, own[metric], ends, markerfacecolor=face, **how, **styles[model])


def _legend(styles: dict[str, dict[str, Any]]) -> list[Artist]:
    marks: dict[str, Any] = {"linestyle": "", "markersize": 5}
    black: dict[str, Any] = {"color": "black", "marker": "o", **marks}
    bar: dict[str, Any] = {"color": "black", "marker": "|", "linestyle": "", "markersize": 9}
    return [
        *(
            Line2D([], [], label=model_name(model), markersize=5, **style)
            for model, style in styles.items()
        ),
        Line2D([], [], label=f"filled: {_APPLICATIONS[1]}", **black),
        Line2D([], [], label=f"open: {_APPLICATIONS[2]}", **black, markerfacecolor="white"),
        Line2D([], [], label="bars: bootstrap interval", **bar),
        *(Line2D([], [], label=name, **style) for name, style in _LINES.values()),
    ]
