"""Image data sets as uint8 arrays: padded, split, saved, and loaded as tensors.

Layout everywhere: images (count, channels, side, side), labels (count,), both uint8. A prepared
data set is a folder with `SPLIT_images.npy` and `SPLIT_labels.npy` of every split, without Python
objects. CelebA has ids instead of labels, int32, in `SPLIT_ids.npy`; `idem.data.celeba` writes
them.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from idem.files import replaced

if TYPE_CHECKING:  # preparing arrays takes no torch, and loading it takes seconds
    import torch
    from torch import Tensor

Split = Literal["train", "valid", "test"]


class Layout(NamedTuple):
    """Which splits a prepared data set has, and what is known of each image, of which type."""

    splits: tuple[str, ...]
    known: str
    dtype: type[np.generic]


DATASETS = {
    "mnist": Layout(("train", "valid", "test"), "labels", np.uint8),
    "celeba": Layout(("train", "valid", "test"), "ids", np.int32),
}


class Labelled(NamedTuple):
    """One split as arrays: images (count, 1, side, side) and labels (count,), both uint8."""

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]


def check_name(name: str) -> str:
    """Return `name` if it is that of a data set.

    Raises:
        ValueError: it is not; the message lists those there are.
    """
    if name not in DATASETS:
        raise ValueError(f"unknown data set {name!r}: expected one of {', '.join(DATASETS)}")
    return name


def check_arrays(data: Labelled, where: str, layout: Layout) -> Labelled:
    """Return `data` if its arrays are of the types of `layout`, and as many labels as images.

    Raises:
        ValueError: they are not; the message begins with `where` they come from.
    """
    images, labels = data
    if images.dtype != np.uint8 or labels.dtype != layout.dtype:
        raise ValueError(
            f"{where}: expected images uint8 and {layout.known} {layout.dtype.__name__}, got "
            f"{images.dtype} and {labels.dtype}"
        )
    if images.ndim != 4 or labels.shape != images.shape[:1]:
        raise ValueError(
            f"{where}: expected images (n, c, h, w) and as many {layout.known} (n,), "
            f"got {images.shape} and {labels.shape}"
        )
    return data


def hold_out(data: Labelled, count: int) -> tuple[Labelled, Labelled]:
    """Split off the last `count` items, to choose by what is neither trained nor reported on.

    Raises:
        ValueError: fewer than two items would be left on either side.
    """
    if not 2 <= count <= len(data.labels) - 2:
        raise ValueError(f"count: expected 2 to {len(data.labels) - 2}, got {count}")
    return (
        Labelled(data.images[:-count], data.labels[:-count]),
        Labelled(data.images[-count:], data.labels[-count:]),
    )


def pad(images: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Pad images (count, channels, height, width) with zeros on all sides to `side`×`side`.

    An odd difference puts the extra row and column at the bottom and on the right.

    Raises:
        ValueError: the images are larger than `side`.
    """
    margins = [side - length for length in images.shape[2:]]
    if min(margins) < 0:
        raise ValueError(f"side: expected at least {max(images.shape[2:])}, got {side}")
    return np.pad(images, [(0, 0), (0, 0), *((m // 2, m - m // 2) for m in margins)])


def save(folder: Path, split: Split, data: Labelled) -> None:
    """Write one prepared split into `folder`."""
    for what, array in (("images", data.images), ("labels", data.labels)):
        with replaced(folder / f"{split}_{what}.npy") as part, part.open("wb") as file:
            np.save(file, array, allow_pickle=False)


def load(
    name: str, split: Split, *, root: Path = Path("data"), device: torch.device | str = "cpu"
) -> tuple[Tensor, Tensor]:
    """Load one prepared split from `root`/`name` onto `device`, images still uint8.

    The images are a quarter of the size they have as float32: convert a batch at a time, with
    `to_unit`. On the CPU they stay in their file until used; what is written to them is not.

    Returns:
        images (count, channels, side, side) and labels (count,), or ids where there are none.

    Raises:
        FileNotFoundError: the data set has not been prepared.
        ValueError: unknown data set or split, or arrays of another layout.
    """
    folder, layout = root / check_name(name), DATASETS[name]
    _check_split(name, split)
    arrays = (_load_array(folder / f"{split}_{what}.npy") for what in ("images", layout.known))
    data = check_arrays(Labelled(*arrays), f"{folder} ({split})", layout)
    import torch

    return torch.from_numpy(data.images).to(device), torch.from_numpy(data.labels).to(device)


def to_unit(images: Tensor) -> Tensor:
    """Map uint8 images, 0 to 255, to float32 in [-1, 1]: the range of a generator's tanh.

    torchvision's `to_dtype` and `normalize` together differ from it by rounding, in 111 of the 256
    levels.
    """
    return images.float().div_(127.5).sub_(1.0)


def draw(images: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Return `count` of the uint8 images, chosen with replacement, in [-1, 1].

    Args:
        images: on the generator's device.
        count: how many.
        generator: of the choice.
    """
    import torch

    chosen = torch.randint(len(images), (count,), generator=generator, device=generator.device)
    return to_unit(images[chosen])


def _load_array(path: Path) -> NDArray[np.uint8]:
    try:
        return np.load(path, mmap_mode="c", allow_pickle=False)
    except FileNotFoundError as error:
        raise FileNotFoundError(f"{path}: not there; stage prepare writes it") from error
    except (ValueError, EOFError) as error:
        raise ValueError(f"{path}: no .npy file without objects: {error}") from error


def _check_split(name: str, split: str) -> None:
    if split not in DATASETS[name].splits:
        known = ", ".join(DATASETS[name].splits)
        raise ValueError(f"unknown split {split!r} of {name}: expected one of {known}")
