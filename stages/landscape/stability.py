"""Stage stability: the largest stable rate of every network, and what explains it (claim T5).

Predicted from the curvature of the rule's update at a few places of a training, for one batch and
for fresh batches (`idem.landscape.curvature`), and from the data's covariance alone; measured by
training at some rates, with those of the stage sweep. A control, one linear layer near the zero
map, shows that prediction and measurement agree where the theory is exact.

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

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from idem.landscape.curvature import (
    Layers,
    UpdateField,
    dominant_eigenvalues,
    fresh_batch_edge,
    fresh_stability_edge,
    marchenko_pastur_edge,
    second_moment_norm,
    stability_edge,
)
from idem.rule.loss import RULES
from idem.sweeps.sweep import Grid, seeded, train_lanes
from stages.common import params
from stages.common.engine import end_with_parent, run_units
from stages.common.files import write_csv, write_json
from stages.sweeps.aggregate import last_rows
from stages.sweeps.printed import EDGES
from stages.sweeps.sweep import grid_of

Bracket = tuple[float, float]
PREDICTED = ("rate_before", "edge_from_curvature", "edge_fresh_batches", "hidden_second_moment")


def main() -> None:
    """Write a row a network, rule and place, and the brackets beside the edges predicted."""
    args = params.arguments("predict and measure the largest stable rate of every network")
    settings = params.read(args.params)
    section = settings.stability
    end_with_parent()
    grids = {name: _grid(settings, name) for name in section.networks}
    swept = {name: pd.read_csv(args.metrics / f"sweep_{name}.csv") for name in grids}
    rows, lanes = compute(section, grids)
    brackets = {
        (name, rule): bracket([of_rule, swept[name][swept[name].rule == rule]])
        for (name, rule), of_rule in lanes.items()
    }
    table = tabulate(rows, grids, brackets)
    write_csv(args.metrics / "stability.csv", table)
    write_json(args.metrics / "stability.json", headline(section, table, grids))


def compute(
    section: params.Stability, grids: dict[str, Grid]
) -> tuple[list[dict[str, Any]], dict[tuple[str, str], pd.DataFrame]]:
    """Return the rows of the curvature, and what was trained by network and rule."""
    curved = [
        (name, grids[name], rule, place, settings.precision)
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
    name: str, grid: Grid, rule: str, place: params.Place, precision: str
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
    found = dominant_eigenvalues(here.derivative, here.value, place.applications)
    fresh = (field(place.steps + 1 + k).derivative for k in range(place.fresh_batches))
    setting = _setting_the_edge(found.values)
    return {
        "network": name,
        "rule": rule,
        "steps_before": place.steps,
        "rate_before": place.learning_rate if place.steps else 0.0,
        "eigenvalue_real": float(found.values[setting].real),
        "eigenvalue_imag": float(found.values[setting].imag),
        "residual": float(found.residuals[setting]),
        "leftmost_real": float(found.values.real.min()),
        "edge_from_curvature": stability_edge(found.values),
        "edge_fresh_batches": fresh_stability_edge(fresh, here.value),
        "edge_of_covariance": 2 / second_moment_norm(here.x),
        "hidden_second_moment": _hidden_second_moment(layers, here.x, grid.negative_slope),
    }


def trained(name: str, grid: Grid, rule: str) -> tuple[tuple[str, str], pd.DataFrame]:
    """Return network and rule, and the logged rows of one run at all rates of the grid."""
    units = [unit for unit in grid.units() if unit.rule == rule]
    return (name, rule), pd.DataFrame([row for unit in units for row in train_lanes(grid, unit)])


def bracket(tables: list[pd.DataFrame]) -> Bracket:
    """Return the highest stable rate below the lowest unstable one, and that one.

    A rate is stable if at least half of its runs end, not diverged, below their initial error.

    Args:
        tables: logged rows of one rule, each as `train_lanes` returns them; at a rate that several
            hold, all have to agree that it is stable.

    Returns:
        Two rates; 0 or infinity where no rate tried is on that side.
    """
    shares = [last_rows(table).groupby("learning_rate").improved.mean() for table in tables]
    stable = pd.concat(shares).ge(0.5).groupby(level=0).all()
    return _between(stable.index, stable.to_numpy())


def tabulate(
    rows: list[dict[str, Any]], grids: dict[str, Grid], brackets: dict[tuple[str, str], Bracket]
) -> pd.DataFrame:
    """Return the rows of the curvature with what is known without it and what was measured."""
    tables = []
    for row in rows:
        name, grid = row["network"], grids[row["network"]]
        n, low_high = grid.widths[0], brackets[name, row["rule"]]
        tables.append(
            row
            | {
                "marchenko_pastur": marchenko_pastur_edge(n, grid.batch_size),
                "one_layer_fresh": fresh_batch_edge(n, grid.batch_size),
                "largest_stable_rate": low_high[0],
                "lowest_unstable_rate": low_high[1],
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


def control(section: params.Stability) -> dict[str, Any]:
    """Return the edges of one linear layer near the zero map, predicted and measured.

    With a batch that is always the same, and with fresh ones. Either rule is y alone there, as f(y)
    is of second order.
    """
    given, x = section.control, _control_batch(section, 0)
    predicted = {
        "one_batch": 2 / float(torch.linalg.matrix_norm(x, 2) ** 2 / len(x)),
        "fresh_batches": fresh_batch_edge(given.width, given.batch_size),
    }
    found: dict[str, Any] = {
        "marchenko_pastur": marchenko_pastur_edge(given.width, given.batch_size)
    }
    rates = pd.Index(sorted(given.learning_rates))
    for kind, edge in predicted.items():
        stable = _growth(section, list(rates), kind == "fresh_batches") < 1
        low, high = _between(rates, stable.numpy())
        found[kind] = {
            "predicted": edge,
            "largest_stable_rate": low,
            "lowest_unstable_rate": high,
        }
    return found


def _call(job: Any, unit: tuple) -> Any:
    return job(*unit)


def _size(grid: Grid) -> int:
    return grid.batch_size * sum(n * m for n, m in pairwise(grid.widths))


def _grid(settings: params.Params, name: str) -> Grid:
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


def _setting_the_edge(values: Tensor) -> int:
    edges = torch.where(values.real > 0, values.real / values.abs().square(), math.inf)
    return int(edges.argmin())


def _hidden_second_moment(layers: Layers, x: Tensor, slope: float) -> float:
    """Return the largest eigenvalue of the second moments of the hidden layers' outputs."""
    largest = math.nan
    for weight, bias in layers[:-1]:
        x = torch.nn.functional.leaky_relu(x @ weight.mT + bias, slope)
        largest = max(second_moment_norm(x), largest) if largest > 0 else second_moment_norm(x)
    return largest


