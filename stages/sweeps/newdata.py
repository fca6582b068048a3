"""Stage newdata: on new inputs, with the scale divided out, what is left of the rules' difference?

The rules are compared on every run at one rate, at first updates of one length, and each at its own
best rate, by the error on inputs that no run has trained on. And by how many inputs there are to
train on: how much of the fall of the error that one sees in training is there on new inputs? It can
be killed at any time and goes on when it is run again.
"""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from idem.rule.loss import RULES
from idem.sweeps.grid import Grid
from stages.common import params, resume
from stages.common.files import write_csv, write_json
from stages.common.so_far import write_completed
from stages.sweeps import paired
from stages.sweeps.aggregate import ERROR_FLOOR, last_rows, student_interval
from stages.sweeps.sweep import grid_with, plan_of, write_whole

COMPARISONS = {
    "at_equal_rates": paired.at_equal_rates,
    "at_equal_first_updates": paired.at_equal_first_updates,
    "at_own_best_rates": paired.at_own_best_rates,
}
_MEASURED = ("absolute_error", "relative_error", "output_spread")


def main() -> None:
    """Write what every rate comes to, and by setting the rules compared and what each came to."""
    args = params.arguments("compare the rules on new inputs, by batch size and amount of data")
    settings = params.read(args.params, params.Swept)
    grids = grids_of(settings)
    of_whole = partial(write_whole, grids, write)
    write_completed(args.metrics / "newdata", plan(settings), of_whole, args.units)


def write(path: Path, grids: Mapping[str, Grid], found: Mapping[str, pd.DataFrame]) -> None:
    """Write `path`.csv and `path`.json from the rows of settings."""
    lanes = {name: ends(rows) for name, rows in found.items()}
    write_csv(Path(f"{path}.csv"), tabulate(grids, lanes))
    write_json(Path(f"{path}.json"), headline(grids, lanes))


def plan(settings: params.Swept) -> resume.Plan:
    """Return how all settings are computed."""
    grids = grids_of(settings)
    return plan_of({f"newdata_{name}": grids[name] for name in grids}, settings.sweep)


def grids_of(settings: params.Swept) -> dict[str, Grid]:
    """Return the grid of every setting: a case at one of its batch sizes and amounts of data."""
    return {
        f"{name}_{batch_size}_{data}": grid_of(settings.sweep, case, batch_size, data)
        for name, case in settings.newdata.cases.items()
        for batch_size in case.batch_sizes
        for data in case.data
    }


def grid_of(sweep: params.Sweep, case: params.DataCase, batch_size: int, data: str | int) -> Grid:
    """Return the grid of one setting."""
    return grid_with(
        sweep,
        widths=case.widths,
        learning_rates=case.learning_rates,
        runs=case.runs,
        steps=case.steps,
        batch_size=batch_size,
        log_every=case.steps,
        data=data,
        initialization=case.initialization,
        optimizer=case.optimizer,
    )


