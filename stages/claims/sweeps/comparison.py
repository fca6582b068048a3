"""The rules against each other, run by run, in log10 of the final error.

Both rules of a run saw the same start and the same data, so it is the differences of the pairs that
have a mean and an interval. A pair is two lanes of one run, one of either rule.
"""

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from stages.claims import intervals
from stages.claims.verdict import COLLAPSED, SHRINKS
from stages.common import params
from stages.sweeps.aggregate import ERROR_FLOOR, best_safe_rate

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


def log_ratio(pairs: pd.DataFrame, confidence: float) -> intervals.Estimate:
    """Return mean and confidence limits over runs of log10(modified error / ordinary error).

    Returns:
        Not numbers where a run diverged or lacks a lane; infinite limits for one run.
    """
    logs = pairs.assign(log=np.log10(pairs.absolute_error.clip(lower=ERROR_FLOOR)))
    by_rule = logs.pivot(index="run", columns="rule", values="log").reindex(columns=RULES)
    return intervals.of_mean(by_rule.modified.sub(by_rule.ordinary).to_numpy(), confidence)


def compared(pairs: pd.DataFrame, section: params.Claims) -> tuple[str, str]:
    """Say in a word and in figures how the modified rule's error compares with ordinary."""
    found = log_ratio(pairs, section.confidence)
    lost = ", as a run diverged" if math.isnan(found[0]) and pairs.diverged.any() else ""
    return intervals.word(*found[1:], section.least_effect), intervals.ratio(found) + lost


def nature(lanes: pd.DataFrame, section: params.Claims) -> str:
    """Say what became of networks whose error fell.

    Args:
        lanes: those that a claim was judged on.
        section: the thresholds.

    Returns:
        COLLAPSED where the modified rule left no more than a constant map in the median run;
        SHRINKS where under either rule the median run's f(f(x)) is about as far from f(x) as its
        outputs are from each other: they became smaller, and f no more idempotent. Else nothing.
    """
    left = lanes[~lanes.diverged]
    modified = left[left.rule == "modified"]
    if (modified.output_spread / modified.initial_spread).median() < section.collapsed_below:
        return COLLAPSED
    errors = left.groupby("rule").relative_error.median()
    return SHRINKS if len(errors) and (errors >= section.shrinks_from).all() else ""
