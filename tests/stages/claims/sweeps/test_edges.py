"""T5, from brackets of one run and from a sweep."""

import math

import pandas as pd
import pytest

from stages.claims.sweeps import edges
from stages.claims.sweeps.comparison import RULES
from stages.claims.verdict import NOT, OPEN, REPRODUCED, SHRINKS
from stages.sweeps.aggregate import last_rows
from tests.stages.claims.lanes import SECTION, rows_of

LANES: dict[str, pd.DataFrame] = dict.fromkeys(("B3", "B4"), last_rows(rows_of((0.2,), {})))


def brackets(b3: tuple[float, float | None], b4: tuple[float, float | None]) -> dict:
    """Return a file of brackets, those of the modified rule given and ordinary's always fitting."""
    found = {}
    for network, (low, high), fitting in (("B3", b3, (0.1, 0.2)), ("B4", b4, (0.4, 0.5))):
        rules = {
            rule: {"largest_stable_rate": a, "lowest_unstable_rate": b}
            for rule, (a, b) in {"modified": (low, high), "ordinary": fitting}.items()
        }
        found[network] = rules | {"marchenko_pastur": 0.2, "one_layer_fresh": 0.4, "steps": 9}
    return found


@pytest.mark.parametrize(
    ("b3", "verdict"),
    [
        ((0.2, 0.22), REPRODUCED),
        ((0.2, 0.3), OPEN),
        ((0.3, 0.4), NOT),
        ((0.2, None), OPEN),
        ((0.3, None), NOT),
    ],
)
def test_t5_follows_the_brackets_of_the_stable_rate(b3: tuple[float, float | None], verdict: str):
    found = edges.from_brackets(brackets(b3, (0.42, 0.5)), LANES, SECTION)
    assert found.verdict == f"{verdict} (indication: 1 run, 9 steps)"
    assert f"B3, 9 steps: modified {b3[0]:g} and" in found.measured


@pytest.mark.parametrize(
    ("relative", "expected"), [(0.49, NOT), (0.5, f"{NOT}, {SHRINKS}"), (1.0, f"{NOT}, {SHRINKS}")]
)
def test_t5_says_where_what_improves_only_shrinks(relative: float, expected: str):
    lanes = last_rows(rows_of((0.2,), {}, relative=relative))
    both = {"B3": lanes, "B4": lanes}
    found = edges.from_brackets(brackets((0.3, 0.4), (0.42, 0.5)), both, SECTION)
    assert found.verdict == f"{expected} (indication: 1 run, 9 steps)"
    above = last_rows(rows_of((0.27,), {}, relative=relative))
    assert edges.from_sweep("B3", above, SECTION).verdict == expected


@pytest.mark.parametrize(
    ("errors", "verdict"),
    [
        ({("modified", 0.27): math.inf, ("ordinary", 0.27): 1.5}, REPRODUCED),
        ({("modified", 0.27): math.inf}, NOT),
        ({(rule, rate): math.inf for rule in RULES for rate in (0.17, 0.22, 0.27)}, OPEN),
        ({("ordinary", rate): 2.0 for rate in (0.17, 0.22, 0.27)}, NOT),
    ],
)
def test_t5_takes_the_highest_rate_of_a_sweep_at_which_a_run_improves(
    errors: dict[tuple[str, float], float], verdict: str
):
    lanes = last_rows(rows_of((0.17, 0.22, 0.27), errors))
    assert edges.from_sweep("B3", lanes, SECTION).verdict == verdict


def test_one_improving_run_above_the_edge_refutes_t5():
    errors = {(rule, 0.27): math.inf for rule in RULES}
    lanes = last_rows(rows_of((0.22, 0.27), errors))
    assert edges.from_sweep("B3", lanes, SECTION).verdict == REPRODUCED
    one = (lanes.rule == "ordinary") & (lanes.learning_rate == 0.27) & (lanes.run == 2)
    lanes.loc[one, "improved"] = True
    found = edges.from_sweep("B3", lanes, SECTION)
    assert found.verdict == NOT
    assert "modified 0.22 (3 of 3 runs), ordinary 0.27 (1 of 3 runs)" in found.measured
