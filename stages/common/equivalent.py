"""Code that was changed and leaves every finished result as it is, so that units stay finished.

A unit is found by the digests of the code that computed it, so a clearer message or a guard against
underflow would have hours of runs made again. ``equivalent.yaml`` beside this file names such
changes, a file each: the SHA-256 of its code before (`was`) and after (`now`), `why` no finished
result can differ, and which units were `computed_again` to show it. The digest after counts as the
one before; units that the new code computes are stored under it too.

How to add one:

1. Write the entry. It counts from then on, so that finished units are found again.
2. ``python -m stages.recheck PIPELINE --reaching FILE`` computes units that the file decides again.
   All must be equal to the last bit; of those that cannot be computed on this machine `why` has to
   say all that there is to say.
3. Write down in `computed_again` what was compared, and what was not.

A file that is changed once more keeps its `was`, gets the new `now`, and is checked anew. A change
that may move any finished result has no place here: its units are stale, and are computed anew.
"""

from functools import cache
from pathlib import Path
from typing import NamedTuple

import yaml

FILE = Path(__file__).with_suffix(".yaml")


class Equivalent(NamedTuple):
    """A change of a file's code, by its SHA-256 before and after, that leaves results as they are.

    Why, and what showed it, is for readers.
    """

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
