"""T7: what the batch size changes, from variants that differ by nothing else."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stages import params
from stages.judges.verdict import NOT, OPEN, REPRODUCED, Verdict, counted
from stages.printed import BATCH_SIZES, CLAIMS


@dataclass(frozen=True)
class Case:
    """One network under one rule: the largest log10 ratios of median errors between sizes."""

    network: str
    rule: str
    sizes: Sequence[int]
    runs: int
    at_one_rate: float
    at_best_rates: float

    @property
    def words(self) -> str:
        """Return what was trained and found."""
        return (
            f"{self.network} {self.rule} (batch {min(self.sizes)} to {max(self.sizes)}, "
            f"{counted(self.runs, 'run')}) "
            f"{_factor(self.at_one_rate)}, {_factor(self.at_best_rates)}"
        )


def judge(found: Mapping[str, Any], section: params.Claims) -> Verdict:
    """Judge T7 from the section T7 of variants.json, or of it the networks wanted."""
    cases = [
        _case(network, rule, measured)
        for network, rules in found.items()
        for rule, measured in rules.items()
        if "spread" in measured["at_best_rate"]
    ]
    comparable = sum(case.at_best_rates <= section.comparable for case in cases)
    verdict = NOT if cases else OPEN
    if cases and max(case.at_one_rate for case in cases) <= section.comparable:
        verdict = REPRODUCED
    elif comparable:
        verdict = f"in {comparable} of {len(cases)} cases, if the rate is chosen anew"
    text = (
        "largest ratio of median errors between batch sizes, at the same rate (where not all "
        "diverge), and at the best rate of each: " + "; ".join(case.words for case in cases)
    )
    return Verdict("T7", CLAIMS["T7"], verdict + _reservations(cases, section), text)


def _case(network: str, rule: str, measured: Mapping[str, Any]) -> Case:
    rates = measured["at_fixed_rate"].values()
    spreads = [_infinite_if_null(rate["spread"]) for rate in rates if "spread" in rate]
    best = _infinite_if_null(measured["at_best_rate"]["spread"])
    sizes, runs = measured["batch_sizes"], measured["runs"]
    return Case(network, rule, sizes, runs, max(spreads, default=0.0), best)


def _reservations(cases: Sequence[Case], section: params.Claims) -> str:
    """Say in brackets how few the runs are, and where all sizes of the claim were tried."""
    words, runs = [], sorted({case.runs for case in cases}) or [0]
    if runs[0] < section.least_runs:
        mixed = f"{runs[0]} to " if len(runs) > 1 else ""
        words.append(f"indication: {mixed}{counted(runs[-1], 'run')}")
    least, most = BATCH_SIZES
    whole = {c.network for c in cases if min(c.sizes) <= least and max(c.sizes) >= most}
    if whole != {case.network for case in cases}:
        where = f"{' and '.join(sorted(whole))} only" if whole else "no network"
        words.append(f"sizes from {least} to {most:,} on {where}".replace(",", " "))
    return f" ({'; '.join(words)})" if words else ""


def _infinite_if_null(value: float | None) -> float:
    return math.inf if value is None else value


def _factor(log10: float) -> str:
    return f"×{10**log10:.2g}" if math.isfinite(log10) else "one size diverges"
