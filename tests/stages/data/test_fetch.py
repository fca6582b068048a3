import sys

import pytest

from idem.data.download import DownloadError
from stages.data import fetch


def run(monkeypatch, tmp_path, source) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["fetch", "mnist"])
    monkeypatch.setitem(fetch.SOURCES, "mnist", source)
    fetch.main()


def test_files_go_to_the_raw_folder_and_downloads_to_the_cache(monkeypatch, tmp_path):
    asked = []
    run(monkeypatch, tmp_path, lambda *folders: asked.extend(map(str, folders)))
    assert asked == ["data/mnist/raw", ".cache/mnist"]


def test_a_failure_is_a_message_without_traceback(monkeypatch, tmp_path):
    def fail(*_):
        raise DownloadError("no intact copy; tried: nothing")

    with pytest.raises(SystemExit, match="no intact copy; tried: nothing"):
        run(monkeypatch, tmp_path, fail)
