import math

import pandas as pd

from stages.sweeps import aggregate, sweep
from tests.stages.sweeps.test_aggregate import lanes_of


def test_the_headline_takes_the_lowest_of_equally_good_rates():
    rows = pd.DataFrame(
        lanes_of("modified", {0.1: [0.5], 0.2: [1e-9], 0.3: [0.0]})
        + lanes_of("ordinary", {0.1: [math.inf], 0.2: [2.0]})
    )
    grid = sweep.Grid([5, 5], [0.1, 0.2, 0.3], runs=1, steps=9, batch_size=3, log_every=9)
    numbers = sweep.headline(grid, aggregate.last_rows(rows))
    assert numbers["modified"]["best_rate"] == 0.2
    assert numbers["modified"]["log10_error_at_best_rate"] == -8
    assert numbers["ordinary"]["highest_improving_rate"] is None
    assert numbers["ordinary"]["diverged_lanes"] == 1


def test_a_sweep_without_survivors_has_a_table_and_a_headline():
    rows = pd.DataFrame(lanes_of("modified", {0.1: [math.inf]}))
    grid = sweep.Grid([5, 5], [0.1], runs=1, steps=9, batch_size=3, log_every=9)
    numbers = sweep.headline(grid, aggregate.last_rows(rows))
    assert numbers["modified"]["log10_error_at_best_rate"] == math.inf  # null in JSON
    assert numbers["modified"]["improved_share"] == 0
