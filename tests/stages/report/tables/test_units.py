"""Units are counted by machine, from their own files."""

from pathlib import Path
from typing import Any

import pytest

from stages.common import units
from stages.report.tables.units import units_table

FOLDER = Path("metrics/paper/units")


def write(label: str, seconds: float, **origin: Any) -> Path:
    identity = units.Identity(label, {}, {})
    given: dict[str, Any] = {"versions": {"torch": "2.11"}, "device": "cpu", "cpu": "Xeon"}
    given |= {"date": "2026-11-28T13:05Z"} | origin
    return units.write(FOLDER, identity, [1.0], units.Provenance(seconds=seconds, **given))


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_there_may_be_none():
    assert units_table("paper") == "No finished unit is kept yet.\n"


def test_a_row_says_what_when_how_many_and_how_long():
    write("a", 1800)
    write("b", 3600, date="2026-11-30T00:00Z")
    write("c", 36, device="NVIDIA H100")
    write("d", 36, versions={"torch": "2.12"})
    assert units_table("paper").splitlines()[2:] == [
        "| NVIDIA H100 | 2.11 | 1 | 0.01 | 2026-11-28 | 2026-11-28 |",
        "| Xeon | 2.11 | 2 | 1.50 | 2026-11-28 | 2026-11-30 |",
        "| Xeon | 2.12 | 1 | 0.01 | 2026-11-28 | 2026-11-28 |",
    ]


def test_an_altered_unit_is_named():
    path = write("a", 1)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(units.Altered, match=str(path)):
        units_table("paper")
