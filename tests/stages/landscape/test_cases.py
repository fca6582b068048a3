import math

import pandas as pd

from stages.landscape import cases


def lanes(errors: dict[float, list[float]]) -> pd.DataFrame:
    return pd.DataFrame(
        {"learning_rate": rate, "run": run, "error": error, "diverged": math.isinf(error)}
        | {"output_spread": 0.9, "initial_spread": 1.0}
        for rate, of_rate in errors.items()
        for run, error in enumerate(of_rate)
    )


def test_a_rate_is_borne_if_no_run_diverges_there_or_below():
    found = cases.at_best(
        lanes({0.1: [1, 1], 0.2: [0.1, 0.3], 0.3: [math.inf, 1], 0.4: [1, 1]}), "error"
    )
    assert (found["highest_borne_rate"], found["highest_rate_tried"]) == (0.2, 0.4)
    assert found["best_rate"] == 0.2
    assert found["log10_relative_error"] == math.log10(0.2)


def test_none_is_borne_if_a_run_diverges_at_the_lowest():
    found = cases.at_best(lanes({0.1: [math.inf, 1, 2], 0.2: [0.5, 0.5, 0.5]}), "error")
    assert math.isnan(found["highest_borne_rate"])
