"""What a summary takes out of the files of the stages.

Each function returns the numbers, one a network, run or case, that a number of the summary is the
mean of.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from stages.claims.by_network.lanes import complete_lanes
from stages.claims.sweeps.comparison import (
    RULES,
    at_rates,
    at_rates_of_the_others,
    log_ratio,
)
from stages.common import params
from stages.sweeps.aggregate import last_rows

Values = Callable[[Any], Sequence[float]]


def at(key: str) -> Values:
    """Return the numbers at a key of JSON content.

    Args:
        key: in dots; a star stands for every key of its place below which the rest is. null is not
            a number.
    """

    def values(content: Any) -> list[float]:
        found = list(_found(content, key.split(".")))
        if not found:
            raise KeyError(key)
        return [math.nan if value is None else value for value in found]

    return values


def largest(key: str) -> Values:
    """Return the largest of the numbers at a key, of those that are finite."""
    return lambda content: [max(filter(math.isfinite, at(key)(content)), default=math.nan)]


def total(key: str) -> Values:
    """Return the sum of the numbers at a key."""
    return lambda content: [sum(at(key)(content))]


def log10_ratio(over: str, under: str) -> Values:
    """Return log10 of the quotients of the numbers at two keys, as many as the shorter row has."""

    def values(content: Any) -> list[float]:
        pairs = list(zip(at(over)(content), at(under)(content), strict=False))
        with np.errstate(divide="ignore", invalid="ignore"):  # an error of 0 has no logarithm
            return np.subtract(*np.log10(np.array(pairs, float).T)).tolist()

    return values


def first_update(rows: pd.DataFrame) -> list[float]:
    """Return the mean over a sweep's lanes of log10 of the norm of the first update.

    It follows rates and starts, and nothing has amplified rounding yet.
    """
    return [float(np.log10(rows[rows.step == 0].update_norm).mean())]


def early_error(rows: pd.DataFrame) -> list[float]:
    """Return log10 of the median error of a sweep's lanes where they are first logged again.

    Of those that have not diverged by then. It follows what the rules do to a network, and batches.
    """
    later = rows[(rows.step > 0) & ~rows.diverged]
    errors = later[later.step == later.step.min()].absolute_error
    return [float(np.log10(errors.median()))]


def error_ratio(rows: pd.DataFrame) -> list[float]:
    """Return log10(modified / ordinary) of a sweep's final errors, run by run as in T3."""
    return _ratio(at_rates_of_the_others(last_rows(rows)))


def error_ratio_of_complete_runs(network: params.Network) -> Values:
    """Return log10(modified / ordinary) as in T3, of the runs of a sweep that are complete."""

    def values(rows: pd.DataFrame) -> list[float]:
        rates = dict.fromkeys(RULES, network.learning_rates)
        lanes = complete_lanes(last_rows(rows), rates, network.steps)
        return _ratio(at_rates_of_the_others(lanes)) if len(lanes) else [math.nan]

    return values


def error_ratio_at_lowest_rate(rows: pd.DataFrame) -> list[float]:
    """Return log10(modified / ordinary) of a sweep's final errors at its lowest rate, as in T4."""
    lanes = last_rows(rows)
    return _ratio(at_rates(lanes, dict.fromkeys(RULES, lanes.learning_rate.min())))


def lanes_below(limit: float, rule: str) -> Values:
    """Return how many lanes of a rule end improved and below an error, as in T6."""

    def values(rows: pd.DataFrame) -> list[float]:
        lanes = last_rows(rows)
        below = lanes.improved & (lanes.absolute_error < limit) & (lanes.rule == rule)
        return [int(below.sum())]

    return values


def at_equal_reconstruction(mode: str) -> Values:
    """Return log10(modified / ordinary) of relative errors at equal reconstruction, as in G3.

    Means over images and levels of reconstruction, one a seed.

    Args:
        mode: of BatchNorm.
    """

    def values(rows: pd.DataFrame) -> list[float]:
        there = rows[(rows["mode"] == mode) & (rows.error == "relative")]
        logs = np.log10(there.modified / there.ordinary)
        return logs.groupby(there.seed).mean().tolist() or [math.nan]

    return values


def early_loss(model: str) -> Values:
    """Return the reconstruction loss of a model's first seed at its second step.

    It follows seed, data, rule and rate; a few steps later rounding moves it as far as they do.
    """

    def values(rows: pd.DataFrame) -> list[float]:
        early = rows[(rows.model == model) & (rows.step == 2)]
        return [float(early.reconstruction.iloc[0])]

    return values


def _found(content: Any, parts: Sequence[str]) -> Iterator[Any]:
    if not parts:
        yield content
        return
    part, *rest = parts
    inside = content if isinstance(content, dict) else {}
    for value in inside.values() if part == "*" else [inside[part]] if part in inside else []:
        yield from _found(value, rest)


def _ratio(pairs: pd.DataFrame) -> list[float]:
    return [log_ratio(pairs, confidence=0.95)[0]]
