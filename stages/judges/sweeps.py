"""T2, T3, T4 and T6: what the sweeps decide. T5 is in `edges`, T7 in `batch_sizes`.

The rules are compared at the ``matched`` scale. Lanes are those of `stages.aggregate.last_rows`, by
network.
"""

from collections.abc import Mapping

import pandas as pd

from stages import params
from stages.judges.comparison import best_safe_rates, compared
from stages.judges.verdict import (
    CONVENTION,
    NOT,
    OPEN,
    REPRODUCED,
    Verdict,
    marked,
    restricted,
)
from stages.printed import CLAIMS, PARAMETER_COUNTS

Lanes = Mapping[str, pd.DataFrame]
Best = Mapping[str, Mapping[str, pd.Series]]


def parameter_counts(counts: Mapping[str, int]) -> Verdict:
    """Judge T2, by network."""
    words = ", ".join(f"{n} {c:,}".replace(",", " ") for n, c in counts.items())
    verdict = REPRODUCED if counts == PARAMETER_COUNTS else NOT
    return Verdict("T2", CLAIMS["T2"], verdict, words)


def lower_error(lanes: Lanes, section: params.Claims) -> Verdict:
    """Judge T3 on the networks given, each rule at its best rate."""
    best = {network: best_safe_rates(of_network) for network, of_network in lanes.items()}
    found = {n: compared(n, lanes[n], _rates(tops), section) for n, tops in best.items()}
    first, rules = next(iter(best.items()))
    spread = {rule: top.median_output_spread for rule, top in rules.items()}
    text = (
        "modified / ordinary error, each at the best rate at which no run diverges "
        f"({_named(best, lanes)}), with interval over runs: "
        + "; ".join(figures for _, figures in found.values())
        + f". Output spread left on {first} there: modified {spread['modified']:.1g}, ordinary "
        f"{spread['ordinary']:.1g}"
    )
    verdict = _everywhere({n: word for n, (word, _) in found.items()})
    runs = min(of_network.run.nunique() for of_network in lanes.values())
    verdict = marked(verdict, runs, "run", section.least_runs)
    return Verdict("T3", restricted(CLAIMS["T3"], list(lanes)), verdict, text)


def lower_rates(network: str, lanes: pd.DataFrame, width: int, section: params.Claims) -> Verdict:
    """Judge T4 on one network of this output width, at the lowest rate, for two readings of it."""
    lowest = float(lanes.learning_rate.min())
    higher = lowest * width / 2
    matched, figures = compared(network, lanes, {"modified": lowest, "ordinary": lowest}, section)
    raw, relabelled = compared(network, lanes, {"modified": higher, "ordinary": lowest}, section)
    verdict = REPRODUCED if matched == raw == "lower" else NOT
    if OPEN in (matched, raw):
        verdict = OPEN
    elif raw == "lower" and verdict == NOT:
        verdict = CONVENTION
    text = (
        f"modified / ordinary error at rate {lowest:g}, both rules at the matched scale: "
        f"{figures}. If the loss is the mean-squared error and the rule is not divided by the "
        f"width, the same label means a {higher / lowest:g} times higher rate for the rule: "
        f"{relabelled}"
    )
    verdict = marked(verdict, lanes.run.nunique(), "run", section.least_runs)
    return Verdict("T4", restricted(CLAIMS["T4"], [network]), verdict, text)


def near_zero(lanes: pd.DataFrame, section: params.Claims) -> Verdict:
    """Judge T6, from the lanes of B1."""
    below = lanes[(lanes.absolute_error < section.near_zero) & lanes.improved]
    counts = {rule: int((below.rule == rule).sum()) for rule in ("modified", "ordinary")}
    each = len(lanes) // 2
    verdict = REPRODUCED if counts["modified"] else NOT
    text = f"below {section.near_zero:g}: " + ", ".join(
        f"{count} of {each} {rule} lanes" for rule, count in counts.items()
    )
    verdict = marked(verdict, lanes.run.nunique(), "run", section.least_runs)
    return Verdict("T6", CLAIMS["T6"], verdict, text)


def _rates(tops: Mapping[str, pd.Series]) -> dict[str, float]:
    return {rule: float(top.learning_rate) for rule, top in tops.items()}


def _everywhere(words: Mapping[str, str]) -> str:
    """Return the verdict on several networks, from how the errors compare on each."""
    lower = [n for n, word in words.items() if word == "lower"]
    undecided = [n for n, word in words.items() if word == OPEN]
    if len(lower) == len(words):
        return REPRODUCED
    if lower:
        rest = f", {OPEN} on {' and '.join(undecided)}" if undecided else " only"
        return f"on {' and '.join(lower)}{rest}"
    return OPEN if undecided else NOT


def _named(best: Best, lanes: Lanes) -> str:
    """Name the best rates, and say which are at the end of the grid."""
    words = []
    for network, rules in best.items():
        end = lanes[network].learning_rate.max()
        rates = [
            f"{top.learning_rate:g}{', its end' if top.learning_rate == end else ''}"
            for top in rules.values()
        ]
        words.append(f"{network} {' and '.join(rates)}")
    return "; ".join(words)
