"""Stage trajectory: its tables on a small network, and what they come to."""

import json
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
import yaml

from idem.landscape.trajectory import ParameterSpace
from idem.rule.loss import RULES
from idem.sweeps.grid import Grid
from stages.claims.sweeps.routes import ALIKE, DIFFER, compared
from stages.claims.verdict import OPEN
from stages.common import params
from stages.landscape import directions, route_summary, routes, trajectory
from tests import ROOT

THRESHOLDS = params.read(ROOT / "params.yaml", params.Laptop).claims
NAMES = ("trajectory", *(f"trajectory_{end}" for end in ("ends", "lines", "surface", "spectrum")))


def settings() -> dict[str, Any]:
    content = yaml.safe_load((ROOT / "params.yaml").read_text())
    content["sweep"]["batch_size"] = 40
    section = content["trajectory"]
    section |= {"items": 20, "surface_points": 4, "interpolation_points": 5}
    study = section["studies"]["B1"] | {"runs": 3, "steps": 12, "logged": 4, "spectrum_items": 2}
    section["studies"] = {"B1": study, "single": study | {"runs": 1, "precision": "float32"}}
    del study["spectrum_items"]
    section["gradients"] = {"B2": study | {"network": "B2", "runs": 1, "steps": 2, "logged": 2}}
    section["studies"]["B1"] = study | {"spectrum_items": 2}
    content["plot"]["figure_trajectory"] = ["B1"]
    return content


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with all that the stage writes for the small settings."""
    folder = tmp_path_factory.mktemp("trajectory")
    (folder / "params.yaml").write_text(yaml.safe_dump(settings()))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IDEM_WORKERS", "1")
        given = ["--params", str(folder / "params.yaml"), "--metrics", str(folder)]
        patch.setattr(sys, "argv", ["trajectory", *given])
        trajectory.main()
    return folder


@pytest.fixture(scope="module")
def tables(folder: Path) -> dict[str, pd.DataFrame]:
    return {name: pd.read_csv(folder / f"{name}.csv") for name in NAMES}


@pytest.fixture(scope="module")
def section(folder: Path) -> params.Trajectory:
    return params.read(folder / "params.yaml", params.Laptop).trajectory


def with_distances(rules: list[float], data: list[float]) -> pd.DataFrame:
    """Return a trace of one step in which every distance is as given, by run."""
    keys = [(run, rule, 1) for run in range(len(rules)) for rule in RULES]
    table = pd.DataFrame(keys, columns=["run", "rule", "step"])
    for space in route_summary.SPACES:
        for column in route_summary.MEASURES.values():
            table[f"{space}_{column}_rules"] = table.run.map(dict(enumerate(rules)))
            table[f"{space}_{column}_data"] = table.run.map(dict(enumerate(data)))
            table[f"{space}_{column}_half_rate"] = 0.05
            table[f"{space}_{column}_other_rate"] = math.nan  # as in a study of equal rates
    return table


def said(distances: dict[str, Any]) -> str:
    """Return what the rule of Q1 says of one distance."""
    return compared({"distances": {"function_routes": distances}}, THRESHOLDS)


def test_every_run_rule_and_logged_step_has_a_row(tables: dict[str, pd.DataFrame]):
    keys = ["study", "run", "rule", "step"]
    trace = tables["trajectory"]
    assert not trace.duplicated(keys).any()
    assert len(trace) == (3 + 1) * 2 * 5 + 1 * 2 * 3
    assert set(trace[trace.study == "B1"].step) == {0, 1, 2, 5, 12}
    assert len(tables["trajectory_ends"]) == (3 + 1) * 2
    assert len(tables["trajectory_lines"]) == ((3 + 1) * 3 + 2 * 2) * 5
    assert len(tables["trajectory_surface"]) == 2 * 4 * 4
    assert len(tables["trajectory_spectrum"]) == 2 * 2 * 5 * 2 * 5


def test_the_rules_start_alike_and_part(tables: dict[str, pd.DataFrame]):
    trace = tables["trajectory"]
    starts = trace[trace.step == 0].groupby(["study", "run"])
    assert (starts.cosine_of_rules.nunique() == 1).all()
    later = trace[(trace.step > 0) & (trace.study == "B1")]
    assert (later.function_apart_rules > 0).all()
    assert later[later.step == 12].share_in_plane.to_numpy() == pytest.approx(1)


def test_a_row_of_the_surface_is_the_loss_there(tables: dict[str, pd.DataFrame]):
    study = params.Study(**settings()["trajectory"]["studies"]["B1"])
    section = params.Trajectory(**settings()["trajectory"])
    grid = Grid((5, 5), [0.42], runs=3, steps=12, batch_size=40, log_every=12)
    run = routes.Run("B1", study, grid, section, 0)
    row = tables["trajectory_surface"].iloc[5]
    expected = run.space.loss(run.plane.point(row.u, row.v), run.x)
    assert row.loss == pytest.approx(expected, rel=1e-4)
    ends = tables["trajectory_ends"].iloc[0]
    assert ends.loss == pytest.approx(run.space.loss(run.solutions["own", "modified"], run.x), 1e-4)


def test_the_gradient_of_a_rule_agrees_with_itself():
    space = ParameterSpace((5, 5), 0.2)
    grid = Grid((5, 5), [0.1], runs=1, steps=3, batch_size=40, log_every=3)
    data = directions.streams(grid, 0, torch.float64)
    theta = space.point(grid.start(0)).double()
    same = directions.Streams(data.own, data.own)
    (row,) = directions.gradients(space, [0], theta[None], "modified", same, theta)
    assert row["cosine_of_batches"] == pytest.approx(1)
    assert row["cosine_of_rules"] < 0.999
    norms = [space.update(theta, data.own[0], rule).norm() for rule in RULES]
    assert row["log10_norm_ratio"] == pytest.approx(math.log10(norms[0] / norms[1]))


def test_the_data_of_the_control_is_no_runs_own():
    grid = Grid((5, 5), [0.1], runs=2, steps=3, batch_size=4, log_every=3)
    batches = [
        x for run in range(2) for of in directions.streams(grid, run, torch.float32) for x in of
    ]
    assert len({tuple(x.flatten().tolist()) for x in batches}) == 2 * 2 * 4


def test_logged_steps_hold_the_first_and_the_last():
    assert directions.logged_steps(400, 14)[:3] == [0, 1, 2]
    assert directions.logged_steps(400, 14)[-1] == 400
    assert directions.logged_steps(4, 2) == [0, 1, 4]


@pytest.mark.parametrize(
    ("rules", "data", "word"),
    [
        ([0.5, 0.6, 0.7], [0.1, 0.1, 0.1], DIFFER),
        ([0.1, 0.1, 0.1], [0.1, 0.11, 0.12], ALIKE),
        ([0.5, 0.01, 0.5], [0.1, 0.1, 0.1], OPEN),
        ([0.5], [0.1], OPEN),
    ],
)
def test_routes_differ_where_rules_part_more_than_data(
    section: params.Trajectory, rules: list[float], data: list[float], word: str
):
    found = route_summary.distances(section, with_distances(rules, data))
    assert set(map(said, found.values())) == {word}
    expected = np.log10(np.array(rules) / np.array(data)).mean()
    assert found["function_routes"]["log10_ratio"] == pytest.approx(expected)


@pytest.mark.parametrize("kind", ["data", "half_rate", "other_rate"])
def test_the_largest_control_counts(section: params.Trajectory, kind: str):
    rows = with_distances([0.5, 0.5], [0.1, 0.1])
    column = f"function_off_route_{kind}"
    rows[column] = rows[column].where(rows.rule == "modified", 0.6)
    found = route_summary.distances(section, rows)
    assert said(found["function_routes"]) == ALIKE
    assert said(found["function_ends"]) == DIFFER


def test_the_control_of_a_run_is_its_own_largest(section: params.Trajectory):
    rows = with_distances([0.5, 0.5], [0.5, 0.01])
    rows["function_off_route_half_rate"] = np.where(rows.run == 0, 0.01, 0.5)
    found = route_summary.distances(section, rows)["function_routes"]
    assert found["log10_ratio"] == pytest.approx(0)
    assert found["controls"] == pytest.approx({"data": 0.255, "half_rate": 0.255})
    assert found["control"] == 0.5


def of_three_runs(section: params.Trajectory, rates: dict[str, float]) -> dict[str, Any]:
    """Return the distances of a study of the network B1 with these rates."""
    study = section.studies["B1"].model_copy(update={"learning_rates": rates, "steps": 40})
    grid = Grid((5, 5), [0.42], runs=3, steps=40, batch_size=200, log_every=40)
    runs = [routes.measure("B1", study, grid, section, run) for run in range(3)]
    return route_summary.distances(section, pd.DataFrame([row for of in runs for row in of.trace]))


@pytest.mark.parametrize("slower", [0.21, 0.3])
def test_one_rule_does_not_differ_from_itself_at_another_rate(
    section: params.Trajectory, monkeypatch: pytest.MonkeyPatch, slower: float
):
    rates = {"modified": 0.42, "ordinary": slower}
    both = of_three_runs(section, rates)["function_routes"]
    update = ParameterSpace.update
    monkeypatch.setattr(
        ParameterSpace, "update", lambda self, theta, x, rule: update(self, theta, x, "modified")
    )
    found = of_three_runs(section, rates)
    assert DIFFER not in map(said, found.values())
    assert both["log10_ratio"] > found["function_routes"]["log10_ratio"] + 0.3
    assert found["function_routes"]["controls"]["other_rate"] > 0


def test_a_route_is_compared_as_far_as_the_slower_one_reaches(tables: dict[str, pd.DataFrame]):
    trace = tables["trajectory"]
    own = trace[(trace.study == "B1") & (trace.step > 0)]
    assert own.function_off_route_rules.notna().all()
    reached = own.step <= 6
    assert (own.function_off_route_half_rate.notna() == reached).all()
    assert "function_off_route_other_rate" not in trace  # as the rates are equal


def test_a_barrier_is_in_units_of_the_start(section: params.Trajectory):
    rows = pd.DataFrame(
        {
            "pair": "rules",
            "run": [0, 0, 0, 1, 1, 1],
            "share": [0, 0.5, 1] * 2,
            "loss_in_start_losses": [0.1, 0.4, 0.3, 0.1, 0.1, 0.1],
        }
    )
    found = route_summary.barriers(section, rows)["rules"]
    expected = {"median": 0.1, "highest": 0.2, "share_of_runs_with_one": 0.5}
    assert found == pytest.approx(expected)


def test_the_numbers_and_the_page_are_written(folder: Path):
    found = json.loads((folder / "trajectory.json").read_text())
    assert list(found) == ["studies", "gradients"]
    assert [study["runs"] for study in found["studies"].values()] == [3, 1]
    assert found["studies"]["single"]["distances"]["function_ends"]["low"] is None
    assert set(found["gradients"]["B2"]) >= {"cosine_at_start", "runs", "steps"}
    page = (folder / "trajectory.md").read_text()
    assert page.startswith("# Do the two rules")
    assert "(one run)" in page
    assert "nan" not in page
    for block in page.split("\n\n"):
        if block.startswith("|"):
            assert len({line.count("|") for line in block.splitlines()}) == 1


def test_the_same_parameters_give_the_same_rows(section: params.Trajectory):
    grid = Grid((5, 5), [0.42], runs=1, steps=12, batch_size=40, log_every=12)
    study = section.studies["single"]
    runs = [routes.measure("single", study, grid, section, 0) for _ in range(2)]
    assert str(runs[0].trace) == str(runs[1].trace)  # as NaN is not equal to itself
    assert runs[0].surface == runs[1].surface


def test_a_study_of_no_network_is_named(tmp_path: Path):
    content = settings()
    content["trajectory"]["studies"]["B1"]["network"] = "B7"
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(SystemExit, match=r"trajectory\.B1\.network.*got 'B7'"):
        params.read(path, params.Laptop)


def test_a_drawn_study_is_made(tmp_path: Path):
    content = settings()
    content["plot"]["figure_trajectory"] = ["B9"]
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(SystemExit, match=r"trajectory.studies \(B1, single\), got 'B9'"):
        params.read(path, params.Laptop)
