import json
import math
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import torch

from idem.rule.loss import RULES, idempotency_loss
from idem.sweeps.grid import Grid
from idem.sweeps.mlp import MLP
from idem.sweeps.near import NearProjection
from idem.sweeps.sweep import train_lanes
from stages.common import params
from stages.sweeps import near
from stages.sweeps.sweep import write_whole
from tests import ROOT


def lanes_of(errors: dict[str, dict[float, list[float]]]) -> pd.DataFrame:
    """Lanes of one case: relative errors of the runs by rule and rate; infinite: diverged."""
    return pd.DataFrame(
        {"case": "n5", "rule": rule, "learning_rate": rate, "run": run, "relative_error": error}
        | {"diverged": math.isinf(error), "absolute_error": error, "initial_relative_error": 0.5}
        | {"output_spread": 0.9, "initial_spread": 1.0, "jacobian_rank": 4.0}
        for rule, rates in errors.items()
        for rate, of_rate in rates.items()
        for run, error in enumerate(of_rate)
    )


MODIFIED = {0.1: [1e-3, 2e-3, 1e-3], 0.3: [1e-4, math.inf, math.inf]}
ORDINARY = {0.001: [1e-1, 1e-1, 2e-1], 0.1: [math.inf] * 3}


def test_the_table_counts_diverged_runs_as_infinite():
    table = near.tabulate(lanes_of({"modified": MODIFIED, "ordinary": ORDINARY}))
    table = table.set_index(["rule", "learning_rate"])
    assert table.diverged[("modified", 0.3)] == 2
    assert table.relative_error[("modified", 0.3)] == math.inf
    assert table.relative_error[("modified", 0.1)] == 1e-3
    assert table.spread_kept[("ordinary", 0.001)] == pytest.approx(0.9)


def test_the_headline_names_the_highest_rate_at_which_nothing_diverged():
    grid = Grid([5, 5], [0.1], 1, 1, 50, 1, initialization=NearProjection(0.1, 4.0))
    found = near.headline(lanes_of({"modified": MODIFIED, "ordinary": ORDINARY}), {"n5": grid})
    assert found["n5"]["modified"]["highest_rate_without_divergence"] == 0.1
    assert found["n5"]["ordinary"]["best_rate"] == 0.001
    assert found["n5"]["start_modes"] == near.start_modes(grid)


def test_the_modes_of_a_start_tell_how_near_it_is():
    def modes(noise: float, n: int = 40, layers: int = 1) -> dict[str, float] | None:
        start = NearProjection(noise, 4.0, 3)
        return near.start_modes(Grid([n] * (layers + 1), [0.1], 2, 1, 5, 1, initialization=start))

    exact = modes(0.0)
    assert exact is not None and exact["surviving_rank"] == 37
    assert exact["nearest_to_half"] == pytest.approx(0.5) and exact["climbing"] == 0
    close, far = modes(0.1), modes(1.0)
    assert close is not None and (close["surviving_rank"], close["climbing"]) == (37, 0)
    assert far is not None and far["surviving_rank"] < 35 and far["climbing"] > 0.2
    assert far["nearest_to_half"] < close["nearest_to_half"] < 0.5
    assert modes(0.1, layers=2) is None


def diverges(grid: Grid, rule: str, rate: float) -> bool:
    """Train with plain PyTorch on the one batch of run 0; tell whether the error grows."""
    f = MLP(grid.widths, grid.negative_slope)
    drawn = [t for pair in grid.start(0) for t in pair]
    with torch.no_grad():
        for parameter, value in zip(f.parameters(), drawn, strict=True):
            parameter.copy_(value)
    f, x = f.double(), grid.batch(0, 0).double()
    first = last = math.nan
    for step in range(300):
        loss = idempotency_loss(f, x, rule)
        last = loss.item()
        first = last if step == 0 else first
        if not last < 1e6 * first:
            return True
        for parameter, g in zip(
            f.parameters(), torch.autograd.grad(loss, list(f.parameters())), strict=True
        ):
            parameter.data.sub_(rate * g)
    return last > first


@pytest.mark.parametrize("rule", RULES)
def test_the_predicted_edge_separates_stable_rates_from_unstable_ones(rule: str):
    start = NearProjection(noise=1e-3, bias=4.0)
    grid = Grid([10, 10], [0.1], 1, 1, 500, 1, initialization=start, data="fixed")
    edges = near.predicted_edges(grid)
    assert edges is not None
    edge = edges[rule]
    assert not diverges(grid, rule, edge / 2)
    assert diverges(grid, rule, edge * 2)


def test_the_edges_are_those_of_the_moments():
    grid = Grid([10, 10], [0.1], 2, 1, 500, 1, initialization=NearProjection(0.0, 4.0))
    edges = near.predicted_edges(grid)
    assert edges is not None
    assert 2 / edges["ordinary"] == pytest.approx(1 + 16 * 10, rel=0.05)
    assert 1 < 2 / edges["modified"] < (1 + math.sqrt(11 / 500)) ** 2 * 1.1


@pytest.mark.parametrize("change", [{"widths": [10, 10, 10]}, {"optimizer": "adam"}])
def test_nothing_is_predicted_where_the_theory_is_silent(change: dict):
    grid = Grid([10, 10], [0.1], 2, 1, 50, 1, initialization=NearProjection(0.1, 4.0))
    assert near.predicted_edges(replace(grid, **change)) is None


@pytest.mark.parametrize("path", ["params.yaml", "stages/pipelines/paper/params.yaml"])
def test_every_case_of_the_parameters_is_computed(path: str):
    settings = params.read(ROOT / path, params.Swept)
    labels = [unit.label for unit in near.plan(settings).units]
    for name, case in settings.near.cases.items():
        of_case = [label for label in labels if label.startswith(f"near_{name}_modified")]
        assert len(of_case) >= case.runs


@pytest.mark.parametrize(("own", "expected"), [(1.0, 1.0), (None, 0.2)])
def test_a_case_has_a_slope_of_its_own_or_that_of_the_sweep(own: float | None, expected: float):
    settings = params.read(ROOT / "params.yaml", params.Swept)
    case = settings.near.cases["n20"].model_copy(update={"negative_slope": own})
    assert near.grid_of(settings, case).negative_slope == expected


def test_cases_that_are_whole_are_written_while_others_lack(tmp_path: Path):
    near_5 = NearProjection(0.1, 4.0)
    grids = {
        name: Grid([5, 5], [0.1], runs, 2, 50, 2, initialization=near_5)
        for name, runs in (("whole", 1), ("begun", 2))
    }
    rows = [train_lanes(grid, unit) for grid in grids.values() for unit in grid.units()]
    write_whole(grids, near.write, tmp_path / "near", [None] * len(rows), [])
    assert not list(tmp_path.iterdir())
    write_whole(grids, near.write, tmp_path / "near", [*rows[:-1], None], [])
    assert set(pd.read_csv(tmp_path / "near.csv").case) == {"whole"}
    assert set(json.loads((tmp_path / "near.json").read_text())) == {"whole"}
