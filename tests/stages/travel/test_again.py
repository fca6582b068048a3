"""What is computed again must come to what arrived: to the bit, or to rounding where it can."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from stages.common import units
from stages.common.units import Finished
from stages.travel.again import check, drawn
from stages.travel.arrival import matched
from stages.travel.departure import gathered
from stages.travel.inventory import Work
from tests.stages.travel.conftest import finish

ELSEWHERE = {"cpu": "another chip"}
Arrived = dict[str, tuple[Finished, Work]]


@pytest.fixture
def arrived(works: dict[str, Work]) -> Arrived:
    return matched("paper", gathered("paper"))


def altered(unit: Finished, row: int, column: str, factor: float, **provenance: Any) -> Finished:
    """Return a unit with one number changed, from elsewhere if so said."""
    rows = [dict(each) for each in unit.result]
    rows[row][column] *= factor
    origin = replace(unit.provenance, **provenance)
    return replace(unit, result=rows, provenance=origin)


@pytest.mark.parametrize("seed", [0, 1])
def test_a_draw_can_be_repeated(arrived: Arrived, seed: int):
    assert drawn(arrived, 60, seed) == drawn(dict(reversed(arrived.items())), 60, seed)


def test_all_units_can_be_drawn(arrived: Arrived):
    assert {drawn(arrived, 60, seed) for seed in range(90)} == set(arrived)


def test_only_small_units_are_drawn(arrived: Arrived, works: dict[str, Work]):
    *large, small = works
    for name in large:
        finish(works[name], seconds=1000)
    found = matched("paper", gathered("paper"))
    assert {drawn(found, 60, seed) for seed in range(20)} == {small}
    with pytest.raises(ValueError, match=r"at most 0.5 s .*, got 1 s for the shortest"):
        drawn(found, 0.5, 0)


def test_the_same_machine_must_agree_to_the_last_bit(arrived: Arrived):
    name, (unit, work) = next(iter(arrived.items()))
    assert check(name, unit, work) == "equal to the last bit"
    wrong = altered(unit, -1, "absolute_error", 1 + 2**-50)
    with pytest.raises(ValueError, match=rf"^{name}: .* last bit, got .* in row \d+, absolute_e"):
        check(name, wrong, work)
    with pytest.raises(ValueError, match=r"last bit, got \d+ rows for \d+"):
        check(name, replace(unit, result=unit.result[:-1]), work)


@pytest.mark.parametrize(
    "origin", [ELSEWHERE, {"device": "NVIDIA H100"}, {"versions": {"torch": "9"}}]
)
def test_another_machine_must_agree_to_rounding_at_the_beginning(arrived: Arrived, origin: Any):
    name, (unit, work) = next(iter(arrived.items()))
    rounded = altered(unit, 0, "loss", 1.001, **origin)
    assert check(name, rounded, work).startswith("6 rows of the first 50 steps within 1%")
    amplified = altered(unit, -1, "loss", 2.0, **origin)
    assert "within 1%" in check(name, amplified, work)
    with pytest.raises(ValueError, match=f"^{name}: .* within 1%, got .* in row 0, loss"):
        check(name, altered(unit, 0, "loss", 1.02, **origin), work)


def test_a_unit_logged_at_its_start_and_end_alone_is_compared_by_its_start(arrived: Arrived):
    name, (unit, work) = next(iter(arrived.items()))
    ends = [row for row in unit.result if row["step"] in (0, unit.result[-1]["step"])]
    brief = work._replace(function=lambda *_: ends)
    rounded = altered(replace(unit, result=ends), 0, "loss", 1.001, **ELSEWHERE)
    assert "rows of the first 50 steps within 1%" in check(name, rounded, brief)
    with pytest.raises(ValueError, match="within 1%, got .* in row 0, loss"):
        check(name, altered(rounded, 0, "loss", 1.02), brief)


def test_what_diverged_is_not_compared_on_another_machine(arrived: Arrived):
    name, (unit, work) = next(iter(arrived.items()))
    rows = [dict(row) | {"diverged": number == 0} for number, row in enumerate(unit.result)]
    off = altered(replace(unit, result=rows), 0, "loss", 2.0, **ELSEWHERE)
    again = work._replace(function=lambda *_: rows)
    assert "rows of the first 50 steps within 1%" in check(name, off, again)


def test_what_needs_weights_that_are_not_here_says_so(arrived: Arrived):
    name, (unit, work) = next(iter(arrived.items()))

    def lost(*_: Any) -> None:
        raise FileNotFoundError("weights.safetensors: not there")

    said = check(name, unit, work._replace(function=lost))
    assert said == "it cannot be computed again here: weights.safetensors: not there"


def test_a_unit_of_another_learning_rate_is_no_rounding(arrived: Arrived):
    name, (unit, work) = next(iter(arrived.items()))
    with pytest.raises(ValueError, match="in row 0, learning_rate"):
        check(name, altered(unit, 0, "learning_rate", 2, **ELSEWHERE), work)


@pytest.mark.parametrize(
    "result",
    [
        [{"step": 0, "loss": 1.0}],
        [{"learning_rate": 0.1, "relative_error": 1.0}],
        ([], []),
        {"a": np.zeros(2)},
    ],
)
def test_what_is_chaotic_from_the_start_is_compared_on_its_own_machine_alone(
    works: dict[str, Work], result: Any
):
    for work in works.values():
        finish(work, result=result, **ELSEWHERE)
    found = matched("paper", gathered("paper"))
    assert drawn(found, 60, 0) is None
    name, (unit, work) = next(iter(found.items()))
    assert "cannot be compared" in check(name, unit, work)
    own = replace(unit, provenance=units.provenance(1, "cpu"))
    own_work = work._replace(function=lambda *_: result)
    assert check(name, own, own_work) == "equal to the last bit"
