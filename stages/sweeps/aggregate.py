"""What the lanes of a sweep come to: per lane, per rate, at the best rate."""

import math
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from scipy.special import stdtrit

LANE = ["rule", "learning_rate", "run"]
RATE = ["rule", "learning_rate"]
# Below it float32 rounding, not training, decides an error: rates that reach it are equally good.
ERROR_FLOOR = 1e-8
CONFIDENCE = 0.95  # of the intervals in tables; that of the claims is in their section
_MEASURED = ["update_norm", "jacobian_trace", "jacobian_rank"]  # a table may lack them


def last_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Return each lane's last row, with its initial error and spread and whether it improved.

    The error of a lane that diverged is infinite, and so is its relative error; its step is the one
    at which it diverged. ``update_norm`` is the mean of the logged ones, ``first_update_norm`` that
    of the first update. What a table lacks is not a number.
    """
    rows = rows.assign(**{name: math.nan for name in _MEASURED if name not in rows})
    rows = rows.sort_values([*LANE, "step"])
    lanes = rows.drop_duplicates(LANE, keep="last").reset_index(drop=True)
    first = rows.drop_duplicates(LANE).reset_index(drop=True)
    for name in ("absolute_error", "relative_error"):
        lanes[name] = lanes[name].where(~lanes.diverged, math.inf)
    lanes["initial_error"] = first.absolute_error
    lanes["initial_spread"] = first.output_spread
    lanes["first_update_norm"] = first.update_norm
    lanes["update_norm"] = rows.groupby(LANE).update_norm.mean().to_numpy()
    return lanes.assign(improved=lanes.absolute_error < lanes.initial_error)


def summarize(lanes: pd.DataFrame) -> pd.DataFrame:
    """Aggregate by rule and rate, over the improved runs alone (as the paper does) and over all.

    A run that diverged counts as infinite error, so means, medians and extremes of the error hold
    for all runs; where all diverged, all are infinite. What else is measured is the median of the
    runs that did not diverge. The geometric mean of errors of at least ERROR_FLOOR has Student's
    interval over runs, not a number where a run diverged or there is but one.
    """
    return _medians(lanes).join(_geometric_means(lanes)).reset_index()


def best_rate(lanes: pd.DataFrame) -> pd.Series:
    """Return counts and medians of one rule's best rate: the lowest with the least median error."""
    medians = _medians(lanes).reset_index()
    return medians.loc[medians.median_error.clip(lower=ERROR_FLOOR).idxmin()]


def best_safe_rate(lanes: pd.DataFrame) -> pd.Series:
    """Return as `best_rate`, of the rates at which no run diverges if there are any."""
    safe = lanes[~lanes.groupby("learning_rate").diverged.transform("any")]
    return best_rate(safe if len(safe) else lanes)


def highest_safe_rate(lanes: pd.DataFrame) -> float:
    """Return the highest rate of one rule at which no run diverges; NaN if there is none."""
    diverged = lanes.groupby("learning_rate").diverged.sum()
    return float(diverged.index[diverged == 0].max())


def as_written(rates: Iterable[float]) -> list[float]:
    """Return rates as tables hold them, to six digits."""
    return [float(f"{rate:.6g}") for rate in rates]


