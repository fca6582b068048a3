import os
import zipfile
import zlib
from pathlib import Path

import pytest

from idem.data.archive import MEMBER_BYTES, Fault, fault, fault_lines, list_images, open_images

NUMBERS = range(1, 202_600)


def write_zip(path: Path, members: list[tuple[str, bytes]], method=zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


def write_folder(path: Path, members: list[tuple[str, bytes]]) -> Path:
    for name, content in members:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)
    return path


def read_all(source: Path) -> dict[int, bytes]:
    with open_images(source) as read:
        return {member.number: read(member) for member in list_images(source, NUMBERS).members}


def reason(source: Path, number: int = 1) -> str:
    member = next(m for m in list_images(source, NUMBERS).members if m.number == number)
    with open_images(source) as read, pytest.raises(ValueError) as raised:
        read(member)
    return str(raised.value)


@pytest.mark.parametrize("write", [write_zip, write_folder])
@pytest.mark.parametrize("top", ["", "img_align_celeba/", "a/b/"])
def test_members_come_by_number_whatever_their_order(tmp_path, write, top):
    members = [(f"{top}{number:06}.jpg", bytes([number])) for number in (30, 2, 101)]
    source = write(tmp_path / "faces", members)
    assert list(read_all(source).items()) == [(2, b"\2"), (30, b"\x1e"), (101, b"e")]
    assert list_images(source, NUMBERS).faults == []


@pytest.mark.parametrize("write", [write_zip, write_folder])
def test_backslashes_separate_folders(tmp_path, write):
    members = [(f"img_align_celeba\\{number:06}.jpg", bytes([number])) for number in (2, 1)]
    source = write(tmp_path / "faces", members)
    assert read_all(source) == {1: b"\1", 2: b"\2"}
    assert list_images(source, NUMBERS).faults == []


@pytest.mark.parametrize("folder", ["a/", "a\\"])
def test_folders_of_an_archive_are_no_files(tmp_path, folder):
    source = write_zip(tmp_path / "z", [(folder, b""), (f"{folder}000001.jpg", b"1")])
    assert read_all(source) == {1: b"1"}
    assert list_images(source, NUMBERS).faults == []


@pytest.mark.parametrize("write", [write_zip, write_folder])
@pytest.mark.parametrize(
    "name",
    [
        "__MACOSX/img_align_celeba/._000001.jpg",
        "__MACOSX/000001.jpg",
        "img_align_celeba\\._000001.jpg",
        "._000001.jpg",
        "img_align_celeba/.DS_Store",
        ".DS_Store",
        "Thumbs.db",
        "a\\thumbs.db",
        "desktop.ini",
    ],
)
def test_what_an_operating_system_adds_is_passed_over(tmp_path, write, name):
    source = write(tmp_path / "faces", [("000007.jpg", b"7"), (name, b"x")])
    assert list_images(source, NUMBERS).faults == []
    assert read_all(source) == {7: b"7"}


@pytest.mark.parametrize("name", ["_MACOSX/x", "MACOSX", "a.DS_Store", "Thumbs.db.txt", ".hidden"])
def test_what_is_only_named_alike_is_a_fault(tmp_path, name):
    source = write_zip(tmp_path / "z", [(name, b"x")])
    assert list_images(source, NUMBERS).faults == [Fault(name, "not named NNNNNN.jpg")]


def test_deflated_members_are_read(tmp_path):
    source = write_zip(tmp_path / "z", [("000001.jpg", bytes(5000))], zipfile.ZIP_DEFLATED)
    assert read_all(source) == {1: bytes(5000)}


@pytest.mark.parametrize("write", [write_zip, write_folder])
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("readme.txt", "not named NNNNNN.jpg"),
        ("1.jpg", "not named NNNNNN.jpg"),
        ("0000001.jpg", "not named NNNNNN.jpg"),
        ("000001.JPG", "not named NNNNNN.jpg"),
        ("x000001.jpg", "not named NNNNNN.jpg"),
        ("٠٠٠٠٠١.jpg", "not named NNNNNN.jpg"),
        ("000000.jpg", "number outside 1 to 202599"),
        ("202600.jpg", "number outside 1 to 202599"),
    ],
)
def test_what_is_no_image_of_the_data_set_is_a_fault(tmp_path, write, name, expected):
    source = write(tmp_path / "faces", [("000007.jpg", b"7"), (name, b"x")])
    assert list_images(source, NUMBERS).faults == [Fault(name, expected)]
    assert read_all(source) == {7: b"7"}


@pytest.mark.parametrize(
    "name",
    [
        "../000001.jpg",
        "/000001.jpg",
        "a/../../000001.jpg",
        "..\\000001.jpg",
        "\\000001.jpg",
        "a\\..\\..\\000001.jpg",
        "C:000001.jpg",
        "C:\\000001.jpg",
    ],
)
def test_a_name_that_leads_out_of_the_archive_is_a_fault(tmp_path, name):
    source = write_zip(tmp_path / "z", [("000007.jpg", b"7"), (name, b"x")])
    assert list_images(source, NUMBERS).faults == [
        Fault(fault(name, "").name, "the name leads out of the archive")
    ]
    assert read_all(source) == {7: b"7"}


