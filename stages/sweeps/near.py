"""Stage near: which rule perfects a map that is almost idempotent, at which rates?

Both rules begin at the same starts near a projection and see the same fresh batches, so that every
error is one on new inputs. It can be killed at any time and goes on when it is run again.
"""

import math
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from idem.rule.loss import RULES
from idem.sweeps.grid import Grid
from idem.sweeps.near import NearProjection
from idem.theory.flow import surviving_rank
from stages.common import params, resume
from stages.common.files import write_csv, write_json
from stages.common.so_far import write_completed
from stages.sweeps import paired
from stages.sweeps.aggregate import LANE, RATE, highest_safe_rate, last_rows
from stages.sweeps.sweep import grid_with, plan_of, write_whole


def main() -> None:
    """Write what every rate comes to by case and rule, and the rules at their best rates."""
    args = params.arguments("train networks that begin near a projection")
    settings = params.read(args.params, params.Swept)
    grids = {name: grid_of(settings, case) for name, case in settings.near.cases.items()}
    of_whole = partial(write_whole, grids, write)
    write_completed(args.metrics / "near", plan(settings), of_whole, args.units)


def write(path: Path, grids: Mapping[str, Grid], found: Mapping[str, pd.DataFrame]) -> None:
    """Write `path`.csv and `path`.json from the rows of cases."""
    lanes = lanes_of(found)
    write_csv(Path(f"{path}.csv"), tabulate(lanes))
    write_json(Path(f"{path}.json"), headline(lanes, grids))


def lanes_of(found: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return a row a lane from the rows of cases, with ``case`` and ``initial_relative_error``."""
    return pd.concat(
        last_rows(rows).assign(case=name, initial_relative_error=_first(rows))
        for name, rows in found.items()
    )


def plan(settings: params.Swept) -> resume.Plan:
    """Return how all cases are computed."""
    cases = settings.near.cases
    return plan_of({f"near_{n}": grid_of(settings, cases[n]) for n in cases}, settings.sweep)


def grid_of(settings: params.Swept, case: params.Start) -> Grid:
    """Return the grid of a case."""
    return grid_with(
        settings.sweep,
        widths=[case.width] * (case.layers + 1),
        learning_rates=case.learning_rates,
        runs=case.runs,
        steps=case.steps,
        batch_size=settings.near.batch_size,
        log_every=case.steps,
        negative_slope=case.negative_slope or settings.sweep.negative_slope,
        initialization=NearProjection(case.noise, case.bias, case.null_dimension),
        optimizer=case.optimizer,
    )


def tabulate(lanes: pd.DataFrame) -> pd.DataFrame:
    """Return a row a case, rule and rate: medians over runs, infinite where half diverged.

    ``relative_error`` is ‖f(y) − y‖ / ‖y − mean y‖ on new inputs, 0 for an idempotent map;
    ``spread_kept``, the spread of the outputs, and ``rank``, the effective rank of the Jacobian,
    tell an idempotent map from a constant one.
    """
    lanes = lanes.assign(spread_kept=lanes.output_spread / lanes.initial_spread)
    by = lanes.groupby(["case", *RATE], sort=False)
    return by.agg(
        runs=("run", "nunique"),
        diverged=("diverged", "sum"),
        start=("initial_relative_error", "median"),
        relative_error=("relative_error", "median"),
        absolute_error=("absolute_error", "median"),
        spread_kept=("spread_kept", "median"),
        rank=("jacobian_rank", "median"),
    ).reset_index()


def headline(lanes: pd.DataFrame, grids: Mapping[str, Grid]) -> dict[str, Any]:
    """Return by case what either rule comes to at its own best rate, and the ratio of the two."""
    return {
        str(name): {
            "start": float(of_case.initial_relative_error.median()),
            "predicted_edge": predicted_edges(grids[str(name)]),
            "start_modes": start_modes(grids[str(name)]),
            "steps": grids[str(name)].steps,
            **{rule: _at_best(of_case[of_case.rule == rule]) for rule in RULES},
            "modified_over_ordinary": paired.at_own_best_rates(of_case, "relative_error"),
        }
        for name, of_case in lanes.groupby("case", sort=False)
    }


def predicted_edges(grid: Grid) -> dict[str, float] | None:
    """Predict either rule's largest stable rate from the start, for one layer with active units.

    In homogeneous coordinates the layer is a matrix near a projection P̂ = [[P, b 1], [0, 1]], which
    is oblique: its norm is about b √n. To first order in E, the distance to P̂, the modified rule
    moves E by E − P̂ E − E P̂ + 2 P̂ E P̂, whose eigenvalues are 0 and 1 whatever P̂: the curvature is
    that of the layer's inputs (x, 1), the largest eigenvalue of their second moment. The ordinary
    gradient applies the transpose of P̂ too, which squares its norm: the curvature is that of the
    second application's inputs (y, 1), about n b².

    Returns:
        2 / curvature by rule, mean over runs; None for more layers or another optimizer.
    """
    if len(grid.widths) > 2 or grid.optimizer != "sgd":
        return None
    edges: dict[str, list[float]] = {rule: [] for rule in RULES}
    for run in range(grid.runs):
        x = grid.batch(run, 0)
        weight, bias = grid.start(run)[0]
        y = torch.nn.functional.leaky_relu(x @ weight.mT + bias, grid.negative_slope)
        for rule, inputs in (("modified", x), ("ordinary", y)):
            with_one = torch.cat([inputs, torch.ones(len(inputs), 1)], 1).double()
            curvature = torch.linalg.matrix_norm(with_one, 2).square() / len(inputs)
            edges[rule].append(2 / float(curvature))
    return {rule: float(np.mean(of_rule)) for rule, of_rule in edges.items()}


def start_modes(grid: Grid) -> dict[str, float] | None:
    """Tell from the eigenvalues of one layer's start whether the modified rule should perfect it.

    As far as all units stay active, the layer is linear, and `idem.theory.flow` says what becomes
    of an eigenvalue λ of its weights: it survives where Re λ > ½, and the rule climbs on it where
    |Im λ| > |Re λ − ½|.

    Returns:
        Means over runs: ``surviving_rank``, ``nearest_to_half``, the least |Re λ − ½|, and
        ``climbing``, the part of the modes on which the rule climbs; None for more layers.
    """
    if len(grid.widths) > 2:
        return None
    found: dict[str, list[float]] = {"surviving_rank": [], "nearest_to_half": [], "climbing": []}
    for run in range(grid.runs):
        weight = grid.start(run)[0][0].double()
        values = torch.linalg.eigvals(weight)
        from_half = (values.real - 0.5).abs()
        found["surviving_rank"].append(float(surviving_rank(weight)))
        found["nearest_to_half"].append(float(from_half.min()))
        found["climbing"].append(float((values.imag.abs() > from_half).double().mean()))
    return {name: float(np.mean(each)) for name, each in found.items()}


def _at_best(lanes: pd.DataFrame) -> dict[str, float]:
    there = paired.at_best_rate(lanes, "relative_error")
    return {
        "best_rate": float(there.learning_rate.iloc[0]),
        "log10_relative_error": math.log10(there.relative_error.median()),
        "spread_kept": float((there.output_spread / there.initial_spread).median()),
        "rank": float(there.jacobian_rank.median()),
        "highest_rate_without_divergence": highest_safe_rate(lanes),
    }


def _first(rows: pd.DataFrame) -> np.ndarray:
    """Return every lane's relative error at the start, in the order of `last_rows`."""
    first = rows.sort_values([*LANE, "step"]).drop_duplicates(LANE)
    return first.relative_error.to_numpy()


if __name__ == "__main__":
    main()
