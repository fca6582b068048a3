"""The lines of the readings as `idem.figures.published` draws them."""

import math

import pandas as pd

from stages.common import params

BASE, SECOND, FRESH = "base", "measured on: second", "data: fresh"  # names of readings
_LINE = ["network", "rule", "label", "epoch"]


def overlay(lines: pd.DataFrame, widths: str | None, section: params.Readings) -> pd.DataFrame:
    """Return the base reading's lines, what they are on new inputs, and those of two others.

    Args:
        lines: of `stages.published.deviations.compared`.
        widths: a key of ``widths``, of a reading that is to stand beside the base, if any.
        section: the readings.

    Returns:
        The columns that `idem.figures.published.figure_published` takes, NaN where a run diverged:
        beside the base fresh batches, and the reading with other widths, on the networks that it
        changes, with its name as the kind of data.
    """
    rows, found = _rows(lines), [base_lines(lines)]
    found.append(rows[rows.reading == FRESH].assign(data="fresh"))
    if widths is not None:
        changed = section.widths[widths].networks
        beside = rows[(rows.reading == f"widths: {widths}") & rows.network.isin(changed)]
        found.append(beside.assign(data=widths.replace("_", " ")))
    return pd.concat(found, ignore_index=True)


def base_lines(lines: pd.DataFrame) -> pd.DataFrame:
    """Return the base reading's lines as `overlay` does, with what they are on new inputs."""
    rows = _rows(lines)
    new = rows[rows.reading == SECOND].rename(columns={"error": "new_error"})
    base = rows[rows.reading == BASE].merge(new[[*_LINE, "new_error"]], on=_LINE, how="left")
    return base.assign(data="fixed")


def _rows(lines: pd.DataFrame) -> pd.DataFrame:
    return lines.rename(columns={"ours": "error"}).replace(math.inf, math.nan)
