"""CelebA as uint8 arrays: found where its user put it, decoded once, split by id.

Layout: `SPLIT_images.npy` (count, 3, side, side) uint8 and `SPLIT_ids.npy` (count,) int32, for each
split of `SPLITS`, in ascending order of id. Blocks of images are decoded independently, each
straight into its place in the file, so that memory does not grow with the data set.
"""

import hashlib
import io
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from idem.data.archive import ArchiveError, Fault, Member, fault, list_numbered, opened, worded
from idem.data.download import DATA_DIR
from idem.data.jpeg import decode_square

NAME = "img_align_celeba"
OFFICIAL_MD5 = "00d2c5bc6d35e252742224ab0c1e8fcb"
SPLITS = {
    "train": range(1, 162_771),
    "valid": range(162_771, 182_638),
    "test": range(182_638, 202_600),
}
IDS = range(1, 202_600)
BLOCK_IMAGES = 8192  # to open the official archive takes as long as decoding 2 000 images
MOVED_IMAGES = 1024

Run = Callable[[Callable[..., Any], Iterable[tuple]], list[Any]]


class CelebAError(ValueError):
    """What keeps the data set from being prepared, and what to do about it."""


@dataclass
class Tally:
    """What a block of images or a whole split holds, and what of it is left out."""

    faults: list[Fault] = field(default_factory=list)
    broken_rows: list[int] = field(default_factory=list)
    sizes: Counter[tuple[int, int]] = field(default_factory=Counter)  # width, height
    modes: Counter[str] = field(default_factory=Counter)
    levels: NDArray[np.int64] = field(default_factory=lambda: np.zeros(256, np.int64))

    def add(self, other: "Tally") -> None:
        """Count in what another block of the same split holds."""
        self.faults += other.faults
        self.broken_rows += other.broken_rows
        self.sizes += other.sizes
        self.modes += other.modes
        self.levels = self.levels + other.levels


class Prepared(NamedTuple):
    """What became of a source: images and what they held by split, what was left out of how much.

    `levels` in `Tally` counts the values 0 to 255 of all pixels and channels.
    """

    counts: dict[str, int]
    found: dict[str, Tally]
    faults: list[Fault]
    members: int


def find(cache: Path) -> Path:
    """Return the archive or folder of CelebA's images: from IDEM_DATA_DIR, else from `cache`.

    Looked at are the folder that IDEM_DATA_DIR names, `celeba` in it, and `cache`; in each for
    `img_align_celeba.zip`, the folder `img_align_celeba`, one zip or folder whose name begins so,
    and the images themselves, in this order.

    Raises:
        CelebAError: there is none, or more than one that might be meant.
        NotADirectoryError: IDEM_DATA_DIR is set and is no folder.
    """
    folders = [*_named_folders(), cache]
    for folder in folders:
        if found := _candidate(folder):
            return found
    raise CelebAError(
        "CelebA is not there, and its terms forbid redistribution, so that no stage fetches it.\n"
        f"Get {NAME}.zip (aligned and cropped images) from the page of the Large-scale CelebFaces\n"
        "Attributes (CelebA) data set of the Multimedia Laboratory, Chinese University of Hong\n"
        f"Kong, and set {DATA_DIR} to its folder, zipped or unpacked. Another zip or folder\n"
        f"{NAME}* of NNNNNN.jpg, of any size, is taken as a subset. Looked at:\n"
        + "\n".join(f"  {folder}" for folder in folders)
    )


def _named_folders() -> list[Path]:
    if not (named := os.environ.get(DATA_DIR)):
        return []
    if not Path(named).is_dir():
        raise NotADirectoryError(f"{DATA_DIR}: expected a folder, got {named!r}")
    return [Path(named), Path(named) / "celeba"]


def _candidate(folder: Path) -> Path | None:
    found = sorted(
        path
        for path in folder.glob(NAME + "*")
        if path.is_dir() or (path.is_file() and path.suffix == ".zip")
    )
    for official in (folder / f"{NAME}.zip", folder / NAME):
        if official in found:
            return official
    if len(found) > 1:
        names = ", ".join(path.name for path in found)
        raise CelebAError(f"{folder}: expected one zip or folder {NAME}*, got {names}")
    if found:
        return found[0]
    return folder if any(folder.glob("[0-9]" * 6 + ".jpg")) else None


def prepare(
    source: Path, folder: Path, *, side: int, most_broken: float, run: Run | None = None
) -> Prepared:
    """Decode a zip archive or folder of `NNNNNN.jpg` into the arrays of every split in `folder`.

    Images are cropped to the square in their centre and scaled to `side`; those of that size are
    taken as they are. Members that are broken or no images of CelebA are left out and returned as
    faults. The arrays are made beside `folder` and moved there when all is done.

    Args:
        source: what `find` returned.
        folder: where the arrays go; made if need be.
        side: of the images, in pixels.
        most_broken: the share of all members up to which some may be left out.
        run: `run(function, units)` returns `[function(*unit) for unit in units]`, from as many
            processes as it likes; by default, from this one.

    Raises:
        CelebAError: no archive, or one that is replaced on the way, too much left out of it, or a
            split without any image; nothing is written then.

    Example:
        >>> source = find(Path(".cache/celeba"))
        >>> prepare(source, Path("data/celeba"), side=64, most_broken=0.001).counts
        {'train': 162770, 'valid': 19867, 'test': 19962}

    Source: Liu, Luo, Wang and Tang, Deep Learning Face Attributes in the Wild (ICCV 2015).
    """
    members, faults = _listed(source)
    total = len(members) + len(faults)
    _check_share(source, faults, total, most_broken)
    splits = {name: [one for one in members if one.number in ids] for name, ids in SPLITS.items()}
    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)  # of a run that was killed
    try:
        found = _decode(source, splits, part, side, run or _one_by_one)
        faults += [each for split in found.values() for each in split.faults]
        _check_share(source, faults, total, most_broken)
        counts = {name: _finish(part, name, splits[name], found[name]) for name in SPLITS}
        _check_counts(source, counts)
        folder.mkdir(parents=True, exist_ok=True)
        for path in sorted(part.iterdir()):
            path.replace(folder / path.name)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return Prepared(counts, found, faults, total)


