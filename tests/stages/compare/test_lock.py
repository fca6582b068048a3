from pathlib import Path

import pytest
import yaml

from stages.compare import lock
from stages.report.scratch import run
from tests.stages.compare.summary_files import commit

STAGES = {
    "stages": {
        "make": {
            "cmd": "mkdir metrics data; cp code/a.txt metrics/a.json; cp code/a.txt data/a.json",
            "deps": ["code", "params.yaml"],
            "outs": ["data/a.json", {"metrics/a.json": {"cache": False}}],
        }
    }
}


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pipeline that DVC itself has run and locked."""
    folder = tmp_path_factory.mktemp("locked")
    (folder / "code/deeper").mkdir(parents=True)
    (folder / "code/a.txt").write_text("1")
    (folder / "code/deeper/b.txt").write_text("2")
    (folder / "code/A.txt").write_text("3")
    (folder / "params.yaml").write_text("a: 1\n")
    (folder / "dvc.yaml").write_text(yaml.safe_dump(STAGES))
    (folder / ".dvcignore").write_text("__pycache__\n")
    commit(folder)
    run(["dvc", "init", "--quiet"], folder)
    run(["dvc", "repro", "--quiet"], folder)
    return folder


@pytest.fixture(autouse=True)
def fresh(locked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(locked)
    lock._digest.cache_clear()


def test_what_dvc_has_just_run_is_clean(locked: Path):
    (locked / "code/__pycache__").mkdir()
    (locked / "code/__pycache__/a.pyc").write_text("x")
    assert lock.stale("laptop") == []


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("code/deeper/b.txt", ["make (code)"]),
        ("params.yaml", ["make (params.yaml)"]),
        ("metrics/a.json", ["make (metrics/a.json)"]),
        ("data/a.json", []),
    ],
)
def test_what_has_changed_since_is_named(locked: Path, path: str, found: list[str]):
    before = (locked / path).read_text()
    (locked / path).write_text("other\n")
    try:
        assert lock.stale("laptop") == found
    finally:
        (locked / path).write_text(before)


def test_stages_count_that_there_are(locked: Path):
    """Not those the lock still has, nor frozen ones; those it lacks, item by item, come last."""
    files = ("dvc.yaml", "params.yaml", "code/a.txt")
    was = {name: (locked / name).read_text() for name in files}
    each = {"do": {"cmd": "true"}}
    stages = {"listed": {"foreach": ["x"]} | each, "named": {"foreach": "${of.these}"} | each}
    stages |= {"kept": {"cmd": "true", "frozen": True}} | STAGES["stages"]
    (locked / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}))
    (locked / "params.yaml").write_text("of: {these: {y: 1, z: 2}}\n")
    (locked / "code/a.txt").write_text("changed")
    try:
        lacking = [f"{name} (not in the lock)" for name in ("listed@x", "named@y", "named@z")]
        assert lock.stale("laptop") == ["make (code)", *lacking]
        listed = run(["dvc", "stage", "list", "--name-only"], locked).split()
        assert set(listed) == {"listed@x", "named@y", "named@z", "kept", "make"}
    finally:
        for name, text in was.items():
            (locked / name).write_text(text)


def test_a_missing_lock_is_said():
    assert lock.stale("paper") == ["no stages/pipelines/paper/dvc.lock"]
