"""When two values of a number agree: by the kind of number that it is.

An *exact* number is the same on every machine. A *rounded* one is the same up to rounding, for
which a tolerance stands beside it. A *chaotic* one comes out of training, which amplifies the last
digit until nothing of it is left: what is compared is its distance in units of the spread over
seeds or runs. `spread.json` says which kind a number is, beside every `summary.json`.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SPREADS = 3.0  # as far as a chaotic number may be from the committed one
VERDICT = "verdict."  # how the names of verdicts begin
SAME, WITHIN, CHANGED, VERDICT_CHANGED = "same", "within noise", "changed", "verdict changed"
ABSENT = "absent"


@dataclass(frozen=True)
class Comparison:
    """A number or verdict on two sides.

    Args:
        name: of the number, in dots.
        old, new: the values; `ABSENT` where there is none.
        difference: in words, in units of what is allowed.
        word: one of *same, within noise, changed, verdict changed*.
    """

    name: str
    old: Any
    new: Any
    difference: str
    word: str

    @property
    def fails(self) -> bool:
        """Whether the two sides disagree."""
        return self.word in (CHANGED, VERDICT_CHANGED)


def compared(
    name: str, old: Any, new: Any, kind: Mapping[str, Any], other: Mapping[str, Any]
) -> Comparison:
    """Compare a value with another one.

    Args:
        name: of the number, in dots; that of a verdict begins with ``verdict.``.
        old: the value that counts, committed as a rule.
        new: the value to compare with it.
        kind: what `spread.json` says of `old`; nothing for a verdict, which is exact.
        other: what `spread.json` says of `new`, if anything.
    """
    numbers = is_number(old) and is_number(new)
    if old == new and (numbers or type(old) is type(new)):
        return Comparison(name, old, new, "", SAME)
    changed = VERDICT_CHANGED if name.startswith(VERDICT) else CHANGED
    if not numbers:
        return Comparison(name, old, new, "", changed)
    if kind["kind"] == "exact":
        return Comparison(name, old, new, f"{new - old:+.3g}", changed)
    unit, units, most = _scale(old, new, kind, other)
    distance = abs(new - old) / unit if unit else math.inf
    word = WITHIN if distance <= most else changed
    return Comparison(name, old, new, f"{distance:.2g} {units}", word)


def is_number(value: Any) -> bool:
    """Whether a leaf of a summary is a number that can be subtracted."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def fault(kind: Any) -> str | None:
    """Say what is wrong with an entry of `spread.json`; none if nothing is."""
    name = kind.get("kind") if isinstance(kind, dict) else None
    if name == "exact":
        return None
    needed = {"rounded": ("absolute", "relative"), "chaotic": ("spread",)}.get(str(name))
    if needed is None:
        return f"expected a kind of exact, rounded or chaotic, got {name!r}"
    given = [kind[key] for key in needed if key in kind]
    if given == [None] and name == "chaotic":
        return None  # of a run that ended without a number
    if given and all(is_number(value) and 0 <= value < math.inf for value in given):
        return None
    return f"expected {' or '.join(needed)} of a {name} number to be 0 or more, got {kind}"


def _scale(
    old: float, new: float, kind: Mapping[str, Any], other: Mapping[str, Any]
) -> tuple[float, str, float]:
    """Return what a difference is measured in, what that is called, and how many are allowed."""
    if kind["kind"] == "rounded":
        size = max(abs(old), abs(new))
        return max(kind.get("absolute", 0.0), kind.get("relative", 0.0) * size), "tolerances", 1.0
    return max(kind["spread"] or 0.0, other.get("spread") or 0.0), "spreads", SPREADS
