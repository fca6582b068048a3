"""Hold a tar of units against this checkout, and place what stands the test."""

import json
from collections.abc import Container, Mapping
from pathlib import Path
from typing import Any

from stages.common import units
from stages.common.exact import encoded
from stages.common.files import write_bytes
from stages.common.units import Altered, Finished
from stages.travel import archive
from stages.travel.inventory import Work, explain, folder_of, inventory
from stages.travel.manifest import SCHEMA, manifest, opened, unlike


def checked(path: Path) -> tuple[str, dict[str, bytes]]:
    """Return the pipeline of a tar and the files of its units, all that can be known of them right.

    Raises:
        ValueError: naming the member and what is wrong, if the tar is not as it was packed or a
            unit does not match its digest.
        OSError: if it cannot be read.
    """
    files = archive.unpacked(path)
    found = _parsed(files.pop(archive.MANIFEST, b""))
    made = manifest(found["pipeline"], files)
    for key, expected, got in unlike(made, found):
        raise ValueError(f"{archive.MANIFEST}: {key}: expected {expected!r}, got {got!r}")
    return found["pipeline"], files


def matched(pipeline: str, files: Mapping[str, bytes]) -> dict[str, tuple[Finished, Work]]:
    """Return every unit with how this checkout computes it, by its name.

    Raises:
        ValueError: naming the unit and the parameter, file of code or data in which it differs from
            this checkout's; for an unknown pipeline.
    """
    wanted, found = inventory(pipeline), {}
    for name, content in files.items():
        unit = opened(name, content)
        if unit.identity.name not in wanted:
            raise ValueError(f"{name}: {explain(unit, wanted)}")
        found[unit.identity.name] = unit, wanted[unit.identity.name]
    return found


def in_the_way(pipeline: str, arriving: Mapping[str, Finished]) -> dict[str, str]:
    """Say of each unit that is already here with another result, or altered, what is there."""
    found = {}
    for name, unit in arriving.items():
        path = units.path_of(folder_of(pipeline), unit.identity)
        try:
            here = units.read(path)
        except FileNotFoundError:
            continue
        except Altered as error:
            found[name] = str(error)
            continue
        if text(here.result) != text(unit.result):
            found[name] = f"another result, of {here.provenance.date} on {where(here)}"
    return found


def place(pipeline: str, files: Mapping[str, bytes], others: Container[str]) -> int:
    """Write the units that are not in their pipeline's folder, or `others` there; count them."""
    placed = 0
    for name, content in files.items():
        path = folder_of(pipeline) / Path(name).name
        if not path.exists() or path.name.removesuffix(units.SUFFIX) in others:
            write_bytes(path, content)
            placed += 1
    return placed


def text(result: Any) -> str:
    """Return a result so that two are equal, NaN included, if their texts are."""
    return json.dumps(encoded(result))


def where(unit: Finished) -> str:
    """Return on what a unit was computed."""
    given = unit.provenance
    return given.cpu if given.device == "cpu" else given.device


def _parsed(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
        schema, known = found["schema"], isinstance(found["pipeline"], str)
    except (ValueError, TypeError, KeyError, RecursionError):
        raise ValueError(f"{archive.MANIFEST}: expected what stages.pack writes") from None
    if schema != SCHEMA or not known:
        raise ValueError(f"{archive.MANIFEST}: expected schema {SCHEMA}, got {schema!r}")
    return found
