"""What the generative networks make of noise (Figure 5)."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from idem.figures.style import in_order, model_name

Images = NDArray[np.uint8]  # (count, height, width, 3)

_INCHES = 0.44  # per image
_WHITE = 255


def figure_5(samples: pd.DataFrame, note: str = "") -> Figure:
    """Draw what each model makes of noise z: a sample a column, f(z) and f(f(z)) side by side.

    Noise stands above the models that share it. What a model has no image of stays white, as does
    f(f(z)) of a generator that cannot be applied to images.

    Args:
        samples: columns ``model``, ``seed``, ``sample``, ``application`` (0 the noise, 1 f(z),
            2 f(f(z))) and the pixels ``p0``, ``p1``, … of a square image as uint8, row by row:
            of a grey one, or of its red, green and blue plane one after the other. Of several
            seeds the first is drawn. Models come in the order of `idem.figures.style.MODEL_NAMES`,
            then others.
        note: what the reader has to know of the data, below the images.

    Raises:
        ValueError: if the pixels are not those of a square image of 1 or 3 channels.

    Source:
        Jensen and Vicary, Figure 5.
    """
    strips = _strips(samples[samples["seed"] == samples["seed"].min()])
    side, count = strips[0][1].shape[1], len(strips[0][1])
    width = _INCHES * _beside(strips[0][1]).shape[1] / side
    size = (width + 1.2, len(strips) * (_INCHES + 0.1) + 0.4)
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(len(strips), squeeze=False)[:, 0]
    for axes, (label, cells) in zip(panels, strips, strict=True):
        axes.imshow(_beside(cells))
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
        axes.set_ylabel(label, rotation=0, ha="right", va="center", fontsize=8)
    cell, gap = strips[0][1].shape[2], side // 4
    lefts = (cell + gap) * np.arange(count)
    places = np.add.outer(lefts, [side / 2, cell - side / 2]).ravel()
    panels[-1].set_xticks(places, ["f(z)", "f(f(z))"] * count, fontsize=6)
    panels[-1].tick_params(length=0, pad=2)
    if note:
        figure.supxlabel(note, fontsize=8)
    return figure


def _strips(table: pd.DataFrame) -> list[tuple[str, Images]]:
    """Return rows of cells as wide as a pair of images, each row with its label."""
    strips, shown = [], np.empty(0, np.uint8)
    for model in in_order(table["model"]):
        rows = table[table["model"] == model]
        noise, once, twice = (_images(table, rows, application) for application in range(3))
        if (noise != _WHITE).any() and not np.array_equal(noise, shown):
            strips.append(("Noise z", _centred(noise)))
            shown = noise
        strips.append((model_name(model), _paired(once, twice)))
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


def _padded(images: Images, left: int, right: int) -> Images:
    return np.pad(images, [(0, 0), (0, 0), (left, right), (0, 0)], constant_values=_WHITE)
