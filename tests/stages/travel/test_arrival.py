"""A tar is taken as it was packed and where all fits this checkout; else nothing is written."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stages.common import units
from stages.travel import archive, arrival
from stages.travel.arrival import checked, in_the_way, matched, place
from stages.travel.departure import gathered
from stages.travel.inventory import Work, folder_of
from tests.stages.travel.conftest import finish, write_params, write_stale


def changed(tar: Path, change: Callable[[dict[str, bytes]], Any]) -> Path:
    """Return a tar whose members were changed; it is whole, and canonical, all the same."""
    files = archive.unpacked(tar)
    change(files)
    tar.write_bytes(archive.packed(files))
    return tar


def claiming(**entries: Any) -> Callable[[dict[str, bytes]], Any]:
    """Return a change of the manifest."""

    def change(files: dict[str, bytes]) -> None:
        files["manifest.json"] = json.dumps(json.loads(files["manifest.json"]) | entries).encode()

    return change


def test_what_was_packed_arrives_and_is_placed_as_it_was(tar: Path, works: dict[str, Work]):
    pipeline, files = checked(tar)
    arrived = matched(pipeline, files)
    assert set(arrived) == set(works)
    assert not in_the_way(pipeline, {name: unit for name, (unit, _) in arrived.items()})
    assert place(pipeline, files, ()) == len(works)
    assert gathered("paper") == files
    assert place(pipeline, files, ()) == 0


def test_a_tampered_row_is_refused_by_its_digest(tar: Path):
    name = next(name for name in archive.unpacked(tar) if "sweep_B1_modified" in name)

    def tamper(files: dict[str, bytes]) -> None:
        files[name] = files[name][:-30] + bytes(30)

    with pytest.raises(
        ValueError, match=f"{name}: expected a finished unit of schema {units.SCHEMA}"
    ):
        checked(changed(tar, tamper))


def test_a_unit_that_was_exchanged_whole_is_refused_by_the_manifest(
    tar: Path, works: dict[str, Work]
):
    work = next(iter(works.values()))
    path = finish(work, result=[{"learning_rate": 0.1, "step": 0, "absolute_error": 0.0}])
    exchange = {f"units/{path.name}": path.read_bytes()}
    with pytest.raises(ValueError, match=rf"units/{path.name}\.sha256: expected '\w+', got '\w+'"):
        checked(changed(tar, lambda files: files.update(exchange)))


def test_a_unit_that_is_missing_or_not_told_of_is_named(tar: Path):
    one = next(name for name in archive.unpacked(tar) if "sweep_B1_modified" in name)
    with pytest.raises(ValueError, match=f"{one}.* expected 'nothing', got"):
        checked(changed(tar, lambda files: files.pop(one)))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda files: files.pop("manifest.json"), "expected what stages.pack writes"),
        (lambda files: files.update({"manifest.json": b"{"}), "expected what stages.pack writes"),
        (lambda files: files.update({"manifest.json": b"[7]"}), "expected what stages.pack writes"),
        (lambda files: files.update({"manifest.json": b"[" * 10**5}), "expected what stages.pack"),
        (claiming(schema=2), "expected schema 1, got 2"),
        (claiming(pipeline=[]), "expected schema 1, got 1"),
        (claiming(code={}), r"code\.idem.*: expected '\w{64}', got 'nothing'"),
        (claiming(more=1), "more: expected 'nothing', got 1"),
    ],
)
def test_a_manifest_that_says_something_else_is_named(tar: Path, change: Any, said: str):
    with pytest.raises(ValueError, match=f"manifest.json: {said}"):
        checked(changed(tar, change))


def test_an_unknown_pipeline_is_named(tar: Path):
    pipeline, files = checked(changed(tar, claiming(pipeline="cifar")))
    with pytest.raises(ValueError, match="expected one of the pipelines paper, .*'cifar'"):
        matched(pipeline, files)


def test_units_of_other_parameters_are_named_with_the_parameter(tar: Path):
    pipeline, files = checked(tar)
    write_params(seed=1)
    expected = r"_0_\w{16}\.json\.gz: parameter 0\.(0\.)?seed: expected 1"
    with pytest.raises(ValueError, match=expected):
        matched(pipeline, files)


def test_units_of_other_code_are_named_with_the_file(works: dict[str, Work]):
    write_stale(Path("stale.tar"), works, "idem/sweeps/lanes.py")
    pipeline, files = checked(Path("stale.tar"))
    with pytest.raises(ValueError, match=r"json\.gz: code idem/sweeps/lanes\.py: expected SHA-256"):
        matched(pipeline, files)


def test_another_result_that_is_here_is_told_and_left_unless_it_is_to_go(
    tar: Path, works: dict[str, Work]
):
    (name, work), *_ = works.items()
    own = finish(work, result=[1.0], cpu="a chip", date="2026-11-27T01:02Z").read_bytes()
    pipeline, files = checked(tar)
    others = in_the_way(pipeline, {n: unit for n, (unit, _) in matched(pipeline, files).items()})
    assert others == {name: "another result, of 2026-11-27T01:02Z on a chip"}
    path = folder_of("paper") / f"{name}.json.gz"
    assert place(pipeline, files, ()) == len(works) - 1 and path.read_bytes() == own
    assert place(pipeline, files, others) == 1
    assert path.read_bytes() == files[f"units/{path.name}"]


def test_the_same_result_from_elsewhere_stays_as_it_is(tar: Path, works: dict[str, Work]):
    own = finish(next(iter(works.values())), device="a GPU")
    before = own.read_bytes()
    pipeline, files = checked(tar)
    assert not in_the_way(pipeline, {n: unit for n, (unit, _) in matched(pipeline, files).items()})
    place(pipeline, files, ())
    assert own.read_bytes() == before
    assert arrival.where(matched(pipeline, gathered("paper"))[own.name[:-8]][0]) == "a GPU"


def test_an_altered_unit_that_is_here_is_told(tar: Path, works: dict[str, Work]):
    own = finish(next(iter(works.values())))
    own.write_bytes(b"half")
    pipeline, files = checked(tar)
    others = in_the_way(pipeline, {n: unit for n, (unit, _) in matched(pipeline, files).items()})
    assert "expected a finished unit" in others[own.name[:-8]]
