"""The lines of the readings as `idem.figures.published` draws them."""

import math

import numpy as np
import pandas as pd

BASE, SECOND, FRESH = "base", "measured on: second", "data: fresh"  # names of readings
WIDTHS = "widths: "  # how those of other widths begin
_LINE = ["network", "rule", "label", "epoch"]


def overlay(lines: pd.DataFrame) -> pd.DataFrame:
    """Return the base reading's lines, what they are on new inputs, and those of two others.

    Args:
        lines: of `stages.published.deviations.compared`.

    Returns:
        The columns that `idem.figures.published.figure_published` takes, NaN where a run diverged:
        beside the base fresh batches, and the nearest of the readings with other widths, on the
        networks that it changes, with its name as the kind of data.
    """
    rows = lines.rename(columns={"ours": "error"}).replace(math.inf, math.nan)
    new = rows[rows.reading == SECOND].rename(columns={"error": "new_error"})
    base = rows[rows.reading == BASE].merge(new[[*_LINE, "new_error"]], on=_LINE, how="left")
    found = [base.assign(data="fixed"), rows[rows.reading == FRESH].assign(data="fresh")]
    others = rows[rows.reading.str.startswith(WIDTHS)]
    beside = others.merge(base[[*_LINE, "error"]], on=_LINE, suffixes=("", "_base"))
    changed = beside[beside.error != beside.error_base].network.unique()
    others = others[others.network.isin(changed)]
    if len(others):
        away = np.abs(np.log(others.ratio)).groupby(others.reading).median()
        nearest = str(away.idxmin())
        name = nearest.removeprefix(WIDTHS).replace("_", " ")
        found.append(others[others.reading == nearest].assign(data=name))
    return pd.concat(found, ignore_index=True)
