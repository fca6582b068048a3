"""MNIST: IDX files to uint8 arrays.

torchvision reads IDX files, too, but loads torch, which takes seconds that preparing arrays does
not need, and checks with `assert`.
"""

import math
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from idem.data.datasets import DATASETS, Labelled, check_arrays

_IDX_FILES = {"train": "train", "test": "t10k"}
_IDX_UINT8 = 8
_IDX_BYTES = 100_000_000


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
    return check_arrays(Labelled(images[:, None], labels), f"{folder} ({part})", DATASETS["mnist"])


def _read_idx(path: Path) -> NDArray[np.uint8]:
    with path.open("rb") as stream:
        content = stream.read(_IDX_BYTES + 1)
    if len(content) > _IDX_BYTES:
        raise ValueError(f"{path}: expected at most {_IDX_BYTES} bytes")
    try:
        return parse_idx(content)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
