"""Stage stability: the largest stable rate of every network, and what explains it (claim T5).

Predicted from the curvature of the rule's update at a few places of a training, for one batch and
for fresh batches (`idem.curvature`), and from the data's covariance alone; measured by training at
some rates, with those of the stage sweep. A control, one linear layer near the zero map, shows that
prediction and measurement agree where the theory is exact.
"""

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pandas as pd
import torch
from torch import Tensor

from idem.curvature import (
    UpdateField,
    dominant_eigenvalues,
    fresh_batch_edge,
    fresh_stability_edge,
    marchenko_pastur_edge,
    second_moment_norm,
    stability_edge,
)
from idem.objectives import RULES
from idem.sweep import Grid, Unit, seeded, train_lanes
from stages import params
from stages.aggregate import last_rows
from stages.engine import end_with_parent, run_units
from stages.files import write_csv, write_json
from stages.sweep import grid_of

PAPER_EDGES = {"B3": 0.22, "B4": 0.52}  # Figure 3's caption
Bracket = tuple[float, float]


def main() -> None:
    """Write a row a network, rule and place, and the brackets beside the edges predicted."""
    args = params.arguments("predict and measure the largest stable rate of every network")
    settings = params.read(args.params)
    section = settings.stability
    end_with_parent()
    grids = {name: _grid(settings, name) for name in section.networks}
    swept = {name: pd.read_csv(args.metrics / f"sweep_{name}.csv") for name in grids}
    rows, trained = compute(section, grids)
    brackets = {
        (name, rule): bracket([trained[name, rule], swept[name][swept[name].rule == rule]])
        for name, rule in trained
    }
    table = tabulate(rows, grids, brackets)
    write_csv(args.metrics / "stability.csv", table)
    write_json(args.metrics / "stability.json", headline(section, table, grids))


def compute(
    section: params.Stability, grids: dict[str, Grid]
) -> tuple[list[dict[str, Any]], dict[tuple[str, str], pd.DataFrame]]:
    """Return the rows of the curvature, and what was trained by network and rule."""
    curved = [
        (name, grids[name], rule, place, settings.applications, settings.precision)
        for name, settings in section.networks.items()
        for place in settings.places
        for rule in RULES
    ]
    direct = [
        (name, replace(grids[name], learning_rates=settings.learning_rates[rule]), rule)
        for name, settings in section.networks.items()
        for rule in RULES
    ]
    jobs = [(curvature, unit) for unit in curved] + [(trained, unit) for unit in direct]
    jobs.sort(key=lambda job: -_size(job[1][1]))  # the longest first; their order changes no result
    found = [*zip((job for job, _ in jobs), run_units(_call, jobs, "stability"), strict=True)]
    order = {name: index for index, name in enumerate(grids)}
    rows = [result for job, result in found if job is curvature]
    rows.sort(key=lambda row: order[row["network"]])
    return rows, dict(result for job, result in found if job is trained)


def curvature(
    name: str, grid: Grid, rule: str, place: params.Place, applications: int, precision: str
) -> dict[str, Any]:
    """Return the eigenvalues and edges of one rule at one place of a training."""
    dtype = getattr(torch, precision)
    layers = [(W.to(dtype), b.to(dtype)) for W, b in grid.start(0)]

    def field(step: int) -> UpdateField:
        return UpdateField(layers, grid.batch(0, step).to(dtype), rule, grid.negative_slope)

    for step in range(place.steps):
        here = field(step)
        layers = here.layers(here.theta - place.learning_rate * here.value)
    here = field(place.steps)
    found = dominant_eigenvalues(here.derivative, here.value, applications)
    fresh = (field(place.steps + 1 + k).derivative for k in range(applications))
    top = int((found.values.real / found.values.abs().square()).where(
        found.values.real > 0, math.inf).argmin())
    return {
        "network": name,
        "rule": rule,
        "steps_before": place.steps,
        "rate_before": place.learning_rate if place.steps else 0.0,
        "eigenvalue_real": float(found.values[top].real),
        "eigenvalue_imag": float(found.values[top].imag),
        "residual": float(found.residuals[top]),
        "leftmost_real": float(found.values.real.min()),
        "edge_from_curvature": stability_edge(found.values),
        "edge_fresh_batches": fresh_stability_edge(fresh, here.value),
        "edge_of_covariance": 2 / second_moment_norm(here.x),
        "hidden_second_moment": max(map(second_moment_norm, _hidden(layers, here.x, grid))),
    }
