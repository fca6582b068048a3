from pathlib import Path

import pandas as pd
import pytest

from stages.common import params
from stages.figures import plot_paper
from stages.published.curves import read_errors
from tests import ROOT


def lines_of(error: float) -> pd.DataFrame:
    rows = [
        {"data": data, "rule": rule, "label": 0.22, "epoch": epoch, "runs": 1, "error": error}
        for data in ("fixed", "fresh")
        for rule in ("modified", "ordinary")
        for epoch in (0, 10, 100)
    ]
    return pd.DataFrame(rows).assign(low=None, high=None, new_error=2 * error, ratio=1.0)


def test_whole_lines_are_taken_before_those_so_far_and_fresh_batches_left_out(tmp_path: Path):
    lines_of(1.0).to_csv(tmp_path / "published_B2_lines.csv", index=False)
    lines_of(2.0).to_csv(tmp_path / "published_B2_so_far_lines.csv", index=False)
    lines_of(3.0).to_csv(tmp_path / "published_B3_so_far_lines.csv", index=False)
    found = plot_paper.of_one_batch(tmp_path, ["B2", "B3", "B4"])
    assert set(found.data) == {"fixed"}
    assert found.groupby("network").error.unique().map(list).to_dict() == {"B2": [1.0], "B3": [3.0]}


def test_a_network_without_lines_of_its_own_has_those_of_the_base_reading(tmp_path: Path):
    lines_of(1.0).to_csv(tmp_path / "published_B2_lines.csv", index=False)
    read = lines_of(5.0).query("data == 'fixed'").drop(columns=["data", "new_error"])
    read = read.rename(columns={"error": "ours"}).assign(network="B3", reading="base")
    read.to_csv(tmp_path / "readings_lines.csv", index=False)
    found = plot_paper.of_one_batch(tmp_path, ["B2", "B3"])
    assert found.groupby("network").error.unique().map(list).to_dict() == {"B2": [1.0], "B3": [5.0]}


@pytest.fixture
def command(tmp_path: Path, monkeypatch) -> Path:
    parameters = ROOT / "stages/pipelines/paper/params.yaml"
    given = ["plot_paper", "--params", str(parameters), "--metrics", str(tmp_path)]
    monkeypatch.setattr("sys.argv", given)
    return tmp_path


def test_the_figure_is_drawn_from_what_there_is(command: Path):
    lines_of(0.01).to_csv(command / "published_B3_so_far_lines.csv", index=False)
    plot_paper.main()
    assert (command / "figure_lines.png").stat().st_size > 10_000
    assert (command / "figure_batches.png").stat().st_size > 10_000


def test_lines_both_ways_are_those_of_all_networks_but_the_one_of_one_layer(tmp_path: Path):
    for network in ("B1", "B3", "B4"):
        lines_of(1.0).to_csv(tmp_path / f"published_{network}_so_far_lines.csv", index=False)
    found = plot_paper.of_both(tmp_path, ["B1", "B2", "B3", "B4"])
    assert set(found.network) == {"B3", "B4"} and set(found.data) == {"fixed", "fresh"}
    assert plot_paper.of_both(tmp_path, ["B1", "B2"]).empty


def test_without_lines_nothing_is_written_and_it_says_what_to_run(command: Path, capsys):
    plot_paper.main()
    assert "published@B2" in capsys.readouterr().out
    assert not list(command.iterdir())


def test_the_networks_are_those_that_are_published():
    assert sorted(set(read_errors().network)) == ["B2", "B3"]


def test_a_network_of_other_widths_is_drawn_beside_the_lines_that_it_follows(command: Path):
    settings = params.read(ROOT / "stages/pipelines/paper/params.yaml", params.Paper)
    both = [lines_of(error).assign(stand_in=name) for name, error in (("n128", 1), ("n512", 2))]
    pd.concat(both).to_csv(command / "stand_in.csv", index=False)
    curves = read_errors()
    ours, theirs = plot_paper.of_other_widths(command, settings.stand_ins, curves)
    assert set(ours.error) == {1}, "n512 has the rates of B3, and is not what they may have run"
    assert set(ours.network) == set(theirs.network) == {"B2, 128 inputs, fitted"}
    assert len(theirs) == (curves.network == "B2").sum()
    lines_of(0.01).to_csv(command / "published_B3_so_far_lines.csv", index=False)
    figure = plot_paper.drawings(command, settings)["figure_lines"]()
    titles = [axes.get_title() for axes in figure.axes[:2]]
    assert titles == ["B2, 128 inputs, fitted (1 run)", "B3 (1 run)"]


def test_what_gets_a_panel_of_centring_is_a_case_of_it():
    settings = params.read(ROOT / "stages/pipelines/paper/params.yaml", params.Paper)
    assert set(plot_paper.CENTRED) < set(settings.centring.cases)
