import math

import numpy as np
import pandas as pd
import pytest

from stages.published.starts import scatter


def test_lines_of_own_starts_scatter_as_means_over_ten_runs_do():
    rng = np.random.default_rng(0)
    errors = 1 + 0.1 * rng.standard_normal(4000)
    runs = pd.DataFrame({"run": range(4000), "step": 0, "absolute_error": errors})
    lanes = pd.concat([runs.assign(rule=rule) for rule in ("modified", "ordinary")])
    trained = lanes.assign(step=10, absolute_error=9.0)
    means = 1 + 0.1 * rng.standard_normal((4000, 10)).mean(1)
    curves = pd.DataFrame({"epoch": 0, "error": means})
    curves = pd.concat([curves, curves.assign(epoch=10, error=5.0)])
    found = scatter(pd.concat([lanes, trained]), curves)
    assert (found["runs"], found["lines"]) == (4000, 4000)
    assert found["ours"] == pytest.approx(0.1 / math.sqrt(10), rel=0.05)
    assert found["theirs"] == pytest.approx(found["ours"], rel=0.05)


def test_one_run_has_no_scatter():
    one = pd.DataFrame({"run": [0], "step": [0], "absolute_error": [1.0]})
    assert math.isnan(scatter(one, pd.DataFrame({"epoch": [0], "error": [1.0]}))["ours"])
