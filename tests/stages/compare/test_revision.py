from pathlib import Path

import pytest

from stages.compare.revision import Unanswerable, revision
from stages.report.scratch import GIT, run
from tests.stages.compare.summary_files import commit


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "metrics").mkdir()
    (tmp_path / "metrics/a.json").write_text("1 é\n")
    commit(tmp_path, "before")
    (tmp_path / "metrics/a.json").write_text("2")
    return tmp_path


def test_a_file_is_read_as_it_is_there(repository: Path):
    assert revision("before").read("metrics/a.json") == "1 é\n"
    assert revision("HEAD").files("metrics") == ["metrics/a.json"]
    assert revision("workspace").read("metrics/a.json") == "2"
    assert revision("workspace").files("metrics") == ["metrics/a.json"]


def test_no_file_is_none(repository: Path):
    for name in ("HEAD", "workspace"):
        assert revision(name).read("metrics/b.json") is None
        assert revision(name).files("nowhere") == []


def test_an_experiment_goes_by_its_name(repository: Path):
    head = run([*GIT, "rev-parse", "HEAD"], repository).strip()
    for base in ("aaaa", "bbbb"):
        run([*GIT, "update-ref", f"refs/exps/aa/{base}/jolly-oxen", "HEAD"], repository)
    assert revision("jolly-oxen").commit == head


@pytest.mark.parametrize("name", ["nowhere", "--all", "HEAD~7", "oxen", ""])
def test_an_unknown_revision_is_one_line(repository: Path, name: str):
    run([*GIT, "update-ref", "refs/exps/aa/aaaa/jolly-oxen", "HEAD"], repository)
    with pytest.raises(Unanswerable, match="no revision of git and no experiment") as caught:
        revision(name)
    assert "\n" not in str(caught.value)


def test_without_a_repository_git_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(Unanswerable, match="not a git repository"):
        revision("HEAD")


def test_without_git_it_is_named(repository: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", str(repository))
    with pytest.raises(Unanswerable, match="git: not found"):
        revision("HEAD")
