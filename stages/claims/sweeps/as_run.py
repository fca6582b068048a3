"""T3b to T5b: T3 to T5 as the authors' own curves say that they ran it (`data/published`).

One fixed batch a run, errors on the batch that is trained on, and rates by their labels, at which
the modified rule takes steps n/2 times longer. T3 to T5 are judged as the text says: on fresh
batches, at equal steps. Lanes are those of `lanes_of`, by network.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from stages.claims.intervals import LOWER
from stages.claims.sweeps import edges, sweeps
from stages.claims.sweeps.comparison import (
    at_rates,
    at_rates_of_the_others,
    best_safe_rates,
    compared,
    nature,
)
from stages.claims.verdict import (
    NOT,
    ONE_RUN,
    OPEN,
    REPRODUCED,
    Verdict,
    counted,
    evidence,
    number,
    told,
    with_nature,
)
from stages.common import params
from stages.sweeps.aggregate import last_rows
from stages.sweeps.printed import EDGES

NEXT = {"B3": 0.37, "B4": 0.67}
"""The rates of the published grid that follow those of `EDGES`."""


def lanes_of(table: pd.DataFrame) -> pd.DataFrame:
    """Return the lanes on one batch of a table of `stages.published.replay`, by label.

    Returns:
        As `stages.sweeps.aggregate.last_rows`, with the label as the rate.
    """
    fixed = table[table.data == "fixed"]
    return last_rows(fixed.assign(learning_rate=fixed.label))


def lower_error(lanes: Mapping[str, pd.DataFrame], section: params.Claims) -> Verdict:
    """Judge T3b, and tell what is left of it on inputs that nothing was trained on."""
    found = sweeps.lower_error(lanes, section)
    new = {network: _on_new_inputs(of_network, section) for network, of_network in lanes.items()}
    return replace(found, id="T3b", measured=told("T3b", trained=found.measured, new=new))


def lower_rates(network: str, lanes: pd.DataFrame, section: params.Claims) -> Verdict:
    """Judge T4b: at a rate below ordinary's best, is the modified rule's error below its best?"""
    best = best_safe_rates(lanes)["ordinary"]
    labels = sorted(set(lanes[lanes.rule == "modified"].learning_rate))
    found = {
        label: compared(at_rates(lanes, {"modified": label, "ordinary": best}), section)
        for label in labels
        if label < best
    }
    words = [word for word, _ in found.values()]
    verdict = REPRODUCED if LOWER in words else OPEN if OPEN in words or not words else NOT
    count = f"lower at {words.count(LOWER)} of {counted(len(words), 'rate')} below ordinary's best"
    count = ONE_RUN if lanes.run.nunique() == 1 else count
    wordings, rests = with_nature(verdict, nature(lanes, section)), sweeps.of_sweep(lanes, section)
    text = told("T4b", best=best, count=count, found=found)
    return Verdict.of("T4b", wordings, rests, count, text, [network])


def edge(found: Mapping[str, Any], section: params.Claims) -> Verdict:
    """Judge T5b from stability.json: does the modified rule stop between the rates printed?

    Of ordinary no rate of the grid is near an edge, so the claim is the modified rule's.
    """
    ends = {network: _ends(found[network]["modified"]) for network in EDGES}
    outcomes = {network: _at_edge(network, *of) for network, of in ends.items()}
    verdict = _together(outcomes)
    steps = min(found[network]["steps"] for network in EDGES)
    rests = evidence(1, "run", section.least_runs, steps, section.least_steps)
    ours = "; ".join(f"{n}: {low:g} improves, {high:g} not" for n, (low, high) in ends.items())
    text = told("T5b", networks={n: found[n] | {"ends": of} for n, of in ends.items()})
    return Verdict.of("T5b", [verdict], rests, ours, text)


def edge_of_lanes(lanes: Mapping[str, pd.DataFrame], section: params.Claims) -> Verdict:
    """Judge T5b from the modified rule's lanes at the printed rate and above, to their end.

    That a rate improves takes one run, that it does not all of them, as the authors drop those
    that do not: the verdict rests on the runs at the rates at which none does.
    """
    found = {network: _improving(of) for network, of in lanes.items()}
    verdict = _together({network: _of_network(network, of) for network, of in found.items()})
    each = [runs for of in found.values() for improved, runs in of.values() if not improved]
    rests = evidence(min(each, default=section.least_runs), "run", section.least_runs)
    ours = "; ".join(f"{network} {_to_the_first_without(of)}" for network, of in found.items())
    text = told("T5b_lanes", networks=found)
    return Verdict.of("T5b", [verdict], rests, f"improve: {ours}", text)


def _improving(lanes: pd.DataFrame) -> dict[float, tuple[int, int]]:
    """Return, by rate, how many runs improve, of how many."""
    by_rate = lanes.groupby("learning_rate").improved
    return {float(str(rate)): (int(of.sum()), len(of)) for rate, of in by_rate}


def _of_network(network: str, found: Mapping[float, tuple[int, int]]) -> str:
    """Return whether the printed rate is the highest at which a run improves."""
    highest = max((rate for rate, (improved, _) in found.items() if improved), default=math.nan)
    return REPRODUCED if highest == EDGES[network] else NOT


def _to_the_first_without(found: Mapping[float, tuple[int, int]]) -> str:
    """Return the runs that improve at every rate up to the first at which none does."""
    words = []
    for rate, (improved, runs) in found.items():
        words.append(f"{improved}/{runs} at {rate:g}")
        if not improved:
            break
    return ", ".join(words)


def _together(outcomes: Mapping[str, str]) -> str:
    """Return the outcome on every network, by name where they differ."""
    if len(set(outcomes.values())) == 1:
        return next(iter(outcomes.values()))
    return "; ".join(f"{network}: {outcome}" for network, outcome in outcomes.items())


def _ends(of_rule: Mapping[str, Any]) -> tuple[float, float]:
    low, high = (number(of_rule[f"{end}_one_batch"]) for end in edges.ENDS)
    return low, high


def _at_edge(network: str, improves: float, fails: float) -> str:
    """Return whether the printed rate improves and the next does not; one run too low is OPEN."""
    if improves > EDGES[network]:
        return NOT
    return REPRODUCED if improves == EDGES[network] and fails <= NEXT[network] else OPEN


def _on_new_inputs(lanes: pd.DataFrame, section: params.Claims) -> str:
    pairs = at_rates_of_the_others(lanes)
    return compared(pairs.assign(absolute_error=pairs.new_absolute_error), section)[1]
