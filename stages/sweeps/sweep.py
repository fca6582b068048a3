"""Stage sweep: train one network of params.yaml at all rates and runs under both rules.

It can be killed at any time, and goes on from there when it is run again; what another machine has
finished is taken.
"""

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd
import torch

from idem.checkpoint import Checkpoint, OutOfTime
from idem.sweeps.grid import Grid, Unit
from idem.sweeps.mlp import parameter_count
from idem.sweeps.sweep import Row, train_lanes
from stages.common import params, resume
from stages.common.engine import device
from stages.common.files import TRAINED, write_csv, write_json
from stages.common.so_far import write_completed
from stages.sweeps.aggregate import ERROR_FLOOR, LANE, best_rate, last_rows, summarize

_MEGABYTE = 2**20
Name = TypeVar("Name", bound=Hashable)
Parts = Sequence[list[Row] | None]  # the rows of every unit, None of one that is not done
MODULES = ("idem.sweeps.sweep",)  # that decide the rows of a unit
_OF_OTHERS = ("runs", "learning_rates", "memory", "rules")  # say which units there are


def main() -> None:
    """Write every logged row, the summary by rate, and the headline numbers."""
    args = params.arguments("sweep one network", network="a key of sweep.networks")
    section = params.read(args.params, params.Swept).sweep
    network = params.choose(section.networks, args.network, "network")
    path, of_all = args.metrics / f"sweep_{args.network}", partial(write, grid_of(section, network))
    others = [plan(section, name) for name in section.networks if name != args.network]
    write_completed(path, plan(section, args.network), of_all, args.units, others)


def plan(section: params.Sweep, name: str) -> resume.Plan:
    """Return how the sweep of one network is computed."""
    return plan_of({f"sweep_{name}": grid_of(section, section.networks[name])}, section)


def plan_of(
    grids: Mapping[str, Grid], section: params.Sweep, modules: Sequence[str] = MODULES
) -> resume.Plan:
    """Return how the units of grids are computed, each under the label of its grid."""
    precision = section.matmul_precision
    units = [unit for label, grid in grids.items() for unit in units_of(label, grid, precision)]
    return resume.Plan(trained, units, modules)


def by_grid(grids: Mapping[Name, Grid], parts: Parts) -> dict[Name, pd.DataFrame]:
    """Return the rows of every grid all of whose units are done, in the order of `plan_of`.

    Args:
        grids: by name.
        parts: of all of them.
    """
    following = iter(parts)
    of_grid = {name: [next(following) for _ in grid.units()] for name, grid in grids.items()}
    return {
        name: pd.DataFrame([row for part in done if part is not None for row in part])
        for name, done in of_grid.items()
        if None not in done
    }


def write_whole(
    grids: Mapping[Name, Grid],
    write: Callable[[Path, Mapping[Name, Grid], Mapping[Name, pd.DataFrame]], None],
    path: Path,
    parts: Parts,
    _: Sequence[Any],
) -> None:
    """Write, as `write_completed` asks, from the grids that are whole, if any is."""
    if found := by_grid(grids, parts):
        write(path, grids, found)


def units_of(label: str, grid: Grid, precision: str) -> list[resume.Unit]:
    """Return the units of a grid, under this label."""
    return [
        resume.Unit(
            f"{label}_{unit.name}",
            key(grid, unit, precision),
            (grid, unit, precision),
            steps=grid.steps + 1,
            cost=grid.operations(len(unit.learning_rates)),
        )
        for unit in grid.units()
    ]


def grid_of(section: params.Sweep, network: params.Network) -> Grid:
    """Return the grid of one network of the section."""
    return grid_with(section, **network.model_dump())


def grid_with(section: params.Sweep, **own: Any) -> Grid:
    """Return a grid that has what the networks of the section share, but for what is its own."""
    shared = section.model_dump(exclude={"networks", "memory_megabytes", "matmul_precision"})
    return Grid(**(shared | {"memory": section.memory_megabytes * _MEGABYTE} | own))


def key(grid: Grid, unit: Unit, precision: str) -> list[Any]:
    """Return what decides the rows of a unit, which no other run or rate of the grid does."""
    of_all = {name: value for name, value in asdict(grid).items() if name not in _OF_OTHERS}
    return [of_all, unit.rule, unit.run, unit.learning_rates, precision]


def write(grid: Grid, path: Path, parts: Parts, notes: Sequence[Any]) -> None:
    """Write every logged row, those of checkpoints too; of all units, summary and headline."""
    begun = [found["rows"] if found else [] for found in notes]
    of_units = (done or some for done, some in zip(parts, begun, strict=True))
    rows = pd.DataFrame([row for of_unit in of_units for row in of_unit])
    rows = rows.sort_values([*LANE, "step"]) if len(rows) else rows
    write_csv(Path(f"{path}.csv"), rows, digits=TRAINED, keys=LANE)
    if None not in parts:
        lanes = last_rows(rows)
        write_csv(Path(f"{path}_summary.csv"), summarize(lanes))
        write_json(Path(f"{path}.json"), headline(grid, lanes))


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


def trained(grid: Grid, unit: Unit, precision: str, checkpoint: Checkpoint) -> list[Row] | None:
    """Return the rows of a unit; None if the time was up before its last step."""
    torch.set_float32_matmul_precision(precision)
    try:
        return train_lanes(grid, unit, None, checkpoint, device())
    except OutOfTime:
        notes = checkpoint.notes()
        return notes["rows"] if notes["step"] > grid.steps else None


if __name__ == "__main__":
    main()
