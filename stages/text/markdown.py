"""Tables and paragraphs in Markdown."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Table(NamedTuple):
    """The heading and the rows of a table, cells as text."""

    head: list[str]
    rows: list[list[str]]


def table(head: Sequence[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table in Markdown, without an end of line after the last row."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def unwrap(text: str) -> str:
    """Return a text with each paragraph and each item of a list on one line.

    A formula that a line break divides is shown as plain text by some readers of Markdown. Code
    between ``` stays as it is, tables and headings too.
    """
    parts = re.split(r"(^```.*?^```$)", text, flags=re.MULTILINE | re.DOTALL)
    parts[::2] = [re.sub(r"(?<=\S)\n *(?=[^\s|#-]|-\S)", " ", part) for part in parts[::2]]
    return "".join(parts)
