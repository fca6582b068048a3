"""T7: what counts, what is alike, what differs."""

from typing import Any

import pandas as pd
import pytest

from stages.claims.printed import CLAIMS
from stages.claims.sweeps import batch_sizes
from stages.claims.sweeps.comparison import RULES
from stages.claims.verdict import CONVENTION, NOT, OPEN, REPRODUCED, SHRINKS, Verdict
from stages.sweeps.printed import BATCH_SIZES
from tests.stages.claims.lanes import SECTION

Limits = tuple[float | None, float | None, float | None]


SMALL: Limits = (0.1, 0.05, 0.15)


WIDE: Limits = (0.2, -0.1, 0.5)


LARGE: Limits = (1.0, 0.8, 1.2)


def largest(limits: Limits, lost: float = 0.0) -> dict[str, Any]:
    ratio, low, high = limits
    return {
        "largest": {
            "sizes": list(BATCH_SIZES),
            "log10_ratio": ratio,
            "low": low,
            "high": high,
            "diverged_at_one": lost,
        }
    }


def lost(share: float) -> dict[str, Any]:
    return largest((None, None, None), share)


def case(
    fixed: dict[str, Any] | None = None,
    best: Limits = SMALL,
    runs: int = 3,
    sizes: tuple[int, ...] = BATCH_SIZES,
) -> dict[str, Any]:
    """Return what `variants` says of a network whose ordinary rule has one size only."""
    measured = {
        "batch_sizes": list(sizes),
        "runs": runs,
        "at_fixed_rate": {"0.1": fixed or largest(SMALL), "0.2": largest((0.05, 0, 0.1)), "9": {}},
        "at_best_rate": {"rates": {str(size): 0.1 for size in BATCH_SIZES}} | largest(best),
    }
    return {"modified": measured, "ordinary": {"at_best_rate": {"log10_errors": {"1000": 1.0}}}}


def judged(found: dict[str, Any], steps: int = 10, relative: float = 0.1) -> Verdict:
    """Judge T7 beside a table in which both networks made so many steps."""
    rows = [
        {"network": network, "rule": rule, "steps": steps, "median_relative_error": relative}
        for network in ("B1", "B2")
        for rule in RULES
    ]
    return batch_sizes.judge(found, pd.DataFrame(rows), SECTION)


@pytest.mark.parametrize(
    ("fixed", "best", "verdict"),
    [
        (largest(SMALL), LARGE, REPRODUCED),
        (largest(WIDE), SMALL, OPEN),
        (largest((0.1, -0.4, 0.2)), SMALL, OPEN),  # the interval leaves on the other side
        (largest(LARGE), SMALL, f"{CONVENTION}: in 1 of 1 cases, if the rate is chosen anew"),
        (lost(1.0), SMALL, f"{CONVENTION}: in 1 of 1 cases, if the rate is chosen anew"),
        (lost(0.1), SMALL, OPEN),
        (largest(LARGE), LARGE, NOT),
        (largest(LARGE), WIDE, OPEN),
        (largest((0.1, None, None)), SMALL, OPEN),
    ],
)
def test_t7_compares_batch_sizes_at_one_rate_and_at_the_best(
    fixed: dict[str, Any], best: Limits, verdict: str
):
    assert judged({"B1": case(fixed, best)}).verdict == verdict


def test_t7_counts_cases_that_are_alike_or_undecided():
    mixed = {"B1": case(largest(LARGE)), "B2": case(largest(LARGE), WIDE)}
    found = judged(mixed)
    assert found.verdict == (
        f"{CONVENTION}: in 1 of 2 cases, if the rate is chosen anew, undecided in 1"
    )
    assert found.brief == CONVENTION
    assert "B1 modified (batch 32 to 10000, 3 runs) ×10 [6.3, 16] (32 / 10000 at 0.1), ×1.3" in (
        found.measured
    )


@pytest.mark.parametrize("other", [{"runs": 2}, {"sizes": (32, 1000)}, {"sizes": (100, 10_000)}])
def test_t7_leaves_out_networks_of_too_few_runs_or_sizes(other: dict[str, Any]):
    left_out = case(largest(LARGE), LARGE, **other)
    found = judged({"B1": case(), "B2": left_out})
    assert found.verdict == REPRODUCED
    assert found.claim.endswith("B1 here)")
    assert "Not counted, for their sizes or runs: B2 modified" in found.measured
    alone = judged({"B2": left_out})
    assert (alone.verdict, alone.claim) == (OPEN, CLAIMS["T7"].text)
    assert alone.ours == "none that counts"


def test_without_two_sizes_t7_is_undecided():
    only = {"B1": {"modified": case()["ordinary"]}}
    assert judged(only).verdict == OPEN


def test_t7_is_marked_by_its_horizon_and_by_what_became_of_the_networks():
    assert judged({"B1": case()}, steps=9).verdict == f"{REPRODUCED} (indication: 9 steps)"
    assert judged({"B1": case()}, relative=0.49).verdict == REPRODUCED
    assert judged({"B1": case()}, relative=0.5).verdict == f"{REPRODUCED}, {SHRINKS}"
    both = judged({"B1": case()}, steps=9, relative=1.0)
    assert both.brief == f"{REPRODUCED}, shrinks (indication: 9 steps)"


def test_t7_says_by_rate_how_much_sizes_differ():
    assert (
        judged({"B1": case(largest(LARGE))}).ours == "one rate: errors ×10; best rates: errors ×1.3"
    )
    found = judged({"B1": case(lost(0.2))}).ours
    assert found == "one rate: 20% diverge at one size; best rates: errors ×1.3"
