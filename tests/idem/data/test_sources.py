import gzip
import hashlib
import io
import shutil
import stat
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from idem.data import sources
from idem.data.sources import (
    KnownFile,
    download,
    from_folders,
    from_mirror,
    from_npm,
    npm_archive,
    npm_members,
)

CONTENTS = {"images": b"\0\1\2\3" * 50, "labels": b"\7\6"}
FILES = [KnownFile(n, len(c), hashlib.md5(c).hexdigest()) for n, c in CONTENTS.items()]
WHOLE = [(file, CONTENTS[file.name]) for file in FILES]


def md5(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()


Answer = Callable[[BaseHTTPRequestHandler], None]


class Server:
    """A web server on this machine: one answer a path, in turn; what was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, list[Answer]] = {}
        self.asked: list[str] = []
        self.stopping = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(self.path)
                answers = outer.answers.get(self.path, [refused])
                answers[min(outer.asked.count(self.path), len(answers)) - 1](self)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}/"

    def drips(self, piece: bytes, pause: float) -> Answer:
        """Return an answer that never ends, a piece at a time."""

        def answer(request: BaseHTTPRequestHandler) -> None:
            request.send_response(200)
            request.end_headers()
            try:
                while not self.stopping.wait(pause):
                    request.wfile.write(piece)
            except OSError:
                pass

        return answer

    def stalls(self, request: BaseHTTPRequestHandler) -> None:
        self.stopping.wait(20)


def refused(request: BaseHTTPRequestHandler) -> None:
    request.send_error(404)


def sent(content: bytes, declared: int | None = None, **headers: str) -> Answer:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", str(declared or len(content)))
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        request.wfile.write(content)

    return answer


@pytest.fixture
def web(monkeypatch) -> Iterator[Server]:
    monkeypatch.setattr(time, "sleep", lambda seconds: None)  # between two tries
    web = Server()
    thread = threading.Thread(target=web.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield web
    web.stopping.set()
    web.server.shutdown()
    web.server.server_close()
    thread.join()


def failure(web: Server, tmp_path: Path, answer: Answer, limit: int = 1000) -> str:
    """Return why a download fails, which leaves nothing behind."""
    web.answers["/a"] = [answer]
    with pytest.raises(ValueError) as raised:
        download(web.address, "a", "md5:" + md5(b"x"), tmp_path, limit)
    assert list(tmp_path.iterdir()) == []
    return str(raised.value)


def test_folders_give_raw_and_gzipped_copies_from_each(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "images").write_bytes(CONTENTS["images"])
    (tmp_path / "sub" / "labels.gz").write_bytes(b"zipped")
    found = list(from_folders([tmp_path, tmp_path / "sub"], FILES))
    assert found == [(FILES[0], CONTENTS["images"]), (FILES[1], b"zipped")]


def test_folders_name_what_is_absent_after_giving_the_rest(tmp_path):
    (tmp_path / "labels").write_bytes(CONTENTS["labels"])
    found = from_folders([tmp_path, tmp_path / "nowhere"], FILES)
    assert next(found)[0] == FILES[1]
    with pytest.raises(FileNotFoundError, match="^no images$"):
        next(found)


def test_folders_name_what_is_named_alike(tmp_path):
    (tmp_path / "images.gz~").touch()
    with pytest.raises(FileNotFoundError, match=r"^no images \(but images\.gz~: rename it"):
        list(from_folders([tmp_path], FILES[:1]))


def test_an_oversized_file_is_not_read_whole(tmp_path):
    (tmp_path / "labels").write_bytes(bytes(1_000_000))
    [(file, content)] = from_folders([tmp_path], FILES[1:])
    assert file.size < len(content) < 10_000


def test_a_download_is_kept_and_not_asked_for_again(web, tmp_path):
    web.answers["/a"] = [sent(b"x")]
    for _ in range(2):
        path = download(web.address, "a", "md5:" + md5(b"x"), tmp_path / "new" / "cache", 1)
        assert path == tmp_path / "new" / "cache" / "a" and path.read_bytes() == b"x"
    assert web.asked == ["/a"]


def test_an_altered_download_in_the_cache_is_replaced(web, tmp_path):
    (tmp_path / "a").write_bytes(b"altered")
    web.answers["/a"] = [sent(b"x")]
    assert download(web.address, "a", "md5:" + md5(b"x"), tmp_path, 1).read_bytes() == b"x"


def test_a_download_that_cannot_replace_an_altered_one_leaves_it(web, tmp_path):
    (tmp_path / "a").write_bytes(b"altered")
    with pytest.raises(ValueError, match="404"):
        download(web.address, "a", "md5:" + md5(b"x"), tmp_path, 1)
    assert (tmp_path / "a").read_bytes() == b"altered"


@pytest.mark.parametrize("first", [refused, sent(b"other"), sent(b"", declared=1)])
def test_what_fails_once_is_tried_again(web, tmp_path, first):
    web.answers["/a"] = [first, sent(b"x")]
    assert download(web.address, "a", "md5:" + md5(b"x"), tmp_path, 9).read_bytes() == b"x"
    assert web.asked == ["/a"] * 2


def test_what_fails_again_is_given_up_with_the_reason(web, tmp_path):
    assert failure(web, tmp_path, refused) == "HTTP Error 404: Not Found"
    assert web.asked == ["/a"] * 2
    other = failure(web, tmp_path, sent(b"other"))
    assert f"but got {md5(b'other')}" in other


def test_a_server_that_is_not_there_is_a_reason(web, tmp_path):
    web.server.server_close()
    with pytest.raises(ValueError, match="Connection refused"):
        download(web.address, "a", "md5:" + md5(b"x"), tmp_path, 9)


def test_a_server_that_stalls_is_given_up(web, tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "STALL_SECONDS", 0.1)
    assert "timed out" in failure(web, tmp_path, web.stalls)


def test_a_server_that_drips_is_given_up(web, tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "TOTAL_SECONDS", 0.2)
    assert failure(web, tmp_path, web.drips(b".", 0.05)) == "took over 0.2 s"


def test_a_server_that_never_ends_is_given_up(web, tmp_path):
    assert failure(web, tmp_path, web.drips(bytes(300), 0.001)) == "sends more than 1000 bytes"


def test_what_a_server_declares_to_be_packed_is_taken_as_it_is(web, tmp_path):
    packed = gzip.compress(b"x")
    web.answers["/a.gz"] = [sent(packed, Content_Encoding="gzip")]
    path = download(web.address, "a.gz", "md5:" + md5(packed), tmp_path, 1000)
    assert path.read_bytes() == packed


def test_a_mirror_is_asked_for_gzipped_files(web, tmp_path):
    packed = {f"{name}.gz": gzip.compress(content) for name, content in CONTENTS.items()}
    web.answers = {f"/mnist/{name}": [sent(content)] for name, content in packed.items()}
    digests = {name: md5(content) for name, content in packed.items()}
    found = list(from_mirror(f"{web.address}mnist/", digests, tmp_path, FILES))
    assert [content for _, content in found] == list(packed.values())
    assert web.asked == ["/mnist/images.gz", "/mnist/labels.gz"]


def package(contents: dict[str, bytes]) -> tuple[bytes, str]:
    """Return the archive of a package and its digest."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        for name, content in contents.items():
            member = tarfile.TarInfo(f"package/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return archive.getvalue(), "sha512:" + hashlib.sha512(archive.getvalue()).hexdigest()


PACKED, DIGEST = package({"index.js": b"code"} | {f"data/{n}": c for n, c in CONTENTS.items()})
ADDRESS = "/some-data/-/some-data-1.2.3.tgz"


@pytest.fixture
def registry(web, monkeypatch) -> Server:
    monkeypatch.setattr(sources, "npm_registry", lambda: web.address.rstrip("/"))
    return web


def test_the_files_of_a_package_are_read(registry, tmp_path):
    registry.answers[ADDRESS] = [sent(PACKED)]
    assert list(from_npm("some-data@1.2.3", DIGEST, tmp_path, FILES)) == WHOLE
    assert [path.name for path in tmp_path.iterdir()] == ["some-data-1.2.3.tgz"]


def test_no_more_of_a_packed_file_is_read_than_was_asked_for(registry, tmp_path):
    registry.answers[ADDRESS] = [sent(PACKED)]
    archive = npm_archive("some-data@1.2.3", DIGEST, tmp_path, 10**6)
    assert list(npm_members(archive, {"index.js": 2, f"data/{FILES[0].name}": 10**6})) == [
        b"co",
        CONTENTS[FILES[0].name],
    ]
    with pytest.raises(KeyError, match=r"package/other\.js"):
        list(npm_members(archive, {"other.js": 1}))


def test_a_package_put_into_the_cache_by_hand_is_taken(registry, tmp_path):
    (tmp_path / "some-data-1.2.3.tgz").write_bytes(PACKED)
    assert list(from_npm("some-data@1.2.3", DIGEST, tmp_path, FILES)) == WHOLE
    assert registry.asked == []


def test_another_package_of_that_name_is_not_opened(registry, tmp_path, monkeypatch):
    registry.answers[ADDRESS] = [sent(package({"bomb": bytes(10**6)})[0])]
    monkeypatch.setattr(tarfile, "open", None)
    with pytest.raises(ValueError, match="SHA512 hash of downloaded file"):
        list(from_npm("some-data@1.2.3", DIGEST, tmp_path, FILES))
    assert list(tmp_path.iterdir()) == []


def npm_that_says(tmp_path: Path, monkeypatch, script: str) -> None:
    """Let the npm client be a script, the only command there is."""
    npm = tmp_path / "npm"
    npm.write_text(f"#!/bin/sh\n{script}\n")
    npm.chmod(npm.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(shutil, "which", {"npm": str(npm)}.get)


@pytest.mark.parametrize("end", ["", "/"])
def test_the_registry_is_the_one_that_npm_is_set_to(tmp_path, monkeypatch, end):
    npm_that_says(
        tmp_path, monkeypatch, f'test "$*" = "config get registry" && echo http://own{end}'
    )
    assert sources.npm_registry() == "http://own"


def test_npm_that_fails_or_hangs_is_a_reason(tmp_path, monkeypatch):
    npm_that_says(tmp_path, monkeypatch, "exit 3")
    with pytest.raises(sources.subprocess.SubprocessError, match="returned non-zero exit status 3"):
        sources.npm_registry()
    monkeypatch.setattr(sources, "STALL_SECONDS", 0.1)
    npm_that_says(tmp_path, monkeypatch, "exec sleep 60")
    with pytest.raises(sources.subprocess.SubprocessError, match=r"timed out after 0\.1 seconds"):
        sources.npm_registry()


def test_without_npm_the_registry_is_that_of_its_environment_or_the_public_one(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.delenv("NPM_CONFIG_REGISTRY", raising=False)
    assert sources.npm_registry() == "https://registry.npmjs.org"
    monkeypatch.setenv("NPM_CONFIG_REGISTRY", "https://own/npm/")
    assert sources.npm_registry() == "https://own/npm"
