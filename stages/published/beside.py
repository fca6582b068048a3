"""Put lines that we trained beside the published ones of the same label."""

import math
from typing import Any

import numpy as np
import pandas as pd

from stages.sweeps.aggregate import student_interval

LINE = ["data", "rule", "label"]


def beside(rows: pd.DataFrame, curves: pd.DataFrame) -> pd.DataFrame:
    """Average our runs as the authors did theirs, and compare.

    Args:
        rows: of `idem.sweeps.sweep.train_lanes` for one network, with ``data`` and ``label``.
        curves: the published errors of that network, from `stages.published.curves.read_errors`.

    Returns:
        A row a line (``data``, ``rule``, ``label``, ``learning_rate``) and logged ``epoch`` (steps
        made) at which no run has diverged: ``runs``; ``error``, the mean over runs of the absolute
        error on the batch of that step, with ``low`` and ``high``, its 95 % interval by Student's t
        on logarithms (NaN for one run, or where a run's error is 0); ``new_error``, the same mean
        on inputs that were never trained on; ``relative_error`` and ``new_relative_error``, medians
        over runs; ``theirs``, the published error (NaN where none is printed or seen), its
        ``uncertainty``, and ``ratio``, error / theirs.
    """
    rows = rows.rename(columns={"step": "epoch"})
    for name in ("absolute_error", "relative_error"):  # a fresh batch is new at its step
        new = rows[f"new_{name}"] if f"new_{name}" in rows else math.nan
        rows[f"new_{name}"] = pd.Series(new, rows.index).fillna(rows[name])
    every = rows.groupby(LINE).run.nunique().rename("all").reset_index()
    by = [*LINE, "learning_rate", "epoch"]
    groups = rows[rows.diverged.eq(False)].groupby(by, sort=True)
    lines = groups.agg(
        runs=("run", "nunique"),
        error=("absolute_error", "mean"),
        width=("absolute_error", _half_width),
        new_error=("new_absolute_error", "mean"),
        relative_error=("relative_error", "median"),
        new_relative_error=("new_relative_error", "median"),
    ).reset_index()
    lines = lines.merge(every, on=LINE).query("runs == all").drop(columns="all")
    lines.insert(lines.columns.get_loc("error") + 1, "low", lines.error * np.exp(-lines.width))
    lines.insert(lines.columns.get_loc("low") + 1, "high", lines.error * np.exp(lines.width))
    theirs = curves.rename(columns={"learning_rate": "label", "error": "theirs"})
    theirs = theirs[["rule", "label", "epoch", "theirs", "uncertainty"]]
    lines = lines.drop(columns="width").merge(theirs, on=["rule", "label", "epoch"], how="left")
    return lines.assign(ratio=lines.error / lines.theirs)


def headline(lines: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Return, by data, how far our lines are from theirs and what is new about new inputs.

    For each kind of data ``median_deviation`` and ``largest_deviation`` of ours / theirs from 1,
    over all lines and epochs but the start, where nothing is trained yet, as factors of at least 1;
    and by ``rules``: ``runs``; ``lines`` and ``epochs`` compared; both deviations of the rule's
    lines and the ``median_ratio`` ours / theirs; ``at_epochs``, both deviations at each epoch that
    is printed; and of the line whose trained batch fell most, ``label_that_fell_most``,
    ``trained_fell`` and ``new_fell``: error at the start over error at the end.
    """
    return {
        str(data): _deviations(of_data)
        | {"rules": {str(rule): _of_rule(part) for rule, part in of_data.groupby("rule")}}
        for data, of_data in lines.groupby("data")
    }


def _of_rule(lines: pd.DataFrame) -> dict[str, float | int | None]:
    both = _compared(lines)
    trained, new, label = max(_fall(line) for _, line in lines.groupby("label"))
    return {
        "runs": int(lines.runs.min()),
        "lines": int(both.label.nunique()),
        "epochs": int(lines.epoch.max()),
        "median_ratio": float(both.ratio.median()) if len(both) else None,
        **_deviations(lines),
        "at_epochs": {int(epoch): _deviations(there) for epoch, there in both.groupby("epoch")},
        "label_that_fell_most": label,
        "trained_fell": trained,
        "new_fell": new,
    }


def _compared(lines: pd.DataFrame) -> pd.DataFrame:
    return lines[(lines.epoch > 0) & lines.ratio.notna()]


def _deviations(lines: pd.DataFrame) -> dict[str, float | None]:
    away = np.exp(np.abs(np.log(_compared(lines).ratio)))
    if not len(away):
        return {"median_deviation": None, "largest_deviation": None}
    return {"median_deviation": float(away.median()), "largest_deviation": float(away.max())}


def _fall(line: pd.DataFrame) -> tuple[float, float, float]:
    line = line.sort_values("epoch")
    first, last = line.iloc[0], line.iloc[-1]
    return first.error / last.error, first.new_error / last.new_error, float(first.label)


def _half_width(errors: pd.Series) -> float:
    """Return half the width of the interval of the mean of the logarithms, NaN if there is none."""
    with np.errstate(divide="ignore"):  # of a run without any error: no interval
        low, high = student_interval(np.log(errors.to_numpy()))
    return (high - low) / 2
