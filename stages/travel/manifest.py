"""What a tar of units says of itself: each unit by digest, what decides it, and where it is from.

It repeats what the units hold, so that a person or a script can read it without taking them apart,
and is written from them: so checking it is making it anew.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from io import BytesIO
from typing import Any

from stages.common import units
from stages.common.units import Finished
from stages.compare.summaries import flatten

SCHEMA = 1


def manifest(pipeline: str, files: Mapping[str, bytes]) -> dict[str, Any]:
    """Return the manifest of the files of finished units, by their names in the tar.

    Raises:
        ValueError: for a file that is not the unit that its name says, or two units whose code is
            of two states of a file.
    """
    finished = {name: opened(name, content) for name, content in files.items()}
    return {
        "schema": SCHEMA,
        "pipeline": pipeline,
        "code": _code(finished),
        "units": {name: _entry(files[name], unit) for name, unit in sorted(finished.items())},
    }


def opened(name: str, content: bytes) -> Finished:
    """Return the unit that the content of a file is.

    Raises:
        ValueError: naming the file, if it is altered, or not the unit that its name says.
    """
    try:
        unit = units.read(BytesIO(content))
    except units.Altered as error:
        raise ValueError(f"{name}: {str(error).partition(': ')[2]}") from None
    if name != member_of(unit.identity.name):
        raise ValueError(f"{name}: expected the unit that its name says, got {unit.identity.name}")
    return unit


def unlike(expected: Any, got: Any) -> Iterator[tuple[str, Any, Any]]:
    """Yield the leaves, under names in dots, in which one JSON content differs from another."""
    wanted, found = flatten(expected), flatten(got)
    for key in {**found, **wanted}:
        pair = tuple(leaves.get(key, "nothing") for leaves in (wanted, found))
        if pair[0] != pair[1]:
            yield key, *pair


def member_of(unit: str) -> str:
    """Return the name in the tar of a unit's file."""
    return f"units/{unit}{units.SUFFIX}"


def _code(finished: Mapping[str, Finished]) -> dict[str, str]:
    code: dict[str, str] = {}
    for name, unit in finished.items():
        for file, digest in unit.identity.code.items():
            if code.setdefault(file, digest) != digest:
                raise ValueError(f"{name}: expected one state of {file} in all units, got another")
    return dict(sorted(code.items()))


def _entry(content: bytes, unit: Finished) -> dict[str, Any]:
    key = json.dumps(unit.identity.key, sort_keys=True).encode()
    digests = {"sha256": _sha256(content), "parameters_and_data": _sha256(key)}
    return digests | asdict(unit.provenance)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
