import hashlib
import os
import zipfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from idem.data import blocks, celeba
from idem.data.celeba import IDS, SPLITS, CelebAError, find, prepare
from idem.data.datasets import load
from idem.data.jpeg import decode_square
from tests.made_up import jpeg

EDGES = {
    "train": [1, 2, 162_770],
    "valid": [162_771, 182_637],
    "test": [182_638, 202_599],
}
NUMBERS = [number for numbers in EDGES.values() for number in numbers]
SIDE = 32


def images(numbers: Iterable[int] = NUMBERS) -> dict[str, bytes]:
    return {f"{number:06}.jpg": jpeg(number) for number in numbers}


def as_zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path.with_suffix(".zip"), "w") as archive:
        for name, content in members.items():
            archive.writestr(f"{celeba.NAME}/{name}", content)
    return path.with_suffix(".zip")


def as_folder(path: Path, members: dict[str, bytes]) -> Path:
    path.mkdir()
    for name, content in members.items():
        (path / name).write_bytes(content)
    return path


def prepared(source: Path, folder: Path, most_broken: float = 0.0, **more) -> celeba.Prepared:
    return prepare(source, folder, side=SIDE, most_broken=most_broken, **more)


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def test_the_official_split_has_every_id_once():
    assert [number for ids in SPLITS.values() for number in ids] == list(IDS)
    assert [len(ids) for ids in SPLITS.values()] == [162_770, 19_867, 19_962]


@pytest.mark.parametrize("written", [as_zip, as_folder])
def test_images_are_split_by_id_and_in_its_order(tmp_path, written):
    members = images()
    backwards = dict(reversed(members.items()))
    found = prepared(written(tmp_path / "faces", backwards), tmp_path / "celeba")
    assert found.counts == {"train": 3, "valid": 2, "test": 2}
    assert (found.faults, found.members) == ([], 7)
    for split, ids in EDGES.items():
        array = np.load(tmp_path / "celeba" / f"{split}_images.npy")
        known = np.load(tmp_path / "celeba" / f"{split}_ids.npy")
        assert (array.dtype, known.dtype) == (np.uint8, np.int32)
        assert known.tolist() == ids
        expected = [decode_square(members[f"{number:06}.jpg"], SIDE).pixels for number in ids]
        np.testing.assert_array_equal(array, expected)


def test_zip_and_folder_give_the_same_bytes(tmp_path):
    prepared(as_zip(tmp_path / "zip", images()), tmp_path / "a")
    prepared(as_folder(tmp_path / "folder", images()), tmp_path / "b")
    assert digests(tmp_path / "a") == digests(tmp_path / "b")


def test_the_arrays_are_those_that_numpy_writes(tmp_path):
    prepared(as_folder(tmp_path / "faces", images()), tmp_path / "celeba")
    path = tmp_path / "celeba" / "train_images.npy"
    np.save(tmp_path / "again.npy", np.load(path))
    assert path.read_bytes() == (tmp_path / "again.npy").read_bytes()


@pytest.mark.parametrize("size", [1, 2, 3])
def test_the_size_of_the_blocks_changes_no_byte(tmp_path, monkeypatch, size):
    members = images([*range(1, 8), *NUMBERS[2:]]) | {"000003.jpg": b"", "000006.jpg": b""}
    source = as_zip(tmp_path / "faces", members)
    prepared(source, tmp_path / "whole", 0.5)
    monkeypatch.setattr(celeba, "BLOCK_IMAGES", size)
    monkeypatch.setattr(blocks, "MOVED_IMAGES", size)
    prepared(source, tmp_path / "blocks", 0.5)
    assert digests(tmp_path / "blocks") == digests(tmp_path / "whole")


