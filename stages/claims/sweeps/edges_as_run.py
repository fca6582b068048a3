"""T5b: T5 as the authors' own curves say that they ran it, on one fixed batch a run, by label.

Of ordinary no rate of the published grid is near an edge, so the claim is the modified rule's. That
a rate improves takes one run, as the authors drop those that do not; that it does not takes all.
"""

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from stages.claims.sweeps.comparison import nature
from stages.claims.sweeps.edges import ENDS
from stages.claims.verdict import (
    NOT,
    OPEN,
    REPRODUCED,
    Evidence,
    Verdict,
    evidence,
    number,
    of_networks,
    told,
    with_nature,
)
from stages.common import params
from stages.sweeps.printed import EDGES

NEXT = {"B3": 0.37, "B4": 0.67}
"""The rates of the published grid that follow those of `EDGES`."""
Improving = Mapping[float, tuple[int, int]]
"""By rate, in order: how many runs improve, of how many."""


def from_brackets(found: Mapping[str, Any], section: params.Claims) -> Verdict:
    """Judge T5b from stability.json: one run, does it stop between the rates printed?"""
    ends = {network: _ends(found[network]["modified"]) for network in EDGES}
    verdict = _together({network: _between(network, *of) for network, of in ends.items()})
    steps = min(found[network]["steps"] for network in EDGES)
    rests = evidence(1, "run", section.least_runs, steps, section.least_steps)
    ours = "; ".join(f"{n}: {low:g} improves, {high:g} not" for n, (low, high) in ends.items())
    text = told("T5b", networks={n: found[n] | {"ends": of} for n, of in ends.items()})
    return Verdict.of("T5b", [verdict], rests, ours, text)


def from_lanes(
    lanes: Mapping[str, pd.DataFrame],
    section: params.Claims,
    fresh: Mapping[str, pd.DataFrame] | None = None,
) -> Verdict:
    """Judge T5b from lanes of the modified rule at the printed rate and above, to their end.

    Args:
        lanes: by network, as of `stages.sweeps.aggregate.last_rows`, with labels as rates; of any
            runs, which need not be the same at every rate.
        section: the thresholds.
        fresh: the same on fresh batches, which are told of and decide nothing.
    """
    found = {network: improving(of) for network, of in lanes.items()}
    rests = of_networks({n: _rests_on(n, of, lanes[n], section) for n, of in found.items()})
    words = {
        n: with_nature(_outcome(n, found[n], section), nature(of, section))
        for n, of in lanes.items()
    }
    wordings = [_together({n: of[place] for n, of in words.items()}) for place in (0, -1)]
    ours = ", ".join(_shown(n, of, section.least_runs) for n, of in found.items())
    steps = {network: _steps(of) for network, of in lanes.items()}
    on_fresh = {n: improving(of) for n, of in (fresh or {}).items() if n in lanes}
    text = told("T5b_lanes", networks=found, edges=EDGES, steps=steps, fresh=on_fresh)
    return Verdict.of("T5b", wordings, rests, f"highest rate that improves: {ours}", text)


def runs(network: str, found: Improving) -> int:
    """Return the runs that decide: at the rates at which none improves, or at the one above."""
    highest = _highest(found)
    if math.isnan(highest):
        return found[EDGES[network]][1]
    if highest > EDGES[network]:
        return found[highest][1]
    return min(runs for rate, (_, runs) in found.items() if rate > highest)


def _rests_on(
    network: str, found: Improving, lanes: pd.DataFrame, section: params.Claims
) -> Evidence:
    """Return what lacks: runs where one that improves would change the verdict, and steps."""
    enough = _highest(found) > EDGES[network]
    count = section.least_runs if enough else runs(network, found)
    steps = _steps(lanes) or section.least_steps  # what diverged did so whatever the horizon
    return evidence(count, "run", section.least_runs, steps, section.least_steps)


def _steps(lanes: pd.DataFrame) -> int | None:
    """Return the steps of lanes that did not diverge, if there are any."""
    left = lanes[~lanes.diverged]
    return int(left.step.max()) if len(left) else None


def _outcome(network: str, found: Improving, section: params.Claims) -> str:
    """Return whether the printed rate is the highest at which a run improves."""
    highest, printed = _highest(found), EDGES[network]
    if math.isnan(highest):
        return NOT if found[printed][1] >= section.least_runs else OPEN
    return REPRODUCED if highest == printed else NOT


def improving(lanes: pd.DataFrame) -> dict[float, tuple[int, int]]:
    """Return how many runs improve at each rate, in order."""
    table = lanes.groupby("learning_rate").improved.agg(["sum", "count"]).reset_index()
    return {
        rate: (int(improved), int(count))
        for rate, improved, count in table.itertuples(index=False, name=None)
    }


def _highest(found: Improving) -> float:
    return max((rate for rate, (improved, _) in found.items() if improved), default=math.nan)


def _shown(network: str, found: Improving, enough: int) -> str:
    """Return the highest rate that improves, with its runs where these are few."""
    highest = _highest(found)
    if math.isnan(highest):
        return f"below {EDGES[network]:g} on {network}"
    runs = found[highest][1]
    few = f" ({runs} run{'s' * (runs > 1)})" if runs < enough else ""
    return f"{highest:g} on {network}{few}"


def _ends(of_rule: Mapping[str, Any]) -> tuple[float, float]:
    low, high = (number(of_rule[f"{end}_one_batch"]) for end in ENDS)
    return low, high


def _between(network: str, improves: float, fails: float) -> str:
    """Return whether the printed rate improves and the next does not; one run too low is OPEN."""
    if improves > EDGES[network]:
        return NOT
    return REPRODUCED if improves == EDGES[network] and fails <= NEXT[network] else OPEN


def _together(outcomes: Mapping[str, str]) -> str:
    """Return the outcome on every network, by name where they differ."""
    if len(set(outcomes.values())) == 1:
        return next(iter(outcomes.values()))
    return "; ".join(f"{network}: {outcome}" for network, outcome in outcomes.items())
