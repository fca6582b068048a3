"""What the generative networks make of noise (Figure 5)."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter
from numpy.typing import NDArray

from idem.figures.style import WIDTH, grey, in_order, looks, model_name, plain, themed

Images = NDArray[np.uint8]  # (count, height, width, 3)

_WHITE = 255
_SAMPLES = 8  # beside each other


@themed
def figure_5(samples: pd.DataFrame, distances: pd.DataFrame, note: str = "") -> Figure:
    """Draw what each model makes of noise z, and how far its samples are from the data.

    A sample a column, f(z) and f(f(z)) side by side; noise stands above the models that share it.
    What a model has no image of stays white, as does f(f(z)) of a generator that cannot be applied
    to images. Beside it the Fréchet distance in both modes of BatchNorm, with intervals over seeds.

    Args:
        samples: columns ``model``, ``seed``, ``sample``, ``application`` (0 the noise, 1 f(z),
            2 f(f(z))) and the pixels ``p0``, ``p1``, … of a square image as uint8, row by row:
            of a grey one, or of its red, green and blue plane one after the other. Of several
            seeds, and of more than eight samples, the first are drawn. Models come in the order of
            `idem.figures.style.MODEL_NAMES`, then others.
        distances: columns ``model``, ``mode``, ``mean``, ``low`` and ``high``; of other models
            nothing is drawn.
        note: what the reader has to know of the data, below the images.

    Raises:
        ValueError: if the pixels are not those of a square image of 1 or 3 channels.

    Source:
        Jensen and Vicary, Figure 5.
    """
    rows = samples[samples["seed"] == samples["seed"].min()]
    rows = rows[rows["sample"].isin(sorted(set(rows["sample"]))[:_SAMPLES])]
    strips = _strips(rows)
    side, count = strips[0].cells.shape[1], len(strips[0].cells)
    image = np.vstack([_spaced(_beside(strip.cells)) for strip in strips])
    figure = Figure(figsize=(WIDTH, 0.25 * len(strips) + 0.85), layout="constrained")
    axes, beside = figure.subplots(1, 2, sharey=True, width_ratios=[4, 1])
    axes.imshow(image, extent=(0, image.shape[1] / side, len(strips), 0), aspect="auto")
    middle = side / (side + side // 8) / 2
    axes.set_yticks(np.arange(len(strips)) + middle, [strip.label for strip in strips])
    cell, gap = strips[0].cells.shape[2], side // 4
    lefts = (cell + gap) * np.arange(count)
    places = np.add.outer(lefts, [side / 2, cell - side / 2]).ravel() / side
    axes.set_xticks(places, ["f(z)", "f²(z)"] * count)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    _draw_distances(beside, distances, {s.model: i + middle for i, s in enumerate(strips)})
    axes.grid(visible=False)
    modes = [grey("BatchNorm in training mode", marker="o")]
    modes += [grey("in eval mode", marker="o", markerfacecolor="white")]
    figure.legend(handles=modes, loc="outside lower right", ncols=2)
    if note:
        figure.supxlabel(note)
    return figure


class _Strip(NamedTuple):
    """A row of the figure: its name, the model if it has one, and cells as wide as a pair."""

    label: str
    model: str
    cells: Images


def _draw_distances(axes: Axes, distances: pd.DataFrame, places: dict[str, float]) -> None:
    """Draw the distances beside the rows of their models; open marks are of eval mode."""
    for model, style in looks(set(distances.model) & set(places)).items():
        rows = distances[distances.model == model].set_index("mode")
        for mode, shift in (("train", -0.12), ("eval", 0.12)):
            if mode not in rows.index:
                continue
            found, place = rows.loc[mode], places[model] + shift
            axes.plot([found.low, found.high], [place] * 2, color=style["color"], linewidth=0.8)
            face = style["color"] if mode == "train" else "white"
            mark: dict[str, Any] = style | {"linestyle": "", "markerfacecolor": face}
            axes.plot([found["mean"]], [place], **mark)
    axes.set(xscale="log", xlabel="Fréchet distance")
    plain(axes.xaxis)
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 3.0)))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.tick_params(axis="y", length=0, labelleft=False)


def _strips(table: pd.DataFrame) -> list[_Strip]:
    """Return a row a model, and above those that share it the noise."""
    strips, shown = [], np.empty(0, np.uint8)
    for model in in_order(table["model"]):
        rows = table[table["model"] == model]
        noise, once, twice = (_images(table, rows, application) for application in range(3))
        if (noise != _WHITE).any() and not np.array_equal(noise, shown):
            strips.append(_Strip("Noise z", "", _centred(noise)))
            shown = noise
        strips.append(_Strip(model_name(model), model, _paired(once, twice)))
    return strips


def _images(table: pd.DataFrame, rows: pd.DataFrame, application: int) -> Images:
    """Return one image a sample of `table`, white where `rows` have none."""
    found = rows[rows["application"] == application].set_index("sample")[_pixels(table)]
    return images_of(found.reindex(sorted(set(table["sample"])), fill_value=_WHITE))


def images_of(table: pd.DataFrame) -> Images:
    """Return the images, ``(count, side, side, 3)``, whose pixels are the columns p0, p1, ….

    Raises:
        ValueError: if these are not the pixels of a square image of 1 or 3 channels.
    """
    pixels = _pixels(table)
    channels = 3 if len(pixels) % 3 == 0 and _is_square(len(pixels) // 3) else 1
    side = round((len(pixels) / channels) ** 0.5)
    if not pixels or channels * side * side != len(pixels):
        raise ValueError(
            f"samples: expected the pixels of a square image of 1 or 3 channels, got {len(pixels)}"
        )
    flat = table[pixels].to_numpy(np.uint8)
    images = flat.reshape(-1, channels, side, side).transpose(0, 2, 3, 1)
    return np.broadcast_to(images, (*images.shape[:3], 3))


def _pixels(table: pd.DataFrame) -> list[str]:
    return [name for name in map(str, table.columns) if name[0] == "p" and name[1:].isdigit()]


def _is_square(number: int) -> bool:
    return round(number**0.5) ** 2 == number


def _paired(left: Images, right: Images) -> Images:
    between = np.full_like(left[:, :, : left.shape[1] // 16], _WHITE)
    return np.concatenate([left, between, right], axis=2)


def _centred(images: Images) -> Images:
    side = images.shape[1]
    margin = side + side // 16
    return _padded(images, margin // 2, margin - margin // 2)


def _beside(cells: Images) -> NDArray[np.uint8]:
    """Return the cells side by side, with a gap between two.

    As torchvision's `make_grid` does, which would load torch into stages that draw tables alone.
    """
    return np.hstack(list(_padded(cells, 0, cells.shape[1] // 4)))[:, : -(cells.shape[1] // 4)]


def _spaced(strip: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.pad(strip, [(0, len(strip) // 8), (0, 0), (0, 0)], constant_values=_WHITE)


def _padded(images: Images, left: int, right: int) -> Images:
    return np.pad(images, [(0, 0), (0, 0), (left, right), (0, 0)], constant_values=_WHITE)
