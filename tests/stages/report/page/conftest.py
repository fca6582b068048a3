"""A copy of what a report is written from, in which files may be lost and damaged."""

from pathlib import Path

import pytest

from stages.report.page import figures
from tests import ROOT

KINDS = (".json", ".csv", ".md", ".yaml", ".lock")


def copied(folder: Path) -> Path:
    """Fill a folder with the tables of this checkout and its pipelines, without pictures."""
    named = [*ROOT.glob("metrics/*/*"), *ROOT.glob("stages/pipelines/*/*")]
    named += [ROOT / name for name in ("dvc.yaml", "dvc.lock", "params.yaml")]
    for path in named:
        if path.suffix in KINDS:
            there = folder / path.relative_to(ROOT)
            there.parent.mkdir(parents=True, exist_ok=True)
            there.symlink_to(path)
    return folder


def replace(path: Path, text: str) -> None:
    """Write a file in the place of a link, whose target stays as it is."""
    path.unlink()
    path.write_text(text, encoding="utf-8")


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Enter such a folder."""
    monkeypatch.setattr(figures, "pictures", lambda _: {})
    monkeypatch.chdir(copied(tmp_path))
    return tmp_path
