"""The command that packs: one file and one line, or one line that says why not."""

from pathlib import Path

import pytest

from stages import pack
from stages.travel import archive
from stages.travel.inventory import Work
from tests.stages.travel.conftest import finished as finished, status, works as works


def test_it_writes_one_file_and_says_what_is_in_it(
    works: dict[str, Work], capsys: pytest.CaptureFixture[str]
):
    assert status(pack, "away/u.tar") == 0
    assert capsys.readouterr().out.startswith(f"away/u.tar: {len(works)} units of paper, 0.0")
    assert len(archive.unpacked(Path("away/u.tar"))) == len(works) + 1
    assert status(pack, "--only", "variant*", "v.tar") == 0
    assert len(archive.unpacked(Path("v.tar"))) == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--pipeline", "cifar", "u.tar"], "expected one of the pipelines paper, "),
        (["--only", "none", "u.tar"], "with labels none, got none of the 22"),
    ],
)
@pytest.mark.usefixtures("works")
def test_it_says_in_one_line_why_not(arguments: list[str], said: str):
    stopped = status(pack, *arguments)
    assert isinstance(stopped, str) and said in stopped and "\n" not in stopped
    assert not Path("u.tar").exists()
