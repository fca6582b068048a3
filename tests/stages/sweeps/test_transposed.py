"""The stage of the transposed rule, on a network of a few weights."""

import math
from pathlib import Path

import pandas as pd
import pytest

from idem.rule.loss import ALL_RULES, RULES
from idem.sweeps.grid import Grid
from idem.sweeps.sweep import train_lanes
from stages.sweeps import transposed
from stages.sweeps.aggregate import last_rows

GRID = Grid(
    widths=[4, 6, 4], learning_rates=[0.1, 0.5], runs=3, steps=10, batch_size=40, log_every=5
)


def rows_of(grid: Grid) -> pd.DataFrame:
    rows = [row for unit in grid.units() for row in train_lanes(grid, unit)]
    return transposed.read(pd.DataFrame(rows))


@pytest.fixture(scope="module")
def lanes() -> pd.DataFrame:
    rows = [rows_of(GRID), rows_of(transposed.replace(GRID, rules=(transposed.RULE,)))]
    return pd.concat([last_rows(part) for part in rows])


def test_every_rule_begins_at_the_same_starts(lanes: pd.DataFrame):
    starts = lanes.pivot(index=["learning_rate", "run"], columns="rule", values="initial_error")
    assert set(starts) == set(ALL_RULES)
    for rule in RULES:
        assert starts[rule].to_list() == pytest.approx(starts[transposed.RULE].to_list(), rel=1e-5)


def test_the_numbers_are_those_of_the_lanes(lanes: pd.DataFrame):
    found = transposed.headline({"small": lanes}, {"small": GRID})["small"]
    assert [found[rule]["products"] for rule in ALL_RULES] == [4.5, 5.5, 4.5]
    assert all(found[rule]["lanes"] == 6 for rule in ALL_RULES)
    errors = lanes.pivot(index=["learning_rate", "run"], columns="rule", values="absolute_error")
    for rule in RULES:
        ratios = (errors.transposed / errors[rule]).map(math.log10)
        for rate in (0.1, 0.5):
            of_rate = found[f"over_{rule}"]["at_equal_rate"][f"{rate:g}"]
            assert of_rate["log10_ratio"] == pytest.approx(ratios[rate].mean(), rel=1e-9)
            assert of_rate["low"] < of_rate["log10_ratio"] < of_rate["high"]
            assert (of_rate["runs"], of_rate["diverged"]) == (3, 0)
        assert found[f"over_{rule}"]["at_best_rate"]["runs"] == 3


def test_only_lanes_that_all_rules_have_are_compared(lanes: pd.DataFrame):
    ordinary = lanes.rule == "ordinary"
    fewer = lanes[~ordinary | ((lanes.learning_rate == 0.5) & (lanes.run < 2))]
    found = transposed.headline({"small": fewer}, {"small": GRID})["small"]
    assert all(found[rule]["lanes"] == 2 for rule in ALL_RULES)
    assert list(found["over_modified"]["at_equal_rate"]) == ["0.5"]


def test_a_run_that_diverged_under_one_rule_is_counted_and_left_out(lanes: pd.DataFrame):
    above, below = (lanes[(lanes.rule == rule) & (lanes.learning_rate == 0.1)] for rule in RULES)
    lost = above.absolute_error.where(above.run > 0, math.inf)
    found = transposed.ratio(above.assign(absolute_error=lost), below)
    without = transposed.ratio(above[above.run > 0], below[below.run > 0])
    assert found == without | {"runs": 3, "diverged": 1}
    none = transposed.ratio(above.assign(absolute_error=math.inf), below)
    assert none["diverged"] == 3 and math.isnan(none["log10_ratio"])


def test_the_lanes_of_the_sweep_are_those_of_its_rates_and_runs(tmp_path: Path):
    rows_of(GRID).to_csv(tmp_path / "sweep_small.csv", index=False, float_format="%.6g")
    some = transposed.replace(GRID, learning_rates=[0.5, 7.0], runs=2, rules=(transposed.RULE,))
    found = transposed.swept(tmp_path, "small", some)
    assert set(found.learning_rate) == {0.5}
    assert set(found.run) == {0, 1}
    assert set(found.rule) == set(RULES)
