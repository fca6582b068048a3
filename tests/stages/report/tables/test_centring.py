from typing import Any

from stages.common import params
from stages.report.tables.centring import centring_table
from tests.stages.claims.sweeps.test_near import case

PLAIN = params.CentredCase(width=20, input_mean=0.0, centres=[0.0, 0.0], trained=[1, 2], runs=10)
EDGES = {"modified": 1.45678, "ordinary": 0.0061}


def found(low: float | None, high: float | None) -> dict[str, Any]:
    left = None if low is None else {"predicted": 4, "found": 3, "agree": 9}
    of: dict[str, Any] = case(low, high) | {"predicted_edge": EDGES, "leaves": left}
    for rule, rate in (("modified", 0.6 if low else 0.3), ("ordinary", None)):
        of[rule] = of[rule] | {"highest_borne_rate": rate, "highest_rate_tried": 0.6}
    return of


def test_a_row_says_what_was_centred_and_held_and_which_rates_were_borne():
    centred = PLAIN.model_copy(update={"centres": [0.0, 4.0], "trained": [2], "input_mean": 4.0})
    cases = {"plain": PLAIN, "missing": PLAIN, "centred": centred}
    lines = centring_table(
        {"centred": found(-2, -1), "plain": found(None, None)}, cases
    ).splitlines()
    assert len(lines) == 4
    assert lines[2].startswith("| 20 | 2 | 0 | none | all | 0.3 (1.5) | none (0.0061) | – |")
    assert "| not measurable |" in lines[2]
    start = "| 20 | 2 | 4 | 2 | 2 | ≥ 0.6 (1.5) | none (0.0061) | 3 (4; 9 right) |"
    assert lines[3].startswith(start)
    assert "| ×0.032 [0.01, 0.1] |" in lines[3]
