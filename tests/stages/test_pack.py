"""The command that packs: one file and one line, or one line that says why not."""

import sys
from pathlib import Path

import pytest

from stages import pack
from stages.travel import archive
from stages.travel.inventory import Work
from tests.stages.travel.conftest import finished as finished, works as works


def packed(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int | str | None:
    monkeypatch.setattr(sys, "argv", ["pack", *arguments])
    try:
        pack.main()
    except SystemExit as stopped:
        return stopped.code
    return 0


def test_it_writes_one_file_and_says_what_is_in_it(
    works: dict[str, Work], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    assert packed(monkeypatch, "away/u.tar") == 0
    assert capsys.readouterr().out.startswith("away/u.tar: 8 units of paper, 0.0")
    assert len(archive.unpacked(Path("away/u.tar"))) == 9
    assert packed(monkeypatch, "--only", "variant*", "v.tar") == 0
    assert len(archive.unpacked(Path("v.tar"))) == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--pipeline", "cifar", "u.tar"], "expected one of the pipelines paper, "),
        (["--only", "none", "u.tar"], "with labels none, got none of the 8"),
    ],
)
@pytest.mark.usefixtures("works")
def test_it_says_in_one_line_why_not(
    arguments: list[str], said: str, monkeypatch: pytest.MonkeyPatch
):
    stopped = packed(monkeypatch, *arguments)
    assert isinstance(stopped, str) and said in stopped and "\n" not in stopped
    assert not Path("u.tar").exists()
