"""A verdict on one claim of the paper, and the ledger, which is the table of all."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stages.claims.printed import CLAIMS
from stages.text import markdown
from stages.text.render import render

REPRODUCED, NOT = "reproduced", "not reproduced"
CORRECTED = "reproduced with a correction"
CONVENTION, OPEN = "depends on a convention", "undecided"


@dataclass(frozen=True)
class Verdict:
    """One row of the ledger.

    Args:
        id: of the claim, a key of `stages.claims.printed.CLAIMS`.
        verdict: what the rule of this claim says.
        ours: the number that decides, in at most 60 characters.
        measured: all that was measured for it.
        networks: those that it was judged on, where the claim is about more.
        brief: the verdict in at most 60 characters, where it is longer.
    """

    id: str
    verdict: str
    ours: str
    measured: str
    networks: Sequence[str] = ()
    brief: str = ""

    @property
    def claim(self) -> str:
        """Return what the paper says and where, and on which networks it was judged."""
        text = CLAIMS[self.id].text
        if not self.networks:
            return text
        return f"{text.removesuffix(')')}; {' and '.join(self.networks)} here)"


def entries(ledger: Sequence[Verdict]) -> dict[str, dict[str, str]]:
    """Return the ledger as it is written to claims.json, readable alone."""
    return {
        v.id: {
            "claim": CLAIMS[v.id].short,
            "authors": CLAIMS[v.id].authors,
            "ours": v.ours,
            "verdict": v.verdict,
        }
        | ({"brief": v.brief} if v.brief else {})
        for v in ledger
    }


def short_table(ledger: Mapping[str, Mapping[str, str]]) -> str:
    """Return claims.json as a Markdown table for the README, with cells of 60 characters."""
    rows = [
        [name, row["claim"], row["authors"], row["ours"], row.get("brief", row["verdict"])]
        for name, row in ledger.items()
    ]
    return markdown.table(["", "claim", "the authors", "here", "verdict"], rows) + "\n"


def table(ledger: Sequence[Verdict]) -> str:
    """Return the ledger as a Markdown table, with all that was measured."""
    rows = [[v.id, v.claim, f"**{v.verdict}**", v.measured] for v in ledger]
    return markdown.table(["", "the paper", "here", "measured"], rows) + "\n"


def told(claim: str, **values: Any) -> str:
    """Return what was measured for a claim in words, on one line: the template of its name."""
    return " ".join(render(f"claims/{claim}", **values).split())


def stated(holds: bool, as_stated: bool) -> str:
    """Return the verdict on a claim: does it hold, and does it hold in the paper's words."""
    if not holds:
        return NOT
    return REPRODUCED if as_stated else CORRECTED


def marked(verdict: str, count: int, unit: str, least: int) -> str:
    """Mark a verdict from fewer than the least number of runs or seeds as what it is."""
    return f"{verdict} (indication: {counted(count, unit)})" if count < least else verdict


def counted(count: int, unit: str) -> str:
    """Return a count with its unit, in the plural but for 1."""
    return f"{count} {unit}{'s' * (count != 1)}"


def number(value: float | None) -> float:
    """Return a number of a metrics file, in which null stands for one that was not finite."""
    return math.nan if value is None else float(value)
