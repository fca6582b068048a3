"""Means over seeds with Student's intervals, as numbers and as they are written in a table."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats

from stages.text.numbers import plain


class Estimate(NamedTuple):
    """A mean over seeds and the ends of its interval; not numbers where there are none."""

    mean: float
    low: float
    high: float

    def within(self, least: float, most: float) -> "Estimate":
        """Return it with an interval that ends where what is measured does."""
        return Estimate(self.mean, max(self.low, least), min(self.high, most))


UNKNOWN = Estimate(math.nan, math.nan, math.nan)


def over_seeds(values: Sequence[float], confidence: float, on_logs: bool = False) -> Estimate:
    """Return a mean with Student's interval: with few seeds a bootstrap would be far too narrow.

    Args:
        values: one a seed.
        confidence: of the interval, between 0 and 1.
        on_logs: whether to average logarithms, and go back: for what is above 0 and spans orders.

    Returns:
        Not numbers where a value is not finite, or has no logarithm; of one seed there is no
        interval.
    """
    sample = np.asarray(values, dtype=float)
    if not len(sample) or not np.isfinite(sample).all() or (on_logs and sample.min() <= 0):
        return UNKNOWN
    moved = np.log(sample) if on_logs else sample
    mean, half = moved.mean(), math.nan
    if len(sample) > 1:
        half = stats.t.ppf((1 + confidence) / 2, len(sample) - 1) * stats.sem(moved)
    found = np.array([mean, mean - half, mean + half])
    return Estimate(*map(float, np.exp(found) if on_logs else found))


def in_figures(estimate: Estimate) -> str:
    """Return a mean with its interval in three digits, whole from 1 000; a dash for no number."""
    mean, low, high = map(plain, estimate)
    if math.isnan(estimate.mean):
        return "–"
    return mean if math.isnan(estimate.low) else f"{mean} [{low}, {high}]"
