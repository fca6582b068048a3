"""The stage summary on the committed numbers of every pipeline."""

import json
import sys
from pathlib import Path

import pytest

from stages.summary import __main__ as stage
from tests import ROOT


def run(monkeypatch: pytest.MonkeyPatch, metrics: Path, *options: str) -> tuple[dict, dict]:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "argv", ["summary", "--metrics", str(metrics), *options])
    stage.main()
    return tuple(json.loads((metrics / f"{n}.json").read_text()) for n in ("summary", "spread"))


@pytest.fixture
def laptop(tmp_path: Path) -> Path:
    for file in (ROOT / "metrics/laptop").iterdir():
        if file.suffix in (".json", ".csv") and "summary" not in file.name:
            (tmp_path / file.name).symlink_to(file)
    log = tmp_path / "train_mnist.csv"
    log.unlink()
    rows = "".join(f"{model},0,2,0.5\n" for model in ("modified", "ordinary", "ign"))
    log.write_text(f"model,seed,step,reconstruction\n{rows}")
    return tmp_path


def test_every_number_has_one_kind_and_only_u_dcgans_are_chaotic(
    monkeypatch: pytest.MonkeyPatch, laptop: Path
):
    found, spreads = run(monkeypatch, laptop)
    assert next(iter(found)) == "verdict"
    names = [f"{g}.{n}" for g, inside in found.items() if g != "verdict" for n in inside]
    assert names == list(spreads["numbers"])
    entries = spreads["numbers"].values()
    assert {entry["kind"] for entry in entries} == {"exact", "rounded", "chaotic"}
    chaotic = {entry["from"] for entry in entries if entry["kind"] == "chaotic"}
    assert chaotic == {"generative.json", "latent_mnist.json"}


def test_a_missing_file_stops_it_and_nothing_is_written(
    monkeypatch: pytest.MonkeyPatch, laptop: Path
):
    (laptop / "linear.json").unlink()
    with pytest.raises(SystemExit, match=r"linear\.json: .* stage linear .* got no file; run"):
        run(monkeypatch, laptop)
    assert not list(laptop.glob("s[up]*ary.json"))


def test_a_pipeline_that_has_not_run_to_its_end_is_summed_up_so_far(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    ledger = {"T3": {"B1": {"verdict": "not run", "runs": 0}}}
    (tmp_path / "claims.json").write_text(json.dumps(ledger))
    pipeline = ("--params", "stages/pipelines/paper/params.yaml")
    found, spreads = run(monkeypatch, tmp_path, *pipeline, "--so-far")
    assert found["verdict"] == {"paper": {"T3": "not run"}}
    assert found["paper"]["T3"]["log10_B1"] is None
    assert set(spreads["numbers"]["paper.T3.log10_B1"]) == {"kind", "absolute", "from"}
    told = capsys.readouterr().err.splitlines()
    assert (
        len(told) == len(set(told)) == 8
    )  # four sweeps, batch sizes, two published networks, starts near a projection
