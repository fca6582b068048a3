"""Stage stability: the largest stable rate of every network, and what explains it (claim T5).

Predicted from the curvature of the rule's update at a few places of a training, for one batch and
for fresh batches (`idem.landscape.curvature`), and from the data's covariance alone; measured by
training at some rates on fresh batches, with those of the stage sweep, and at some on one batch,
as the authors' curves say that they did (`data/published`). A control, one linear layer near the
zero map, shows that prediction and measurement agree where the theory is exact.

Above the edge at the start, training need not diverge: it may leave for places of less curvature,
where outputs are negative and LeakyReLU's slope is small. So the edge at the start is no bound, and
how many times it is exceeded is reported too.

Source of the last: Lewkowycz et al., The large learning rate phase of deep learning: the catapult
mechanism, arXiv 2003.02218 (2020).
"""

import math
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pandas as pd

from idem.landscape.curvature import (
    fresh_batch_edge,
    marchenko_pastur_edge,
)
from idem.rule.loss import RULES
from idem.sweeps.grid import Grid
from idem.sweeps.sweep import train_lanes
from stages.common import params
from stages.common.engine import run_units
from stages.common.files import write_csv, write_json
from stages.landscape.brackets import Bracket, bracket
from stages.landscape.one_layer import control
from stages.landscape.place import curvature
from stages.sweeps.printed import EDGES
from stages.sweeps.sweep import grid_of

Trained = tuple[str, str, str]
"""Network, rule and data, ``"fresh"`` or ``"fixed"``."""
PREDICTED = ("rate_before", "edge_from_curvature", "edge_fresh_batches", "hidden_second_moment")


def main() -> None:
    """Write a row a network, rule and place, and the brackets beside the edges predicted."""
    args = params.arguments("predict and measure the largest stable rate of every network")
    settings = params.read(args.params, params.Laptop)
    section = settings.stability
    grids = {name: _grid(settings, name) for name in section.networks}
    swept = {name: pd.read_csv(args.metrics / f"sweep_{name}.csv") for name in grids}
    rows, lanes = compute(section, grids)
    brackets = {
        (name, rule, data): bracket(
            [of_rule, *([swept[name][swept[name].rule == rule]] if data == "fresh" else [])]
        )
        for (name, rule, data), of_rule in lanes.items()
    }
    table = tabulate(rows, grids, brackets)
    write_csv(args.metrics / "stability.csv", table)
    write_json(args.metrics / "stability.json", headline(section, table, grids))


def compute(
    section: params.Stability, grids: dict[str, Grid]
) -> tuple[list[dict[str, Any]], dict[Trained, pd.DataFrame]]:
    """Return the rows of the curvature, and what was trained by network, rule and data."""
    curved = [
        (name, grids[name], rule, place, settings.precision)
        for name, settings in section.networks.items()
        for place in settings.places
        for rule in RULES
    ]
    direct = [
        (name, replace(grids[name], learning_rates=rates, rules=(rule,), data=data))
        for name, settings in section.networks.items()
        for data, by_rule in (
            ("fresh", settings.learning_rates),
            ("fixed", settings.one_batch_learning_rates),
        )
        for rule, rates in by_rule.items()
    ]
    jobs = [(curvature, unit) for unit in curved] + [(trained, unit) for unit in direct]
    jobs.sort(key=lambda job: -_size(job[1][1]))  # the longest first; their order changes no result
    found = [*zip((job for job, _ in jobs), run_units(_call, jobs, "stability"), strict=True)]
    order = {name: index for index, name in enumerate(grids)}
    rows = [result for job, result in found if job is curvature]
    rows.sort(key=lambda row: order[row["network"]])
    return rows, dict(result for job, result in found if job is trained)


def trained(name: str, grid: Grid) -> tuple[Trained, pd.DataFrame]:
    """Return network, rule and data, and the logged rows of one run at all rates of the grid."""
    rows = [row for unit in grid.units() for row in train_lanes(grid, unit)]
    return (name, grid.rules[0], grid.data), pd.DataFrame(rows)


def tabulate(
    rows: list[dict[str, Any]], grids: dict[str, Grid], brackets: dict[Trained, Bracket]
) -> pd.DataFrame:
    """Return the rows of the curvature with what is known without it and what was measured."""
    tables = []
    for row in rows:
        name, grid = row["network"], grids[row["network"]]
        n, rule = grid.widths[0], row["rule"]
        fresh = brackets[name, rule, "fresh"]
        fixed = brackets.get((name, rule, "fixed"), (math.nan, math.nan))
        tables.append(
            row
            | {
                "marchenko_pastur": marchenko_pastur_edge(n, grid.batch_size),
                "one_layer_fresh": fresh_batch_edge(n, grid.batch_size),
                "largest_stable_rate": fresh[0],
                "lowest_unstable_rate": fresh[1],
                "largest_stable_rate_one_batch": fixed[0],
                "lowest_unstable_rate_one_batch": fixed[1],
                "paper": EDGES.get(name, math.nan),
            }
        )
    return pd.DataFrame(tables)


def headline(
    section: params.Stability, table: pd.DataFrame, grids: dict[str, Grid]
) -> dict[str, Any]:
    """Return by network and rule what was measured beside every edge, and the control."""
    by_network = {}
    for name in grids:
        of_network = table[table.network == name]
        shared = of_network.iloc[0]
        by_network[name] = {
            key: float(shared[key])
            for key in ("paper", "marchenko_pastur", "one_layer_fresh", "edge_of_covariance")
        }
        by_network[name] |= {rule: _of_rule(of_network[of_network.rule == rule]) for rule in RULES}
        by_network[name]["steps"] = grids[name].steps
    return {"control": control(section)} | by_network


def _call(job: Any, unit: tuple) -> Any:
    return job(*unit)


def _size(grid: Grid) -> int:
    return grid.batch_size * sum(n * m for n, m in pairwise(grid.widths))


def _grid(settings: params.Laptop, name: str) -> Grid:
    section, stable = settings.sweep, settings.stability
    given = stable.networks[name]
    return replace(
        grid_of(section, section.networks[name]),
        runs=1,
        steps=given.steps,
        log_every=given.steps,
        diverged_above=stable.diverged_above,
        seed=stable.seed,
        optimizer="sgd",  # which the theory is of
    )


def _of_rule(rows: pd.DataFrame) -> dict[str, Any]:
    first = rows.iloc[0]
    low, high = float(first.largest_stable_rate), float(first.lowest_unstable_rate)
    start = float(rows[rows.steps_before == 0].edge_from_curvature.min())
    return {
        "largest_stable_rate": low,
        "lowest_unstable_rate": high,
        "largest_stable_rate_one_batch": float(first.largest_stable_rate_one_batch),
        "lowest_unstable_rate_one_batch": float(first.lowest_unstable_rate_one_batch),
        "largest_stable_rate_in_edges_at_start": low / start,
        "lowest_unstable_rate_in_edges_at_start": high / start,
    } | {
        f"after_{int(row.steps_before)}_steps": {name: float(row[name]) for name in PREDICTED}
        for _, row in rows.iterrows()
    }


if __name__ == "__main__":
    main()