def _of_rule(rows: pd.DataFrame) -> dict[str, Any]:
    first = rows.iloc[0]
    low, high = float(first.largest_stable_rate), float(first.lowest_unstable_rate)
    start = float(rows[rows.steps_before == 0].edge_from_curvature.min())
    return {
        "largest_stable_rate": low,
        "lowest_unstable_rate": high,
        "largest_stable_rate_in_edges_at_start": low / start,
        "lowest_unstable_rate_in_edges_at_start": high / start,
    } | {
        f"after_{int(row.steps_before)}_steps": {name: float(row[name]) for name in PREDICTED}
        for _, row in rows.iterrows()
    }


def _between(rates: pd.Index, stable: np.ndarray) -> Bracket:
    high = min(rates[~stable], default=math.inf)
    return float(max(rates[rates < high], default=0.0)), float(high)


def _control_batch(section: params.Stability, step: int) -> Tensor:
    size = section.control.batch_size, section.control.width
    return torch.randn(size, generator=seeded(section.seed, step), dtype=torch.float64)


def _growth(section: params.Stability, rates: list[float], fresh: bool) -> Tensor:
    """Return what a training multiplies the norm of a row of W by, for every rate (rates,)."""
    n, B = section.control.width, section.control.batch_size
    rows = torch.full((len(rates), n), n**-0.5, dtype=torch.float64)
    eta = torch.tensor(rates, dtype=torch.float64)[:, None]
    for step in range(section.control.steps):
        x = _control_batch(section, step if fresh else 0)
        rows = rows - eta * (rows @ x.mT @ x) / B
    return rows.norm(dim=1)


if __name__ == "__main__":
    main()
