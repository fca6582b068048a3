"""The summary and its spreads: every number has one kind, and what is wrong is named."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from stages.summary.build import SCHEMA, summary
from stages.summary.kinds import Chaotic, Exact, Rounded
from stages.summary.source import Source, WrongFile
from stages.summary.tables import Number
from stages.summary.values import at

SOURCE = Source("found.json", "find")
NUMBERS = [
    Number("B.count", SOURCE, at("count"), Exact()),
    Number("A.error", SOURCE, at("error"), Rounded(relative=0.1)),
    Number("A.distance", SOURCE, at("seeds.*"), Chaotic(least=0.0)),
]
FOUND = {"count": 12345678, "error": None, "seeds": {"0": 1.0, "1": 3.0}}
CLAIMS = {"B": {"verdict": "yes", "ours": "1"}, "A": {"B1": {"verdict": "no", "runs": 1}}}


def write(folder: Path, found: Any = FOUND, claims: Any = CLAIMS) -> Path:
    for name, content in (("found", found), ("claims", claims)):
        if content is not None:
            (folder / f"{name}.json").write_text(json.dumps(content))
    return folder


def test_verdicts_come_first_and_numbers_in_the_order_given(tmp_path: Path):
    found, _ = summary(write(tmp_path), NUMBERS)
    assert list(found) == ["verdict", "B", "A"]
    assert found["verdict"] == {"B": "yes", "A": {"B1": "no"}}
    assert list(found["A"]) == ["error", "distance"]


def test_networks_that_were_not_run_are_left_out_beside_others(tmp_path: Path):
    claims = {"A": {"B1": {"verdict": "no"}, "B2": {"verdict": "not run"}}}
    found, _ = summary(write(tmp_path, claims=claims), NUMBERS)
    assert found["verdict"] == {"A": {"B1": "no"}}


def test_a_number_is_the_mean_and_a_count_stays_a_count(tmp_path: Path):
    found, _ = summary(write(tmp_path), NUMBERS)
    assert found["A"]["distance"] == 2.0
    assert type(found["B"]["count"]) is int
    assert math.isnan(found["A"]["error"])


def test_spreads_say_kind_and_file_of_every_number(tmp_path: Path):
    _, spreads = summary(write(tmp_path), NUMBERS)
    assert spreads["schema"] == SCHEMA
    assert list(spreads["numbers"]) == ["B.count", "A.error", "A.distance"]
    assert {entry["from"] for entry in spreads["numbers"].values()} == {"found.json"}
    distance = spreads["numbers"]["A.distance"]
    assert distance["spread"] == pytest.approx(math.sqrt(2))
    assert distance["over"] == "2 seeds"


def test_of_a_ledger_that_is_missing_the_stage_is_named(tmp_path: Path):
    with pytest.raises(WrongFile, match=r"claims\.json: .* stage claims writes, got no file"):
        summary(write(tmp_path, claims=None), NUMBERS)


@pytest.mark.parametrize("found", [{"count": 1}, [1], 3, {**FOUND, "seeds": [1, 2]}])
def test_of_a_file_of_other_code_the_stage_is_named(tmp_path: Path, found: Any):
    with pytest.raises(WrongFile, match=r"found\.json: .* stage find writes, got .* other code"):
        summary(write(tmp_path, found=found), NUMBERS)


@pytest.mark.parametrize("claims", [[1], {"A": 1}, {"A": {"B1": {}}}, {"A": {"ours": "1"}}])
def test_of_a_ledger_of_other_code_the_stage_is_named(tmp_path: Path, claims: Any):
    with pytest.raises(WrongFile, match=r"claims\.json: .* stage claims writes, got .* other code"):
        summary(write(tmp_path, claims=claims), NUMBERS)


def test_what_has_not_run_is_left_out_and_told(tmp_path: Path):
    told: list[str] = []
    found, spreads = summary(write(tmp_path, found=None), NUMBERS, told.append)
    assert all(math.isnan(value) for group in ("A", "B") for value in found[group].values())
    assert len(told) == len(NUMBERS)
    assert spreads["numbers"]["B.count"] == {"kind": "exact", "from": "found.json"}


def test_names_may_stand_below_that_of_a_pipeline(tmp_path: Path):
    folder = write(tmp_path)
    plain, named = summary(folder, NUMBERS), summary(folder, NUMBERS, within=["study"])
    assert named[0]["verdict"] == {"study": plain[0]["verdict"]}
    assert named[0]["study"]["B"] == plain[0]["B"]
    assert list(named[1]["numbers"]) == [f"study.{name}" for name in plain[1]["numbers"]]
