"""The commit that brought the numbers of a stage, and what computed them."""

import subprocess
from pathlib import Path

import pytest
import yaml

from stages.common import units
from stages.report.page.origins import NO_COMMIT, NO_DEVICE, OPEN, Origins
from stages.report.scratch import GIT, environment

STAGE = {"cmd": "near", "outs": [{"path": "metrics/laptop/near.json"}]}
IDENTITY = units.Identity("near_modified_0", {}, {})
PROVENANCE = units.Provenance({"torch": "2.12.0"}, "NVIDIA H100", "cpu", 1.0, "2026-11-28T13:05Z")


def git(*words: str) -> str:
    done = subprocess.run(
        [*GIT, *words], env=environment(), check=True, capture_output=True, text=True
    )
    return done.stdout


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, content in environment().items():
        monkeypatch.setenv(name, content)
    Path("metrics/laptop").mkdir(parents=True)
    Path("metrics/laptop/near.json").write_text("{}")
    Path("dvc.lock").write_text(yaml.safe_dump({"stages": {"near": STAGE}}))


def committed() -> str:
    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "--message", "One")
    return git("log", "-1", "--format=%h, %cs").strip()


def test_the_commit_is_the_latest_that_changed_a_file():
    first = committed()
    Path("else").write_text("")
    git("add", ".")
    git("commit", "--quiet", "--message", "Two")
    found = Origins().of("laptop", "near")
    assert (found.commit, found.device) == (first, NO_DEVICE)
    assert found.anchor == "stage-laptop-near"


def test_numbers_that_differ_from_the_committed_ones_are_told():
    committed()
    Path("metrics/laptop/near.json").write_text('{"n5": 1}')
    assert Origins().of("laptop", "near").commit == NO_COMMIT


def test_without_a_repository_nothing_is_guessed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert Origins().of("laptop", "near").commit == NO_COMMIT


def test_the_device_is_that_of_the_finished_units():
    units.write(Path("metrics/laptop/units"), IDENTITY, [1.0], PROVENANCE)
    committed()
    assert Origins().of("laptop", "near").device == "NVIDIA H100"
    begun = Origins().of("laptop", "newdata")
    assert (begun.commit, begun.anchor) == (OPEN, "")
