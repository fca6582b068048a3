"""The lines of the readings as `idem.figures.published` draws them."""

import math

import pandas as pd

BASE, SECOND, FRESH = "base", "measured on: second", "data: fresh"  # names of readings
_LINE = ["network", "rule", "label", "epoch"]


def overlay(lines: pd.DataFrame) -> pd.DataFrame:
    """Return the base reading's lines, what they are on new inputs, and those of fresh batches.

    Args:
        lines: of `stages.published.deviations.compared`.

    Returns:
        The columns that `idem.figures.published.figure_published` takes, NaN where a run diverged.
    """
    rows = lines.rename(columns={"ours": "error"}).replace(math.inf, math.nan)
    new = rows[rows.reading == SECOND].rename(columns={"error": "new_error"})
    fixed = rows[rows.reading == BASE].merge(new[[*_LINE, "new_error"]], on=_LINE, how="left")
    found = [fixed.assign(data="fixed"), rows[rows.reading == FRESH].assign(data="fresh")]
    return pd.concat(found, ignore_index=True)
