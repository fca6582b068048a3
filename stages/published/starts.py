"""How much errors scatter before any training, beside how much the authors' lines do.

Their lines of one network begin apart, so that each seems to have had starts of its own; ours
share theirs over rules and rates, which is fairer to compare by. If starts are what sets their
lines apart, these scatter at epoch 0 as means over ten runs of ours would.
"""

import math

import pandas as pd

AUTHORS_RUNS = 10  # that each of their lines is a mean of


def scatter(rows: pd.DataFrame, curves: pd.DataFrame) -> dict[str, float | int]:
    """Return relative standard deviations at epoch 0, of their lines and of means over ten of ours.

    Args:
        rows: of `idem.sweeps.sweep.train_lanes` for one network, on one kind of data.
        curves: its published errors, from `stages.published.curves.read_errors`.

    Returns:
        ``theirs`` over ``lines``, and ``ours``, of a mean over ten runs, from ``runs``; not numbers
        for fewer than two.
    """
    theirs = curves[curves.epoch == 0].error
    ours = rows[rows.step == 0].drop_duplicates("run").absolute_error
    return {
        "theirs": float(theirs.std() / theirs.mean()),
        "lines": len(theirs),
        "ours": float(ours.std() / ours.mean()) / math.sqrt(AUTHORS_RUNS),
        "runs": len(ours),
    }
