"""The blocks of README and pages: replaced where they stand, equal to the tables of this commit."""

from pathlib import Path

import pytest

from stages.compare.revision import revision
from stages.report import readme
from stages.report.blocks import BLOCKS
from tests import ROOT
from tests.stages.report.written import Written

TEXT = (
    "a\n<!-- one: from x -->\nold\n<!-- end of one -->\nb\n<!-- two: -->\n<!-- end of two -->\nc\n"
)


LONGEST = 12_000  # bytes of the README at the top: four screens


def test_the_readme_is_short():
    assert (ROOT / "README.md").stat().st_size <= LONGEST


class Committed:
    """The files of the commit at the tip."""

    def __init__(self) -> None:
        self.tip = revision("HEAD")
        self.names = frozenset(["README.md", *self.tip.files("metrics")])

    def there(self, name: str) -> bool:
        return name in self.names

    def text(self, name: str) -> str:
        found = self.tip.read(name)
        assert found is not None, name
        return found


@pytest.fixture(scope="module")
def committed() -> Committed:
    return Committed()


@pytest.fixture
def blocks(monkeypatch: pytest.MonkeyPatch):
    known = {"one": lambda files: files.text("x"), "two": lambda _: "2\n"}
    monkeypatch.setattr(readme, "BLOCKS", known)


@pytest.mark.usefixtures("blocks")
def test_blocks_are_made_anew_and_nothing_else():
    files = Written({"x": "content of x\n"})
    new = readme.filled(TEXT, files)
    assert new == TEXT.replace("old", "content of x").replace(
        "-->\n<!-- end of two", "-->\n2\n<!-- end of two"
    )
    assert readme.filled(new, files) == new


@pytest.mark.usefixtures("blocks")
def test_an_unknown_block_is_named():
    with pytest.raises(ValueError, match="expected one of the blocks one, two, got 'three'"):
        readme.filled(TEXT.replace("one", "three"), Written({}))


@pytest.mark.usefixtures("blocks")
def test_a_block_that_does_not_end_is_an_error():
    with pytest.raises(ValueError, match=r"followed by <!-- end of NAME -->, got \['<!-- one"):
        readme.filled(TEXT.replace("end of one", "end of won"), Written({}))


@pytest.mark.usefixtures("blocks")
def test_every_page_with_blocks_is_rewritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    Path("x").write_text("new\n")
    for folder in ("", "metrics/a", "metrics/b"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        (Path(folder) / "README.md").write_text(TEXT)
    Path("metrics/a/more.md").write_text(TEXT)
    Path("metrics/a/written_by_a_stage.md").write_text("old\n")
    readme.main()
    found = list(readme.pages(Path()))
    assert len(found) == 4
    assert all("\nnew\n" in text for _, text in found)


def test_a_table_that_is_lost_is_named_and_no_readme_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    Path("dvc.lock").write_text("stages: {claims: {cmd: judge}}")
    Path("dvc.yaml").write_text("stages: {claims: {outs: [metrics/laptop/claims.json]}}")
    Path("README.md").write_text("<!-- claims: -->\nold\n<!-- end of claims -->\n")
    said = "no page is changed: metrics/laptop/claims.json: no such file; run `dvc repro claims`"
    with pytest.raises(SystemExit, match=said):
        readme.main()
    assert "old" in Path("README.md").read_text()


@pytest.mark.parametrize("name", BLOCKS)
def test_every_block_stands_in_a_page_and_shows_the_tables_of_this_commit(
    name: str, committed: Committed
):
    shown = [
        found[3]
        for file in sorted(committed.names)
        if file.endswith(".md")
        for found in readme.BLOCK.finditer(committed.text(file))
        if found[2] == name
    ]
    assert shown, f"in no page: {name}"
    assert all(block == BLOCKS[name](committed) for block in shown)
