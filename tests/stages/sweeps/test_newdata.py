import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from idem.rule.loss import RULES
from idem.sweeps.grid import Grid
from idem.sweeps.sweep import train_lanes
from stages.common import params
from stages.sweeps import newdata
from stages.sweeps.aggregate import student_interval
from tests import ROOT

GRID = Grid([6, 4, 6], [0.05, 0.2], 2, 20, 8, 20, data=16)
CASE = {"widths": [6, 4, 6], "batch_sizes": [8], "data": ["fixed", 16, "fresh"], "runs": 2}
CASE |= {"optimizer": "sgd", "initialization": "default", "learning_rates": [0.05, 9e4], "steps": 4}


def rows_of(grid: Grid) -> pd.DataFrame:
    return pd.DataFrame(row for unit in grid.units() for row in train_lanes(grid, unit))


@pytest.fixture(scope="module")
def lanes() -> pd.DataFrame:
    return newdata.ends(rows_of(GRID))


def test_the_ends_are_measured_on_new_inputs(lanes: pd.DataFrame):
    rows = rows_of(GRID)
    for _, lane in lanes.iterrows():
        own = rows[
            (rows.rule == lane.rule)
            & (rows.run == lane.run)
            & (rows.learning_rate == lane.learning_rate)
        ].set_index("step")
        first, last = own.loc[0], own.loc[20]
        assert lane.absolute_error == last.new_absolute_error != last.absolute_error
        assert lane.new_fell == first.new_absolute_error / last.new_absolute_error
        assert lane.trained_fell == first.absolute_error / last.absolute_error
        assert lane.trained_fell**lane.share == pytest.approx(lane.new_fell)


def test_all_of_the_fall_on_fresh_data_is_on_new_inputs():
    fresh = newdata.ends(rows_of(Grid([6, 4, 6], [0.05], 2, 20, 8, 20)))
    assert (fresh.share == 1).all()


def test_a_diverged_lane_is_not_compared_and_says_nothing_of_the_rule():
    grid = Grid([6, 4, 6], [0.05, 9e4], 2, 20, 8, 20, data="fixed")
    found = newdata.headline({"a": grid}, {"a": newdata.ends(rows_of(grid))})["a"]
    alone = Grid([6, 4, 6], [0.05], 2, 20, 8, 20, data="fixed")
    assert found == newdata.headline({"a": alone}, {"a": newdata.ends(rows_of(alone))})["a"]
    wild = Grid([6, 4, 6], [9e4], 2, 20, 8, 20)
    lost = newdata.headline({"a": wild}, {"a": newdata.ends(rows_of(wild))})["a"]
    for rule in RULES:
        assert lost[rule] == {"highest_rate": None}
    assert math.isnan(lost["at_equal_rates"]["log10_ratio"])


def test_the_headline_is_of_each_rules_best_rate(lanes: pd.DataFrame):
    found = newdata.headline({"a": GRID}, {"a": lanes})["a"]
    assert (found["width"], found["inputs"], found["steps"]) == (6, 16, 20)
    for rule in RULES:
        medians = lanes[lanes.rule == rule].groupby("learning_rate").absolute_error.median()
        assert found[rule]["best_rate"] == medians.idxmin()
        own = lanes[(lanes.rule == rule) & (lanes.learning_rate == found[rule]["seen"]["rate"])]
        assert found[rule]["seen"]["share"] == pytest.approx(own.share.mean())
        limits = found[rule]["seen"]["low"], found[rule]["seen"]["high"]
        assert limits == pytest.approx(student_interval(own.share.to_numpy()))


@pytest.mark.parametrize(("data", "inputs"), [("fixed", 8), (24, 24), (800, 160), ("fresh", 160)])
def test_as_many_inputs_are_told_as_a_run_sees(data: str | int, inputs: int):
    grid = Grid([6, 6], [0.1], 1, 20, 8, 20, data=data)
    found = newdata.headline({"a": grid}, {"a": newdata.ends(rows_of(grid))})
    assert found["a"]["inputs"] == inputs


def test_numbers_of_inputs_that_fill_no_batch_are_named():
    expected = "every number of data divisible by every one of batch_sizes, got 20 and 8"
    with pytest.raises(ValidationError, match=expected):
        params.DataCase.model_validate(CASE | {"data": [16, 20]})


def test_the_stage_writes_a_table_and_a_headline(tmp_path: Path, monkeypatch):
    settings = params.read(ROOT / "params.yaml", params.Laptop)
    section = params.NewData(cases={"tiny": params.DataCase.model_validate(CASE)})
    monkeypatch.setattr(params, "read", lambda *_: settings.model_copy(update={"newdata": section}))
    monkeypatch.setattr("sys.argv", ["newdata", "--metrics", str(tmp_path)])
    monkeypatch.setenv("IDEM_WORKERS", "1")
    monkeypatch.chdir(tmp_path)
    newdata.main()
    table = pd.read_csv(tmp_path / "newdata.csv")
    settings_of = ["tiny_8_fixed", "tiny_8_16", "tiny_8_fresh"]
    assert list(table.setting.unique()) == settings_of
    assert (table[table.learning_rate > 1].diverged == 2).all()
    assert np.isinf(table[table.learning_rate > 1].new_error).all()
    found = json.loads((tmp_path / "newdata.json").read_text())
    assert list(found) == settings_of
    assert found["tiny_8_16"]["data"] == "16"
    assert math.isfinite(found["tiny_8_16"]["at_own_best_rates"]["high"])


@pytest.mark.parametrize("path", ["params.yaml", "stages/pipelines/paper/params.yaml"])
def test_every_setting_of_the_parameters_is_computed(path: str):
    settings = params.read(ROOT / path, params.Swept)
    labels = [unit.label for unit in newdata.plan(settings).units]
    assert len(set(labels)) == len(labels)
    for name, case in settings.newdata.cases.items():
        for size in case.batch_sizes:
            for data in case.data:
                start = f"newdata_{name}_{size}_{data}_modified_"
                assert sum(label.startswith(start) for label in labels) >= case.runs
