"""Rows of small images, and images from tables of pixels."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

Images = NDArray[np.uint8]  # (count, side, side, 3)
WHITE = 255


def images_of(table: pd.DataFrame) -> Images:
    """Return the images, ``(count, side, side, 3)``, whose pixels are the columns p0, p1, ….

    Row by row: of a grey image, or of its red, green and blue plane one after the other.

    Raises:
        ValueError: if these are not the pixels of a square image of 1 or 3 channels.
    """
    pixels = [name for name in map(str, table.columns) if name[0] == "p" and name[1:].isdigit()]
    for channels in (1, 3):
        side = round((len(pixels) / channels) ** 0.5)
        if pixels and channels * side * side == len(pixels):
            flat = table[pixels].to_numpy(np.uint8).reshape(-1, channels, side, side)
            return np.broadcast_to(flat.transpose(0, 2, 3, 1), (len(flat), side, side, 3))
    raise ValueError(
        "columns p0, p1, … of pictures: expected the pixels of a square image of 1 or 3 channels, "
        f"got {len(pixels)}"
    )


def gallery(axes: Axes, rows: Sequence[tuple[str, Images]], group: int) -> NDArray[np.float64]:
    """Draw rows of images with their names at the left.

    Args:
        axes: into which; a row is one unit high, the first at the top.
        rows: a name and as many images in each.
        group: how many images stand together, apart from the next.

    Returns:
        Where the middles of the images are along the axis, in rows' heights.
    """
    side = rows[0][1].shape[1]
    image = np.vstack([_strip(images, group) for _, images in rows])
    pitch = side + side // 8
    axes.imshow(image, extent=(0, image.shape[1] / pitch, len(rows), 0), aspect="equal")
    middle = side / pitch / 2
    axes.set_yticks(np.arange(len(rows)) + middle, [name for name, _ in rows])
    axes.set_xticks([])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.grid(visible=False)
    places = np.arange(len(rows[0][1]))
    lefts = places * (side + side // 16) + places // group * (side // 4)
    return (lefts + side / 2) / pitch


def in_colour(images: NDArray[np.uint8]) -> Images:
    """Return images ``(count, C, H, W)``, grey or in colour, as `gallery` takes them."""
    count, channels, *sides = images.shape
    planes = np.broadcast_to(images, (count, max(channels, 3), *sides))
    return planes.transpose(0, 2, 3, 1)


def paired(left: Images, right: Images) -> Images:
    """Return images in turn: the first of `left`, that of `right`, the second of `left`, …."""
    return np.stack([left, right], axis=1).reshape(-1, *left.shape[1:])


def _strip(images: Images, group: int) -> Images:
    """Return images beside each other, with white below, between, and more between groups."""
    side = images.shape[1]
    cells = np.pad(images, [(0, 0), (0, side // 8), (0, side // 16), (0, 0)], constant_values=WHITE)
    apart = np.full_like(cells[0][:, : side // 4], WHITE)
    groups = [cells[place : place + group] for place in range(0, len(cells), group)]
    parts = [part for cells in groups for part in (*cells, apart)]
    return np.hstack(parts[:-1])
