import shutil
from copy import deepcopy
from pathlib import Path

import pytest
from dvc.exceptions import DvcException

from stages.report import repro
from stages.report.running import StageError
from tests import ROOT
from tests.stages.compare.summary_files import NUMBERS, commit, write


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write(tmp_path)
    commit(tmp_path)
    return tmp_path


def test_seconds_are_kept_by_stage(here: Path):
    repro.keep({"a": 1.25, "b": 0.5})
    assert repro.SECONDS.read_text() == "stage,seconds\na,1.2\nb,0.5\n"


def test_a_failed_run_names_its_stage_and_how_to_go_back(monkeypatch: pytest.MonkeyPatch):
    def fails(order: object) -> None:
        raise StageError("b", Path("b.log"), "ValueError: no")

    monkeypatch.setattr(repro, "parents", dict)
    monkeypatch.setattr(repro, "run", fails)
    with pytest.raises(SystemExit) as stopped:
        repro.everything()
    said = str(stopped.value)
    assert said.startswith("ValueError: no\n")
    assert "failed at stage 'b'" in said
    assert "b.log" in said
    assert "git restore metrics" in said


def test_a_run_that_never_began_has_lost_nothing(monkeypatch: pytest.MonkeyPatch):
    def fails() -> None:
        raise DvcException("dvc.yaml is invalid")

    monkeypatch.setattr(repro, "parents", fails)
    with pytest.raises(SystemExit) as stopped:
        repro.everything()
    said = str(stopped.value)
    assert said.startswith("dvc.yaml is invalid\n")
    assert "before any stage ran" in said
    assert "deleted" not in said


def test_a_run_that_is_stopped_says_how_to_go_back(monkeypatch: pytest.MonkeyPatch):
    def stopped_by_hand(order: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(repro, "parents", dict)
    monkeypatch.setattr(repro, "run", stopped_by_hand)
    with pytest.raises(SystemExit, match="git restore metrics"):
        repro.everything()


def test_a_download_without_git_is_told_so_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.setattr(repro, "run", lambda order: pytest.fail("it has begun"))
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
