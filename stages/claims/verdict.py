"""A verdict on one claim, the words it is made of, and the table of all claims."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from stages.claims.printed import CLAIMS, OURS
from stages.text import markdown
from stages.text.render import render

REPRODUCED, NOT = "reproduced", "not reproduced"
YES, NO = "yes", "no"  # on a claim of our own, of which nothing can be reproduced
CORRECTED = "reproduced with a correction"
PARTLY = "reproduced at some reconstruction errors"
CONVENTION, OPEN, NOT_RUN = "depends on a convention", "undecided", "not run"
# What became of a network whose error fell: it says whether the lower error is worth anything.
COLLAPSED, SHRINKS = "by collapse", "shrinks, does not become idempotent"
ONE_RUN = "cannot be decided with one run"  # by how often a ratio is below 1
INDICATION = "indication"  # what a verdict is that rests on too little
LONGEST = 60  # characters of a verdict in short
_UNITS = {"runs": "run", "steps": "step"}
HEAD = f"""# The claims, with all that was measured

From fewer runs, seeds or steps than a verdict takes it is an *{INDICATION}*. *Shrinks*: the error
falls only because the outputs do; *by collapse*: to a constant map. *Relative error*: over the
spread of the outputs. In brackets behind a ratio is its interval over runs or seeds. How wide
that is, and every threshold: section `claims` of the parameters.

"""


@dataclass(frozen=True)
class Verdict:
    """One row of the table of claims.

    Args:
        id: of the claim, a key of `stages.claims.printed.CLAIMS`.
        verdict: what the rule of this claim says.
        ours: the number that decides, in at most 60 characters.
        measured: all that was measured for it.
        networks: those that it was judged on, where the claim is about more.
        brief: the verdict in at most LONGEST characters, where it is longer.
        lacking: as of `Evidence`.
    """

    id: str
    verdict: str
    ours: str
    measured: str
    networks: Sequence[str] = ()
    brief: str = ""
    lacking: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        id: str,
        wordings: Sequence[str],
        rests: "Evidence",
        ours: str,
        measured: str,
        networks: Sequence[str] = (),
    ) -> "Verdict":
        """Return a row whose verdict is the first of its wordings, and the brief one that fits."""
        said = [answered(id, wording) for wording in wordings]
        verdict, brief = rests.marked(said[0]), rests.brief(*said)
        brief = "" if brief == verdict else brief
        return cls(id, verdict, ours, measured, networks, brief, rests.lacking)

    @property
    def claim(self) -> str:
        """Return what the paper says and where, and on which networks it was judged."""
        text = CLAIMS[self.id].text
        if not self.networks:
            return text
        return f"{text.removesuffix(')')}; {' and '.join(self.networks)} here)"


def entries(verdicts: Sequence[Verdict]) -> dict[str, dict[str, Any]]:
    """Return the table as it is written to claims.json, readable alone."""
    return {
        v.id: {
            "claim": CLAIMS[v.id].short,
            "authors": CLAIMS[v.id].authors,
            "ours": v.ours,
            "verdict": v.verdict,
        }
        | ({"brief": v.brief} if v.brief else {})
        | ({"networks": list(v.networks)} if v.networks else {})
        | ({"lacking": dict(v.lacking)} if v.lacking else {})
        for v in verdicts
    }


def short_table(claims: Mapping[str, Mapping[str, str]]) -> str:
    """Return claims.json as a Markdown table for the README, with cells of 60 characters.

    The runs or steps behind a verdict say that it is an indication; the word is left out.
    """
    rows = [
        [name, *(row[key] for key in ("claim", "authors", "ours")), short_verdict(row)]
        for name, row in claims.items()
    ]
    return markdown.table(["", "claim", "the authors", "here", "verdict"], rows) + "\n"


def short_verdict(row: Mapping[str, str]) -> str:
    """Return the verdict of a row of claims.json in at most LONGEST characters, of known words."""
    brief = row.get("brief", row["verdict"]).replace(f"({INDICATION}: ", "(")
    return brief.replace(SHRINKS, "shrinks")


def table(verdicts: Sequence[Verdict]) -> str:
    """Return a Markdown table, with all that was measured."""
    rows = [[v.id, v.claim, f"**{v.verdict}**", v.measured] for v in verdicts]
    return markdown.table(["", "the paper", "here", "measured"], rows) + "\n"


def told(claim: str, **values: Any) -> str:
    """Return what was measured for a claim in words, on one line: the template of its name."""
    return " ".join(render(f"claims/{claim}", **values).split())


def answered(id: str, words: str) -> str:
    """Return the words of a verdict on a claim, which are yes and no on one of our own."""
    if CLAIMS[id].authors != OURS:
        return words
    return words.replace(NOT, NO).replace(REPRODUCED, YES)


def stated(holds: bool, as_stated: bool) -> str:
    """Return the verdict on a claim: does it hold, and does it hold in the paper's words."""
    if not holds:
        return NOT
    return REPRODUCED if as_stated else CORRECTED


