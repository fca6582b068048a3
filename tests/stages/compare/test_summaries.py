import json
from pathlib import Path
from typing import Any

import pytest

from stages.compare.revision import Unanswerable, revision
from stages.compare.summaries import SCHEMA, flatten, pipelines, summary
from stages.summary import build
from tests.stages.compare.summary_files import SPREAD, commit, write


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_leaves_go_under_names_in_dots():
    assert flatten({"a": {"b": 1, "c": [2, {"d": None}]}}) == {
        "a.b": 1,
        "a.c.0": 2,
        "a.c.1.d": None,
    }


def test_the_schema_is_the_one_that_is_written():
    assert SCHEMA == build.SCHEMA


def test_a_summary_keeps_its_order(tmp_path: Path):
    write(tmp_path)
    found = summary(revision("workspace"), "laptop")
    assert list(found.numbers) == ["verdict.L1", "verdict.Q2", *SPREAD]
    assert found.kinds == SPREAD


def test_pipelines_of_both_sides_are_found(tmp_path: Path):
    write(tmp_path)
    commit(tmp_path)
    write(tmp_path, name="paper")
    (tmp_path / "metrics/benchmarks").mkdir()
    (tmp_path / "metrics/benchmarks/other.json").write_text("{}")
    assert pipelines(revision("HEAD"), revision("workspace")) == ["laptop", "paper"]
    assert pipelines(revision("HEAD")) == ["laptop"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("summary.json", None, "no such file"),
        ("spread.json", None, "no such file"),
        ("summary.json", '{"verdict": {"L1": "re', "half-written or damaged"),
        ("summary.json", "[1]", "expected a table"),
        ("spread.json", "", "half-written or damaged"),
        ("spread.json", {"schema": 2, "numbers": SPREAD}, "expected schema 1, got 2"),
        ("spread.json", {"numbers": SPREAD}, "expected schema 1, got None"),
        ("spread.json", {"schema": 1, "numbers": {}}, "L1.families: expected a kind"),
    ],
)
@pytest.mark.parametrize("side", ["workspace", "HEAD"])
@pytest.mark.parametrize("pipeline", ["laptop", "paper"])
def test_an_unreadable_file_names_the_stage_to_run(
    tmp_path: Path, name: str, content: Any, message: str, side: str, pipeline: str
):
    write(tmp_path, name=pipeline)
    file = tmp_path / "metrics" / pipeline / name
    file.unlink()
    if content is not None:
        file.write_text(content if isinstance(content, str) else json.dumps(content))
    if side == "HEAD":
        commit(tmp_path)
    with pytest.raises(Unanswerable) as caught:
        summary(revision(side), pipeline)
    said = str(caught.value)
    stage = "summary" if pipeline == "laptop" else "stages/pipelines/paper/dvc.yaml:summary"
    assert said.startswith(f"metrics/{pipeline}/{name} ({side}): {message}")
    assert f"run `dvc repro {stage}`" in said
    assert ("then commit it" in said) == (side == "HEAD")


def test_a_summary_of_words_alone_needs_no_kinds(tmp_path: Path):
    write(tmp_path, {"verdict": "not run"}, {})
    assert summary(revision("workspace"), "laptop").numbers == {"verdict": "not run"}
