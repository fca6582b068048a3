"""Make the summary of a pipeline from the files of its stages, and its spreads beside it."""

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from stages.claims.verdict import NOT_RUN
from stages.summary.source import Source, WrongFile
from stages.summary.tables import Number

SCHEMA = 1  # of spread.json
CLAIMS = Source("claims.json", "claims")
# What a file lacks or has in another form, if code of another version wrote it.
OTHER_VERSION = (KeyError, IndexError, TypeError, ValueError, AttributeError)


def summary(
    folder: Path,
    numbers: Sequence[Number],
    leave_out: Callable[[str], None] | None = None,
    *,
    within: Sequence[str] = (),
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the verdicts and numbers of a pipeline, and how far each number may differ.

    Args:
        folder: with the metrics of the pipeline.
        numbers: which, in order.
        leave_out: told what is wrong with a file, where the pipeline need not have run to its end;
            the number is left out.
        within: names that verdicts and numbers stand below. DVC puts the path of a file before each
            name that two files share, which no terminal is wide enough for.

    Returns:
        The contents of summary.json, ``{claim: {name: number}}`` after ``verdict``, and of
        spread.json. A number is null where it is not finite, or left out.

    Raises:
        WrongFile: for a file that is missing, not whole, or of other code than today's.
    """
    found: dict[str, Any] = {}
    _put(found, ["verdict", *within], verdicts(folder))
    spreads: dict[str, Any] = {}
    read = cache(lambda source: source.read(folder))
    for number in numbers:
        try:
            values = _values(number, read(number.source), folder)
        except WrongFile as error:
            if leave_out is None:
                raise
            leave_out(str(error))
            values = []
        path = [*within, *number.name.split(".")]
        _put(found, path, _mean(values))
        place = {"from": number.source.path(folder).name}
        spreads[".".join(path)] = number.kind.entry(values) | place
    return found, {"schema": SCHEMA, "numbers": spreads}


def verdicts(folder: Path) -> dict[str, Any]:
    """Return the verdicts in short, by claim, or by claim and network.

    Raises:
        WrongFile: as `summary`.
    """
    content = CLAIMS.read(folder)
    try:
        return {claim: _words(entry) for claim, entry in content.items()}
    except OTHER_VERSION as error:
        raise _of_other_version(CLAIMS, folder, error) from error


def _words(entry: Mapping[str, Any]) -> str | dict[str, str]:
    """Return a verdict in short, or those by network of what was run, if anything was."""
    if "verdict" in entry:
        return entry.get("brief", entry["verdict"])
    words = {network: found.get("brief", found["verdict"]) for network, found in entry.items()}
    return {network: word for network, word in words.items() if word != NOT_RUN} or NOT_RUN


def _values(number: Number, content: Any, folder: Path) -> Sequence[float]:
    try:
        return number.values(content)
    except OTHER_VERSION as error:
        raise _of_other_version(number.source, folder, error) from error


def _of_other_version(source: Source, folder: Path, error: Exception) -> WrongFile:
    reason = f"{type(error).__name__}: {error}"
    return source.wrong(folder, f"got one that other code than today's wrote ({reason})")


def _put(content: dict[str, Any], path: Sequence[str], value: Any) -> None:
    *groups, name = path
    for group in groups:
        content = content.setdefault(group, {})
    content[name] = value


def _mean(values: Sequence[float]) -> float:
    """Return the mean; a number alone as it is, so that a count stays one."""
    if len(values) == 1:
        return values[0]
    return statistics.fmean(values) if values else math.nan
