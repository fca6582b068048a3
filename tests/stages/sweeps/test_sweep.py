import json
import math
from dataclasses import replace

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


def test_the_key_of_a_unit_holds_what_decides_its_rows_and_no_more():
    grid = sweep.Grid([5, 5], [0.1, 0.2], runs=1, steps=9, batch_size=3, log_every=9)
    unit = grid.units()[0]
    key = json.dumps(sweep.key(grid, unit, "high"))
    for other in ({"runs": 3}, {"learning_rates": [0.1, 0.2, 0.3]}, {"memory": 2**31}):
        assert json.dumps(sweep.key(replace(grid, **other), unit, "high")) == key, other
    assert json.dumps(sweep.key(grid, unit._replace(chunk=1), "high")) == key
    for other in ({"steps": 8}, {"seed": 1}, {"optimizer": "adam"}, {"widths": [5, 6, 5]}):
        assert json.dumps(sweep.key(replace(grid, **other), unit, "high")) != key, other
    for other in ({"rule": "ordinary"}, {"run": 1}, {"learning_rates": (0.1,)}):
        assert json.dumps(sweep.key(grid, unit._replace(**other), "high")) != key, other
    assert json.dumps(sweep.key(grid, unit, "highest")) != key


def test_rows_go_to_the_grid_of_their_unit():
    grids = {
        name: sweep.Grid(
            [2, 2], [0.1], runs, steps=1, batch_size=4, log_every=1, rules=("modified",)
        )
        for name, runs in (("a", 2), ("b", 1))
    }
    found = sweep.by_grid(grids, [[{"n": 1}], [{"n": 2}], [{"n": 3}]])
    assert list(found["a"].n) == [1, 2]
    assert list(found["b"].n) == [3]
