"""The numbered images of a zip archive or a folder, neither of which is trusted.

Nothing is unpacked to disk and no name found inside is used as a path before it has been checked.
What is wrong with a member is a `Fault` with its name and a reason; a source that cannot be read at
all is an error. What an operating system puts into folders and archives is passed over.
"""

import os
import re
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

MEMBER_BYTES = 20_000_000
_NUMBERED = re.compile(r"([0-9]{6})\.jpg")
_LITTER = re.compile(r"__MACOSX|\._.*|\.DS_Store|Thumbs\.db|desktop\.ini", re.I | re.S)
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # others unpack without a bound
_ENCRYPTED = 1
_UNREADABLE = (OSError, ValueError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error)


class ArchiveError(ValueError):
    """A file that is no zip archive, or only the beginning of one."""


class Member(NamedTuple):
    """One image: its number, its name, and its place in the archive's directory."""

    number: int
    name: str
    place: int


class Fault(NamedTuple):
    """A member that is left out, and why; made by `fault`, so that both can be printed."""

    name: str
    reason: str


def fault(name: str, reason: str) -> Fault:
    """Return a fault; names come from outside, so control characters are escaped, ends cut off."""
    shown = [text if text.isprintable() else ascii(text) for text in (name, reason)]
    return Fault(*(text if len(text) <= 200 else text[:199] + "…" for text in shown))


class Listing(NamedTuple):
    """The images in ascending order of number, no number twice, and what else is there."""

    members: list[Member]
    faults: list[Fault]


Reader = Callable[[Member], bytes]


def list_images(source: Path, numbers: range) -> Listing:
    """List the files `NNNNNN.jpg` of a zip archive or a folder, at any depth.

    Backslashes separate folders, too, as some tools of Windows write them. Of several images with
    one number the first counts: in the order of the archive's directory, in that of the names for a
    folder.

    Raises:
        ArchiveError: a file that is no zip archive, or only the beginning of one.
        OSError: it cannot be read.

    Example:
        >>> listing = list_images(Path("img_align_celeba.zip"), range(1, 202_600))
        >>> listing.members[0]
        Member(number=1, name='img_align_celeba/000001.jpg', place=1)
    """
    names = _folder_names(source) if source.is_dir() else _zip_names(source)
    first, faults = dict[int, Member](), list[Fault]()
    for place, name, problem in names:
        parts = name.replace("\\", "/").split("/")
        if any(map(_LITTER.fullmatch, parts)):
            continue
        number = _number(parts[-1])
        problem = problem or _problem(parts, number, numbers)
        if problem is None and number in first:
            problem = f"a second image {number}, after {first[number].name}"
        if problem is None:
            first[number] = Member(number, name, place)
        else:
            faults.append(fault(name, problem))
    return Listing([first[number] for number in sorted(first)], faults)


@contextmanager
def open_images(source: Path) -> Iterator[Reader]:
    """Open what `list_images` has listed; yield the function that reads a member's bytes.

    The reader raises ValueError, with the reason, for a member that is broken, encrypted, larger
    than `MEMBER_BYTES`, or no longer where it was listed.

    Raises:
        ArchiveError: an archive that is none, or no longer one.
    """
    if source.is_dir():
        yield _readable(lambda member: _file_bytes(source / member.name))
        return
    with _opened_zip(source) as archive:
        yield _readable(lambda member: _member_bytes(archive, _info(archive.infolist(), member)))


def _number(name: str) -> int:
    match = _NUMBERED.fullmatch(name)
    return int(match[1]) if match else -1


def _problem(parts: Sequence[str], number: int, numbers: range) -> str | None:
    if not parts[0] or ".." in parts or any(":" in part for part in parts):
        return "the name leads out of the archive"
    if number < 0:
        return "not named NNNNNN.jpg"
    if number not in numbers:
        return f"number outside {numbers[0]} to {numbers[-1]}"
    return None


def _zip_names(source: Path) -> Iterator[tuple[int, str, str | None]]:
    with _opened_zip(source) as archive:
        for place, info in enumerate(archive.infolist()):
            if not info.filename.endswith(("/", "\\")):  # folders
                yield place, info.filename, None


def _folder_names(source: Path) -> Iterator[tuple[int, str, str | None]]:
    names = []
    for top, folders, files in os.walk(source, onerror=_stop):
        links = [name for name in folders if (Path(top) / name).is_symlink()]  # never followed
        names += [(Path(top) / name).relative_to(source).as_posix() for name in files + links]
    for place, name in enumerate(sorted(names)):
        yield place, name, _file_problem(source, name)


def _stop(error: OSError) -> None:
    raise error


def _file_problem(source: Path, name: str) -> str | None:
    mode = (source / name).lstat().st_mode
    if stat.S_ISLNK(mode):
        target = (source / name).resolve()
        if not target.is_relative_to(source.resolve()):
            return "a link that leads out of the folder"
        mode = target.stat().st_mode if target.exists() else mode
    return None if stat.S_ISREG(mode) else "no regular file"


def _opened_zip(source: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(source)
    except (zipfile.BadZipFile, ValueError) as error:
        raise ArchiveError(
            f"{source}: no zip archive, or only the beginning of one ({source.stat().st_size} "
            f"bytes): {error}; get it again"
        ) from error


def _readable(read: Reader) -> Reader:
    def reader(member: Member) -> bytes:
        try:
            return read(member)
        except _UNREADABLE as error:
            raise ValueError(str(error) or type(error).__name__) from error

    return reader


def _info(there: Sequence[zipfile.ZipInfo], member: Member) -> zipfile.ZipInfo:
    if member.place >= len(there) or there[member.place].filename != member.name:
        raise ValueError("no longer where it was: the archive was replaced while it was read")
    return there[member.place]


def _member_bytes(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    _check_size(info.file_size)
    if info.flag_bits & _ENCRYPTED:
        raise ValueError("encrypted")
    if info.compress_type not in _METHODS:
        raise ValueError(f"compressed by method {info.compress_type}, neither stored nor deflated")
    with archive.open(info) as stream:
        content = stream.read(info.file_size)  # a bare read() would unpack without a bound
    if len(content) != info.file_size:
        raise ValueError(f"expected {info.file_size} bytes, got {len(content)}")
    return content


def _file_bytes(path: Path) -> bytes:
    with path.open("rb") as stream:
        content = stream.read(MEMBER_BYTES + 1)
    _check_size(len(content))
    return content


def _check_size(size: int) -> None:
    if size > MEMBER_BYTES:
        raise ValueError(f"more than {MEMBER_BYTES} bytes")


def fault_lines(faults: Sequence[Fault], shown: int = 10) -> str:
    """Return a line for each of the first faults, then how many more there are."""
    lines = [f"  {name}: {reason}" for name, reason in faults[:shown]]
    more = [f"  and {len(faults) - shown} more"] if len(faults) > shown else []
    return "\n".join([*lines, *more])