@pytest.mark.parametrize("written", [as_zip, as_folder])
def test_broken_images_are_left_out_and_named(tmp_path, written):
    members = images([*range(1, 6), *NUMBERS[2:]])
    broken = {"000001.jpg": b"<html>", "000003.jpg": members["000003.jpg"][:-90], "182637.jpg": b""}
    found = prepared(written(tmp_path / "faces", members | broken), tmp_path / "celeba", 0.3)
    assert found.counts == {"train": 4, "valid": 1, "test": 2}
    assert [fault.name.rpartition("/")[2] for fault in found.faults] == list(broken)
    assert [fault.reason.partition(":")[0] for fault in found.faults] == [
        "no JPEG",
        "broken JPEG",
        "no JPEG",
    ]
    array = np.load(tmp_path / "celeba" / "train_images.npy")
    assert np.load(tmp_path / "celeba" / "train_ids.npy").tolist() == [2, 4, 5, 162_770]
    expected = [decode_square(jpeg(number), SIDE).pixels for number in (2, 4, 5, 162_770)]
    np.testing.assert_array_equal(array, expected)
    alone = {name: content for name, content in members.items() if name not in broken}
    prepared(written(tmp_path / "intact", alone), tmp_path / "alone")
    assert digests(tmp_path / "celeba") == digests(tmp_path / "alone")


def test_strangers_are_left_out_and_named(tmp_path):
    strangers = {"list.txt": b"", "../000009.jpg": jpeg(9), "202600.jpg": jpeg(0)}
    found = prepared(as_zip(tmp_path / "faces", images() | strangers), tmp_path / "celeba", 0.3)
    assert dict(found.faults) == {
        f"{celeba.NAME}/list.txt": "not named NNNNNN.jpg",
        f"{celeba.NAME}/../000009.jpg": "the name leads out of the archive",
        f"{celeba.NAME}/202600.jpg": "number outside 1 to 202599",
    }
    assert sum(found.counts.values()) == 7 and found.members == 10


@pytest.mark.parametrize("extra", [{"000002.jpg": b"<html>"}, {"readme": b""}, {"000002.jpg": b""}])
def test_above_the_stated_fraction_nothing_is_written(tmp_path, extra):
    source = as_folder(tmp_path / "faces", images() | extra)
    total = len(images() | extra)
    message = (
        rf"at most a fraction of 0\.1 .* got 1 of {total}; nothing .*\n  {next(iter(extra))}: no"
    )
    with pytest.raises(CelebAError, match=message):
        prepared(source, tmp_path / "celeba", 0.1)
    assert os.listdir(tmp_path) == ["faces"]
    assert prepared(source, tmp_path / "celeba", 1 / total).counts["valid"] == 2


@pytest.mark.parametrize("content", [None, b""])
def test_a_split_without_images_stops_it(tmp_path, content):
    members = images([1, 162_771]) | ({} if content is None else {"182638.jpg": content})
    with pytest.raises(CelebAError, match=r"none of test \(ids 182638 to 202599\)"):
        prepared(as_folder(tmp_path / "faces", members), tmp_path / "celeba", 1.0)
    assert os.listdir(tmp_path) == ["faces"]


@pytest.mark.parametrize("written", [as_zip, as_folder])
def test_an_empty_source_is_named(tmp_path, written):
    with pytest.raises(CelebAError, match=r"faces\S*: holds no file"):
        prepared(written(tmp_path / "faces", {}), tmp_path / "celeba")


def test_a_truncated_archive_is_named_and_nothing_written(tmp_path):
    source = as_zip(tmp_path / "faces", images())
    source.write_bytes(source.read_bytes()[:-30])
    with pytest.raises(CelebAError, match=r"faces\.zip: no zip archive, or only the beginning"):
        prepared(source, tmp_path / "celeba")
    assert os.listdir(tmp_path) == ["faces.zip"]


