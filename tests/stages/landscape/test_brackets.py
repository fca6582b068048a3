"""Between which rates a training stops being stable."""

import math

import pandas as pd
import pytest

from stages.landscape.brackets import bracket


def rows(finals: dict[float, list[float]]) -> pd.DataFrame:
    """Return the logged rows of runs that start at error 1, by rate and final error."""
    return pd.DataFrame(
        {"rule": "modified", "learning_rate": rate, "run": run, "step": step}
        | {"absolute_error": error, "relative_error": error, "output_spread": 1.0}
        | {"diverged": math.isinf(error)}
        for rate, of_rate in finals.items()
        for run, final in enumerate(of_rate)
        for step, error in ((0, 1.0), (9, final))
    )


@pytest.mark.parametrize(
    ("finals", "expected"),
    [
        ({0.1: [0.5], 0.2: [2.0]}, (0.1, 0.2)),
        ({0.1: [0.5], 0.2: [math.inf], 0.3: [0.5]}, (0.1, 0.2)),  # below the lowest unstable one
        ({0.1: [0.5], 0.2: [0.5]}, (0.2, math.inf)),
        ({0.1: [2.0]}, (0.0, 0.1)),
        ({0.1: [0.5, 2.0]}, (0.1, math.inf)),  # half of the runs are enough
        ({0.1: [0.5, 2.0, 2.0]}, (0.0, 0.1)),
    ],
)
def test_a_rate_is_stable_if_half_of_its_runs_improve(finals, expected):
    assert bracket([rows(finals)]) == expected


def test_tables_that_hold_the_same_rate_have_to_agree():
    both = [rows({0.1: [0.5], 0.2: [0.5]}), rows({0.2: [2.0]})]
    assert bracket(both) == (0.1, 0.2)
