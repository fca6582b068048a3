import shutil
import sys
from copy import deepcopy
from pathlib import Path

import pytest

from stages.report import repro
from tests import ROOT
from tests.stages.compare.summary_files import NUMBERS, commit, write

FAKE_DVC = (
    "import time; print(\"Running stage 'a':\"); time.sleep(0.2); print(\"Running stage 'b':\")"
)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write(tmp_path)
    commit(tmp_path)
    return tmp_path


def test_seconds_are_kept_by_stage(capfd: pytest.CaptureFixture[str]):
    seconds = repro.run([sys.executable, "-c", FAKE_DVC])
    assert list(seconds) == ["a", "b"]
    assert seconds["a"] >= 0.2


def test_a_failed_run_names_its_stage_and_how_to_go_back():
    with pytest.raises(SystemExit) as stopped:
        repro.run([sys.executable, "-c", FAKE_DVC + "; raise SystemExit(3)"])
    assert "failed at stage 'b'" in str(stopped.value)
    assert "git restore metrics" in str(stopped.value)


def test_a_run_that_never_began_has_lost_nothing():
    with pytest.raises(SystemExit) as stopped:
        repro.run([sys.executable, "-c", "print('ERROR: locked'); raise SystemExit(1)"])
    assert "before any stage ran" in str(stopped.value)
    assert "deleted" not in str(stopped.value)


def test_a_download_without_git_is_told_so_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.setattr(repro, "run", lambda command: pytest.fail("it has begun"))
    shutil.copy(ROOT / "params.yaml", tmp_path)
    with pytest.raises(SystemExit) as stopped:
        repro.main()
    assert "not a git repository" in str(stopped.value)
    assert "git clone" in str(stopped.value)


def test_the_last_screen_says_yes_and_where_to_look(here: Path, capsys: pytest.CaptureFixture[str]):
    assert repro.agrees()
    said = capsys.readouterr().out
    assert "Claims as committed: yes" in said
    assert "HEAD and workspace agree" in said
    assert "Where to look: metrics/laptop/claims.md" in said
    assert len(said.splitlines()) < 24


@pytest.mark.parametrize(
    ("section", "key", "value", "claims"),
    [("verdict", "Q2", "undecided", "no"), ("G1", "distance", 40.0, "yes")],
)
def test_the_last_screen_says_what_differs(
    here: Path,
    capsys: pytest.CaptureFixture[str],
    section: str,
    key: str,
    value: object,
    claims: str,
):
    numbers = deepcopy(NUMBERS)
    numbers[section][key] = value
    write(here, numbers)
    assert not repro.agrees()
    said = capsys.readouterr().out
    assert f"Claims as committed: {claims}" in said
    assert f"laptop: {section}.{key}" in said


def test_a_missing_summary_does_not_agree(here: Path, capsys: pytest.CaptureFixture[str]):
    (here / "metrics/laptop/summary.json").unlink()
    assert not repro.agrees()
    said = capsys.readouterr().out
    assert "Claims as committed: no" in said
    assert "run `dvc repro summary`" in said


def test_nothing_to_compare_with_is_said(here: Path):
    (here / "metrics/laptop/summary.json").unlink()
    commit(here)
    with pytest.raises(SystemExit, match="cannot be compared with HEAD: neither"):
        repro.agrees()