def test_a_failure_on_the_way_leaves_the_old_arrays(tmp_path):
    source = as_folder(tmp_path / "faces", images())
    prepared(source, tmp_path / "celeba")
    before = digests(tmp_path / "celeba")

    def fail(function, units):
        for unit in units:
            function(*unit)
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        prepared(
            as_folder(tmp_path / "other", images([5, *NUMBERS])), tmp_path / "celeba", run=fail
        )
    assert digests(tmp_path / "celeba") == before
    assert sorted(os.listdir(tmp_path)) == ["celeba", "faces", "other"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (lambda path: as_zip(path, images(reversed(NUMBERS))), "archive was replaced while it was"),
        (lambda path: as_zip(path, images(NUMBERS[:3])), "archive was replaced while it was read"),
        (lambda path: path.with_suffix(".zip").write_bytes(b"nothing"), "no zip archive, or only"),
    ],
)
def test_an_archive_that_is_replaced_on_the_way_is_named(tmp_path, content, message):
    def replace(function, units):
        content(tmp_path / "faces")
        return [function(*unit) for unit in units]

    with pytest.raises(CelebAError, match=message):
        prepared(as_zip(tmp_path / "faces", images()), tmp_path / "celeba", run=replace)
    assert os.listdir(tmp_path) == ["faces.zip"]


def test_what_a_killed_run_left_is_no_part_of_the_next(tmp_path):
    (tmp_path / "celeba.part").mkdir()
    (tmp_path / "celeba.part" / "train_images.npy").write_bytes(b"half")
    (tmp_path / "celeba.part" / "stranger.npy").write_bytes(b"")
    prepared(as_folder(tmp_path / "faces", images()), tmp_path / "celeba")
    assert len(digests(tmp_path / "celeba")) == 6
    assert sorted(os.listdir(tmp_path)) == ["celeba", "faces"]


def test_what_is_prepared_is_loaded(tmp_path):
    prepared(as_folder(tmp_path / "faces", images()), tmp_path / "celeba")
    array, ids = load("celeba", "valid", root=tmp_path)
    np.testing.assert_array_equal(array, np.load(tmp_path / "celeba" / "valid_images.npy"))
    assert ids.tolist() == EDGES["valid"]
    array.zero_()
    assert load("celeba", "valid", root=tmp_path)[0].any()


def test_the_named_folder_comes_before_the_cache(tmp_path, monkeypatch):
    cache, named = tmp_path / "cache", tmp_path / "named"
    for folder in (cache, named / "celeba"):
        folder.mkdir(parents=True)
        as_zip(folder / celeba.NAME, images())
    monkeypatch.delenv("IDEM_DATA_DIR", raising=False)
    assert find(cache) == cache / "img_align_celeba.zip"
    monkeypatch.setenv("IDEM_DATA_DIR", str(named))
    assert find(cache) == named / "celeba" / "img_align_celeba.zip"
    as_folder(named / celeba.NAME, images())
    assert find(cache) == named / "img_align_celeba"
    (named / "img_align_celeba.zip").write_bytes(b"")
    assert find(cache) == named / "img_align_celeba.zip"


def test_one_other_archive_or_the_images_themselves_are_found(tmp_path, monkeypatch):
    monkeypatch.setenv("IDEM_DATA_DIR", str(tmp_path))
    (tmp_path / "img_align_celeba.txt").touch()
    (tmp_path / "other.zip").touch()
    (tmp_path / "000123.jpg").touch()
    assert find(tmp_path / "cache") == tmp_path
    part = as_zip(tmp_path / "img_align_celeba_part", {})
    assert find(tmp_path / "cache") == part
    (tmp_path / "img_align_celeba_other").mkdir()
    with pytest.raises(
        CelebAError, match=r"got img_align_celeba_other, img_align_celeba_part\.zip"
    ):
        find(tmp_path / "cache")


def test_a_missing_archive_is_answered_with_where_to_put_and_get_it(tmp_path, monkeypatch):
    monkeypatch.setenv("IDEM_DATA_DIR", str(tmp_path))
    with pytest.raises(CelebAError) as raised:
        find(Path("cache"))
    lines = str(raised.value).splitlines()
    assert lines[-3:] == [f"  {tmp_path}", f"  {tmp_path}/celeba", "  cache"]
    assert "forbid redistribution" in lines[0] and "IDEM_DATA_DIR" in lines[3]
    monkeypatch.setenv("IDEM_DATA_DIR", str(tmp_path / "nowhere"))
    with pytest.raises(NotADirectoryError, match="IDEM_DATA_DIR: expected a folder"):
        find(Path("cache"))
