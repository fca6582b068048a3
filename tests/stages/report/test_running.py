import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from stages.report import running
from tests import ROOT

DVC = (sys.executable, "-m", "dvc")
PARENTS = {"a": [], "b": ["a"], "c": ["a"], "d": ["a"], "e": ["a", "b"], "f": ["a", "b", "e"]}
STAGE = """
import os, sys, time
name, begun = sys.argv[1], time.monotonic()
time.sleep(0.15)
print(f"{name} is done")
with open("times.csv", "a") as file:
    file.write(f"{name},{begun},{time.monotonic()}\\n")
sys.exit(name == os.environ.get("FAILS"))
"""

# In a process of its own, as DVC starts threads in the one that asks it.
PARENTS_OF_ALL = (
    "import json; from stages.report import running; print(json.dumps(running.parents()))"
)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "stage.py").write_text(STAGE)
    return tmp_path


def parents_of(folder: Path) -> dict[str, list[str]]:
    """Return the parents of all stages of the pipeline in a folder."""
    command = [sys.executable, "-c", PARENTS_OF_ALL]
    known = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=folder, env=known, check=True, capture_output=True, text=True
    )
    return json.loads(done.stdout)


def times(folder: Path) -> dict[str, tuple[float, float]]:
    """Return when each stage began and ended, as it says itself."""
    rows = [line.split(",") for line in (folder / "times.csv").read_text().splitlines()]
    return {name: (float(begun), float(ended)) for name, begun, ended in rows}


def test_each_stage_waits_for_its_parents_and_two_run_at_once(here: Path):
    seconds = running.run(PARENTS, [sys.executable, "stage.py"])
    lasted = times(here)
    assert set(seconds) == set(lasted) == set(PARENTS)
    for name, parents in PARENTS.items():
        assert all(lasted[parent][1] <= lasted[name][0] for parent in parents)
        assert seconds[name] >= lasted[name][1] - lasted[name][0]
    begun = [sum(x <= start < y for x, y in lasted.values()) for start, _ in lasted.values()]
    assert max(begun) == running.AT_ONCE
    assert (here / ".cache/repro/e.log").read_text() == "e is done\n"


def test_the_one_that_most_wait_for_comes_first(here: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(running, "AT_ONCE", 1)
    running.run(PARENTS, [sys.executable, "stage.py"])
    assert [*times(here)][:3] == ["a", "b", "e"]  # none waits for c, d and f


def test_a_failure_lets_the_other_end_and_begins_no_more(
    here: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("FAILS", "b")
    with pytest.raises(running.StageError) as failed:
        running.run(PARENTS, [sys.executable, "stage.py"])
    assert (failed.value.stage, failed.value.said) == ("b", "b is done")
    assert failed.value.log.read_text() == "b is done\n"
    assert {"a", "b"} < set(times(here)) <= {"a", "b", "c", "d"}


def test_parents_are_those_whose_files_a_stage_reads():
    parents = parents_of(ROOT)
    stages = yaml.safe_load((ROOT / "dvc.lock").read_text())["stages"]
    written = {name: {out["path"] for out in stage["outs"]} for name, stage in stages.items()}
    assert set(parents) == set(stages) - {"classifier"}  # frozen
    for name in parents:
        read = {dep["path"] for dep in stages[name].get("deps", [])}
        direct = {other for other in parents if read & written[other]}
        assert direct <= set(parents[name])
    assert "prepare" in parents["train"]  # through the classifier, too


def test_dvc_runs_two_at_once_and_locks_all(here: Path):
    """What each writes is in dvc.lock, whoever else wrote there meanwhile."""
    sleeps = {"cmd": "sleep 0.5; echo ${item} > ${item}", "outs": ["${item}"]}
    last = {"cmd": "cat x y > z", "deps": ["x", "y"], "outs": ["z"]}
    stages = {"first": {"foreach": ["x", "y"], "do": sleeps}, "last": last}
    (here / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}))
    for command in (["git", "init", "--quiet"], [*DVC, "init", "--quiet"]):
        subprocess.run(command, check=True)
    parents = parents_of(here)
    assert {name: sorted(those) for name, those in parents.items()} == {
        "first@x": [],
        "first@y": [],
        "last": ["first@x", "first@y"],
    }
    running.run(parents)
    assert (here / "z").read_text() == "x\ny\n"
    said = subprocess.run([*DVC, "status"], check=True, capture_output=True, text=True).stdout
    assert "up to date" in said
