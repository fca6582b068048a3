"""T5b, on brackets and lanes whose verdicts are known."""

import math

import pandas as pd
import pytest

from stages.claims.sweeps import edges_as_run
from stages.claims.verdict import NOT, OPEN, REPRODUCED, SHRINKS
from stages.sweeps.aggregate import last_rows
from tests.stages.claims.lanes import SECTION, rows_of


@pytest.mark.parametrize(
    ("b3", "b4", "verdict"),
    [
        ((0.22, 0.37), (0.52, 0.67), REPRODUCED),
        ((0.22, 0.37), (0.42, 0.52), f"B3: {REPRODUCED}; B4: {OPEN}"),
        ((0.37, None), (0.52, 0.67), f"B3: {NOT}; B4: {REPRODUCED}"),
        ((0.22, 0.52), (0.42, 0.52), OPEN),
        ((0.22, None), (0.42, 0.52), OPEN),
    ],
)
def test_t5_stops_between_neighbours_of_the_published_grid(
    b3: tuple[float, float | None], b4: tuple[float, float | None], verdict: str
):
    found = {
        network: {
            "modified": {
                "largest_stable_rate_one_batch": low,
                "lowest_unstable_rate_one_batch": high,
            },
            "steps": 9,
            "marchenko_pastur": 0.2187,
        }
        for network, (low, high) in {"B3": b3, "B4": b4}.items()
    }
    judged = edges_as_run.from_brackets(found, SECTION)
    assert judged.verdict == f"{verdict} (indication: 1 run, 9 steps)"
    assert f"B3: {b3[0]:g} improves" in judged.ours
    assert "would stop at 0.219" in judged.measured


def lanes_of(
    improving: dict[float, tuple[int, int]], relative: float = 0.1, step: int = 10
) -> pd.DataFrame:
    """Return lanes of the modified rule, by rate how many of how many improve; others diverge."""
    parts = []
    for rate, (improved, runs) in improving.items():
        rows = rows_of((rate,), {}, runs, relative).query("rule == 'modified'")
        lost = (rows.run >= improved) & (rows.step > 0)
        rows = rows.assign(diverged=lost, absolute_error=rows.absolute_error.where(~lost, math.inf))
        parts.append(rows.assign(step=rows.step.where(rows.step == 0, step)))
    return last_rows(pd.concat(parts))


def judged(relative: float = 0.1, step: int = 10, **networks: dict[float, tuple[int, int]]):
    lanes = {name: lanes_of(of, relative, step) for name, of in networks.items()}
    return edges_as_run.from_lanes(lanes, SECTION)


FEW = " (indication: {} run{})"


@pytest.mark.parametrize(
    ("improving", "verdict", "ours", "runs"),
    [
        ({0.22: (3, 3), 0.37: (0, 3)}, REPRODUCED, "0.22 on B3", 3),
        ({0.22: (1, 1), 0.37: (0, 3)}, REPRODUCED, "0.22 on B3 (1 run)", 3),
        ({0.22: (1, 3), 0.37: (0, 3)}, REPRODUCED, "0.22 on B3", 3),
        ({0.22: (1, 9), 0.37: (0, 2)}, REPRODUCED + FEW.format(2, "s"), "0.22 on B3", 2),
        ({0.22: (3, 3), 0.37: (0, 3), 0.52: (0, 1)}, REPRODUCED + FEW.format(1, ""), None, 1),
        ({0.22: (0, 3), 0.37: (1, 2), 0.52: (0, 1)}, NOT, "0.37 on B3 (2 runs)", 2),
        ({0.22: (0, 3), 0.37: (0, 1)}, NOT, "below 0.22 on B3", 3),
        ({0.22: (0, 2), 0.37: (0, 9)}, OPEN + FEW.format(2, "s"), "below 0.22 on B3", 2),
    ],
)
def test_that_a_rate_improves_takes_one_run_and_that_it_does_not_all(
    improving: dict[float, tuple[int, int]], verdict: str, ours: str | None, runs: int
):
    found = judged(B3=improving)
    assert found.verdict == verdict
    assert ours is None or found.ours == f"highest rate that improves: {ours}"
    assert edges_as_run.runs("B3", edges_as_run.improving(lanes_of(improving))) == runs


def test_an_error_that_does_not_diverge_and_is_higher_at_the_end_is_no_improvement():
    at = {("modified", 0.22): 0.5, ("modified", 0.37): 1.5}
    lanes = last_rows(rows_of((0.22, 0.37), at)).query("rule == 'modified'")
    assert edges_as_run.from_lanes({"B3": lanes}, SECTION).verdict == REPRODUCED


def test_fresh_batches_are_told_of_and_decide_nothing():
    fixed, fresh = {0.22: (3, 3), 0.37: (0, 3)}, {0.22: (1, 1), 0.37: (2, 3)}
    lanes, others = lanes_of(fixed), lanes_of(fresh)
    found = edges_as_run.from_lanes({"B3": lanes}, SECTION, {"B3": others, "B4": others})
    assert found.verdict == REPRODUCED
    assert "0 of 3 at 0.37 (on fresh batches 1 of 1 at 0.22, 2 of 3 at 0.37)" in found.measured


def test_networks_are_named_where_they_differ():
    edge = {"B3": {0.22: (10, 10), 0.37: (0, 10)}, "B4": {0.52: (0, 10), 0.67: (0, 10)}}
    found = judged(B3=edge["B3"], B4=edge["B4"])
    assert found.verdict == f"B3: {REPRODUCED}; B4: {NOT}"
    assert found.ours == "highest rate that improves: 0.22 on B3, below 0.52 on B4"
    assert len(found.ours) <= 60
    assert "B3 (paper 0.22; 10 steps) 10 of 10 at 0.22, 0 of 10 at 0.37;" in found.measured
    assert "B4 (paper 0.52; all diverge) 0 of 10 at 0.52, 0 of 10 at 0.67" in found.measured
    few = judged(B3=edge["B3"], B4={0.52: (1, 1), 0.67: (0, 1)})
    assert few.verdict == f"{REPRODUCED} (indication: B4 1 run)"
    assert few.lacking == {"runs": 1}


def test_what_improves_only_because_the_outputs_shrink_says_so():
    edge = {0.22: (3, 3), 0.37: (0, 3)}
    assert judged(relative=1.0, B3=edge).verdict == f"{REPRODUCED}, {SHRINKS}"
    found = judged(relative=1.0, B3=edge, B4={0.52: (0, 3)})
    assert found.verdict == f"B3: {REPRODUCED}, {SHRINKS}; B4: {NOT}"
    assert found.brief == f"B3: {REPRODUCED}, shrinks; B4: {NOT}"


def test_steps_that_are_too_few_are_named_but_of_what_diverged():
    edge = {0.22: (1, 1), 0.37: (0, 3)}
    assert judged(step=9, B3=edge).verdict == f"{REPRODUCED} (indication: 9 steps)"
    assert judged(step=9, B3={0.22: (0, 3)}).verdict == NOT
