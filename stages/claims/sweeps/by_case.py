"""The rules compared case by case: in which is modified below ordinary, in which above it?"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stages.claims.intervals import EQUAL, HIGHER, LOWER, Estimate, word
from stages.claims.verdict import OPEN, number

_WORDS = {
    LOWER: "below ordinary on",
    EQUAL: "level with it on",
    HIGHER: "above it on",
    OPEN: f"{OPEN} on",
}


def estimate(of: Mapping[str, Any]) -> Estimate:
    """Return log10 of modified / ordinary and its limits over runs, from `stages.sweeps.paired`."""
    mean, low, high = (number(of[name]) for name in ("log10_ratio", "low", "high"))
    return mean, low, high


def figure(value: float) -> str:
    """Return two figures, and no power of ten of a large number."""
    return f"{value:.2g}" if value < 100 else f"{round(value, -1):.0f}"


@dataclass(frozen=True)
class Compared:
    """Ratios of errors, modified / ordinary, one a case.

    Attributes:
        ratios: log10 of them with limits, by the name of a case.
        least: log10 of the factor that makes a difference.
    """

    ratios: Mapping[str, Estimate]
    least: float

    def which(self, where: str) -> list[str]:
        """Return the cases that are `LOWER`, `EQUAL`, `HIGHER` or `OPEN`."""
        return [
            name for name, (_, *ends) in self.ratios.items() if word(*ends, self.least) == where
        ]

    @property
    def listed(self) -> str:
        """Every case, by where it is."""
        found = {words: self.which(where) for where, words in _WORDS.items()}
        return ", ".join(f"{words} {', '.join(names)}" for words, names in found.items() if names)

    @property
    def ends(self) -> str:
        """From end to end the ratios of the cases that are lower, and of those that are higher."""
        found = [self._ends(where) for where in (LOWER, HIGHER)]
        ends = " or ".join(filter(None, found))
        return f"{ends} of ordinary's error" if ends else "lower or higher in no case"

    def _ends(self, where: str) -> str:
        means = sorted(self.ratios[name][0] for name in self.which(where))
        return " to ".join(dict.fromkeys(f"×{figure(10**of)}" for of in [*means[:1], *means[-1:]]))
