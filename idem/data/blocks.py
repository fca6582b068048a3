"""Images decoded block by block, each block straight into its place in one .npy file.

Blocks are independent of one another, so that several processes can share the work, and memory
does not grow with the number of images. Layout: (count, 3, side, side), uint8; the row of an image
that cannot be decoded is zero until `keep_rows` closes the gap.
"""

import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from idem.data.archive import Fault, Member, fault, open_images
from idem.data.jpeg import decode_square

MOVED_IMAGES = 1024


@dataclass
class Tally:
    """What was counted in a block of images or a whole split, and what of it is left out."""

    faults: list[Fault] = field(default_factory=list)
    broken_rows: list[int] = field(default_factory=list)
    sizes: Counter[tuple[int, int]] = field(default_factory=Counter)  # width, height
    modes: Counter[str] = field(default_factory=Counter)
    levels: NDArray[np.int64] = field(default_factory=lambda: np.zeros(256, np.int64))  # of pixels

    def add(self, other: "Tally") -> None:
        """Add what was counted in another block of the same split."""
        self.faults += other.faults
        self.broken_rows += other.broken_rows
        self.sizes += other.sizes
        self.modes += other.modes
        self.levels = self.levels + other.levels


def create_array(path: Path, count: int, side: int) -> None:
    """Begin the file of `count` images: its header alone, after which blocks may be decoded."""
    with path.open("wb") as array:
        _write_header(array, count, side)


def decode_block(
    source: Path, members: Sequence[Member], path: Path, first: int, side: int
) -> Tally:
    """Decode the images of a zip archive or folder into the rows of `path` from row `first` on.

    Raises:
        ArchiveError: the archive is none any more.
    """
    tally, blank = Tally(), bytes(3 * side * side)
    with open_images(source) as read, path.open("r+b") as array:
        array.seek(_header_bytes(side) + first * len(blank))
        for row, member in enumerate(members, first):
            try:
                image = decode_square(read(member), side)
            except ValueError as error:
                tally.faults.append(fault(member.name, str(error)))
                tally.broken_rows.append(row)
                array.write(blank)
                continue
            array.write(image.pixels.tobytes())
            tally.sizes[image.size] += 1
            tally.modes[image.mode] += 1
            tally.levels += np.bincount(image.pixels.ravel(), minlength=256)
    return tally


def keep_rows(path: Path, kept: NDArray[np.int64]) -> None:
    """Shorten the file to the rows `kept`, which ascend, in place."""
    array = np.load(path, mmap_mode="r+")
    row_bytes, side = array[0].nbytes, array.shape[-1]
    for start in range(0, len(kept), MOVED_IMAGES):
        rows = kept[start : start + MOVED_IMAGES]
        array[start : start + len(rows)] = array[rows]  # rows never lie before where they go
    del array
    with path.open("r+b") as stream:
        _write_header(stream, len(kept), side)
        stream.truncate(stream.tell() + len(kept) * row_bytes)


def _write_header(array: IO[bytes], count: int, side: int) -> None:
    """Begin a .npy file; its header has the same length for every count."""
    form = {"descr": "|u1", "fortran_order": False, "shape": (count, 3, side, side)}
    np.lib.format.write_array_header_1_0(array, form)


def _header_bytes(side: int) -> int:
    header = io.BytesIO()
    _write_header(header, 0, side)
    return header.tell()
