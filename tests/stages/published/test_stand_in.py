import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from idem.sweeps.grid import Grid
from stages.common import params
from stages.published import replay, stand_in
from tests import ROOT

PARAMETERS = ROOT / "stages/pipelines/paper/params.yaml"


@pytest.fixture(scope="module")
def settings() -> params.Paper:
    return params.read(PARAMETERS, params.Paper)


def named(settings: params.Paper, rates: str) -> dict[str, Grid]:
    stand_ins = settings.stand_ins.items()
    grids = stand_in.grids_of(settings)
    return {name: grids[name] for name, of in stand_ins if of.rates == rates}


def test_it_has_the_ratio_and_the_matched_rates_of_the_other(settings: params.Paper):
    for name, grid in named(settings, "matched").items():
        other = replay.grid_of(settings, settings.stand_ins[name].network, "fixed")
        ratio, expected = (g.widths[0] / g.batch_size for g in (grid, other))
        assert ratio == pytest.approx(expected, rel=0.01)
        assert grid.learning_rates == other.learning_rates
        assert set(grid.log_at) == set(other.log_at)
        assert grid.data == "fixed"


def test_labels_stand_for_rates_by_its_own_width(settings: params.Paper):
    for name, grid in named(settings, "labels").items():
        other = replay.grid_of(settings, settings.stand_ins[name].network, "fixed")
        assert grid.widths[1:-1] == other.widths[1:-1] and grid.widths[0] != other.widths[0]
        assert grid.batch_size == other.batch_size
        assert grid.rates("modified") == other.rates("modified")
        ratio = other.widths[-1] / grid.widths[-1]
        expected = [ratio * rate for rate in other.rates("ordinary")]
        assert list(grid.rates("ordinary")) == pytest.approx(expected)


@pytest.mark.parametrize("rates", ["matched", "labels"])
def test_lines_are_put_beside_those_of_the_other(settings, tmp_path: Path, monkeypatch, rates: str):
    tiny = {"widths": [8, 4, 8], "batch_size": 2, "network": "B3", "runs": 2, "steps": 10}
    tiny |= {"rates": rates, "fitted": False}
    changed = settings.model_copy(
        update={"stand_ins": {"tiny": params.StandIn.model_validate(tiny)}}
    )
    curves = stand_in.read_errors(ROOT / "data/published/errors.csv")
    monkeypatch.setattr(params, "read", lambda *_: changed)
    monkeypatch.setattr(stand_in, "read_errors", lambda: curves)
    monkeypatch.setattr("sys.argv", ["stand_in", "--metrics", str(tmp_path)])
    monkeypatch.setenv("IDEM_WORKERS", "1")
    monkeypatch.chdir(tmp_path)
    stand_in.main()
    lines = pd.read_csv(tmp_path / "stand_in.csv")
    labels = replay.rates_by_label(settings, "B3")
    assert {(r, label) for r, label in zip(lines.rule, lines.label, strict=True)} == {
        (rule, label) for rule in labels for label in labels[rule]
    }
    lanes = pd.read_csv(tmp_path / "stand_in_lanes.csv")
    assert set(lanes.stand_in) == {"tiny"}
    places = list(zip(lanes.rule, lanes.label, lanes.run, strict=True))
    assert len(places) == len(set(places)) == 2 * sum(map(len, labels.values()))
    assert {"improved", "new_absolute_error", "diverged"} <= set(lanes)
    shown = lines.dropna(subset="theirs")
    assert (shown.ratio / (shown.error / shown.theirs) - 1).abs().max() < 1e-4
    assert np.isfinite(
        json.loads((tmp_path / "stand_in.json").read_text())["tiny"]["fixed"]["median_deviation"]
    )


def test_a_mean_makes_one_moment_that_grows_with_the_width():
    first, second = (
        stand_in.second_moments(Grid([n, n // 4, n], [0.1], 1, 1, n // 4, 1, data="fixed"))
        for n in (128, 512)
    )
    for inputs, hidden in (first, second):
        assert inputs[0] < 2 * inputs[1]  # standard normal inputs have no mean
        assert hidden[0] > 2 * hidden[1]  # the means of its units
    assert second[1][0] > 2.5 * first[1][0]
    assert second[1][1] < 1.5 * first[1][1]


def test_moments_are_eigenvalues_of_the_second_moment():
    grid = Grid([6, 4, 6], [0.1], 1, 1, 20, 1)
    x = grid.batch(0, 0).double().numpy()
    found = stand_in.second_moments(grid)
    assert found[0] == pytest.approx(np.linalg.eigvalsh(x.T @ x / 20)[::-1][:2])
