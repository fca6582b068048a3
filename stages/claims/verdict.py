"""A verdict on one claim of the paper, and the ledger, which is the table of all."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from stages.text import markdown

REPRODUCED, NOT = "reproduced", "not reproduced"
CONVENTION, OPEN = "depends on a convention", "undecided"


@dataclass(frozen=True)
class Verdict:
    """One row of the ledger."""

    id: str
    claim: str
    verdict: str
    measured: str


def table(ledger: Sequence[Verdict]) -> str:
    """Return the ledger as a Markdown table."""
    rows = [[v.id, v.claim, f"**{v.verdict}**", v.measured] for v in ledger]
    return markdown.table(["", "the paper", "here", "measured"], rows) + "\n"


def marked(verdict: str, count: int, unit: str, least: int) -> str:
    """Mark a verdict from fewer than the least number of runs or seeds as what it is."""
    return f"{verdict} (indication: {counted(count, unit)})" if count < least else verdict


def counted(count: int, unit: str) -> str:
    """Return a count with its unit, in the plural but for 1."""
    return f"{count} {unit}{'s' * (count != 1)}"


def restricted(claim: str, networks: Sequence[str]) -> str:
    """Return a claim that ends with its place in the paper, and the networks it is judged on."""
    return f"{claim.removesuffix(')')}; {' and '.join(networks)} here)"


def number(value: float | None) -> float:
    """Return a number of a metrics file, in which null stands for one that was not finite."""
    return math.nan if value is None else float(value)
