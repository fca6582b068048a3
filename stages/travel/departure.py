"""Gather the finished units of this checkout into the content of a tar."""

import fnmatch
import json
from collections import Counter
from collections.abc import Mapping

from stages.common import units
from stages.travel import archive
from stages.travel.inventory import folder_of, inventory
from stages.travel.manifest import manifest, member_of, opened


def gathered(pipeline: str, pattern: str = "*") -> dict[str, bytes]:
    """Return the files of all finished units that match this checkout, by their names in a tar.

    Args:
        pipeline: whose.
        pattern: of the labels, with the wildcards of a shell.

    Raises:
        ValueError: for an unknown pipeline, an altered unit, or if there is none to gather.
    """
    folder, wanted = folder_of(pipeline), inventory(pipeline)
    files = {}
    for name, work in wanted.items():
        path = units.path_of(folder, work.identity)
        if fnmatch.fnmatchcase(work.identity.label, pattern) and path.exists():
            files[member_of(name)] = path.read_bytes()
    if not files:
        raise ValueError(
            f"{folder}: expected finished units of this checkout's parameters and code with labels "
            f"{pattern}, got none of the {len(wanted)} that there can be; run the pipeline first"
        )
    return files


def loaded(pipeline: str, files: Mapping[str, bytes]) -> bytes:
    """Return the tar of these units and their manifest.

    Raises:
        ValueError: if it were too large, with how it can be divided.
    """
    text = json.dumps(manifest(pipeline, files), indent=1) + "\n"
    try:
        return archive.packed({**files, archive.MANIFEST: text.encode()})
    except archive.TooLarge as error:
        raise ValueError(f"{error}; divide it: {_parts(files)}") from None


def _parts(files: Mapping[str, bytes]) -> str:
    """Say how large the parts are that the first two words of the labels make."""
    sizes: Counter[str] = Counter()
    for name, content in files.items():
        label = opened(name, content).identity.label
        sizes["_".join(label.split("_")[:2])] += len(content)
    return ", ".join(f"--only '{part}*' ({size / 1e6:.1f} MB)" for part, size in sizes.items())
