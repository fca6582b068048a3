"""A finished unit is taken where it matches and is as it was written, and nowhere else."""

import gzip
import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stages.common import units
from stages.common.units import Altered, Identity, find, identity_of, path_of, read, write

MODULES = ("idem.sweeps.sweep",)
WANTED = identity_of("sweep_B1_modified_0", [{"seed": 0, "rates": (0.1, 0.2)}, "data"], MODULES)
RESULT = [{"step": 0, "error": 0.1}, {"step": 1, "error": math.nan}]
HERE = units.provenance(1.5, "cpu")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write(tmp_path, WANTED, RESULT, HERE)


def test_a_finished_unit_is_found_and_says_where_it_is_from(path: Path):
    assert path.name == f"sweep_B1_modified_0_{WANTED.name[-16:]}.json.gz"
    found = find(path.parent, WANTED)
    assert found is not None
    assert str(found.result) == str(RESULT)
    assert found.provenance == HERE and found.provenance.seconds == 1.5
    assert set(HERE.versions) == {"python", "torch", "numpy", "pandas"}
    assert list(found.identity.code) == sorted(found.identity.code)
    assert "idem/sweeps/lanes.py" in found.identity.code
    assert "stages/common/units.py" not in found.identity.code


def test_the_same_unit_is_the_same_bytes(path: Path, tmp_path: Path):
    assert write(tmp_path / "again", WANTED, RESULT, HERE).read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    "other",
    [
        replace(WANTED, key=[{"seed": 1, "rates": [0.1, 0.2]}, "data"]),
        replace(WANTED, key=[{"seed": 0, "rates": [0.1, 0.2]}, "other data"]),
        replace(WANTED, code=dict(WANTED.code) | {"idem/sweeps/lanes.py": "0" * 64}),
        replace(WANTED, code=dict(WANTED.code) | {"idem/sweeps/new.py": "0" * 64}),
    ],
)
def test_other_parameters_data_and_code_are_not_taken(path: Path, other: Identity):
    assert other.name != WANTED.name
    assert find(path.parent, other) is None
    path.rename(path_of(path.parent, other))
    with pytest.raises(Altered, match=r"expected the unit that its name says, got other \w+"):
        find(path.parent, other)


def test_other_versions_processors_and_devices_are_taken(tmp_path: Path):
    there = replace(HERE, versions={"torch": "9.9"}, cpu="another", device="NVIDIA H100")
    write(tmp_path, WANTED, RESULT, there)
    found = find(tmp_path, WANTED)
    assert found is not None and found.provenance == there


def tampered(content: dict[str, Any]) -> None:
    content["result"]["$rows"]["step"][1] = 2


def outdated(content: dict[str, Any]) -> None:
    content["schema"] = units.SCHEMA - 1


def emptied(content: dict[str, Any]) -> None:
    content.clear()


@pytest.mark.parametrize("change", [tampered, outdated, emptied])
def test_an_altered_unit_is_named(path: Path, change: Any):
    content = json.loads(gzip.decompress(path.read_bytes()))
    change(content)
    path.write_bytes(gzip.compress(json.dumps(content).encode()))
    with pytest.raises(
        Altered, match=f"{path}: expected a finished unit of schema {units.SCHEMA} as it was"
    ):
        find(path.parent, WANTED)


@pytest.mark.parametrize("left", [0, 1, 20, 300, -9, -1])
def test_a_truncated_unit_is_named(path: Path, left: int):
    path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(Altered, match=str(path)):
        read(path)


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"7", b"{}", b"[" * 100_000, b"\xff", b'{"sha256": 1}']
)
def test_what_is_no_unit_is_named(path: Path, text: bytes):
    path.write_bytes(gzip.compress(text))
    with pytest.raises(Altered, match=str(path)):
        read(path)


def test_a_unit_that_unpacks_to_more_than_memory_is_refused(path: Path, monkeypatch: Any):
    monkeypatch.setattr(units, "LARGEST", 1000)
    path.write_bytes(gzip.compress(b" " * 10_000_000))
    with pytest.raises(Altered, match="more than 1000 bytes"):
        read(path)


def test_a_full_disk_leaves_the_old_unit(path: Path, monkeypatch: pytest.MonkeyPatch):
    before = path.read_bytes()

    def half(self: Path, content: bytes) -> None:
        with self.open("wb") as file:
            file.write(content[: len(content) // 2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", half)
    with pytest.raises(OSError, match="No space left"):
        write(path.parent, WANTED, [1.0], HERE)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]