def ends(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the lanes of one setting at their ends, measured on new inputs.

    Args:
        rows: of `idem.sweeps.sweep.train_lanes`. A fresh batch is new at its step.

    Returns:
        As `stages.sweeps.aggregate.last_rows`, all of it on new inputs, with ``new_fell`` and
        ``trained_fell``: the error at the start over that at the end, of a lane that diverged 0, on
        new inputs and on the batch of that step; and ``share``, what part of the logarithm of the
        fall that is seen in training is there on new inputs.
    """
    new = {
        name: rows[f"new_{name}"].fillna(rows[name]) if f"new_{name}" in rows else rows[name]
        for name in _MEASURED
    }
    on_new, on_trained = (_floored(last_rows(of)) for of in (rows.assign(**new), rows))
    fell = {
        "new_fell": on_new.initial_error / on_new.absolute_error,
        "trained_fell": on_trained.initial_error / on_trained.absolute_error,
    }
    with np.errstate(divide="ignore"):  # of a lane that diverged
        share = np.log(fell["new_fell"]) / np.log(fell["trained_fell"])
    return on_new.assign(**fell, trained_error=on_trained.absolute_error, share=share)


def tabulate(grids: Mapping[str, Grid], lanes: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return a row a setting, rule and rate: medians over runs, infinite where half diverged."""
    parts = []
    for name, of_setting in lanes.items():
        of_setting = of_setting.assign(spread_kept=of_setting.output_spread)
        of_setting["spread_kept"] /= of_setting.initial_spread
        table = of_setting.groupby(["rule", "learning_rate"], sort=False).agg(
            runs=("run", "nunique"),
            diverged=("diverged", "sum"),
            new_error=("absolute_error", "median"),
            trained_error=("trained_error", "median"),
            new_fell=("new_fell", "median"),
            trained_fell=("trained_fell", "median"),
            share=("share", "median"),
            relative_error=("relative_error", "median"),
            spread_kept=("spread_kept", "median"),
            first_update_norm=("first_update_norm", "median"),
        )
        described = pd.DataFrame([_described(name, grids[name])])
        parts.append(described.merge(table.reset_index(), how="cross"))
    return pd.concat(parts, ignore_index=True)


def headline(grids: Mapping[str, Grid], lanes: dict[str, pd.DataFrame]) -> dict[str, Any]:
    """Return, by setting, the comparisons of the rules and what either came to.

    For each setting its description; the comparisons of `stages.sweeps.paired`, by the error on new
    inputs, among the rates at which no run of the rule diverged; and by rule, ``highest_rate``
    of these (None if there is none), at the best of them on new inputs ``best_rate``, ``new_fell``,
    ``relative_error`` and ``spread_kept``, medians over runs, and at the rate whose error in
    training is least, ``seen``: the ``rate``, ``trained_fell``, ``new_fell``, medians, and the mean
    ``share`` with its limits ``low`` and ``high``.
    """
    found = {}
    for name, of_setting in lanes.items():
        lost = of_setting.groupby(["rule", "learning_rate"]).diverged.transform("any")
        safe = of_setting[~lost]
        found[name] = (
            _described(name, grids[name])
            | {"runs": grids[name].runs, "steps": grids[name].steps}
            | {how: compare(safe, "absolute_error") for how, compare in COMPARISONS.items()}
            | {rule: _of_rule(safe[safe.rule == rule]) for rule in RULES}
        )
    return found


def _described(name: str, grid: Grid) -> dict[str, Any]:
    """Return what tells a setting from others; ``inputs``, all that a run trains on."""
    inputs = grid.batch_size * min(grid.batches, grid.steps)
    return {
        "setting": name,
        "width": grid.widths[0],
        "batch_size": grid.batch_size,
        "data": str(grid.data),
        "inputs": int(inputs),
        "optimizer": grid.optimizer,
        "initialization": str(grid.initialization),
    }


def _of_rule(safe: pd.DataFrame) -> dict[str, Any]:
    if safe.empty:
        return {"highest_rate": None}
    best, seen = (paired.at_best_rate(safe, by) for by in ("absolute_error", "trained_error"))
    low, high = student_interval(seen.share.to_numpy())
    return {
        "highest_rate": float(safe.learning_rate.max()),
        "best_rate": float(best.learning_rate.iloc[0]),
        "new_fell": float(best.new_fell.median()),
        "relative_error": float(best.relative_error.median()),
        "spread_kept": float((best.output_spread / best.initial_spread).median()),
        "seen": {
            "rate": float(seen.learning_rate.iloc[0]),
            "trained_fell": float(seen.trained_fell.median()),
            "new_fell": float(seen.new_fell.median()),
            "share": float(seen.share.mean()),
            "low": low,
            "high": high,
        },
    }


def _floored(lanes: pd.DataFrame) -> pd.DataFrame:
    return lanes.assign(absolute_error=lanes.absolute_error.clip(lower=ERROR_FLOOR))


if __name__ == "__main__":
    main()
