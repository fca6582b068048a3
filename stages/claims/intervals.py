"""Student's intervals over runs or seeds, of log10 of errors and distances or of their ratios.

With three to ten values a percentile bootstrap is too narrow (Efron and Tibshirani, An Introduction
to the Bootstrap, 1993, section 12.5); Student's interval is exact for normal logarithms.
"""

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from stages.claims.verdict import OPEN
from stages.sweeps.aggregate import student_interval

LEAST = 1e-12  # below it a number is as good as 0, which has no logarithm
LOWER, HIGHER, EQUAL = "lower", "higher", "equal"
Estimate = tuple[float, float, float]  # mean and limits


def log10(values: pd.Series) -> pd.Series:
    """Return logarithms, of 0 that of `LEAST`."""
    return values.clip(lower=LEAST).map(math.log10)


def of_mean(sample: np.ndarray, confidence: float) -> Estimate:
    """Return mean and limits: not numbers if a value is not finite, infinite limits of one."""
    if not len(sample) or not np.isfinite(sample).all():
        return math.nan, math.nan, math.nan
    if len(sample) == 1:
        return float(sample[0]), -math.inf, math.inf
    low, high = student_interval(sample, confidence)
    return float(sample.mean()), low, high


def of_means(table: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """Return mean and limits of every column, whose values scatter alike: the variance is pooled.

    So that two seeds of each of several models, which alone have one degree of freedom, tell more.

    Args:
        table: a column a model, a row a seed; what is missing is not a number.
        confidence: between 0 and 1.

    Returns:
        A row a model with ``mean``, ``low`` and ``high``; infinite limits if all have one seed.
    """
    counts, freedom = table.count(), int((table.count() - 1).sum())
    half = pd.Series(math.inf, table.columns)
    if freedom > 0:
        variance = ((table - table.mean()) ** 2).to_numpy()
        pooled = math.sqrt(np.nansum(variance) / freedom)
        half = stdtrit(freedom, (1 + confidence) / 2) * pooled / counts**0.5
    mean = table.mean()
    return pd.DataFrame({"mean": mean, "low": mean - half, "high": mean + half})


def word(low: float, high: float, least: float) -> str:
    """Say where a whole interval lies: LOWER, HIGHER or EQUAL by more or less than `least`.

    OPEN where it lies nowhere as a whole, or is none.
    """
    if high < -least:
        return LOWER
    if low > least:
        return HIGHER
    return EQUAL if -least <= low and high <= least else OPEN


def ratio(estimate: Estimate, figure: Callable[[float], str] = "{:.2g}".format) -> str:
    """Return a ratio with its interval in figures, from log10 of them, each written by `figure`."""
    mean, low, high = estimate
    if math.isnan(mean):
        return "not measurable"
    interval = f" [{figure(10**low)}, {figure(10**high)}]" if math.isfinite(low) else ", one run"
    return f"×{figure(10**mean)}{interval}"
