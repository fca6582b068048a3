"""T2, T3, T4 and T6: what the sweeps decide. T5 is in `edges`, T7 in `batch_sizes`.

The rules are compared at the ``matched`` scale. Lanes are those of
`stages.sweeps.aggregate.last_rows`, by network.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from stages.claims.intervals import LOWER
from stages.claims.sweeps.comparison import (
    RULES,
    at_rates,
    at_rates_of_the_others,
    best_safe_rates,
    compared,
    nature,
)
from stages.claims.verdict import (
    COLLAPSED,
    CONVENTION,
    LONGEST,
    NOT,
    ONE_RUN,
    OPEN,
    REPRODUCED,
    Evidence,
    Verdict,
    counted,
    evidence,
    least_of,
    told,
    with_nature,
)
from stages.common import params
from stages.sweeps.printed import PARAMETER_COUNTS

Lanes = Mapping[str, pd.DataFrame]


def parameter_counts(counts: Mapping[str, int]) -> Verdict:
    """Judge T2, by network."""
    printed = {name: f"{count:,}".replace(",", " ") for name, count in counts.items()}
    verdict = REPRODUCED if counts == PARAMETER_COUNTS else NOT
    words = ", ".join(f"{name} {count}" for name, count in printed.items())
    return Verdict("T2", verdict, ", ".join(printed.values()), words)


def lower_error(lanes: Lanes, section: params.Claims) -> Verdict:
    """Judge T3 on the networks given, each run at the rates that are best on the others."""
    pairs = {network: at_rates_of_the_others(of_network) for network, of_network in lanes.items()}
    found = {network: compared(pair, section) for network, pair in pairs.items()}
    verdicts = [_lower(lanes[n], pair, found[n][0], section) for n, pair in pairs.items()]
    shown = {
        n: {"steps": steps_of(lanes[n]), "rates": _rates(pair, lanes[n]), "ratio": found[n][1]}
        | _beside(pair)
        for n, pair in pairs.items()
    }
    ours = ", ".join(f"{n} {_alone(figures)}" for n, (_, figures) in found.items())
    text = told("T3", networks=shown, runs=min(of.run.nunique() for of in lanes.values()))
    names = [f"{network}: " if len(lanes) > 1 else "" for network in lanes]
    long, brief = (
        "; ".join(name + words for name, words in zip(names, of_all, strict=True))
        for of_all in zip(*verdicts, strict=True)
    )
    brief = brief if len(long) > LONGEST else ""
    lacking = least_of([of_sweep(of, section) for of in lanes.values()])
    ours = f"error, modified / ordinary: {ours}"
    return Verdict("T3", long, ours, text, list(lanes), brief, lacking)


def lower_rates(network: str, lanes: pd.DataFrame, width: int, section: params.Claims) -> Verdict:
    """Judge T4 on one network of this output width, below the best rates, for two readings."""
    matched, share, figures = _at_lower_rates(lanes, 1.0, section)
    raw, raw_share, relabelled = _at_lower_rates(lanes, width / 2, section)
    lower = [matched, raw].count(LOWER)
    verdict = {2: REPRODUCED, 1: CONVENTION, 0: NOT}[lower]
    verdict = OPEN if OPEN in (matched, raw) else verdict
    factor = f"{width / 2:g}"
    text = told("T4", steps=steps_of(lanes), matched=figures, relabelled=relabelled, factor=factor)
    ours = f"lower at {share} rates (equal steps), {raw_share} (printed rates)"
    if lanes.run.nunique() == 1:
        ours = ONE_RUN
    words = with_nature(verdict, nature(lanes, section)), of_sweep(lanes, section)
    return Verdict.of("T4", *words, ours, text, [network])


def near_zero(lanes: pd.DataFrame, section: params.Claims) -> Verdict:
    """Judge T6, from the lanes of B1."""
    below = lanes[(lanes.absolute_error < section.near_zero) & lanes.improved]
    counts = {rule: int((below.rule == rule).sum()) for rule in RULES}
    each = len(lanes) // 2
    verdict = [REPRODUCED if counts["modified"] else NOT]
    if counts["modified"]:
        verdict = with_nature(REPRODUCED, nature(below[below.rule == "modified"], section))
    shown = [f"{count} of {each} {rule}" for rule, count in counts.items()]
    limit = f"< {section.near_zero:g}"
    ours = f"{limit} in {', '.join(shown)} trainings"
    trainings = f"trainings of {steps_of(lanes)} steps, one a run and learning rate"
    text = f"error {limit}: {' and '.join(shown)} {trainings}"
    return Verdict.of("T6", verdict, of_sweep(lanes, section), ours, text)


def of_sweep(lanes: pd.DataFrame, section: params.Claims) -> Evidence:
    """Return what a verdict from these lanes rests on: their runs, and the longest one's steps."""
    runs = lanes.run.nunique()
    return evidence(runs, "run", section.least_runs, steps_of(lanes), section.least_steps)


