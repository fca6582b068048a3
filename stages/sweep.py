"""Stage sweep: train one network of params.yaml at all rates and runs under both rules.

It can be killed at any time, and goes on from there when it is run again.
"""

import math
import shutil
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import torch
from tqdm import tqdm

from idem import lanes, mlp
from idem import sweep as library
from idem.checkpoint import Checkpoint, OutOfTime
from idem.mlp import parameter_count
from idem.sweep import Grid, Row, Unit, train_lanes
from stages import params, resume
from stages.aggregate import ERROR_FLOOR, LANE, best_rate, last_rows, summarize
from stages.engine import OUT_OF_TIME, device, end_with_parent, run_units
from stages.files import write_csv, write_json

_MEGABYTE = 2**20


class Part(NamedTuple):
    """What is known of a unit: its rows so far, and whether they are all."""

    rows: list[Row]
    complete: bool


def main() -> None:
    """Write every logged row, the summary by rate, and the headline numbers."""
    args = params.arguments("sweep one network", network="a key of sweep.networks")
    section = params.read(args.params).sweep
    network = params.choose(section.networks, args.network, "network")
    end_with_parent()
    grid, precision = grid_of(section, network), section.matmul_precision
    folder = resume.folder(
        f"sweep_{args.network}", [asdict(grid), precision], (lanes, library, mlp)
    )
    parts = train(args.network, grid, precision, folder)
    rows = pd.DataFrame([row for part in parts for row in part.rows])
    rows = rows.sort_values([*LANE, "step"]) if len(rows) else rows
    so_far = args.metrics / f"sweep_{args.network}_so_far.csv"
    done = sum(part.complete for part in parts)
    if done < len(parts):
        write_csv(so_far, rows)
        print(f"time is up: {done} of {len(parts)} units done; run it again to go on")
        sys.exit(OUT_OF_TIME)
    final = last_rows(rows)
    write_csv(args.metrics / f"sweep_{args.network}.csv", rows)
    write_csv(args.metrics / f"sweep_{args.network}_summary.csv", summarize(final))
    write_json(args.metrics / f"sweep_{args.network}.json", headline(grid, final))
    so_far.unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)


def grid_of(section: params.Sweep, network: params.Network) -> Grid:
    """Return the grid of one network of the section."""
    shared = section.model_dump(exclude={"networks", "memory_megabytes", "matmul_precision"})
    memory = section.memory_megabytes * _MEGABYTE
    return Grid(**shared, **network.model_dump(), memory=memory)


def train(name: str, grid: Grid, precision: str, folder: Path) -> list[Part]:
    """Train all units of the grid, with a progress bar each, until the time is up.

    However short the time, at least a step is made: repeated runs come to an end.
    """
    units = grid.units()
    files = (folder / f"{unit.name}.npz" for unit in units)
    places = dict(zip(units, resume.places(files), strict=True))
    parts = {unit: _so_far(grid, place) for unit, place in places.items()}
    left = [unit for unit, part in parts.items() if not part.complete]
    tasks = [(name, grid, unit, precision, places[unit], unit is left[0]) for unit in left]
    trained = run_units(_train_unit, tasks)
    return list((parts | dict(zip(left, trained, strict=True))).values())


def headline(grid: Grid, lanes: pd.DataFrame) -> dict:
    """Return what a review compares: per rule, the best rate and how high a rate still improves."""
    best = {}
    for rule, of_rule in lanes.groupby("rule"):
        top = best_rate(of_rule)
        improving = of_rule[of_rule.improved].learning_rate
        best[rule] = {
            "best_rate": top.learning_rate,
            "log10_error_at_best_rate": math.log10(max(top.median_error, ERROR_FLOOR)),
            "log10_output_spread_at_best_rate": math.log10(
                max(top.median_output_spread, ERROR_FLOOR)
            ),
            "relative_error_at_best_rate": top.median_relative_error,
            "highest_improving_rate": improving.max() if len(improving) else None,
            "improved_share": of_rule.improved.mean(),
            "diverged_lanes": int(of_rule.diverged.sum()),
        }
    return {
        "parameters": parameter_count(grid.widths),
        "runs": grid.runs,
        "steps": grid.steps,
    } | best


def _train_unit(
    name: str, grid: Grid, unit: Unit, precision: str, checkpoint: Checkpoint, even_if_late: bool
) -> Part:
    late = checkpoint.deadline is not None and time.monotonic() >= checkpoint.deadline
    if late and not even_if_late:
        return _so_far(grid, checkpoint)
    torch.set_float32_matmul_precision(precision)
    label = f"{name} {unit.rule} run {unit.run}"
    with tqdm(total=grid.steps, desc=label, mininterval=2, leave=False) as bar:

        def report(step: int, error: float) -> None:
            bar.set_postfix_str(f"lowest error {error:.2e}", refresh=False)
            bar.update(step - bar.n)

        try:
            return Part(train_lanes(grid, unit, report, checkpoint, device()), complete=True)
        except OutOfTime:
            return _so_far(grid, checkpoint)


def _so_far(grid: Grid, checkpoint: Checkpoint) -> Part:
    notes = checkpoint.notes()
    return Part(notes["rows"], notes["step"] > grid.steps) if notes else Part([], complete=False)


if __name__ == "__main__":
    main()
