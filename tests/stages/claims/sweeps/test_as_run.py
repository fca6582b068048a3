"""T3b and T4b, on lanes whose verdicts are known."""

import pandas as pd
import pytest

from stages.claims.sweeps import as_run
from stages.claims.verdict import NOT, ONE_RUN, OPEN, REPRODUCED
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


def test_t3_is_told_on_fresh_batches_of_runs_with_both_rules_at_the_rates_of_one_batch():
    fresh = lanes({("modified", 1.42): 0.1, ("ordinary", 1.42): 0.2, ("modified", 0.22): 1e-3})
    lacking = fresh[~((fresh.run == 1) & (fresh.rule == "ordinary"))]
    said = as_run.lower_error({"B2": lanes(LOW)}, SECTION, {"B2": lacking, "B3": fresh}).measured
    assert "on fresh batches at the same rates: B2 ×0.5 [" in said
    assert "(2 runs, modified at 1.42, ordinary at 1.42)" in said
    none = fresh[fresh.rule == "ordinary"]
    assert "fresh" not in as_run.lower_error({"B2": lanes(LOW)}, SECTION, {"B2": none}).measured


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
