"""C: closed forms and a single recorded pass, or not; and of which loss the rule is a gradient."""

from typing import Any

import pytest

from stages.claims.theory import differentiation
from stages.claims.verdict import NOT, REPRODUCED
from tests.stages.claims.lanes import SECTION


def measured(
    largest: float = -15.0, passes: int = 1, on_symmetric: bool = True, in_general: bool = False
) -> dict[str, Any]:
    return {
        "C": {"log10_largest_difference": largest},
        "graphs": {
            "modified": {"nodes": 11, "recorded_applications": passes},
            "ordinary": {"nodes": 19, "recorded_applications": 2},
        },
        "gradient_of_a_loss": {
            "modified_on_symmetric_matrices": on_symmetric,
            "modified_in_general": in_general,
            "least_asymmetry_elsewhere": 0.06,
        },
        "not_idempotent": {"examples": 5, "confirmed": 4},
    }


@pytest.mark.parametrize(
    ("largest", "passes", "verdict"),
    [(-15.0, 1, REPRODUCED), (-12.0, 1, REPRODUCED), (-8.0, 1, NOT), (-15.0, 2, NOT)],
)
def test_one_difference_or_a_second_recorded_pass_refutes(
    largest: float, passes: int, verdict: str
):
    found = differentiation.judge(measured(largest, passes), SECTION)
    assert found.verdict == verdict
    assert (found.measured == "the numbers are in autodiff.json") == (verdict == NOT)


@pytest.mark.parametrize(
    ("on_symmetric", "in_general", "words"),
    [
        (True, False, "at symmetric matrices"),
        (True, True, "in all cases"),
        (False, False, "nowhere"),
    ],
)
def test_c_says_whether_the_rule_is_a_gradient(on_symmetric: bool, in_general: bool, words: str):
    found = measured(on_symmetric=on_symmetric, in_general=in_general)
    text = differentiation.judge(found, SECTION).measured
    assert words in text
    assert "at least 0.06; 4 of 5 examples are stationary" in text
