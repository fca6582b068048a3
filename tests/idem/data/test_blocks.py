from pathlib import Path

import numpy as np
import pytest

from idem.data import blocks
from idem.data.archive import Fault, list_images
from idem.data.blocks import Tally, create_array, decode_block, keep_rows
from idem.data.jpeg import decode_square
from tests.idem.data.test_celeba import as_folder, jpeg

SIDE = 16


@pytest.fixture
def source(tmp_path) -> Path:
    contents = {f"{number:06}.jpg": jpeg(number) for number in range(1, 6)}
    return as_folder(tmp_path / "faces", contents | {"000003.jpg": b"<html>"})


def decoded(source: Path, path: Path, first: int, last: int) -> Tally:
    members = list_images(source, range(1, 10)).members[first:last]
    return decode_block(source, members, path, first, SIDE)


def expected(numbers: list[int]) -> np.ndarray:
    return np.stack([decode_square(jpeg(number), SIDE).pixels for number in numbers])


def test_blocks_fill_their_rows_in_any_order(tmp_path, source):
    path = tmp_path / "images.npy"
    create_array(path, 5, SIDE)
    tally = decoded(source, path, 2, 5)
    tally.add(decoded(source, path, 0, 2))
    array = np.load(path)
    np.testing.assert_array_equal(array[[0, 1, 3, 4]], expected([1, 2, 4, 5]))
    assert not array[2].any()
    assert tally.faults == [Fault("000003.jpg", "no JPEG: begins with 3c68746d, not ffd8ff")]
    assert tally.broken_rows == [2]
    assert (tally.sizes, tally.modes) == ({(40, 50): 4}, {"RGB": 4})
    counted = np.bincount(array[[0, 1, 3, 4]].ravel(), minlength=256)
    np.testing.assert_array_equal(tally.levels, counted)


@pytest.mark.parametrize("moved", [1, 2, 10])
@pytest.mark.parametrize("kept", [[0, 1, 3, 4], [4], [0], [0, 1, 2, 3, 4], []])
def test_only_the_rows_kept_remain(tmp_path, monkeypatch, moved, kept):
    monkeypatch.setattr(blocks, "MOVED_IMAGES", moved)
    array = np.arange(5 * 3 * SIDE**2).astype(np.uint8).reshape(5, 3, SIDE, SIDE)
    np.save(tmp_path / "images.npy", array)
    keep_rows(tmp_path / "images.npy", np.array(kept, int))
    np.save(tmp_path / "expected.npy", array[kept])
    written = (tmp_path / "images.npy").read_bytes()
    assert written == (tmp_path / "expected.npy").read_bytes()
