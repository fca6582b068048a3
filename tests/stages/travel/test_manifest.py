"""The manifest repeats what the units hold, and tells when they hold something else."""

import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from stages.common import units
from stages.travel.departure import gathered
from stages.travel.inventory import Work
from stages.travel.manifest import manifest, opened
from tests.stages.travel.conftest import finish


def test_it_holds_digests_of_units_code_and_parameters_and_where_each_is_from(
    works: dict[str, Work],
):
    name, work = next(iter(works.items()))
    finish(work, seconds=7.5, device="NVIDIA H100", date="2026-11-28T13:05Z")
    files = gathered("paper")
    found = manifest("paper", files)
    member = f"units/{name}.json.gz"
    key = json.dumps(work.identity.key, sort_keys=True).encode()
    here = units.provenance(0, "cpu")
    assert found["units"][member] == {
        "sha256": sha256(files[member]).hexdigest(),
        "parameters_and_data": sha256(key).hexdigest(),
        "versions": here.versions,
        "device": "NVIDIA H100",
        "cpu": here.cpu,
        "seconds": 7.5,
        "date": "2026-11-28T13:05Z",
    }
    assert set(found["units"]) == set(files)
    code = {file: digest for of in works.values() for file, digest in of.identity.code.items()}
    assert found["code"] == code and found["pipeline"] == "paper"
    assert json.loads(json.dumps(found)) == found


def test_units_of_two_states_of_the_code_are_refused(works: dict[str, Work]):
    work = next(iter(works.values()))
    code = dict(work.identity.code) | {"idem/sweeps/lanes.py": "0" * 64}
    path = finish(work._replace(identity=replace(work.identity, code=code)))
    files = gathered("paper") | {f"units/{path.name}": path.read_bytes()}
    with pytest.raises(ValueError, match=r"expected one state of idem/sweeps/lanes\.py in all"):
        manifest("paper", files)


def test_a_unit_that_is_altered_or_under_another_name_is_named(works: dict[str, Work]):
    (one, content), (other, _), *_ = gathered("paper").items()
    with pytest.raises(ValueError, match=f"^{other}: expected the unit that its name says, got"):
        opened(other, content)
    with pytest.raises(
        ValueError, match=f"^{one}: expected a finished unit of schema {units.SCHEMA}"
    ):
        opened(one, content[:-20])


def test_reading_does_not_need_the_file(works: dict[str, Work]):
    (name, content), *_ = gathered("paper").items()
    assert str(opened(name, content)) == str(units.read(Path("metrics/paper", name)))
