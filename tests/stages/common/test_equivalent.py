"""Changes that leave results as they are: of this commit's code, and shown to be such."""

from pathlib import Path

import pytest

from stages.common import units
from stages.common.equivalent import Equivalent, equivalents, original
from tests import ROOT


@pytest.mark.parametrize("file", equivalents())
def test_an_entry_is_of_the_code_of_this_commit_and_says_how_it_was_shown(file: str):
    entry = equivalents()[file]
    assert entry.now == units.sha256_of_code(file), "changed again: check again, or leave it out"
    assert entry.was != entry.now
    paths = (path for path in ROOT.glob(f"metrics/*/units/*{units.SUFFIX}"))
    assert any(units.read(path).identity.code.get(file) == entry.was for path in paths)
    assert len(entry.why) > 20 and "equal to the last bit" in entry.computed_again


def test_code_counts_as_what_it_was_and_any_other_code_as_itself(monkeypatch: pytest.MonkeyPatch):
    known = {"a.py": Equivalent("old", "new", "why", "which")}
    monkeypatch.setattr("stages.common.equivalent.equivalents", lambda: known)
    assert original("a.py", "new") == "old"
    assert original("a.py", "old") == "old"
    assert original("a.py", "newer") == "newer"
    assert original("b.py", "new") == "new"


def test_an_entry_that_lacks_a_part_is_named(tmp_path: Path):
    (path := tmp_path / "x.yaml").write_text("a.py: {was: x, now: y, why: z}")
    with pytest.raises(ValueError, match=r"x.yaml: a.py: expected was, now, why, computed_again"):
        equivalents(path)
