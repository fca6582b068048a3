import itertools
import json
import math
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import torch

from idem.checkpoint import Checkpoint
from idem.sweeps.grid import Grid
from idem.sweeps.near import NearProjection
from idem.sweeps.sweep import train_lanes
from stages.common import params
from stages.landscape import centring
from stages.landscape.centred import Centring, trained
from tests import ROOT

PLAIN = Centring(0.0, (0.0, 0.0), (0, 1))
GRID = Grid(
    [6, 6, 6], [0.001, 0.01], 1, 30, 200, 30, initialization=NearProjection(0.1, 4.0), memory=2**20
)


@pytest.fixture
def settings() -> params.Paper:
    return params.read(ROOT / "stages/pipelines/paper/params.yaml", params.Paper)


def rows_of(grid: Grid, how: Centring, rule: str, path: Path) -> list[dict]:
    unit = next(unit for unit in grid.units() if unit.rule == rule)
    rows = trained(grid, how, unit, "highest", Checkpoint(path / "unit.npz"))
    assert rows is not None
    return rows


@pytest.mark.parametrize("rule", ["modified", "ordinary"])
def test_without_centres_a_network_is_trained_as_in_the_sweeps(rule: str, tmp_path: Path):
    unit = next(unit for unit in GRID.units() if unit.rule == rule)
    expected = pd.DataFrame(train_lanes(GRID, unit)).sort_values(["learning_rate", "step"])
    found = pd.DataFrame(rows_of(GRID, PLAIN, rule, tmp_path))
    assert list(found.step) == [0, 30, 0, 30]
    for name in ("absolute_error", "relative_error", "output_spread"):
        assert found[name].to_numpy() == pytest.approx(expected[name].to_numpy(), rel=1e-4)


def test_centred_inputs_start_alike_and_bear_rates_that_plain_ones_do_not(tmp_path: Path):
    grid = replace(GRID, learning_rates=[0.2], steps=200)
    plain = rows_of(grid, PLAIN, "modified", tmp_path)
    centred = rows_of(grid, replace(PLAIN, centres=(0.0, 4.0)), "modified", tmp_path)
    assert centred[0]["absolute_error"] == pytest.approx(plain[0]["absolute_error"], rel=1e-5)
    assert plain[-1]["diverged"] and plain[-1]["step"] < 200
    assert not centred[-1]["diverged"]
    assert centred[-1]["relative_error"] < centred[0]["relative_error"] / 10


def test_a_unit_goes_on_with_the_rate_it_was_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    whole = rows_of(GRID, PLAIN, "modified", tmp_path)
    unit = GRID.units()[0]
    late = Checkpoint(tmp_path / "late.npz", deadline=0.0)
    assert trained(GRID, PLAIN, unit, "highest", late) is None
    assert late.notes() == {"step": 1, "rows": whole[:2]}
    again = Checkpoint(late.path)
    assert trained(GRID, PLAIN, unit, "highest", again) == whole


def test_the_edges_say_which_pass_has_a_mean(settings: params.Paper):
    def edges(**changed: object) -> dict[str, float]:
        case = settings.centring.cases["n20_two"].model_copy(update={"runs": 1} | changed)
        return centring.predicted_edges(settings, case, None)

    small = 2 / (1 + 20 * 4**2)
    assert edges() == pytest.approx({"modified": small, "ordinary": small}, rel=0.15)
    centred = edges(centres=[0.0, 4.0])
    assert centred["modified"] > 1 and centred["ordinary"] == pytest.approx(small, rel=0.15)
    alone = edges(trained=[1])
    assert alone["modified"] > 1 and alone["ordinary"] == pytest.approx(small, rel=0.15)
    both = edges(input_mean=4.0, centres=[4.0, 4.0])
    assert min(both.values()) > 0.1


def test_the_plain_case_begins_where_near_does(settings: params.Paper):
    from stages.sweeps import near

    ours = centring.grid_of(settings, settings.centring.cases["n20_two"])
    theirs = near.grid_of(settings, settings.near.cases["n20_layers_2"])
    assert torch.equal(ours.batch(3, 7), theirs.batch(3, 7))
    for mine, other in zip(ours.start(3), theirs.start(3), strict=True):
        assert all(itertools.starmap(torch.equal, zip(mine, other, strict=True)))


def test_the_tables_are_written_from_whole_cases(
    settings: params.Paper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    cases = {
        name: settings.centring.cases[name].model_copy(update={"runs": 2, "width": 5})
        for name in ("n20_two", "n20_two_centred")
    }
    brief = settings.centring.model_copy(
        update={"cases": cases, "steps": 3, "batch_size": 20, "learning_rates": [0.001, 0.01]}
    )
    changed = settings.model_copy(update={"centring": brief})
    arguments = type("A", (), {"params": None, "metrics": tmp_path, "units": None})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(params, "arguments", lambda _: arguments)
    monkeypatch.setattr(params, "read", lambda *_: changed)
    centring.main()
    table = pd.read_csv(tmp_path / "centring.csv")
    assert set(table.groupby("case").size()) == {4}
    found = json.loads((tmp_path / "centring.json").read_text())
    assert list(found) == list(cases)
    assert found["n20_two_centred"]["leaves"]["predicted"] == 0
    for of_case in found.values():
        assert of_case["modified_over_ordinary"]["runs"] == 2
        assert math.isfinite(of_case["modified"]["log10_relative_error"])


def test_a_layer_that_is_not_there_cannot_be_trained():
    with pytest.raises(ValueError, match="trained: layers up to 1, as many as centres"):
        params.CentredCase(width=5, input_mean=0.0, centres=[0.0], trained=[2], runs=1)


def test_of_one_layer_the_edge_is_that_of_the_decay_rates(settings: params.Paper):
    """Of data with a mean m that is 2 / (1 + n b m), and not that of their second moment."""
    case = settings.centring.cases["n20_mean_2"].model_copy(update={"runs": 2})
    rates = centring.decay_rates_of(settings, case)
    found = centring.predicted_edges(settings, case, rates)
    assert found["modified"] == pytest.approx(2 / (1 + 20 * 4 * 2), rel=0.1)
    assert centring.predicted_edges(settings, case, None)["modified"] > 1.5 * found["modified"]


def test_what_is_left_is_counted_by_run(settings: params.Paper):
    """A mean between 0 and that of the outputs: left at all rates, by theory and as found."""
    case = settings.centring.cases["n20_mean_2"].model_copy(update={"runs": 2})
    rows = [
        {"rule": "modified", "run": run, "learning_rate": rate, "initial_relative_error": 0.5}
        | {"relative_error": error}
        for run, errors in enumerate(([0.4, math.inf], [0.04, 0.6]))
        for rate, error in zip((0.1, 0.2), errors, strict=True)
    ]
    lanes, rates = pd.DataFrame(rows), centring.decay_rates_of(settings, case)
    counted = centring.leaves(lanes, rates, falls_to=0.1)
    assert counted == {"predicted": 2, "found": 1, "agree": 1}
    centred = centring.decay_rates_of(settings, case.model_copy(update={"centres": [2.0]}))
    counted = centring.leaves(lanes, centred, falls_to=0.1)
    assert counted == {"predicted": 0, "found": 1, "agree": 1}
    assert centring.decay_rates_of(settings, case.model_copy(update={"width": 100})) is None
    assert centring.leaves(lanes, None, falls_to=0.1) is None
