"""Finished parts of long stages as small files that travel: in git, in a tar, between machines.

A unit is what a stage computes apart from all else: a chunk of lanes, a training run. Finished, it
is one file, ``<label>_<hash>.json.gz``, in a folder that is kept in git (``metrics/paper/units``),
and is taken instead of being computed again wherever it matches. The hash, 16 hexadecimal digits,
is `Identity.name`'s; what is unfinished goes by the same name (`stages.common.resume`).

It matches when the parameters and data that decide it (`key`), and the SHA-256 of the code in every
file that does (`code`; comments and docstrings are no part of it: `stages.common.source`; code of
equal results counts as what it was: `stages.common.equivalent`), are the
same. Versions of PyTorch and NumPy, processor and device do *not* count: they move the last digits,
as another kind of CPU does, so results agree by their kind (exact, rounded, chaotic:
`stages.summary.kinds`), and units are there to cross machines. They stand in the file, so that
everybody sees where it is from.

The file holds, compressed, JSON with

    schema    2
    label     for people
    key       all parameters and digests of data that decide the result
    code      SHA-256 by path, of the code in each file that decides it, or of an earlier one that
              `stages.common.equivalent` says is equal
    versions  of Python, torch, numpy, pandas
    device    what PyTorch computed on, "cpu" or the name of a GPU
    cpu       the processor's name
    seconds   that computing took, in the last process alone if others had begun
    date      when it ended, UTC, "2026-11-28T13:05Z"
    result    as `stages.common.exact` writes it
    sha256    of all the above as `_digest` writes it

Nothing in it is executed when it is read. How others use it:

    identity_of(label, key, modules)   what is wanted; `.name` is its file's
    find(folder, identity)             the finished unit that matches, or None
    read(path)                         any unit, checked against its own digest: `Finished`
    differences(found, identity)       why one does not match, a line each
    write(folder, identity, result, provenance)

A file that is altered, truncated, or under another's name raises `Altered`, which names it.
"""

import gzip
import hashlib
import json
import platform
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, BinaryIO

from stages.common.equivalent import original
from stages.common.exact import decoded, encoded
from stages.common.files import write_bytes
from stages.common.imports import ROOT, deciding_files
from stages.common.source import code_of

SCHEMA = 2
SUFFIX = ".json.gz"
LARGEST = 2**26  # bytes that a unit may have, unpacked: a unit is small, and may come from anywhere


_UNREADABLE = (OSError, EOFError, zlib.error, ValueError, TypeError, KeyError, AttributeError)
_UNREADABLE += (RecursionError,)  # of JSON that is too deep


class Altered(ValueError):
    """A file that is not the finished unit that its name says."""


@dataclass(frozen=True)
class Identity:
    """What decides the result of a unit.

    Attributes:
        label: for people; fit for a file's name.
        key: parameters and digests of data, as JSON gives them back.
        code: SHA-256 by path, of the code in each file that decides it.
    """

    label: str
    key: Any
    code: Mapping[str, str]

    @property
    def name(self) -> str:
        """The label and 16 digits of the SHA-256 of key and code."""
        text = json.dumps([self.key, self.code], sort_keys=True)
        return f"{self.label}_{hashlib.sha256(text.encode()).hexdigest()[:16]}"


@dataclass(frozen=True)
class Provenance:
    """Where a result is from; no part of what must match."""

    versions: Mapping[str, str]
    device: str
    cpu: str
    seconds: float
    date: str


@dataclass(frozen=True)
class Finished:
    """A unit that has been computed, as its file holds it."""

    identity: Identity
    provenance: Provenance
    result: Any


def identity_of(label: str, key: Any, modules: Sequence[str]) -> Identity:
    """Return what decides a unit.

    Args:
        label: for people; fit for a file's name.
        key: all parameters and digests of data that decide it; anything JSON holds.
        modules: whose source, and what they import, decides it, in dots.
    """
    return Identity(label, json.loads(json.dumps(key)), _code(tuple(modules)))


