"""The tar of travelling units: deterministic, bounded, and nothing but what was packed."""

import tarfile
from io import BytesIO
from pathlib import Path

import pytest

from stages.travel import archive
from stages.travel.archive import packed, unpacked

FILES = {"units/b_0.json.gz": b"b" * 700, "manifest.json": b"{}", "units/a_0.json.gz": b""}
HERE = "units/a_0.json.gz"


def written(folder: Path, content: bytes) -> Path:
    path = folder / "units.tar"
    path.write_bytes(content)
    return path


def tar_of(*members: tarfile.TarInfo, content: bytes = b"") -> bytes:
    made = BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for member in members:
            tar.addfile(member, BytesIO(content))
    return made.getvalue()


def member(name: str, kind: bytes = tarfile.REGTYPE, size: int = 0) -> tarfile.TarInfo:
    found = tarfile.TarInfo(name)
    found.type, found.size, found.linkname = kind, size, "manifest.json"
    return found


def test_what_was_packed_comes_out_in_the_order_of_names(tmp_path: Path):
    assert list(unpacked(written(tmp_path, packed(FILES))).items()) == sorted(FILES.items())


def test_the_same_files_make_the_same_bytes():
    assert packed(FILES) == packed(dict(reversed(FILES.items())))


def test_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = written(tmp_path, packed(FILES))
    monkeypatch.chdir(tmp_path)
    unpacked(path)
    assert list(tmp_path.rglob("*")) == [path]


@pytest.mark.parametrize("name", ["../a.json.gz", "/etc/a.json.gz", "units/../../a.json.gz", "a"])
def test_a_member_elsewhere_is_named(tmp_path: Path, name: str):
    with pytest.raises(ValueError, match=rf"expected manifest.json or units/.*, got '{name}'"):
        unpacked(written(tmp_path, tar_of(member(name))))
    with pytest.raises(ValueError, match="expected manifest.json"):
        packed({name: b""})


@pytest.mark.parametrize(
    "kind",
    [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE]
    + [tarfile.DIRTYPE],
)
def test_links_devices_and_folders_are_named(tmp_path: Path, kind: bytes):
    with pytest.raises(ValueError, match=f"{HERE}: expected a plain file"):
        unpacked(written(tmp_path, tar_of(member(HERE, kind))))


def test_a_name_that_comes_twice_is_named(tmp_path: Path):
    with pytest.raises(ValueError, match=f"{HERE}: expected each name once"):
        unpacked(written(tmp_path, tar_of(member(HERE), member(HERE))))


def test_a_member_that_claims_to_be_larger_than_the_tar_is_refused(tmp_path: Path):
    huge = member(HERE, size=archive.LIMIT * 1000).tobuf()
    with pytest.raises(
        ValueError, match=f"{HERE}: expected at most 16000000 bytes, got 16000000000"
    ):
        unpacked(written(tmp_path, huge + bytes(1024)))


def test_a_sparse_member_is_refused(tmp_path: Path):
    sparse = member(HERE)
    sparse.pax_headers = {"GNU.sparse.map": "0,0", "GNU.sparse.size": str(2**40)}
    with pytest.raises(ValueError, match=f"{HERE}: expected a plain file"):
        unpacked(written(tmp_path, tar_of(sparse)))


def test_a_tar_that_was_cut_off_anywhere_is_refused(tmp_path: Path):
    whole = packed(FILES)
    for length in [0, 100, 512, 1023, 1024, 2000, len(whole) - 512, len(whole) - 1]:
        with pytest.raises(ValueError, match=r"units\.tar: .*; pack and carry it again"):
            unpacked(written(tmp_path, whole[:length]))


def test_bytes_after_the_end_dates_and_compression_are_refused(tmp_path: Path):
    dated = member(HERE)
    dated.mtime = 1
    compressed = BytesIO()
    tarfile.open(fileobj=compressed, mode="w:gz").close()
    for content in (packed(FILES) + b"\0", tar_of(dated), compressed.getvalue()):
        with pytest.raises(ValueError, match=r"units\.tar: .*; pack and carry it again"):
            unpacked(written(tmp_path, content))


def test_more_than_the_limit_is_neither_written_nor_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = written(tmp_path, packed(FILES))
    monkeypatch.setattr(archive, "LIMIT", 2000)
    with pytest.raises(ValueError, match="at most 2000 bytes"):
        packed(FILES)
    with pytest.raises(ValueError, match="at most 2000 bytes"):
        unpacked(path)
