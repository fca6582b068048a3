"""Every unit of a pipeline is known here, and what a foreign one differs in is said."""

from dataclasses import replace
from typing import Any

import pytest

from stages.common import units
from stages.common.units import Finished, Identity
from stages.travel import inventory as all_units
from stages.travel.inventory import Work, explain, inventory
from tests import ROOT
from tests.stages.travel.conftest import RULES, write_params


def test_the_units_are_those_that_the_stages_compute(works: dict[str, Work]):
    labels = sorted(work.identity.label for work in works.values())
    stages = ("near_n5", "newdata_n2_4_8", "newdata_n2_4_fixed", "published_B1_fixed")
    stages += ("readings_B1_fixed_default", "stand_in_small", "sweep_B1", "variant_large")
    expected = [f"{of}_{rule}_0_0" for of in stages for rule in RULES]
    expected += [f"{of}_n5_{rule}_0" for of in ("centring", "copying") for rule in RULES]
    expected += ["gradients_B1_table_1_0", "transposed_B1_transposed_0_0"]
    assert labels == sorted(expected)
    assert all(name == work.identity.name for name, work in works.items())


def test_no_stage_that_plans_units_is_forgotten():
    planning = {
        path.stem for path in ROOT.glob("stages/*/*.py") if "\ndef plan(" in path.read_text()
    }
    assert planning - set(vars(all_units)) == set()


@pytest.mark.parametrize("pipeline", ["laptop", "cifar", ""])
def test_a_pipeline_that_keeps_no_units_is_named(pipeline: str):
    with pytest.raises(ValueError, match=f"expected one of the pipelines paper, .*{pipeline}'"):
        inventory(pipeline)


def unit_of(identity: Identity) -> Finished:
    return Finished(identity, units.provenance(0, "cpu"), [])


def test_a_parameter_that_differs_is_named(works: dict[str, Work]):
    foreign = unit_of(next(iter(works.values())).identity)
    write_params(diverged_above=9.0)
    said = explain(foreign, inventory("paper"))
    assert said == "parameter 0.diverged_above: expected 9.0, got 1000.0"


@pytest.mark.parametrize(
    ("file", "digests", "said"),
    [
        ("idem/sweeps/lanes.py", ("0" * 64,), r"expected SHA-256 \w{64}, got 0{64}"),
        ("idem/sweeps/new.py", ("0" * 64,), r"expected SHA-256 nothing, got 0{64}"),
        ("idem/sweeps/lanes.py", (), r"expected SHA-256 \w{64}, got nothing"),
    ],
)
def test_a_file_of_code_that_differs_is_named(
    works: dict[str, Work], file: str, digests: tuple[str, ...], said: str
):
    identity = next(iter(works.values())).identity
    code = {name: digest for name, digest in identity.code.items() if name != file}
    code |= dict.fromkeys([file] if digests else [], "".join(digests))
    found = explain(unit_of(replace(identity, code=code)), works)
    with pytest.raises(ValueError, match=f"code {file}: {said}"):
        raise ValueError(found)


def test_data_that_differ_are_named(works: dict[str, Work]):
    name, work = next(iter(works.items()))
    wanted = {name: work._replace(identity=replace(work.identity, key=[{"a": 1}, "0" * 64]))}
    found = explain(unit_of(replace(work.identity, key=[{"a": 1}, "1" * 64])), wanted)
    assert found == f"data 1: expected '{'0' * 64}', got '{'1' * 64}'"


def test_a_unit_of_a_network_that_is_not_there_is_named(works: dict[str, Any]):
    foreign = replace(next(iter(works.values())).identity, label="sweep_B9_modified_0_0")
    assert "got none of that name" in explain(unit_of(foreign), works)