def student_interval(sample: np.ndarray, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return the limits of Student's interval of the mean, for logarithms of few runs.

    Args:
        sample: one number a run.
        confidence: between 0 and 1.

    Returns:
        Not numbers for fewer than two runs, or where one is not finite.
    """
    if len(sample) < 2 or not np.isfinite(sample).all():
        return math.nan, math.nan
    error = sample.std(ddof=1) / math.sqrt(len(sample))
    half = stdtrit(len(sample) - 1, (1 + confidence) / 2) * error
    return float(sample.mean() - half), float(sample.mean() + half)


def forward_equivalents(widths: Sequence[int], rule: str) -> float:
    """Return the matrix products of one step in units of one forward pass of the same network.

    A forward pass is P = Σ p_l, p_l = n_(l-1) n_l products an item. A backward pass takes P for the
    gradients of the weights, and P for those of the inputs, less p_1 where nobody asks for that of
    the data. So modified takes 3P + (P + P - p_1): three applications, the first recorded. And
    ordinary takes 2P + 2P + (P + P - p_1): both are recorded, and the second one's input is f(x).
    Transposed takes 2P + P + (P + P - p_1): of the second it takes the gradient of the input alone.
    `idem.landscape.cost.exact_forward_equivalents` is the same, but needs PyTorch.

    Raises:
        KeyError: for an unknown rule.
    """
    products = [n * m for n, m in zip(widths, widths[1:], strict=False)]
    return {"modified": 5, "ordinary": 6, "transposed": 5}[rule] - products[0] / sum(products)


def at_best_rate(rows: pd.DataFrame, widths: Sequence[int]) -> pd.DataFrame:
    """Return the errors during training of every run of either rule at the rule's best rate.

    Args:
        rows: the logged rows of one network.
        widths: of that network.

    Returns:
        Columns ``rule``, ``learning_rate``, ``run``, ``step``, ``forward_equivalents`` (the cost of
        the steps so far) and ``absolute_error``, a row for every run and logged step: from the step
        on at which a run diverged its error is infinite.
    """
    parts = []
    for rule, of_rule in last_rows(rows).groupby("rule"):
        rate = best_rate(of_rule).learning_rate
        chosen = rows[(rows.rule == rule) & (rows.learning_rate == rate)]
        error = chosen.absolute_error.where(~chosen.diverged, math.inf)
        table = chosen.assign(error=error).pivot(index="step", columns="run", values="error")
        table = table.mask(np.isinf(table).cummax(), math.inf).dropna()
        long = table.melt(ignore_index=False, value_name="absolute_error").reset_index()
        cost = long.step * forward_equivalents(widths, str(rule))
        parts.append(long.assign(rule=rule, learning_rate=rate, forward_equivalents=cost))
    return pd.concat(parts, ignore_index=True)


def _medians(lanes: pd.DataFrame) -> pd.DataFrame:
    """Return the counts, the paper's mean and all that is robust, indexed by rule and rate."""
    counts = lanes.groupby(RATE).agg(
        runs=("run", "count"),
        improved=("improved", "sum"),
        discarded=("improved", lambda improved: (~improved).sum()),
        diverged=("diverged", "sum"),
        median_error=("absolute_error", "median"),
        lowest_error=("absolute_error", "min"),
        highest_error=("absolute_error", "max"),
        median_relative_error=("relative_error", "median"),
    )
    whole = lanes[~lanes.diverged].groupby(RATE)
    names = ["output_spread", "jacobian_rank", "jacobian_trace", "update_norm", "first_update_norm"]
    measured = whole[names].median().add_prefix("median_")
    improved = lanes[lanes.improved].groupby(RATE).absolute_error.mean()
    diverged = lanes[lanes.diverged].groupby(RATE).step.min()
    return (
        counts.join(improved.rename("mean_error_of_improved"))
        .join(measured)
        .join(diverged.rename("first_divergence_step"))
    )


def _geometric_means(lanes: pd.DataFrame) -> pd.DataFrame:
    """Return the geometric mean of the errors and its limits, indexed by rule and rate."""
    rows = {}
    for key, errors in lanes.groupby(RATE).absolute_error:
        logs = np.log10(errors.clip(lower=ERROR_FLOOR).to_numpy())
        rows[key] = [10**value for value in (logs.mean(), *student_interval(logs))]
    index = pd.MultiIndex.from_tuples(rows, names=RATE)
    columns = [f"geometric_mean_error{end}" for end in ("", "_low", "_high")]
    return pd.DataFrame(list(rows.values()), index=index, columns=columns)