def test_links_are_followed_only_within_the_folder(tmp_path):
    folder = write_folder(tmp_path / "faces", [("000001.jpg", b"1")])
    (tmp_path / "000002.jpg").write_bytes(b"secret")
    (folder / "000002.jpg").symlink_to(tmp_path / "000002.jpg")
    (folder / "000003.jpg").symlink_to(folder / "000001.jpg")
    (folder / "000004.jpg").symlink_to(folder / "nowhere")
    (tmp_path / "outside").mkdir()
    (folder / "others").symlink_to(tmp_path / "outside")
    (folder / "again").symlink_to(folder)
    os.mkfifo(folder / "000005.jpg")
    assert list_images(folder, NUMBERS).faults == [
        Fault("000002.jpg", "a link that leads out of the folder"),
        Fault("000004.jpg", "no regular file"),
        Fault("000005.jpg", "no regular file"),
        Fault("again", "no regular file"),
        Fault("others", "a link that leads out of the folder"),
    ]
    assert read_all(folder) == {1: b"1", 3: b"1"}


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_the_first_of_several_with_one_number_counts(tmp_path):
    members = [("a/000001.jpg", b"first"), ("000001.jpg", b"second"), ("a/000001.jpg", b"third")]
    source = write_zip(tmp_path / "z", members)
    reason = "a second image 1, after a/000001.jpg"
    assert list_images(source, NUMBERS).faults == [
        Fault("000001.jpg", reason),
        Fault("a/000001.jpg", reason),
    ]
    assert read_all(source) == {1: b"first"}


def test_the_first_by_name_counts_in_a_folder(tmp_path):
    source = write_folder(tmp_path / "d", [("b/000001.jpg", b"b"), ("a/000001.jpg", b"a")])
    assert read_all(source) == {1: b"a"}


@pytest.mark.parametrize("keep", [0, 10, 100, -1])
def test_a_truncated_archive_is_named(tmp_path, keep):
    source = write_zip(tmp_path / "cut.zip", [("000001.jpg", bytes(200))])
    source.write_bytes(source.read_bytes()[:keep])
    with pytest.raises(ValueError, match=r"cut\.zip: no zip archive, or only the beginning of one"):
        list_images(source, NUMBERS)


def test_an_altered_member_is_named_and_the_others_are_read(tmp_path):
    source = write_zip(tmp_path / "z", [("000001.jpg", b"A" * 99), ("000002.jpg", b"B" * 99)])
    source.write_bytes(source.read_bytes().replace(b"AAA", b"AxA", 1))
    assert "Bad CRC-32" in reason(source, 1)
    with open_images(source) as read:
        assert read(list_images(source, NUMBERS).members[1]) == b"B" * 99


def test_a_member_that_unpacks_to_more_than_it_says_is_not_unpacked_whole(tmp_path):
    source = write_zip(tmp_path / "z", [("000001.jpg", bytes(10**6))], zipfile.ZIP_DEFLATED)
    size = (10**6).to_bytes(4, "little")
    source.write_bytes(source.read_bytes().replace(size, (9).to_bytes(4, "little")))
    assert "Bad CRC-32" in reason(source)


def test_a_member_that_unpacks_to_less_than_it_says_is_broken(tmp_path):
    source = write_zip(tmp_path / "z", [("000001.jpg", bytes(5000))], zipfile.ZIP_DEFLATED)
    size = (5000).to_bytes(4, "little")
    source.write_bytes(source.read_bytes().replace(size, (6000).to_bytes(4, "little")))
    assert "expected 6000 bytes, got 5000" in reason(source)


def test_broken_deflate_data_is_a_reason(tmp_path):
    content = bytes(range(256)) * 40
    source = write_zip(tmp_path / "z", [("000001.jpg", content)], zipfile.ZIP_DEFLATED)
    packed = zlib.compressobj(wbits=-15)
    stream = packed.compress(content) + packed.flush()
    source.write_bytes(source.read_bytes().replace(stream[:20], b"\xff" * 20))
    assert "Error -3 while decompressing" in reason(source)


@pytest.mark.parametrize("write", [write_zip, write_folder])
def test_a_member_of_too_many_bytes_is_not_read(tmp_path, write):
    source = write(tmp_path / "faces", [("000001.jpg", bytes(MEMBER_BYTES + 1))])
    assert reason(source) == "more than 20000000 bytes"


def test_encrypted_members_and_unbounded_methods_are_reasons(tmp_path):
    source = write_zip(tmp_path / "e", [("000001.jpg", b"x")])
    content = bytearray(source.read_bytes())
    content[content.index(b"PK\1\2") + 8] |= 1
    source.write_bytes(content)
    assert reason(source) == "encrypted"
    source = write_zip(tmp_path / "b", [("000001.jpg", b"x")], zipfile.ZIP_BZIP2)
    assert reason(source) == "compressed by method 12, neither stored nor deflated"


def test_a_file_that_went_away_is_a_reason(tmp_path):
    source = write_folder(tmp_path / "faces", [("000001.jpg", b"1")])
    member = list_images(source, NUMBERS).members[0]
    (source / "000001.jpg").unlink()
    with open_images(source) as read, pytest.raises(ValueError, match="No such file"):
        read(member)


def test_faults_can_be_printed_whatever_the_names(tmp_path):
    source = write_zip(tmp_path / "z", [("a\n\x1b[31m.txt", b""), ("b" * 500, b"")])
    first, second = list_images(source, NUMBERS).faults
    assert first.name == r"'a\n\x1b[31m.txt'"
    assert second.name == "b" * 199 + "…"
    assert fault("\udcff", "").name == r"'\udcff'"


def test_only_the_first_faults_are_fault_lines():
    faults = [Fault(f"{number}.txt", "odd") for number in range(5)]
    assert fault_lines(faults, shown=2) == "  0.txt: odd\n  1.txt: odd\n  and 3 more"
    assert fault_lines(faults[:2], shown=2) == "  0.txt: odd\n  1.txt: odd"
