"""What the lanes of a sweep come to: per lane, per rate, at the best rate."""

import math

import pandas as pd

LANE = ["rule", "learning_rate", "run"]
RATE = ["rule", "learning_rate"]
# Below it float32 rounding, not training, decides an error: rates that reach it are equally good.
ERROR_FLOOR = 1e-8


def last_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Return each lane's last row, with its initial error and whether it improved on that.

    The error of a lane that diverged is infinite, and so is its relative error.
    """
    rows = rows.sort_values([*LANE, "step"])
    lanes = rows.drop_duplicates(LANE, keep="last").reset_index(drop=True)
    first = rows.drop_duplicates(LANE).reset_index(drop=True)
    for name in ("absolute_error", "relative_error"):
        lanes[name] = lanes[name].where(~lanes.diverged, math.inf)
    lanes["initial_error"] = first.absolute_error
    return lanes.assign(improved=lanes.absolute_error < lanes.initial_error)


def summarize(lanes: pd.DataFrame) -> pd.DataFrame:
    """Aggregate by rule and rate, over the improved runs alone (as the paper does) and over all.

    A run that diverged counts as infinite error, so medians and extremes hold for all runs; the
    spread is that of the runs that did not.
    """
    improved = lanes[lanes.improved].groupby(RATE).absolute_error.mean()
    spread = lanes[~lanes.diverged].groupby(RATE).output_spread.median()
    return (
        lanes.groupby(RATE)
        .agg(
            runs=("run", "count"),
            improved=("improved", "sum"),
            diverged=("diverged", "sum"),
            median_error=("absolute_error", "median"),
            lowest_error=("absolute_error", "min"),
            highest_error=("absolute_error", "max"),
            median_relative_error=("relative_error", "median"),
        )
        .join(spread.rename("median_output_spread"))
        .join(improved.rename("mean_error_of_improved"))
        .reset_index()
    )


def best_rate(lanes: pd.DataFrame) -> pd.Series:
    """Return the summary of one rule's best rate: the lowest with the least median error."""
    summary = summarize(lanes)
    return summary.loc[summary.median_error.clip(lower=ERROR_FLOOR).idxmin()]
