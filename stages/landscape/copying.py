"""Stage copying: which rule perfects networks that were taught to copy, and at which cost?

A network that copies its inputs through a bottleneck is nearly idempotent, without having been made
so. Both rules begin at the same networks and see the same fresh batches, so that every error is one
on new inputs. It can be killed at any time and goes on when it is run again.
"""

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from idem.rule.loss import RULES
from idem.sweeps.grid import Grid
from stages.common import params, resume
from stages.common.files import write_csv, write_json
from stages.landscape import cases
from stages.landscape.copied import Copying, trained
from stages.sweeps import near, paired
from stages.sweeps.aggregate import LANE, RATE
from stages.sweeps.sweep import by_grid

MODULES = ("stages.landscape.copied",)
KEPT = "kept_error"  # the relative error, infinite where the reconstruction was lost


def main() -> None:
    """Write what every rate comes to by case and rule, and the rules at their best rates."""
    args = params.arguments("train networks that were taught to copy")
    settings = params.read(args.params, params.Paper)
    grids = grids_of(settings)
    with resume.completed(*plan(settings), keep=args.units, label="copying") as parts:
        lanes = lanes_of(by_grid(grids, parts), settings.copying.keeps)
        write_csv(args.metrics / "copying.csv", tabulate(lanes))
        write_json(args.metrics / "copying.json", headline(lanes, settings.copying))


def plan(settings: params.Paper) -> resume.Plan:
    """Return how all cases are computed: a unit a rule and run, of all its rates."""
    section, precision = settings.copying, settings.sweep.matmul_precision
    units = [
        cases.units(f"copying_{name}", grid, copying_of(section, section.cases[name]), precision)
        for name, grid in grids_of(settings).items()
    ]
    return resume.Plan(trained, [unit for of_case in units for unit in of_case], MODULES)


def copying_of(section: params.Copying, case: params.CopyingCase) -> Copying:
    """Return how the networks of a case are taught."""
    return Copying(case.input_mean, section.teaching_steps, section.teaching_rate)


def grids_of(settings: params.Paper) -> dict[str, Grid]:
    """Return the grid of every case."""
    return {name: grid_of(settings, case) for name, case in settings.copying.cases.items()}


def grid_of(settings: params.Paper, case: params.CopyingCase) -> Grid:
    """Return where starts and batches of a case come from."""
    return cases.grid(
        settings,
        settings.copying,
        widths=case.widths,
        runs=case.runs,
        initialization="default",
    )


def lanes_of(found: Mapping[str, pd.DataFrame], keeps: float) -> pd.DataFrame:
    """Return a row a lane, as stage `near` has them, with the reconstruction before and after.

    Args:
        found: the rows of every case.
        keeps: how many times the start's a reconstruction may be for `KEPT` to count.
    """
    lanes = near.lanes_of(found)
    at = ["case", *LANE]
    firsts = pd.concat(
        rows.assign(case=name).sort_values([*LANE, "step"]).drop_duplicates(LANE)
        for name, rows in found.items()
    )
    before = firsts.set_index(at).reconstruction.rename("initial_reconstruction")
    lanes = lanes.join(before, on=at)
    kept = lanes.reconstruction <= keeps * lanes.initial_reconstruction
    return lanes.assign(**{KEPT: lanes.relative_error.where(kept, math.inf)})


def tabulate(lanes: pd.DataFrame) -> pd.DataFrame:
    """Return a row a case, rule and rate: medians over runs, infinite where half diverged."""
    lanes = lanes.assign(spread_kept=lanes.output_spread / lanes.initial_spread)
    return (
        lanes.groupby(["case", *RATE], sort=False)
        .agg(
            runs=("run", "nunique"),
            diverged=("diverged", "sum"),
            start=("initial_relative_error", "median"),
            relative_error=("relative_error", "median"),
            start_reconstruction=("initial_reconstruction", "median"),
            reconstruction=("reconstruction", "median"),
            spread_kept=("spread_kept", "median"),
        )
        .reset_index()
    )


def headline(lanes: pd.DataFrame, section: params.Copying) -> dict[str, Any]:
    """Return by case what either rule comes to at the best rate that keeps the reconstruction."""
    return {
        str(name): {
            "start": float(of_case.initial_relative_error.median()),
            "reconstruction": float(of_case.initial_reconstruction.median()),
            "steps": section.steps,
            **{rule: _of_rule(of_case[of_case.rule == rule]) for rule in RULES},
            "modified_over_ordinary": paired.at_own_best_rates(of_case, KEPT),
        }
        for name, of_case in lanes.groupby("case", sort=False)
    }


def _of_rule(lanes: pd.DataFrame) -> dict[str, float | None]:
    """Return what a rule comes to at its best rate; None for it all if no rate keeps enough."""
    there = paired.at_best_rate(lanes, KEPT)
    found = cases.at_best(lanes, KEPT) | {"reconstruction": float(there.reconstruction.median())}
    kept = math.isfinite(found["log10_relative_error"])
    return {name: value if kept else None for name, value in found.items()}


if __name__ == "__main__":
    main()
