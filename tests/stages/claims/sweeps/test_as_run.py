"""T3b to T5b, on lanes whose verdicts are known."""

import math

import pandas as pd
import pytest

from stages.claims.sweeps import as_run
from stages.claims.verdict import NOT, ONE_RUN, OPEN, REPRODUCED
from stages.sweeps.aggregate import last_rows
from stages.sweeps.printed import EDGES
from tests.stages.claims.lanes import SECTION, rows_of

RATES = (0.07, 0.22, 1.42)


def lanes(errors: dict[tuple[str, float], float], runs: int = 3) -> pd.DataFrame:
    """Return lanes on one batch, whose errors on new inputs are halfway up again."""
    rows = rows_of(RATES, errors, runs)
    rows = rows.assign(label=rows.learning_rate, new_absolute_error=rows.absolute_error**0.5)
    fixed = rows.assign(data="fixed", learning_rate=rows.learning_rate * 1e-3)
    fresh = fixed.assign(data="fresh", absolute_error=1e-9)
    return as_run.lanes_of(pd.concat([fixed, fresh]))


LOW = {("modified", 1.42): 0.02, ("modified", 0.22): 0.2, ("ordinary", 1.42): 0.4}


def test_lanes_are_those_of_one_batch_by_label():
    found = lanes(LOW)
    assert set(found.learning_rate) == set(RATES)
    assert len(found) == 2 * 3 * len(RATES)
    assert found.absolute_error.min() == pytest.approx(0.02)


def test_t3_is_judged_on_the_trained_batch_and_told_on_new_inputs():
    found = as_run.lower_error({"B2": lanes(LOW)}, SECTION)
    assert found.id == "T3b"
    assert found.verdict == REPRODUCED
    assert "×0.05 [" in found.measured.partition("new inputs")[0]
    assert "×0.22 [" in found.measured.partition("new inputs")[2]  # the root of 1 / 20


@pytest.mark.parametrize(
    ("errors", "verdict", "count"),
    [
        (LOW, REPRODUCED, "1 of 2"),
        (LOW | {("modified", 0.22): 0.4}, NOT, "0 of 2"),
        ({("ordinary", 0.07): 0.01}, OPEN, "0 of 0"),
    ],
)
def test_t4_asks_for_a_lower_error_below_the_best_rate_of_ordinary(
    errors: dict[tuple[str, float], float], verdict: str, count: str
):
    found = as_run.lower_rates("B2", lanes(errors), SECTION)
    assert found.verdict == verdict
    assert count in found.ours


def test_one_run_leaves_t4_undecided():
    found = as_run.lower_rates("B3", lanes(LOW, runs=1), SECTION)
    assert found.verdict == f"{OPEN} (indication: 1 run)"
    assert found.ours == ONE_RUN


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
    judged = as_run.edge(found, SECTION)
    assert judged.verdict == f"{verdict} (indication: 1 run, 9 steps)"
    assert f"B3: {b3[0]:g} improves" in judged.ours
    assert "would stop at 0.219" in judged.measured


def from_edge(*errors: float, runs: int = 3) -> pd.DataFrame:
    """Return lanes of the modified rule at 0.22, 0.37 and 0.52, which begin at 1."""
    at = dict(zip((("modified", rate) for rate in (0.22, 0.37, 0.52)), errors, strict=True))
    return last_rows(rows_of((0.22, 0.37, 0.52), at, runs)).query("rule == 'modified'")


@pytest.mark.parametrize(
    ("errors", "verdict", "ours"),
    [
        ((0.5, math.inf, math.inf), REPRODUCED, "3/3 at 0.22, 0/3 at 0.37"),
        ((0.5, 1.5, math.inf), REPRODUCED, "3/3 at 0.22, 0/3 at 0.37"),
        ((0.5, 0.5, math.inf), NOT, "3/3 at 0.22, 3/3 at 0.37, 0/3 at 0.52"),
        ((0.5, 0.5, 0.5), NOT, "3/3 at 0.22, 3/3 at 0.37, 3/3 at 0.52"),
        ((math.inf, math.inf, math.inf), NOT, "0/3 at 0.22"),
    ],
)
def test_the_edge_is_the_highest_rate_at_which_a_run_improves(
    errors: tuple[float, ...], verdict: str, ours: str
):
    found = as_run.edge_of_lanes({"B3": from_edge(*errors)}, SECTION)
    assert found.verdict == verdict
    assert found.ours == f"improve: B3 {ours}"


def test_that_a_rate_improves_takes_one_run_and_that_it_does_not_all():
    lanes = from_edge(0.5, math.inf, math.inf)
    one = lanes[(lanes.learning_rate > 0.3) | (lanes.run == 0)]
    assert as_run.edge_of_lanes({"B3": one}, SECTION).verdict == REPRODUCED
    few = lanes[lanes.run == 0]
    assert as_run.edge_of_lanes({"B3": few}, SECTION).verdict == f"{REPRODUCED} (indication: 1 run)"


def test_networks_whose_edges_differ_are_named():
    lanes = {"B3": from_edge(0.5, math.inf, math.inf), "B4": from_edge(0.5, 0.5, math.inf)}
    lanes["B4"] = lanes["B4"][lanes["B4"].learning_rate >= EDGES["B4"]]
    found = as_run.edge_of_lanes(lanes, SECTION)
    assert found.verdict == f"B3: {REPRODUCED}; B4: {NOT}"
    assert len(found.ours) <= 60
    assert "B4 0 of 3 at 0.52" in found.measured
