"""T5: the rates above which no run improves, beside those of the caption of Figure 3."""

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from stages.claims.sweeps.comparison import RULES, nature
from stages.claims.sweeps.sweeps import of_sweep
from stages.claims.verdict import (
    NOT,
    OPEN,
    REPRODUCED,
    Verdict,
    evidence,
    number,
    told,
    with_nature,
)
from stages.common import params
from stages.sweeps.printed import EDGES

ENDS = ("largest_stable_rate", "lowest_unstable_rate")


def from_brackets(
    found: dict[str, Any], lanes: Mapping[str, pd.DataFrame], section: params.Claims
) -> Verdict:
    """Judge T5 from stability.json: one run, and for either rule two rates around the edge.

    Args:
        found: the content of that file.
        lanes: of the networks, as far as they were swept: what becomes of those that improve.
        section: the thresholds.
    """
    outcomes, highest, shown = [], {}, {}
    for network, edge in EDGES.items():
        brackets = {rule: [found[network][rule][end] for end in ENDS] for rule in RULES}
        lows, highs = (map(number, ends) for ends in zip(*brackets.values(), strict=True))
        highest[network] = max(lows)
        below = all(high <= edge for high in highs)  # false for NaN
        outcomes.append(NOT if highest[network] > edge else REPRODUCED if below else OPEN)
        shown[network] = found[network] | {"brackets": brackets, "edge": edge}
    verdict = next(v for v in (NOT, OPEN, REPRODUCED) if v in outcomes)
    steps = min(found[network]["steps"] for network in EDGES)
    rests = evidence(1, "run", section.least_runs, steps, section.least_steps)
    words = with_nature(verdict, nature(pd.concat(lanes[n] for n in EDGES), section))
    return Verdict.of("T5", words, rests, _ours(highest), told("T5_brackets", networks=shown))


def from_sweep(network: str, lanes: pd.DataFrame, section: params.Claims) -> Verdict:
    """Judge T5 on one network from a sweep of the paper's own rates, as the paper did.

    Above its edge no run of either rule may improve, at any of the rates tried; undecided where a
    rule improves nowhere at all, as then there is no edge.
    """
    edge, highest, words = EDGES[network], [], []
    for rule, of_rule in lanes.groupby("rule"):
        improved = of_rule[of_rule.improved]
        rate = improved.learning_rate.max()  # NaN where none is
        count = int((improved.learning_rate == rate).sum())
        highest.append(rate)
        shown = f"{rate:g} ({count} of {of_rule.run.nunique()} runs)" if count else "none"
        words.append(f"{rule} {shown}")
    verdict = OPEN if any(map(math.isnan, highest)) else REPRODUCED
    if any(rate > edge for rate in highest):
        verdict = NOT
    text, wordings = (
        told("T5", steps=int(lanes.step.max()), rules=words, edge=edge),
        with_nature(verdict, nature(lanes, section)),
    )
    rests, ours = of_sweep(lanes, section), _ours({network: max(highest)})
    return Verdict.of("T5", wordings, rests, ours, text)


def _ours(highest: Mapping[str, float]) -> str:
    places = ", ".join(f"{rate:g} on {network}" for network, rate in highest.items())
    return f"highest rate that improves: {places}"
