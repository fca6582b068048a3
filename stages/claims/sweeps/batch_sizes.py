"""T7: what the batch size changes, from variants that differ by nothing else.

Only networks count that saw both ends of the claim's range in enough runs. Two sizes are comparable
where the whole interval of the ratio of their errors is, and different where none of it is or half
of the runs diverge at one of them alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from stages.claims.verdict import (
    CONVENTION,
    NOT,
    OPEN,
    REPRODUCED,
    SHRINKS,
    Verdict,
    counted,
    evidence,
    told,
    with_nature,
)
from stages.common import params
from stages.sweeps.printed import BATCH_SIZES

COMPARABLE, DIFFERENT = "comparable", "different"


@dataclass(frozen=True)
class Difference:
    """The two batch sizes whose errors differ most, the larger error first."""

    words: str
    ratio: float | None  # log10, at least 0; None where runs diverge at one of the two alone
    low: float | None
    high: float | None  # None for a single run
    lost: float  # share of runs that diverge at one of the two alone

    @property
    def brief(self) -> str:
        """Return how much they differ, without where."""
        if self.ratio is None:
            return f"{self.lost:.0%} diverge at one size"
        return f"errors ×{10**self.ratio:.2g}"

    def outcome(self, comparable: float) -> str:
        """Return COMPARABLE, DIFFERENT or OPEN."""
        if self.lost >= 0.5:
            return DIFFERENT
        if self.ratio is None or self.low is None or self.high is None:
            return OPEN
        if self.low > comparable:
            return DIFFERENT
        return COMPARABLE if -comparable <= self.low and self.high <= comparable else OPEN


@dataclass(frozen=True)
class Case:
    """One network under one rule."""

    network: str
    name: str
    whole: bool  # both ends of the claim's range
    runs: int
    at_one_rate: Sequence[Difference]
    at_best_rates: Difference

    @property
    def words(self) -> str:
        """Return what was trained and found, of all rates at that where the sizes differ most."""
        parts = [self.most] if self.at_one_rate else []
        return f"{self.name} {', '.join(d.words for d in (*parts, self.at_best_rates))}"

    @property
    def most(self) -> Difference:
        """Return where the sizes differ most at one rate."""
        return _largest(self.at_one_rate)


def judge(found: Mapping[str, Any], variants: pd.DataFrame, section: params.Claims) -> Verdict:
    """Judge T7.

    Args:
        found: the section T7 of variants.json, or of it the networks wanted.
        variants: of the table variants.csv the rows of these batch sizes, with a column ``steps``.
        section: the thresholds.
    """
    cases = [
        _case(network, rule, measured)
        for network, rules in found.items()
        for rule, measured in rules.items()
        if "largest" in measured["at_best_rate"]
    ]
    judged = [case for case in cases if case.whole and case.runs >= section.least_runs]
    rest = [case for case in cases if case not in judged]
    text = told("T7", judged=[c.words for c in judged], rest=[c.words for c in rest])
    networks = list(dict.fromkeys(case.network for case in judged))
    behind = variants[variants.network.isin(networks)]
    steps = int(behind.steps.min()) if len(behind) else section.least_steps
    rests = evidence(section.least_runs, "run", section.least_runs, steps, section.least_steps)
    verdict, detail = _verdict(judged, section.comparable)
    wordings = [v + detail for v in with_nature(verdict, _nature(behind, section))] + [verdict]
    return Verdict.of("T7", wordings, rests, _ours(judged), text, networks)


def _nature(variants: pd.DataFrame, section: params.Claims) -> str:
    """Return SHRINKS where under either rule the outputs became smaller and f not idempotent."""
    errors = variants.groupby(["network", "rule"]).median_relative_error.median()
    return SHRINKS if len(errors) and (errors >= section.shrinks_from).all() else ""


def _ours(cases: Sequence[Case]) -> str:
    """Return the largest ratio of errors at one rate, and at the best rates, of all that count."""
    fixed = [case.most for case in cases if case.at_one_rate]
    best = [case.at_best_rates for case in cases]
    places = {"one rate": fixed, "best rates": best}
    shown = [f"{place}: {_largest(of).brief}" for place, of in places.items() if of]
    return "; ".join(shown) if shown else "none that counts"


def _largest(differences: Sequence[Difference]) -> Difference:
    return max(differences, key=lambda d: (d.lost, d.ratio or 0.0))


def _verdict(cases: Sequence[Case], comparable: float) -> tuple[str, str]:
    """Return the verdict, and in how many cases it is which, where that depends on the rate."""
    fixed = [d.outcome(comparable) for case in cases for d in case.at_one_rate]
    best = [case.at_best_rates.outcome(comparable) for case in cases]
    if DIFFERENT not in fixed:
        return (REPRODUCED if fixed and OPEN not in fixed else OPEN), ""
    alike, undecided = best.count(COMPARABLE), best.count(OPEN)
    if alike:
        rest = f", {OPEN} in {undecided}" if undecided else ""
        where = f": in {alike} of {len(cases)} cases, if the rate is chosen anew{rest}"
        return CONVENTION, where
    return (OPEN if undecided else NOT), ""


def _case(network: str, rule: str, measured: Mapping[str, Any]) -> Case:
    sizes, runs = measured["batch_sizes"], measured["runs"]
    least, most = BATCH_SIZES
    fixed = {r: at["largest"] for r, at in measured["at_fixed_rate"].items() if "largest" in at}
    rates, best = measured["at_best_rate"]["rates"], measured["at_best_rate"]["largest"]
    where = " and ".join(f"{rates[str(size)]:g}" for size in best["sizes"])
    return Case(
        network,
        f"{network} {rule} (batch {min(sizes)} to {max(sizes)}, {counted(runs, 'run')})",
        min(sizes) <= least and max(sizes) >= most,
        runs,
        [_difference(largest, rate) for rate, largest in fixed.items()],
        _difference(best, where),
    )


def _difference(largest: Mapping[str, Any], where: str) -> Difference:
    ratio, low, high = (largest[key] for key in ("log10_ratio", "low", "high"))
    lost = largest["diverged_at_one"]
    factor = f"{lost:.0%} of runs diverge at one alone" if ratio is None else f"×{10**ratio:.2g}"
    interval = "" if low is None or high is None else f" [{10**low:.2g}, {10**high:.2g}]"
    sizes = " / ".join(map(str, largest["sizes"]))
    return Difference(f"{factor}{interval} ({sizes} at {where})", ratio, low, high, lost)
