"""The three kinds of number, and how far apart two that agree may be.

A number is *exact* if it is the same on every machine, *rounded* if it is so up to rounding, and
*chaotic* if training has amplified the last digit, as it does in U-DCGANs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Exact:
    """A count or a symbolic result: equal everywhere."""

    def entry(self, values: Sequence[float]) -> dict[str, Any]:
        """Return how the number may differ, as spread.json has it."""
        return {"kind": "exact"}


@dataclass(frozen=True)
class Rounded:
    """Deterministic up to rounding: two agree within either width.

    Args:
        absolute: the largest difference.
        relative: the largest difference in units of the larger of the two.
    """

    absolute: float = 0.0
    relative: float = 0.0

    def entry(self, values: Sequence[float]) -> dict[str, Any]:
        """Return how the number may differ, as spread.json has it."""
        widths = {"absolute": self.absolute, "relative": self.relative}
        return {"kind": "rounded"} | {name: width for name, width in widths.items() if width}


@dataclass(frozen=True)
class Chaotic:
    """A mean over trained networks: two agree within three standard deviations of one network.

    Args:
        least: a standard deviation that the measured one is not let fall below, as seen over more
            seeds than a short run has: of two, it may be anything.
        unit: what the networks differ in.
    """

    least: float
    unit: str = "seed"

    def entry(self, values: Sequence[float]) -> dict[str, Any]:
        """Return how the number may differ, as spread.json has it."""
        seen = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
        spread = float(np.maximum(seen, self.least))  # not a number where a value is none
        return {"kind": "chaotic", "spread": spread, "over": f"{len(values)} {self.unit}s"}


Kind = Exact | Rounded | Chaotic