def steps_of(lanes: pd.DataFrame) -> int:
    """Return the steps of a lane that did not diverge early."""
    return int(lanes.step.max())


def _lower(
    lanes: pd.DataFrame, pair: pd.DataFrame, word: str, section: params.Claims
) -> tuple[str, str]:
    """Return the verdict on one network in long and in short."""
    verdict = {LOWER: REPRODUCED, OPEN: OPEN}.get(word, NOT)
    became = nature(pair, section)
    became = "" if became == COLLAPSED and word != LOWER else became
    found, rests = with_nature(verdict, became), of_sweep(lanes, section)
    return rests.marked(found[0]), rests.short(found[-1])


def _rates(pair: pd.DataFrame, lanes: pd.DataFrame) -> str:
    """Name the rates chosen for either rule, and say which are at the end of the grid."""
    end = lanes.learning_rate.max()
    return " and ".join(
        " or ".join(f"{r:g}{', its end' if r == end else ''}" for r in sorted(set(rates)))
        for rates in (pair[pair.rule == rule].learning_rate for rule in RULES)
    )


def _beside(pair: pd.DataFrame) -> dict[str, Any]:
    """Return what an absolute error must be read beside, of the median run of either rule."""
    names = ["output_spread", "initial_spread", "relative_error"]
    medians = pair.groupby("rule")[names].median()
    return {rule: medians.loc[rule].to_dict() for rule in RULES}


def _alone(figures: str) -> str:
    """Return the ratio of `compared` without its interval, or what stands in its place."""
    return figures.partition(" [")[0].partition(",")[0]


def _at_lower_rates(
    lanes: pd.DataFrame, scale: float, section: params.Claims
) -> tuple[str, str, str]:
    """Say whether modified is lower at most rates below each rule's best, at how many, and where.

    Args:
        lanes: of one network.
        scale: how many times higher than its label the rate of the modified rule is.
        section: the thresholds.
    """
    shared = _shared_rates(lanes, scale)
    if not shared:
        return OPEN, "none", "no rate in common"
    best = best_safe_rates(lanes)
    below = [rates for rates in shared if all(rates[rule] < best[rule] for rule in RULES)]
    judged = below or shared[:1]
    words, figures = zip(*(compared(at_rates(lanes, r), section) for r in judged), strict=True)
    lower, undecided, half = words.count(LOWER), words.count(OPEN), len(words) / 2
    one_run = lanes.run.nunique() == 1
    word = LOWER if lower > half else "not lower" if lower + undecided <= half else OPEN
    shown = "" if below else "none is below both, so at the lowest: "
    shown += ONE_RUN if one_run else f"lower at {lower} of {counted(len(words), 'rate')}"
    if undecided and not one_run:
        shown += f", {OPEN} at {undecided}"
    ends = dict.fromkeys((0, len(words) - 1))  # one end where there is one rate
    places = ", and ".join(f"{figures[k]} at {judged[k]['ordinary']:g}" for k in ends)
    return word, f"{lower} of {len(words)}", f"{shown}; {places}"


def _shared_rates(lanes: pd.DataFrame, scale: float) -> list[dict[str, float]]:
    """Return the rates by rule that bear the same label, from the lowest on."""
    modified, ordinary = (sorted(set(lanes[lanes.rule == r].learning_rate)) for r in RULES)
    return [
        {"modified": m, "ordinary": o}
        for o in ordinary
        for m in modified
        if np.isclose(m, scale * o)
    ]
