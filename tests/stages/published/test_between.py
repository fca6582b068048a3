"""The ratio of the rules, ours over theirs, on rows made up."""

import math

import numpy as np
import pandas as pd
import pytest

from stages.common import params
from stages.published.between import between_rules
from stages.published.experiments import grids, readings
from stages.sweeps.aggregate import student_interval
from tests import ROOT

STEPS, LABEL, FACTORS = 500, 1.42, (1.0, 1.1, 1.3)
RULES = ("modified", "ordinary")


@pytest.fixture(scope="module")
def settings() -> params.Paper:
    found = params.read(ROOT / "stages/pipelines/paper/params.yaml", params.Paper)
    networks = {"B2": found.readings.networks["B2"]}
    return found.model_copy(
        update={"readings": found.readings.model_copy(update={"networks": networks})}
    )


@pytest.fixture
def rows(settings: params.Paper) -> pd.DataFrame:
    """Return lanes whose starts differ by orders and whose rules differ by a factor a run."""
    found = [
        {"network": "B2"}
        | place._asdict()
        | {"rule": rule, "learning_rate": rate, "run": run, "step": step}
        | {"absolute_error": 10.0**run * (factor if rule == "modified" else 2.0) / (1 + step)}
        for place, grid in grids(settings, "B2").items()
        for rule in RULES
        for rate in grid.rates(rule)
        for run, factor in enumerate(FACTORS)
        for step in (10, STEPS)
    ]
    table = pd.DataFrame(found)
    return table.assign(new_absolute_error=3 * table.absolute_error)


def curves_of(settings: params.Paper, ratio: float) -> pd.DataFrame:
    labels: dict[str, list[float]] = {**settings.readings.networks["B2"].learning_rates}
    return pd.DataFrame(
        {"network": "B2", "rule": rule, "learning_rate": label, "epoch": epoch, "error": error}
        for rule, error in (("modified", 7 * ratio), ("ordinary", 7.0))
        for label in labels[rule]
        for epoch in (10, STEPS)
    )


def test_runs_are_paired_so_that_their_starts_do_not_count(settings, rows):
    found = between_rules(settings, rows, curves_of(settings, 0.25))
    assert list(found) == [reading.name for reading in readings(settings.readings)]
    logs = np.log(np.array(FACTORS) / 2 / 0.25)
    for by_network in found.values():
        assert set(by_network["B2"]) == {"0.22", "1.42"}
        of = by_network["B2"][f"{LABEL:g}"]
        assert of["runs"] == len(FACTORS)
        assert of["ratio"] == pytest.approx(math.exp(logs.mean()))
        assert np.log([of["low"], of["high"]]) == pytest.approx(student_interval(logs))


def test_one_run_has_no_interval(settings, rows):
    of = between_rules(settings, rows[rows.run == 0], curves_of(settings, 0.5))["base"]["B2"]
    assert of["1.42"]["ratio"] == pytest.approx(1.0)
    assert math.isnan(of["1.42"]["low"]) and math.isnan(of["1.42"]["high"])


def test_where_a_run_or_a_rule_diverged_there_is_no_ratio(settings, rows):
    last = (rows.step == STEPS) & (rows.rule == "modified") & (rows.data == "fixed")
    for lost in (last & (rows.run == 1), last):
        found = between_rules(settings, rows[~lost], curves_of(settings, 0.5))
        assert math.isnan(found["base"]["B2"]["1.42"]["ratio"])
        assert found["data: fresh"]["B2"]["1.42"]["ratio"] > 0
