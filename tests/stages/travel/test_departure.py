"""What matches this checkout is packed, in the same bytes every time, and no more than 16 MB."""

import json
from pathlib import Path

import pytest

from stages.travel import archive
from stages.travel.departure import gathered, loaded
from stages.travel.inventory import Work, folder_of
from tests.stages.travel.conftest import write_params


def test_the_units_that_match_are_packed_beside_their_manifest(works: dict[str, Work]):
    path = Path("units.tar")
    path.write_bytes(loaded("paper", gathered("paper")))
    files = archive.unpacked(path)
    told = json.loads(files.pop("manifest.json"))
    assert set(files) == set(told["units"]) == {f"units/{name}.json.gz" for name in works}
    for name, content in files.items():
        assert content == Path("metrics/paper", name).read_bytes()


def test_the_same_units_make_the_same_bytes(works: dict[str, Work]):
    assert loaded("paper", gathered("paper")) == loaded("paper", gathered("paper"))


def test_labels_choose(works: dict[str, Work]):
    names = [name for name in gathered("paper", "sweep_B1_mod*")]
    assert [name[:32] for name in names] == ["units/sweep_B1_modified_0_0_"[:32] + names[0][28:32]]
    with pytest.raises(ValueError, match=r"with labels sweep_B7\*, got none of the 22"):
        gathered("paper", "sweep_B7*")


def test_what_others_have_changed_since_stays(works: dict[str, Work]):
    write_params(diverged_above=9.0)
    with pytest.raises(ValueError, match="metrics/paper/units: expected finished units .* none"):
        gathered("paper")
    assert len(list(folder_of("paper").iterdir())) == len(works)


def test_an_altered_unit_is_not_packed(works: dict[str, Work]):
    altered = min(folder_of("paper").iterdir())
    altered.write_bytes(altered.read_bytes()[:-20])
    with pytest.raises(ValueError, match=f"units/{altered.name}: expected a finished unit"):
        loaded("paper", gathered("paper"))


def test_more_than_the_limit_is_refused_with_how_to_divide_it(
    works: dict[str, Work], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(archive, "LIMIT", 5000)
    with pytest.raises(ValueError, match=r"at most 5000 bytes, .* --only 'sweep_B1\*' \(0\.0 MB\)"):
        loaded("paper", gathered("paper"))
