"""Image data sets: IDX files to padded uint8 arrays, prepared arrays to tensors.

Layout everywhere: images (count, channels, side, side), labels (count,), both uint8. A prepared
data set is a folder with `SPLIT_images.npy` and `SPLIT_labels.npy` of every split, none of which
holds Python objects. CelebA has no labels, but ids, int32, in `SPLIT_ids.npy`: `idem.data.celeba`
makes its arrays.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:  # preparing arrays takes no torch, and loading it takes seconds
    import torch
    from torch import Tensor

Split = Literal["train", "valid", "test"]


class Prepared(NamedTuple):
    """Which splits a data set has, and what is known of each of its images, of which type."""

    splits: tuple[str, ...]
    known: str
    dtype: type[np.generic]


DATASETS = {
    "mnist": Prepared(("train", "valid", "test"), "labels", np.uint8),
    "celeba": Prepared(("train", "valid", "test"), "ids", np.int32),
}
_IDX_FILES = {"train": "train", "test": "t10k"}
_IDX_UINT8 = 8
_IDX_BYTES = 100_000_000


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


def parse_idx(content: bytes) -> NDArray[np.uint8]:
    """Read the bytes of an IDX file into an array of the shape that its header gives.

    The format: two zero bytes, the element type (8 is uint8, the only one accepted), the number of
    dimensions, each dimension as a big-endian int32, the elements in C order.

    Raises:
        ValueError: wrong magic number, or not as many elements as the header says.

    Source: LeCun, Cortes and Burges, The MNIST database of handwritten digits (1998).
    """
    if len(content) < 4 or content[:3] != bytes([0, 0, _IDX_UINT8]) or content[3] not in (1, 3):
        raise ValueError(
            f"no IDX file of uint8 labels or images: expected magic number 00000801 or 00000803, "
            f"got {content[:4].hex() or 'nothing'}"
        )
    start = 4 + 4 * content[3]
    shape = [int.from_bytes(content[at : at + 4], "big") for at in range(4, start, 4)]
    if len(content) != start + math.prod(shape):
        raise ValueError(
            f"IDX header gives shape {tuple(shape)}: expected {start + math.prod(shape)} bytes, "
            f"got {len(content)}"
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def read_mnist(folder: Path, part: Literal["train", "test"]) -> Labelled:
    """Read one official part of MNIST, 28×28, from the unpacked IDX files in `folder`.

    Raises:
        FileNotFoundError: a file is missing.
        ValueError: a file is no IDX file, or images and labels do not belong together, or for
            another part.
    """
    if part not in _IDX_FILES:
        raise ValueError(f"part: expected one of {', '.join(_IDX_FILES)}, got {part!r}")
    stem = _IDX_FILES[part]
    images = _read_idx(folder / f"{stem}-images-idx3-ubyte")
    labels = _read_idx(folder / f"{stem}-labels-idx1-ubyte")
    return _checked(Labelled(images[:, None], labels), f"{folder} ({part})", DATASETS["mnist"])


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
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / f"{split}_images.npy", data.images, allow_pickle=False)
    np.save(folder / f"{split}_labels.npy", data.labels, allow_pickle=False)


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
        ValueError: unknown data set or split, or arrays of the wrong kind.
    """
    folder, kind = root / check_name(name), DATASETS[name]
    _check_split(name, split)
    arrays = (_load_array(folder / f"{split}_{what}.npy") for what in ("images", kind.known))
    data = _checked(Labelled(*arrays), f"{folder} ({split})", kind)
    import torch

    return torch.from_numpy(data.images).to(device), torch.from_numpy(data.labels).to(device)


def to_unit(images: Tensor) -> Tensor:
    """Map uint8 images, 0 to 255, to float32 in [-1, 1]: the range of a generator's tanh."""
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


def _read_idx(path: Path) -> NDArray[np.uint8]:
    with path.open("rb") as stream:
        content = stream.read(_IDX_BYTES + 1)
    if len(content) > _IDX_BYTES:
        raise ValueError(f"{path}: expected at most {_IDX_BYTES} bytes")
    try:
        return parse_idx(content)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


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


def _checked(data: Labelled, where: str, kind: Prepared) -> Labelled:
    images, labels = data
    if images.dtype != np.uint8 or labels.dtype != kind.dtype:
        raise ValueError(
            f"{where}: expected images uint8 and {kind.known} {kind.dtype.__name__}, got "
            f"{images.dtype} and {labels.dtype}"
        )
    if images.ndim != 4 or labels.shape != images.shape[:1]:
        raise ValueError(
            f"{where}: expected images (n, c, h, w) and as many {kind.known} (n,), "
            f"got {images.shape} and {labels.shape}"
        )
    return data
