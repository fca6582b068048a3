import json
from pathlib import Path

import pandas as pd
import pytest

from stages.common import params
from stages.published import replay
from stages.published.curves import COLUMNS
from tests import ROOT


@pytest.fixture(scope="module")
def settings() -> params.Laptop:
    return params.read(ROOT / "params.yaml", params.Laptop)


def test_one_label_is_two_rates(settings: params.Laptop):
    rates = replay.rates_by_label(settings, "B2")
    assert rates["modified"][1.42] == 1.42
    assert rates["ordinary"][1.42] == pytest.approx(1.42 / 50)


@pytest.mark.parametrize("data", ["fixed", "fresh"])
def test_the_grid_is_the_sweeps_network_at_the_labels(settings: params.Laptop, data: str):
    grid = replay.grid_of(settings, "B3", data)
    assert grid.widths == settings.sweep.networks["B3"].widths
    assert grid.data == data
    assert list(grid.rates("ordinary")) == pytest.approx([1.42 * 2 / 4096])
    assert grid.batch_size == settings.sweep.batch_size


@pytest.fixture
def small(settings, tmp_path, monkeypatch) -> int:
    """Make the stage one of a small network in an empty folder; return its number of labels."""
    network = settings.published.networks["B2"].model_copy(update={"runs": 2, "steps": 2})
    labels = sum(map(len, network.learning_rates.values()))
    published = settings.published.model_copy(update={"networks": {"B1": network}, "log_at": [1]})
    monkeypatch.setattr(
        params, "read", lambda *_: settings.model_copy(update={"published": published})
    )
    monkeypatch.setattr("sys.argv", ["replay", "B1", "--metrics", str(tmp_path)])
    monkeypatch.setenv("IDEM_WORKERS", "1")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(replay, "read_errors", lambda: _no_curves())
    return labels


def test_the_stage_writes_rows_lines_and_headline(small: int, tmp_path: Path):
    (tmp_path / "published_B1_so_far.json").write_text("{}")
    replay.main()
    rows = pd.read_csv(tmp_path / "published_B1.csv")
    assert list(rows.columns[:4]) == ["data", "label", "rule", "run"]
    assert set(rows.step) == {0, 1, 2}
    assert set(rows.data) == {"fixed", "fresh"}
    assert rows.groupby(["data", "rule", "label"]).ngroups == 2 * small
    lines = pd.read_csv(tmp_path / "published_B1_lines.csv")
    start = lines[lines.epoch == 0].error
    assert start.max() == pytest.approx(start.min(), rel=1e-5)  # all from the same starts
    assert (tmp_path / "published_B1.json").exists()
    assert not (tmp_path / "published_B1_so_far.json").exists()


def test_what_is_done_when_the_time_is_up_is_written_apart(small: int, tmp_path: Path, monkeypatch):
    trained = replay.sweep.trained

    def in_time(grid, unit, *rest):
        return trained(grid, unit, *rest) if grid.data == "fixed" and unit.run == 0 else None

    monkeypatch.setattr(replay.sweep, "trained", in_time)
    with pytest.raises(SystemExit):
        replay.main()
    rows = pd.read_csv(tmp_path / "published_B1_so_far.csv")
    assert (set(rows.data), set(rows.run), set(rows.step)) == ({"fixed"}, {0}, {0, 1, 2})
    assert rows.groupby(["rule", "label"]).ngroups == small
    assert set(json.loads((tmp_path / "published_B1_so_far.json").read_text())) == {"fixed"}
    assert not (tmp_path / "published_B1.json").exists()


def _no_curves() -> pd.DataFrame:
    return pd.DataFrame(columns=[*COLUMNS])
