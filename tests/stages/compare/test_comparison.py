import json
import re
import resource
import subprocess
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from stages.compare.comparison import compare
from stages.compare.differences import answer
from stages.compare.revision import Unanswerable
from tests import ROOT
from tests.stages.compare.another_cpu import write_summary
from tests.stages.compare.summary_files import NUMBERS, SPREAD, commit, write


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path)
    commit(tmp_path, "before")


def words(report: Any) -> dict[str, str]:
    return {row.name: row.word for _, row in report.rows if row.word != "same"}


def changed(**values: Any) -> dict[str, Any]:
    numbers = deepcopy(NUMBERS)
    for name, value in values.items():
        section, _, key = name.partition("_")
        numbers[section][key] = value
    return numbers


def test_what_is_as_committed_agrees():
    report = compare()
    assert report.agrees
    assert words(report) == {}
    assert "agree: 0 verdicts and 0 numbers changed, 0 within noise" in answer(report)
    assert answer(report).endswith("of 2 verdicts and 3 numbers compared")


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({"G1_distance": 26.0, "L1_log10_moved": -15.0}, {}),
        ({"G1_distance": 29.0}, {"G1.distance": "changed"}),
        ({"L1_log10_moved": -14.0}, {"L1.log10_moved": "changed"}),
        ({"L1_families": 4}, {"L1.families": "changed"}),
        ({"verdict_Q2": "undecided"}, {"verdict.Q2": "verdict changed"}),
        ({"G1_distance": None}, {"G1.distance": "changed"}),
    ],
)
def test_the_status_follows_the_kinds(tmp_path: Path, values: dict, found: dict[str, str]):
    write(tmp_path, changed(**values))
    report = compare()
    assert {n: w for n, w in words(report).items() if w != "within noise"} == found
    assert report.agrees == (not found)


def test_what_is_on_one_side_alone_has_changed(tmp_path: Path):
    numbers = deepcopy(NUMBERS)
    numbers["G9"] = numbers.pop("G1")
    numbers["verdict"]["Z"] = numbers["verdict"].pop("L1")
    write(tmp_path, numbers, SPREAD | {"G9.distance": SPREAD["G1.distance"]})
    assert words(compare()) == {
        "verdict.L1": "verdict changed",
        "G1.distance": "changed",
        "G9.distance": "changed",
        "verdict.Z": "verdict changed",
    }


def test_what_neither_side_has_is_not_counted(tmp_path: Path):
    write(tmp_path, changed(G1_distance=None))
    commit(tmp_path)
    assert answer(compare()).endswith("of 2 verdicts and 2 numbers compared")
    assert compare().agrees


def test_the_committed_side_says_what_is_allowed(tmp_path: Path):
    """Whoever makes a number wrong does not make it agree by a wider tolerance beside it."""
    lax = {name: {"kind": "rounded", "absolute": 99} for name in SPREAD}
    write(tmp_path, changed(G1_distance=40.0, L1_families=9), lax)
    for sides in (("HEAD", "workspace"), ("workspace", "HEAD")):
        assert words(compare(*sides)) == {"L1.families": "changed", "G1.distance": "changed"}


def test_two_commits_are_compared_and_the_workspace_left_alone(tmp_path: Path):
    write(tmp_path, changed(L1_families=4))
    commit(tmp_path, "after")
    (tmp_path / "metrics/laptop/summary.json").unlink()
    assert words(compare("before", "after")) == {"L1.families": "changed"}
    assert compare("before", "after").notes == []
    assert words(compare("before", "before")) == {}


def test_a_pipeline_that_cannot_be_read_keeps_the_others_from_nothing(tmp_path: Path):
    write(tmp_path, name="paper")
    report = compare()
    assert len(report.rows) == 5
    assert report.faults == [
        "metrics/paper/summary.json (HEAD): no such file; run `dvc repro"
        " stages/pipelines/paper/dvc.yaml:summary` there (HEAD), then commit it"
    ]
    assert not report.agrees
    assert "cannot be said to agree" in answer(report)
    assert compare(pipeline="laptop").agrees


def test_what_cannot_be_compared_is_one_line(tmp_path: Path):
    with pytest.raises(Unanswerable, match="nowhere: no revision"):
        compare("nowhere")
    with pytest.raises(Unanswerable, match="expected one of laptop"):
        compare(pipeline="desktop")
    (tmp_path / "metrics/laptop/summary.json").unlink()
    commit(tmp_path)
    with pytest.raises(Unanswerable, match="neither HEAD nor workspace has"):
        compare()


def test_a_lock_that_does_not_match_is_said_of_the_workspace_alone(tmp_path: Path):
    (tmp_path / "code.py").write_text("1")
    stages = {"make": {"deps": [{"path": "code.py", "md5": "0"}]}}
    for name in ("dvc.yaml", "dvc.lock"):
        (tmp_path / name).write_text(json.dumps({"stages": stages}))
    (note,) = compare().notes
    assert "laptop: dvc.lock does not match the workspace" in note
    assert "make (code.py)" in note
    assert compare("HEAD", "before").notes == []


def test_another_cpu_agrees_but_for_the_verdict_that_changed(tmp_path: Path):
    write_summary("epyc", tmp_path)
    commit(tmp_path, "epyc")
    write_summary("intel", tmp_path)
    for report in (compare("epyc"), compare("workspace", "epyc")):
        assert [row.name for _, row in report.rows if row.fails] == ["verdict.Q2"]
        numbers = [row for _, row in report.rows if not row.name.startswith("verdict.")]
        assert len(numbers) > 25
        assert any(row.word == "within noise" for row in numbers)


def test_trained_networks_alone_are_chaotic(tmp_path: Path):
    write_summary("intel", tmp_path)
    kinds = json.loads((tmp_path / "metrics/laptop/spread.json").read_text())["numbers"]
    chaotic = {name for name, kind in kinds.items() if kind["kind"] == "chaotic"}
    assert chaotic
    assert all(re.match(r"[GQR]\d\.", name) for name in chaotic)


def test_the_command_prints_writes_and_exits(tmp_path: Path):
    def command(*words: str) -> subprocess.CompletedProcess[str]:
        code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import runpy;"
        code += "runpy.run_module('stages.compare', run_name='__main__', alter_sys=True)"
        return subprocess.run(
            [sys.executable, "-c", code, *words], capture_output=True, text=True, cwd=tmp_path
        )

    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    assert command().returncode == 0
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before < 3  # of a free core
    write(tmp_path, changed(G1_distance=29.0))
    found = command("before", "workspace", "--markdown", "said.md")
    assert found.returncode == 1
    assert "laptop: G1.distance" in found.stdout
    assert "| laptop: G1.distance | 22 | 29 | 3.5 spreads | changed |" in (
        (tmp_path / "said.md").read_text()
    )
    wrong = command("nowhere", "--markdown", "said.md")
    assert wrong.returncode == 1
    assert wrong.stderr.splitlines() == [
        "compare: nowhere: no revision of git and no experiment;"
        " expected a branch, tag, hash, experiment or `workspace`"
    ]
    assert (tmp_path / "said.md").read_text().startswith("**compare: nowhere: no revision")
