"""Code that was changed and leaves every finished result as it is, so that units stay finished.

A unit is found by the digests of the code that computed it, so a mended message or a guard against
overflow would have hours of runs made again. ``equivalent.yaml`` beside this file names such
changes: the file, the digest of its code before (`was`) and after (`now`), `why` no result of a
finished unit can differ, and which units were `computed_again` to show it, by
`python -m stages.recheck`. The digest after counts as the one before.

A change that may move any result has no place there: its units are stale, and are computed anew.
"""

from functools import cache
from pathlib import Path
from typing import NamedTuple

import yaml

FILE = Path(__file__).with_suffix(".yaml")


class Equivalent(NamedTuple):
    """A file whose code, by its SHA-256, was changed without changing results."""

    was: str
    now: str
    why: str
    computed_again: str


@cache
def equivalents(path: Path = FILE) -> dict[str, Equivalent]:
    """Return the changes by file of this repository.

    Raises:
        ValueError: for an entry that lacks a part or has one too many, naming it.
    """
    entries = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    for file, entry in entries.items():
        if set(entry) != set(Equivalent._fields):
            raise ValueError(
                f"{path.name}: {file}: expected {', '.join(Equivalent._fields)}, "
                f"got {', '.join(entry)}"
            )
    return {file: Equivalent(**entry) for file, entry in entries.items()}


def original(file: str, digest: str) -> str:
    """Return the digest that a file's code counts as: an earlier one of equal results, or its own.

    Args:
        file: of this repository.
        digest: the SHA-256 of its code.
    """
    entry = equivalents().get(file)
    return entry.was if entry and entry.now == digest else digest
