"""The rules against each other, run by run, in log10 of the final error.

Both rules of a run saw the same start and the same data, so it is the differences of the pairs that
have a mean and an interval.
"""

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from stages import params
from stages.aggregate import ERROR_FLOOR, best_rate, interval_of_mean
from stages.judges.verdict import OPEN


def log_ratio(
    lanes: pd.DataFrame, rates: Mapping[str, float], confidence: float
) -> tuple[float, float, float]:
    """Return mean and confidence limits over runs of log10(modified error / ordinary error).

    Args:
        lanes: of one network, as `stages.aggregate.last_rows` returns them.
        rates: the learning rate of either rule.
        confidence: of the interval.

    Returns:
        Not numbers where a run diverged or the grid lacks a rate; infinite limits for one run.
    """
    errors = {
        rule: lanes[(lanes.rule == rule) & np.isclose(lanes.learning_rate, rate)]
        .set_index("run")
        .absolute_error.clip(lower=ERROR_FLOOR)
        for rule, rate in rates.items()
    }
    ratio = np.log10(errors["modified"]).sub(np.log10(errors["ordinary"])).to_numpy()
    if not len(ratio) or not np.isfinite(ratio).all():
        return math.nan, math.nan, math.nan
    if len(ratio) == 1:
        return float(ratio[0]), -math.inf, math.inf
    return float(ratio.mean()), *interval_of_mean(ratio, confidence)


def compared(
    network: str, lanes: pd.DataFrame, rates: Mapping[str, float], section: params.Claims
) -> tuple[str, str]:
    """Say in a word and in figures how the modified rule's error compares with ordinary."""
    mean, low, high = log_ratio(lanes, rates, section.confidence)
    least = section.least_effect
    word = OPEN
    if high < -least:
        word = "lower"
    elif low > least:
        word = "higher"
    elif -least <= low and high <= least:
        word = "equal"
    if math.isnan(mean):
        return word, f"{network}: not measurable"
    interval = f" [{10**low:.2g}, {10**high:.2g}]" if math.isfinite(low) else ", one run"
    return word, f"{network}: ×{10**mean:.2g}{interval}"


def best_safe_rates(lanes: pd.DataFrame) -> dict[str, pd.Series]:
    """Return each rule's best rate, of those at which no run diverges if there are any."""
    best = {}
    for rule, of_rule in lanes.groupby("rule"):
        safe = of_rule[~of_rule.groupby("learning_rate").diverged.transform("any")]
        best[str(rule)] = best_rate(safe if len(safe) else of_rule)
    return best
