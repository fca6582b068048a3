"""The rules against each other on every run, which gave both the same start and the same data.

Errors are those of `stages.sweeps.aggregate.last_rows`, infinite where a run diverged. What is
compared is chosen on the *other* runs: a rate that was chosen by an error is not judged by it. A
single run has no others, and chooses for itself.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from idem.rule.loss import RULES
from stages.sweeps.aggregate import student_interval

Pair = tuple[float, float]  # the errors of modified and ordinary, in the order of RULES


def at_own_best_rates(lanes: pd.DataFrame, error: str) -> dict[str, Any]:
    """Compare the rules, each at the rate of its least median error.

    Args:
        lanes: of one setting, a row a rule, rate and run.
        error: the column compared.

    Returns:
        As `ratio`.
    """
    return _compared(lanes, lambda own, others: _at_own_best(own, others, error))


def at_equal_rates(lanes: pd.DataFrame, error: str) -> dict[str, Any]:
    """Compare the rules at one rate: that of the least geometric mean of both rules' errors.

    Args and returns as `at_own_best_rates`.
    """
    return _compared(lanes, lambda own, others: _at_a_common(own, others, error, _by_rate))


def at_equal_first_updates(lanes: pd.DataFrame, error: str) -> dict[str, Any]:
    """Compare the rules where their first updates have one norm, which divides all scale out.

    At each rate of the modified rule, the error of the ordinary one at the rate whose first update
    is as long (``first_update_norm``): between two rates linear in the logarithms, and nothing
    beyond the rates. Judged at the rate of the least geometric mean.

    Args and returns as `at_own_best_rates`.
    """
    return _compared(lanes, lambda own, others: _at_a_common(own, others, error, _by_norm))


def ratio(pairs: list[Pair]) -> dict[str, Any]:
    """Return the mean ratio modified / ordinary of pairs of errors, one a run.

    Returns:
        ``runs``, ``log10_ratio``, the mean of log10 of the ratios, and ``low`` and ``high``, its
        95 % interval by Student's t; not numbers where a run diverged, and no interval of one run.
    """
    logs = np.array([math.log10(modified) - math.log10(ordinary) for modified, ordinary in pairs])
    whole = len(logs) and np.isfinite(logs).all()
    low, high = student_interval(logs)
    mean = float(logs.mean()) if whole else math.nan
    return {"runs": len(pairs), "log10_ratio": mean, "low": low, "high": high}


def best_rate(lanes: pd.DataFrame, error: str) -> float:
    """Return the rate of the least median error of one rule, the lowest of equals."""
    rates = lanes.groupby("learning_rate")[error].median()
    return float(rates.index[rates.to_numpy().argmin()])


def at_best_rate(lanes: pd.DataFrame, error: str) -> pd.DataFrame:
    """Return the lanes at `best_rate`."""
    return lanes[lanes.learning_rate == best_rate(lanes, error)]


def _compared(
    lanes: pd.DataFrame, pair: Callable[[pd.DataFrame, pd.DataFrame], Pair]
) -> dict[str, Any]:
    """Return the ratio of what `pair` finds in the lanes of every run, given those of all others.

    No run is compared where a rule has no lanes.
    """
    if set(lanes.rule) != set(RULES):
        return ratio([])
    pairs = []
    for run, own in lanes.groupby("run"):
        others = lanes[lanes.run != run]
        pairs.append(pair(own, others if len(others) else own))
    return ratio(pairs)


def _at_own_best(own: pd.DataFrame, others: pd.DataFrame, error: str) -> Pair:
    found = []
    for rule in RULES:
        mine, theirs = own[own.rule == rule], others[others.rule == rule]
        found.append(float(mine[mine.learning_rate == best_rate(theirs, error)][error].iloc[0]))
    return found[0], found[1]


def _at_a_common(
    own: pd.DataFrame,
    others: pd.DataFrame,
    error: str,
    errors_of: Callable[[pd.DataFrame, str], pd.DataFrame],
) -> Pair:
    """Return the errors at one rate, of those at which `errors_of` finds both on every run."""
    means = [
        np.log(errors_of(run, error)).sum(axis=1, min_count=2) for _, run in others.groupby("run")
    ]
    mean = pd.concat(means, axis=1).mean(axis=1, skipna=False)
    mine = errors_of(own, error).dropna()
    mean = mean[np.isfinite(mean) & mean.index.isin(mine.index)]
    if mean.empty:
        return math.inf, math.inf
    modified, ordinary = mine.loc[mean.idxmin()]
    return float(modified), float(ordinary)


def _by_rate(run: pd.DataFrame, error: str) -> pd.DataFrame:
    return run.pivot(index="learning_rate", columns="rule", values=error)[list(RULES)]


def _by_norm(run: pd.DataFrame, error: str) -> pd.DataFrame:
    modified, ordinary = (run[run.rule == rule].sort_values("learning_rate") for rule in RULES)
    logs = np.log(ordinary.set_index("first_update_norm")[error])
    logs = logs[~np.isinf(logs).cummax()]  # nothing is told beside a divergence
    if logs.empty:
        logs = pd.Series({1.0: math.nan})
    of_ordinary = np.interp(
        np.log(modified.first_update_norm),
        np.log(logs.index),
        logs,
        left=math.nan,
        right=math.nan,
    )
    errors = {"modified": modified[error].to_numpy(), "ordinary": np.exp(of_ordinary)}
    return pd.DataFrame(errors, index=modified.learning_rate)[list(RULES)]