@dataclass(frozen=True)
class Evidence:
    """What a verdict rests on, as far as it is less than it takes: runs or seeds, and steps.

    Args:
        few: in words, such as ``3 runs, 24 steps``; empty where nothing is missing.
        least: the same in fewer words, if there are any.
        lacking: the same as numbers, ``runs`` (or seeds) and ``steps``, where these are too few.
    """

    few: str = ""
    least: str = ""
    lacking: Mapping[str, int] = field(default_factory=dict)

    def marked(self, verdict: str) -> str:
        """Return a verdict that rests on too little marked as an indication."""
        return f"{verdict} ({INDICATION}: {self.few})" if self.few else verdict

    def short(self, verdict: str) -> str:
        """Return a verdict marked in as few words as possible."""
        return f"{verdict} ({self.few})" if self.few else verdict

    def brief(self, *wordings: str) -> str:
        """Return the first of some wordings, the longest first, that is short enough when marked.

        Where not even the last one is, the word *indication* goes; if it is too long even so, what
        it rests on is told in fewer words.
        """
        fitting = (self.marked(w) for w in wordings if len(self.marked(w)) <= LONGEST)
        last = next(fitting, self.short(wordings[-1]))
        if self.least and len(last) > LONGEST:
            return Evidence(self.least).brief(*wordings)
        return last


def evidence(count: int, unit: str, least: int, steps: int = 0, least_steps: int = 0) -> Evidence:
    """Return what a verdict rests on.

    Args:
        count: of runs or seeds.
        unit: one of them.
        least: how many it takes.
        steps: that were trained, the horizon.
        least_steps: how many it takes.
    """
    found = {"runs": (count, least), "steps": (steps, least_steps)}
    lacking = {of: number for of, (number, enough) in found.items() if number < enough}
    units = _UNITS | {"runs": unit}
    few = ", ".join(counted(number, units[of]) for of, number in lacking.items())
    return Evidence(few, lacking=lacking)


def least_of(found: Sequence[Evidence]) -> dict[str, int]:
    """Return what lacks where a verdict rests on several, of each kind the least number."""
    kinds = dict.fromkeys(kind for of in found for kind in of.lacking)
    return {kind: min(of.lacking[kind] for of in found if kind in of.lacking) for kind in kinds}


def of_networks(found: Mapping[str, Evidence]) -> Evidence:
    """Return what lacks, by network where that differs; in fewer words and as numbers the least."""
    lacking = least_of(list(found.values()))
    few = ", ".join(counted(count, _UNITS[of]) for of, count in lacking.items())
    least = Evidence(few, lacking=lacking)
    if all(of == least for of in found.values()):
        return least
    each = "; ".join(f"{network} {of.few}" for network, of in found.items() if of.few)
    return Evidence(each, least.few, least.lacking)


def with_nature(verdict: str, nature: str) -> list[str]:
    """Return a verdict with what became of the networks behind it, in long and in short."""
    if not nature:
        return [verdict]
    return [f"{verdict}, {nature}", nature if nature == COLLAPSED else f"{verdict}, shrinks"]


def counted(count: int, unit: str) -> str:
    """Return a count with its unit, in the plural but for 1."""
    return f"{count} {unit}{'s' * (count != 1)}"


def number(value: float | None) -> float:
    """Return a number of a metrics file, in which null stands for one that was not finite."""
    return math.nan if value is None else float(value)
