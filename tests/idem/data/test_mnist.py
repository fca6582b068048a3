import struct
from pathlib import Path

import numpy as np
import pytest
from torchvision.datasets.mnist import read_image_file, read_label_file

from idem.data.datasets import Labelled
from idem.data.mnist import parse_idx, read_mnist


def idx(array: np.ndarray) -> bytes:
    return struct.pack(f">4B{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


def made_up(count: int, side: int = 4) -> Labelled:
    images = np.arange(count * side**2, dtype=np.uint8).reshape(count, 1, side, side)
    return Labelled(images, np.arange(count, dtype=np.uint8) % 10)


def write_idx(folder: Path, stem: str, data: Labelled) -> None:
    (folder / f"{stem}-images-idx3-ubyte").write_bytes(idx(data.images[:, 0]))
    (folder / f"{stem}-labels-idx1-ubyte").write_bytes(idx(data.labels))


@pytest.mark.parametrize("shape", [(5,), (3, 2, 4), (0, 2, 2)])
def test_parse_idx_reverses_the_format(shape):
    array = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    parsed = parse_idx(idx(array))
    assert parsed.dtype == np.uint8
    np.testing.assert_array_equal(parsed, array)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "magic number .* got nothing"),
        (b"\0\0\x08", "magic number .* got 000008"),
        (bytes([0, 0, 13, 1, 0, 0, 0, 0]), "expected magic number 00000801 .* got 00000d01"),
        (bytes([0, 0, 8, 255]), "got 000008ff"),
        (bytes([0, 0, 8, 1, 0, 0]), "expected 8 bytes, got 6"),
        (bytes([0, 0, 8, 1, 0, 0, 0, 2, 7]), r"shape \(2,\): expected 10 bytes, got 9"),
        (bytes([0, 0, 8, 1, 0, 0, 0, 2, 7, 7, 7]), r"shape \(2,\): expected 10 bytes, got 11"),
        (bytes([0, 0, 8, 3, *[255] * 12]), "expected 79228162458924105385300197391 bytes, got 16"),
    ],
)
def test_parse_idx_says_what_is_wrong(content, message):
    with pytest.raises(ValueError, match=message):
        parse_idx(content)


@pytest.mark.parametrize(("split", "stem"), [("train", "train"), ("test", "t10k")])
def test_read_mnist_gives_images_a_channel(tmp_path, split, stem):
    write_idx(tmp_path, stem, made_up(12))
    images, labels = read_mnist(tmp_path, split)
    np.testing.assert_array_equal(images, made_up(12).images)
    np.testing.assert_array_equal(labels, made_up(12).labels)


def test_read_mnist_refuses_another_number_of_labels(tmp_path):
    write_idx(tmp_path, "train", Labelled(made_up(3).images, made_up(2).labels))
    with pytest.raises(ValueError, match=r"\(train\): expected .* got \(3, 1, 4, 4\) and \(2,\)"):
        read_mnist(tmp_path, "train")


def test_read_mnist_refuses_swapped_files(tmp_path):
    write_idx(tmp_path, "t10k", made_up(4))
    (tmp_path / "t10k-images-idx3-ubyte").write_bytes(idx(made_up(4).labels))
    with pytest.raises(ValueError, match=r"expected images \(n, c, h, w\)"):
        read_mnist(tmp_path, "test")


def test_read_mnist_names_the_file_that_is_none(tmp_path):
    write_idx(tmp_path, "train", made_up(3))
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(b"<html>")
    with pytest.raises(ValueError, match="train-labels-idx1-ubyte: no IDX file"):
        read_mnist(tmp_path, "train")


def test_read_mnist_bounds_what_it_reads(tmp_path, monkeypatch):
    write_idx(tmp_path, "train", made_up(3))
    monkeypatch.setattr("idem.data.mnist._IDX_BYTES", 20)
    with pytest.raises(ValueError, match="train-images-idx3-ubyte: expected at most 20 bytes"):
        read_mnist(tmp_path, "train")


@pytest.mark.parametrize("part", ["valid", "Train", "../train"])
def test_an_unknown_part_is_an_error(tmp_path, part):
    with pytest.raises(ValueError, match=f"part: expected one of train, test, got '{part}'"):
        read_mnist(tmp_path, part)


def test_torchvision_reads_the_same(tmp_path):
    write_idx(tmp_path, "train", made_up(12))
    images, labels = read_mnist(tmp_path, "train")
    files = [str(tmp_path / f"train-{name}-ubyte") for name in ("images-idx3", "labels-idx1")]
    np.testing.assert_array_equal(images[:, 0], read_image_file(files[0]))
    np.testing.assert_array_equal(labels, read_label_file(files[1]))
