"""The rules against each other, run by run, in log10 of the final error.

Both rules of a run saw the same start and the same data, so it is the differences of the pairs that
have a mean and an interval. A pair is two lanes of one run, one of either rule.
"""

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from stages.claims.verdict import OPEN
from stages.common import params
from stages.sweeps.aggregate import ERROR_FLOOR, best_safe_rate, interval_of_mean

RULES = ["modified", "ordinary"]


def at_rates(lanes: pd.DataFrame, rates: Mapping[str, float]) -> pd.DataFrame:
    """Return the pairs in which either rule has the rate given for it.

    Args:
        lanes: of one network, as `stages.sweeps.aggregate.last_rows` returns them.
        rates: the learning rate of either rule.
    """
    return lanes[np.isclose(lanes.learning_rate, lanes.rule.map(rates))]


def at_rates_of_the_others(lanes: pd.DataFrame) -> pd.DataFrame:
    """Return a pair for every run, at the rates that are best on the other runs.

    So what a rate was chosen by is never what it is judged by. A single run has no others: its
    rates are its own best.
    """
    parts = []
    for run, own in lanes.groupby("run"):
        others = lanes[lanes.run != run]
        parts.append(at_rates(own, best_safe_rates(others if len(others) else own)))
    return pd.concat(parts)


def best_safe_rates(lanes: pd.DataFrame) -> dict[str, float]:
    """Return each rule's best rate, of those at which no run diverges if there are any."""
    rules = lanes.groupby("rule")
    return {str(rule): float(best_safe_rate(part).learning_rate) for rule, part in rules}


def log_ratio(pairs: pd.DataFrame, confidence: float) -> tuple[float, float, float]:
    """Return mean and confidence limits over runs of log10(modified error / ordinary error).

    Returns:
        Not numbers where a run diverged or lacks a lane; infinite limits for one run.
    """
    logs = pairs.assign(log=np.log10(pairs.absolute_error.clip(lower=ERROR_FLOOR)))
    by_rule = logs.pivot(index="run", columns="rule", values="log").reindex(columns=RULES)
    ratio = by_rule.modified.sub(by_rule.ordinary).to_numpy()
    if not len(ratio) or not np.isfinite(ratio).all():
        return math.nan, math.nan, math.nan
    if len(ratio) == 1:
        return float(ratio[0]), -math.inf, math.inf
    return float(ratio.mean()), *interval_of_mean(ratio, confidence)


def compared(pairs: pd.DataFrame, section: params.Claims) -> tuple[str, str]:
    """Say in a word and in figures how the modified rule's error compares with ordinary."""
    mean, low, high = log_ratio(pairs, section.confidence)
    least = section.least_effect
    word = OPEN
    if high < -least:
        word = "lower"
    elif low > least:
        word = "higher"
    elif -least <= low and high <= least:
        word = "equal"
    if math.isnan(mean):
        return word, f"not measurable{', as a run diverged' if pairs.diverged.any() else ''}"
    interval = f" [{10**low:.2g}, {10**high:.2g}]" if math.isfinite(low) else ", one run"
    return word, f"×{10**mean:.2g}{interval}"
