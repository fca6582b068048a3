import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from stages.common import resume
from stages.common.so_far import else_so_far, forget_so_far, so_far, write_completed


def test_it_has_the_name_and_ending_of_the_whole():
    assert so_far(Path("a/near.json")) == Path("a/near_so_far.json")
    assert so_far(Path("a/near")) == Path("a/near_so_far")


def test_what_is_whole_comes_first(tmp_path: Path):
    whole = tmp_path / "near.json"
    assert else_so_far(whole) == whole
    so_far(whole).touch()
    assert else_so_far(whole) == so_far(whole)
    whole.touch()
    assert else_so_far(whole) == whole


def test_all_of_a_name_is_forgotten_and_nothing_else(tmp_path: Path):
    others = [tmp_path / name for name in ("near.csv", "far_so_far.csv")]
    gone = [tmp_path / f"near_so_far{end}" for end in (".csv", ".json", "_lines.csv")]
    for path in (*others, *gone):
        path.touch()
    forget_so_far(tmp_path / "near")
    assert sorted(tmp_path.iterdir()) == sorted(others)


def test_what_is_so_far_goes_when_all_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IDEM_WORKERS", "1")
    path, there = tmp_path / "stage", list[bool]()

    def computed(number: int, _) -> int | None:
        return number if number == 1 or there else None

    def write(path: Path, parts: Sequence[Any], notes: Sequence[Any]) -> None:
        Path(f"{path}.json").write_text(json.dumps(parts))
        assert notes == [None, None]
        there.append(True)

    units = [resume.Unit(f"stage_{number}", number, (number,)) for number in (1, 2)]
    plan = resume.Plan(computed, units, ["idem.sweeps.sweep"])
    (tmp_path / "stage_so_far_older.json").touch()
    with pytest.raises(SystemExit):
        write_completed(path, plan, write, tmp_path / "units")
    assert json.loads((tmp_path / "stage_so_far.json").read_text()) == [1, None]
    assert not (tmp_path / "stage.json").exists()
    assert not (tmp_path / "stage_so_far_older.json").exists()
    write_completed(path, plan, write, tmp_path / "units")
    assert json.loads((tmp_path / "stage.json").read_text()) == [1, 2]
    assert not (tmp_path / "stage_so_far.json").exists()