def find(folder: Path, identity: Identity) -> Finished | None:
    """Return the finished unit of a folder that matches, or None if there is none.

    Raises:
        Altered: if the file is not what its name says.
    """
    path = path_of(folder, identity)
    if not path.exists():
        return None
    found = read(path)
    unlike = differences(found, identity)
    if unlike:
        raise Altered(f"{path}: expected the unit that its name says, got {'; '.join(unlike)}")
    return found


def path_of(folder: Path, identity: Identity) -> Path:
    """Return where in a folder a unit lies."""
    return folder / f"{identity.name}{SUFFIX}"


def read(path: Path | BinaryIO) -> Finished:
    """Read a unit, whichever it is.

    Raises:
        Altered: if it is not as it was written, or not a unit at all.
    """
    try:
        with gzip.open(path) as file:
            text = file.read(LARGEST + 1)
        if len(text) > LARGEST:
            raise ValueError(f"more than {LARGEST} bytes")
        content = json.loads(text)
        found = content.pop("sha256")
        if content["schema"] != SCHEMA or found != _digest(content):
            raise ValueError(f"schema {content['schema']} with SHA-256 {found}")
        identity = Identity(*(content[name] for name in Identity.__dataclass_fields__))
        provenance = Provenance(*(content[name] for name in Provenance.__dataclass_fields__))
        return Finished(identity, provenance, decoded(content["result"]))
    except FileNotFoundError:
        raise
    except _UNREADABLE as error:
        raise Altered(
            f"{path}: expected a finished unit of schema {SCHEMA} as it was written, got "
            f"{error or type(error).__name__}"
        ) from error


def write(folder: Path, identity: Identity, result: Any, provenance: Provenance) -> Path:
    """Write a finished unit, whole or not at all, and return where it lies.

    Raises:
        TypeError: for a result that holds more than numbers, words, arrays and tables.
    """
    content = {
        "schema": SCHEMA,
        **asdict(identity),
        **asdict(provenance),
        "result": encoded(result),
    }
    content["sha256"] = _digest(content)
    path = path_of(folder, identity)
    write_bytes(path, gzip.compress(json.dumps(content).encode(), mtime=0))
    return path


def differences(found: Finished, wanted: Identity) -> list[str]:
    """Say in what a unit does not match: its key, and each file of code by path."""
    said = []
    if found.identity.key != wanted.key:
        said.append("other parameters or data")
    mine, its = wanted.code, found.identity.code
    said += [f"other code in {p}" for p in sorted({*mine, *its}) if mine.get(p) != its.get(p)]
    return said


def provenance(seconds: float, device: str) -> Provenance:
    """Return what tells this process's machine, now, from others.

    Args:
        seconds: that the computation took.
        device: as PyTorch names it, ``"cpu"`` or ``"cuda:0"``.
    """
    if device != "cpu":
        import torch

        device = torch.cuda.get_device_name(device) if device.startswith("cuda") else device
    versions = {"python": platform.python_version()}
    versions |= {name: version(name) for name in ("torch", "numpy", "pandas")}
    date = datetime.now(UTC).strftime("%Y-%m-%dT%H:%MZ")
    return Provenance(versions, device, processor(), round(seconds, 3), date)


@cache
def processor() -> str:
    """Name the processor (Linux), else the architecture."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


@cache
def _code(modules: tuple[str, ...]) -> dict[str, str]:
    """Return the SHA-256 of the code in every file that decides what these modules compute."""
    files = sorted({file for module in modules for file in deciding_files(module)})
    return {file: original(file, sha256_of_code(file)) for file in files}


@cache
def sha256_of_code(file: str) -> str:
    """Return the SHA-256 of the code in a file of this repository."""
    code = code_of((ROOT / file).read_text(encoding="utf-8"))
    return hashlib.sha256(code.encode()).hexdigest()


def _digest(content: Mapping[str, Any]) -> str:
    """Return the SHA-256 of all of a unit but the digest itself."""
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()