def md5(source: Path) -> str | None:
    """Return the MD5 of an archive, by which the official one is known; None for a folder."""
    if source.is_dir():
        return None
    with source.open("rb") as stream:
        digest = hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False))
    return digest.hexdigest()


def _listed(source: Path) -> tuple[list[Member], list[Fault]]:
    with _as_own_errors():
        return list_numbered(source, IDS)


@contextmanager
def _as_own_errors() -> Iterator[None]:
    try:
        yield
    except ArchiveError as error:
        raise CelebAError(str(error)) from error


def _check_share(source: Path, faults: Sequence[Fault], total: int, most_broken: float) -> None:
    if total == 0:
        raise CelebAError(f"{source}: holds no file")
    if len(faults) > most_broken * total:
        raise CelebAError(
            f"{source}: expected at most a share of {most_broken:g} of its files to be broken or "
            f"no image of CelebA, got {len(faults)} of {total}; nothing is written:\n"
            f"{worded(faults)}\n"
            "Get it again, or raise prepare.most_broken to go on without them."
        )


def _check_counts(source: Path, counts: Mapping[str, int]) -> None:
    for name, ids in SPLITS.items():
        if not counts[name]:
            raise CelebAError(
                f"{source}: expected images of every split, got none of {name} (ids {ids[0]} to "
                f"{ids[-1]}); nothing is written"
            )


def _decode(
    source: Path, splits: Mapping[str, Sequence[Member]], part: Path, side: int, run: Run
) -> dict[str, Tally]:
    units, names = [], []
    part.mkdir(parents=True)
    for name, members in splits.items():
        path = part / f"{name}_images.npy"
        with path.open("wb") as array:
            _write_header(array, len(members), side)
        for first in range(0, len(members), BLOCK_IMAGES):
            names.append(name)
            units.append((source, members[first : first + BLOCK_IMAGES], path, first, side))
    found = {name: Tally() for name in splits}
    with _as_own_errors():  # of an archive that was replaced after it was listed
        blocks = run(decode_block, units)
    for name, block in zip(names, blocks, strict=True):
        found[name].add(block)
    return found


def decode_block(
    source: Path, members: Sequence[Member], path: Path, first: int, side: int
) -> Tally:
    """Decode `members` into the rows of the array file `path` from row `first` on.

    The row of a broken one is left zero.
    """
    found, blank = Tally(), bytes(3 * side * side)
    with opened(source) as read, path.open("r+b") as array:
        array.seek(_header_bytes(side) + first * len(blank))
        for row, member in enumerate(members, first):
            try:
                image = decode_square(read(member), side)
            except ValueError as error:
                found.faults.append(fault(member.name, str(error)))
                found.broken_rows.append(row)
                array.write(blank)
                continue
            array.write(image.pixels.tobytes())
            found.sizes[image.size] += 1
            found.modes[image.mode] += 1
            found.levels += np.bincount(image.pixels.ravel(), minlength=256)
    return found


def _write_header(array: IO[bytes], count: int, side: int) -> None:
    """Begin a .npy file; its header has the same length for every count."""
    form = {"descr": "|u1", "fortran_order": False, "shape": (count, 3, side, side)}
    np.lib.format.write_array_header_1_0(array, form)


def _header_bytes(side: int) -> int:
    header = io.BytesIO()
    _write_header(header, 0, side)
    return header.tell()


def _finish(part: Path, name: str, members: Sequence[Member], found: Tally) -> int:
    """Close the gaps that broken images left, write the ids; return how many images there are."""
    kept = np.setdiff1d(np.arange(len(members)), found.broken_rows)
    if found.broken_rows:
        _keep_rows(part / f"{name}_images.npy", kept)
    ids = np.array([member.number for member in members], np.int32)
    np.save(part / f"{name}_ids.npy", ids[kept], allow_pickle=False)
    return len(kept)


def _keep_rows(path: Path, kept: NDArray[np.int64]) -> None:
    array = np.load(path, mmap_mode="r+")
    row_bytes, side = array[0].nbytes, array.shape[-1]
    for start in range(0, len(kept), MOVED_IMAGES):
        rows = kept[start : start + MOVED_IMAGES]
        array[start : start + len(rows)] = array[rows]  # rows never lie before where they go
    del array
    with path.open("r+b") as stream:
        _write_header(stream, len(kept), side)
        stream.truncate(stream.tell() + len(kept) * row_bytes)


def _one_by_one(function: Callable[..., Any], units: Iterable[tuple]) -> list[Any]:
    return [function(*unit) for unit in units]
