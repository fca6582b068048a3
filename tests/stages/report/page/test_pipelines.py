"""Which stage makes a file, and with what it ran."""

from pathlib import Path

import pytest
import yaml

from stages.report.page import pipelines

DEFINED = {
    "sweep": {
        "foreach": "${networks}",
        "do": {
            "cmd": "run ${key}",
            "outs": [{"metrics/laptop/sweep_${key}.csv": {"cache": False}}],
        },
    },
    "summary": {"cmd": "sum", "metrics": ["metrics/laptop/summary.json"]},
}
LOCKED = {
    "sweep@B1": {
        "cmd": "run B1",
        "params": {"params.yaml": {"sweep.networks.B1": {"widths": [5, 5]}, "sweep.seed": 3}},
        "outs": [{"path": "metrics/laptop/sweep_B1.csv"}],
    },
    "train@mnist": {"cmd": "train"},
}


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("dvc.yaml").write_text(yaml.safe_dump({"stages": DEFINED}))
    Path("dvc.lock").write_text(yaml.safe_dump({"stages": LOCKED}))
    Path("stages/pipelines/paper").mkdir(parents=True)
    of_paper = {"near": {"cmd": "n", "outs": ["metrics/paper/near.json"]}}
    Path("stages/pipelines/paper/dvc.yaml").write_text(yaml.safe_dump({"stages": of_paper}))


@pytest.mark.parametrize(
    ("path", "command"),
    [
        ("metrics/laptop/sweep_B2.csv", "dvc repro sweep@B2"),
        ("metrics/laptop/summary.json", "dvc repro summary"),
        ("metrics/paper/near.json", "dvc repro stages/pipelines/paper/dvc.yaml:near"),
        ("metrics/benchmarks/wall_time.csv", "git restore metrics/benchmarks/wall_time.csv"),
        ("metrics/laptop/sweepXB2.csv", "git restore metrics/laptop/sweepXB2.csv"),
    ],
)
def test_the_command_that_makes_a_file(path: str, command: str):
    assert pipelines.command(path) == command


def test_a_stage_has_the_parameters_and_files_of_its_lock():
    run = pipelines.run("laptop", "sweep@B1")
    assert run is not None
    assert run.parameters == {"sweep.networks.B1": {"widths": [5, 5]}, "sweep.seed": 3}
    assert run.outs == ("metrics/laptop/sweep_B1.csv",)


def test_a_stage_is_found_under_its_older_name_and_one_that_never_ran_is_not():
    older = pipelines.run("laptop", "train")
    assert older is not None
    assert older.command == "train"
    assert pipelines.run("laptop", "sweep@B2") is None
    assert pipelines.run("paper", "near") is None
    assert pipelines.runs("no such pipeline") == {}
