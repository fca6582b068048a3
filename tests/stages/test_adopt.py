"""The command that takes units in: all of them, after one was computed again, or none."""

from pathlib import Path
from typing import Any

import pytest

from stages import adopt
from stages.common import units
from stages.travel import archive
from stages.travel.departure import gathered, loaded
from stages.travel.inventory import Work, folder_of
from tests.stages.travel.conftest import (
    finish,
    finished as finished,
    status,
    tar as tar,
    works as works,
    write_params,
    write_stale,
)


def adopted(*arguments: str) -> Any:
    """Run the command and return its exit status."""
    return status(adopt, *arguments)


def here() -> list[Path]:
    return sorted(folder_of("paper").glob("*"))


def test_units_are_placed_once_one_was_computed_again(
    tar: Path, works: dict[str, Work], capsys: pytest.CaptureFixture[str]
):
    assert adopted(str(tar), "--seed", "3") == 0
    said = capsys.readouterr().out
    count = f"{len(works)} units"
    assert f"units.tar: {count} of paper, all of this checkout's parameters and code" in said
    assert f"again (--seed 3)\nequal to the last bit\nmetrics/paper/units: {count} placed" in said
    assert [units.read(path).identity.name for path in here()] == sorted(works)
    assert adopted(str(tar)) == 0
    assert "0 units placed" in capsys.readouterr().out


def test_a_row_that_was_tampered_with_and_signed_anew_is_found_by_computing_it_again(
    works: dict[str, Work],
):
    sweeps = [work for work in works.values() if work.identity.label.startswith("sweep")]
    for path in here():
        path.unlink()
    for work in sweeps:
        rows = [dict(row) for row in units.read(finish(work)).result]
        rows[1]["absolute_error"] *= 0.999
        finish(work, result=rows)
    Path("u.tar").write_bytes(loaded("paper", gathered("paper")))
    for path in here():
        path.unlink()
    stopped = adopted("u.tar")
    assert "computed again here: expected the same to the last bit" in stopped
    assert "in row 1, absolute_error\nnothing was placed" in stopped
    assert not here()


def test_other_parameters_are_refused(tar: Path):
    write_params(batch_size=9)
    assert "parameter 0.batch_size: expected 9, got 8\nnothing was placed" in adopted(str(tar))
    assert not here()


def test_other_code_is_refused(works: dict[str, Work]):
    write_stale(Path("u.tar"), works, "idem/sweeps/grid.py")
    before = here()
    stopped = adopted("u.tar")
    assert "code idem/sweeps/grid.py: expected SHA-256" in stopped and "nothing was" in stopped
    assert here() == before


def test_a_tar_that_was_cut_off_is_refused(tar: Path):
    tar.write_bytes(tar.read_bytes()[:-2000])
    assert "pack and carry it again\nnothing was placed" in adopted(str(tar))
    assert not here()


def test_no_such_file_is_said(tar: Path):
    assert "No such file or directory: 'none.tar'" in adopted("none.tar")


def test_units_elsewhere_are_not_written(tar: Path, monkeypatch: Any):
    before = archive.NAME
    monkeypatch.setattr(archive, "NAME", archive.re.compile(".*"))
    files = archive.unpacked(tar)
    content = next(content for name, content in files.items() if name.startswith("units/"))
    tar.write_bytes(archive.packed({**files, "../outside.json.gz": content}))
    monkeypatch.setattr(archive, "NAME", before)
    assert "got '../outside.json.gz'" in adopted(str(tar))
    assert not list(tar.resolve().parent.parent.glob("outside*"))


def test_other_results_that_are_here_stay_unless_they_are_to_be_replaced(
    tar: Path, works: dict[str, Work], capsys: pytest.CaptureFixture[str]
):
    own = finish(next(iter(works.values())), result=[1.0], date="2026-11-27T01:02Z")
    before = own.read_bytes()
    assert "no other results in metrics/paper/units; pass --replace" in adopted(str(tar))
    assert here() == [own] and own.read_bytes() == before
    assert "already here: another result, of 2026-11-27T01:02Z on" in capsys.readouterr().out
    assert adopted(str(tar), "--replace") == 0
    assert f"{len(works)} units placed" in capsys.readouterr().out
    assert len(here()) == len(works) and own.read_bytes() != before


def test_what_cannot_be_compared_is_said(
    works: dict[str, Work], capsys: pytest.CaptureFixture[str]
):
    for work in works.values():
        finish(work, result=[1.0], device="NVIDIA H100")
    Path("u.tar").write_bytes(loaded("paper", gathered("paper")))
    assert adopted("u.tar") == 0
    said = capsys.readouterr().out
    assert "none can be computed again for comparison on another kind of machine" in said
