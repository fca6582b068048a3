"""Files of a summary: read whole, or named with the stage to run."""

from pathlib import Path

import pytest

from stages.summary.source import Source, WrongFile


def test_json_and_tables_are_read(tmp_path: Path):
    (tmp_path / "a.json").write_text('{"b": 1}\n')
    (tmp_path / "c.csv").write_text("x,y\n1,2\n")
    assert Source("a.json", "a").read(tmp_path) == {"b": 1}
    assert Source("c.csv", "c").read(tmp_path).to_dict("list") == {"x": [1], "y": [2]}


def test_what_there_is_so_far_stands_in_for_a_missing_file_alone(tmp_path: Path):
    source = Source("whole.json", "a")
    (tmp_path / "whole_so_far.json").write_text("1")
    assert source.read(tmp_path) == 1
    (tmp_path / "whole.json").write_text("2")
    assert source.read(tmp_path) == 2


def test_of_a_missing_file_the_stage_is_named(tmp_path: Path):
    with pytest.raises(WrongFile, match=r"a\.json: expected .* stage make@A .* got no file; run"):
        Source("a.json", "make@A").read(tmp_path)


@pytest.mark.parametrize(
    ("name", "text"),
    [("a.json", '{"b": 1, "c'), ("a.json", ""), ("a.csv", "x,y\n1,2\n3"), ("a.csv", "")],
)
def test_of_half_a_file_the_stage_is_named(tmp_path: Path, name: str, text: str):
    (tmp_path / name).write_text(text)
    with pytest.raises(WrongFile, match=rf"{name}: expected .* stage a writes, got .* not whole"):
        Source(name, "a").read(tmp_path)
