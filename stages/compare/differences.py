"""What a comparison of two revisions found, as text for a terminal and as Markdown."""

import shutil
from collections import Counter
from dataclasses import dataclass
from typing import Any

from stages.claims.verdict import counted
from stages.compare.agreement import CHANGED, VERDICT, VERDICT_CHANGED, WITHIN, Comparison
from stages.text.markdown import table

ORDER = [VERDICT_CHANGED, CHANGED, WITHIN]


@dataclass(frozen=True)
class Report:
    """Everything that was compared, and what stood in the way.

    Args:
        old, new: the names of the two sides.
        rows: pairs of a pipeline and a comparison.
        faults: pipelines that could not be compared, a line each.
        notes: what a reader should know beside it, a line each.
    """

    old: str
    new: str
    rows: list[tuple[str, Comparison]]
    faults: list[str]
    notes: list[str]

    @property
    def agrees(self) -> bool:
        """Whether every verdict is the same and every number agrees by its kind."""
        return not self.faults and not any(row.fails for _, row in self.rows)

    @property
    def same_verdicts(self) -> bool:
        """Whether every verdict is the same."""
        return not self.faults and not any(row.word == VERDICT_CHANGED for _, row in self.rows)


def as_text(report: Report) -> str:
    """Return the answer in a line, then the table in columns, then faults and notes."""
    cells = _cells(report)
    parts = [answer(report)]
    if cells:
        parts.append("\n".join(_columns([_head(report), *cells])))
    if lines := [*report.faults, *report.notes]:
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def as_markdown(report: Report) -> str:
    """Return the answer in a line, then the table, then faults and notes as a list."""
    rows = [[cell.replace("|", "\\|") for cell in line] for line in _cells(report)]
    parts = [f"**{answer(report)}**"]
    if rows:
        parts.append(table(_head(report), rows))
    if lines := [*report.faults, *report.notes]:
        parts.append("\n".join(f"- {line}" for line in lines))
    return "\n\n".join(parts) + "\n"


def answer(report: Report) -> str:
    """Say in a line whether the sides agree, and how much of what was compared does not."""
    said = "agree" if report.agrees else "differ"
    if report.faults:
        said = "cannot be said to agree"
    words = Counter(row.word for _, row in report.rows)
    verdicts = sum(row.name.startswith(VERDICT) for _, row in report.rows)
    return (
        f"{report.old} and {report.new} {said}: {counted(words[VERDICT_CHANGED], 'verdict')} and"
        f" {counted(words[CHANGED], 'number')} changed, {words[WITHIN]} within noise, of"
        f" {counted(verdicts, 'verdict')} and {counted(len(report.rows) - verdicts, 'number')}"
        " compared"
    )


def _head(report: Report) -> list[str]:
    return ["number", report.old, report.new, "difference", "word"]


def _cells(report: Report) -> list[list[str]]:
    """Return a line for each row that is not the same, the worst first."""
    rows = [(name, row) for name, row in report.rows if row.word in ORDER]
    rows.sort(key=lambda pair: ORDER.index(pair[1].word))
    return [
        [f"{name}: {row.name}", _written(row.old), _written(row.new), row.difference, row.word]
        for name, row in rows
    ]


def _columns(lines: list[list[str]]) -> list[str]:
    """Align cells below each other; values too long for the terminal's width are cut."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    name, old, new, difference, word = widths
    spare = shutil.get_terminal_size((160, 24)).columns - name - difference - word - 8
    most = max(spare // 2, 20)
    widths = [name, min(old, most), min(new, most), difference, word]
    return ["  ".join(map(_fitted, line, widths)).rstrip() for line in lines]


def _written(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else "null" if value is None else str(value)


def _fitted(cell: str, width: int) -> str:
    return cell.ljust(width) if len(cell) <= width else f"{cell[: width - 1]}…"
