"""The summary of a pipeline at a revision: its numbers, and of what kind each one is."""

import json
from dataclasses import dataclass, field
from typing import Any

from stages.compare.agreement import VERDICT, fault
from stages.compare.revision import Revision, Unanswerable

SCHEMA = 1  # of spread.json; another version means another summary beside it


@dataclass(frozen=True)
class Summary:
    """What a pipeline says on one screen.

    Args:
        numbers: leaves of `summary.json` under names in dots, in its order, verdicts among them.
        kinds: for each number that is no verdict, what `spread.json` says of it.
    """

    numbers: dict[str, Any] = field(default_factory=dict)
    kinds: dict[str, dict[str, Any]] = field(default_factory=dict)


def pipelines(*sides: Revision) -> list[str]:
    """List the pipelines of which any of these revisions has a summary, in order."""
    files = (file.split("/") for side in sides for file in side.files("metrics"))
    return sorted({parts[1] for parts in files if parts[2:] == ["summary.json"]})


def summary(side: Revision, pipeline: str) -> Summary:
    """Read what a pipeline says at a revision.

    Raises:
        Unanswerable: if a file is missing, half-written or of another schema, with the stage to
            run.
    """
    folder = f"metrics/{pipeline}"
    numbers = flatten(_content(side, pipeline, f"{folder}/summary.json"))
    path = f"{folder}/spread.json"
    spread = _content(side, pipeline, path)
    if spread.get("schema") != SCHEMA:
        got = f"expected schema {SCHEMA}, got {spread.get('schema')!r}"
        raise _unreadable(side, pipeline, path, got)
    kinds = spread.get("numbers", {})
    for name in numbers:
        if not _is_verdict(name) and (wrong := fault(kinds.get(name))):
            raise _unreadable(side, pipeline, path, f"{name}: {wrong}")
    return Summary(numbers, kinds)


def flatten(content: Any, prefix: str = "") -> dict[str, Any]:
    """Return the leaves of nested dictionaries and lists under names in dots."""
    if isinstance(content, dict):
        items = content.items()
    elif isinstance(content, list):
        items = enumerate(content)
    else:
        return {prefix.removesuffix("."): content}
    return {k: v for key, value in items for k, v in flatten(value, f"{prefix}{key}.").items()}


def _is_verdict(name: str) -> bool:
    return f"{name}.".startswith(VERDICT)


def _content(side: Revision, pipeline: str, path: str) -> dict[str, Any]:
    text = side.read(path)
    if text is None:
        raise _unreadable(side, pipeline, path, "no such file")
    try:
        content = json.loads(text)
    except ValueError as error:
        raise _unreadable(side, pipeline, path, f"half-written or damaged, {error}") from None
    if not isinstance(content, dict):
        raise _unreadable(side, pipeline, path, f"expected a table, got {content!r:.40}")
    return content


def _unreadable(side: Revision, pipeline: str, path: str, why: str) -> Unanswerable:
    """Return the complaint about a file, with how to have it made anew."""
    of = "" if pipeline == "laptop" else f"stages/pipelines/{pipeline}/dvc.yaml:"
    there = "" if side.commit is None else f" there ({side.name}), then commit it"
    return Unanswerable(f"{path} ({side.name}): {why}; run `dvc repro {of}summary`{there}")
