"""CelebA as uint8 arrays: found where its user put it, decoded once, split by id.

Layout: `SPLIT_images.npy` (count, 3, side, side) uint8 and `SPLIT_ids.npy` (count,) int32, for each
split of `SPLITS`, in ascending order of id.
"""

import hashlib
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from idem.data.archive import ArchiveError, Fault, Member, fault_lines, list_images
from idem.data.blocks import Tally, create_array, decode_block, keep_rows
from idem.data.sources import DATA_DIR, named_folders

NAME = "img_align_celeba"
OFFICIAL_MD5 = "00d2c5bc6d35e252742224ab0c1e8fcb"
SPLITS = {
    "train": range(1, 162_771),
    "valid": range(162_771, 182_638),
    "test": range(182_638, 202_600),
}
IDS = range(1, 202_600)
BLOCK_IMAGES = 8192  # to open the official archive takes as long as decoding 2 000 images

Run = Callable[[Callable[..., Any], Iterable[tuple]], list[Any]]


class CelebAError(ValueError):
    """What keeps the data set from being prepared, and what to do about it."""


class Prepared(NamedTuple):
    """What became of a source: images and counts by split, and what was left out of how many."""

    counts: dict[str, int]
    tallies: dict[str, Tally]
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
    folders = [*named_folders("celeba"), cache]
    for folder in folders:
        if source := _candidate(folder):
            return source
    raise CelebAError(
        "CelebA is not there, and its terms forbid redistribution, so that no stage fetches it.\n"
        f"Get {NAME}.zip (aligned and cropped images) from the page of the Large-scale CelebFaces\n"
        "Attributes (CelebA) data set of the Multimedia Laboratory, Chinese University of Hong\n"
        f"Kong, and set {DATA_DIR} to its folder, zipped or unpacked. Another zip or folder\n"
        f"{NAME}* of NNNNNN.jpg, of any size, is taken as a subset. Looked at:\n"
        + "\n".join(f"  {folder}" for folder in folders)
    )


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
        most_broken: the fraction of all members that may be left out.
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
    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)  # of a run that was killed
    try:
        prepared = _prepare(source, part, side, most_broken, run or _one_by_one)
        folder.mkdir(parents=True, exist_ok=True)
        for path in sorted(part.iterdir()):
            path.replace(folder / path.name)
    except ArchiveError as error:
        raise CelebAError(str(error)) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return prepared


def md5(source: Path) -> str | None:
    """Return the MD5 of an archive, by which the official one is known; None for a folder."""
    if source.is_dir():
        return None
    with source.open("rb") as stream:
        digest = hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False))
    return digest.hexdigest()


def _prepare(source: Path, part: Path, side: int, most_broken: float, run: Run) -> Prepared:
    members, faults = list_images(source, IDS)
    total = len(members) + len(faults)
    _check_left_out(source, faults, total, most_broken)
    splits = {name: [one for one in members if one.number in ids] for name, ids in SPLITS.items()}
    tallies = _decode(source, splits, part, side, run)
    faults += [each for tally in tallies.values() for each in tally.faults]
    _check_left_out(source, faults, total, most_broken)
    counts = {name: _finish(part, name, splits[name], tallies[name]) for name in SPLITS}
    _check_counts(source, counts)
    return Prepared(counts, tallies, faults, total)


def _check_left_out(source: Path, faults: Sequence[Fault], total: int, most_broken: float) -> None:
    if total == 0:
        raise CelebAError(f"{source}: holds no file")
    if len(faults) > most_broken * total:
        raise CelebAError(
            f"{source}: expected at most a fraction of {most_broken:g} of its files to be broken "
            f"or no image of CelebA, got {len(faults)} of {total}; nothing is written:\n"
            f"{fault_lines(faults)}\n"
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
        create_array(path, len(members), side)
        for first in range(0, len(members), BLOCK_IMAGES):
            names.append(name)
            units.append((source, members[first : first + BLOCK_IMAGES], path, first, side))
    tallies = {name: Tally() for name in splits}
    for name, block in zip(names, run(decode_block, units), strict=True):
        tallies[name].add(block)
    return tallies


def _finish(part: Path, name: str, members: Sequence[Member], tally: Tally) -> int:
    """Close the gaps that broken images left, write the ids; return how many images there are."""
    kept = np.setdiff1d(np.arange(len(members)), tally.broken_rows)
    if tally.broken_rows:
        keep_rows(part / f"{name}_images.npy", kept)
    ids = np.array([member.number for member in members], np.int32)
    np.save(part / f"{name}_ids.npy", ids[kept], allow_pickle=False)
    return len(kept)


def _one_by_one(function: Callable[..., Any], units: Iterable[tuple]) -> list[Any]:
    return [function(*unit) for unit in units]
