"""What the metrics files say: the only source of numbers in the report.

A report is worth reading although a file is missing or damaged. So what cannot be read becomes a
notice in its place, which names the file and the command that makes it, and is kept in a list.
"""

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stages.report.page import pipelines


class Absent(Exception):
    """A file, or a number in it, that is not there."""


class NotRun(Absent):
    """A file of a pipeline that has never been run, which is no fault."""


class Notice(str):
    """What stands in the report in the place of something that is not there, in Markdown."""


class Metrics:
    """The files in `metrics`, read once each.

    Attributes:
        faults: what was asked for and is not there, with the command that makes it.
    """

    def __init__(self) -> None:
        self.faults: list[str] = []
        self._read: dict[str, str] = {}

    def there(self, path: str) -> bool:
        """Return whether there is a file of this name."""
        return Path(path).is_file()

    def text(self, path: str) -> str:
        """Return the text of a file.

        Raises:
            Absent: there is none, it is no text, or it is half-written.
        """
        if path not in self._read:
            self._read[path] = _content(path)
        return self._read[path]

    def json(self, path: str) -> Any:
        """Return the content of a JSON file.

        Raises:
            Absent: there is none, or it is half-written.
        """
        return json.loads(self.text(path))

    def value(self, file: str, key: str, default: Any = None) -> Any:
        """Return a number, or whatever stands under a key in dots in ``metrics/FILE.json``.

        If it is not there a notice takes its place, or the default of a number that a file need
        not have.
        """
        path = f"metrics/{file}.json"
        try:
            found = self.json(path)
            for part in key.split("."):
                if not isinstance(found, Mapping) or part not in found:
                    if default is not None:
                        return default
                    raise Absent(fault(path, f"expected {key}, got no {part}"))
                found = found[part]
        except Absent as error:
            return self.notice(error)
        return found

    def notice(self, error: Absent | str) -> Notice:
        """Keep a complaint, unless it is that something was not run; return it for its place."""
        if not isinstance(error, NotRun) and str(error) not in self.faults:
            self.faults.append(str(error))
        return Notice(f"**[{error}]**")


def fault(path: str, why: str) -> str:
    """Return a complaint about a metrics file, with the command that makes it anew."""
    return f"{path}: {why}; run `{pipelines.command(path)}`"


def _content(path: str) -> str:
    there = Path(path)
    if not there.is_file():
        pipeline = path.split("/")[1]
        if not pipelines.runs(pipeline):
            raise NotRun(f"{pipelines.NAMES[pipeline]}: not run; `make {pipeline}` runs it")
        raise Absent(fault(path, "no such file"))
    try:
        text = there.read_text(encoding="utf-8")
        if path.endswith(".json"):
            json.loads(text)
    except ValueError as error:
        raise _damaged(path, str(error)) from None
    if path.endswith(".csv") and len({len(row) for row in csv.reader(text.splitlines())}) != 1:
        raise _damaged(path, "expected as many cells in every row as in the heading")
    return text


def _damaged(path: str, why: str) -> Absent:
    return Absent(fault(path, f"half-written or damaged, {why}"))
