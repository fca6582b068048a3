"""Predictions of the rank that survives, beside trainings of a few small layers."""

import math

import pandas as pd
import pytest
import torch

from idem.rule.loss import ALL_RULES, RULES
from idem.sweeps.grid import Grid
from idem.sweeps.sweep import train_lanes
from stages.common import params
from stages.landscape import survival

SECTION = params.Flow.model_validate(
    {
        "seed": 0,
        "size": 4,
        "network": "B1",
        "collapsed_below": 0.1,
        "tolerance": 1e-6,
        "linear": {"starts": 40, "learning_rate": 0.05, "steps": 1500},
        "leaky": {"starts": 12, "batch_size": 50, "learning_rate": 0.2, "steps": 300},
        "inputs": {
            "starts": 4,
            "width": 20,
            "noise": 0.1,
            "bias": 4.0,
            "means": [-1.0, 0.0, 2.0, 5.0],
            "steps": 3000,
            "returned_below": 1e-3,
            "tolerance": 1e-4,
        },
    }
)


def test_on_linear_layers_every_rank_is_the_one_predicted():
    found = survival.linear(SECTION, survival.starts(SECTION))
    assert found["starts"] == 40
    assert sum(found["predicted"].values()) == pytest.approx(1)
    for rule in ALL_RULES:
        of_rule = found[rule]
        assert of_rule["finite"] > 30
        assert sum(of_rule["rank"].values()) == pytest.approx(1)
        shares = (of_rule[name] for name in ("as_predicted", "above", "below"))
        assert sum(shares) == pytest.approx(1)
    assert found["modified"]["as_predicted"] == found["modified"]["idempotent"] == 1
    assert found["ordinary"]["as_predicted"] < 1
    assert found["ordinary"]["rose"] == 0 < found["modified"]["rose"]


def test_a_start_that_leaves_for_infinity_is_left_out():
    K = torch.stack([torch.eye(2) * 9, torch.eye(2) * 0.9, torch.eye(2) * 0.1]).double()
    found = survival.linear(SECTION, K)["modified"]
    assert found["finite"] == 2
    assert found["rank"] == {"0": 0.5, "2": 0.5}


def test_layers_with_kinks_are_trained_from_the_same_starts_under_every_rule(
    monkeypatch: pytest.MonkeyPatch,
):
    seen, trained = [], survival._trained

    def noted(section, W, b, slope, rule):
        seen.append((rule, W, b))
        return trained(section, W, b, slope, rule)

    monkeypatch.setattr(survival, "_trained", noted)
    found = survival.leaky(SECTION, 0.2)
    assert [rule for rule, *_ in seen] == list(ALL_RULES)
    assert all(torch.equal(W, seen[0][1]) and torch.equal(b, seen[0][2]) for _, W, b in seen)
    assert found["starts"] == len(seen[0][1]) == 12


def test_a_prediction_is_right_of_survivors_and_of_those_that_collapse():
    predicted = torch.tensor([True, True, True, False, False])
    survived = torch.tensor([True, True, False, True, False])
    found = survival._scored(predicted, survived)
    assert found == pytest.approx(
        {"right": 3 / 5, "right_of_survivors": 2 / 3, "right_of_collapsed": 1 / 2}
    )


def test_without_kinks_and_biases_the_predictions_are_one():
    """A slope of 1 makes the layer linear: all three predictions are that of the weights."""
    generator = torch.Generator().manual_seed(0)
    sizes = ((6, 4, 4), (6, 4), (50, 4))
    W, b, x = (torch.randn(size, generator=generator, dtype=torch.float64) for size in sizes)
    counts = survival.predictions(W, b, x, 1.0)
    for name in ("at_inputs", "at_outputs"):
        assert torch.equal(counts[name], counts["weights_alone"])


@pytest.fixture(scope="module")
def swept() -> tuple[Grid, pd.DataFrame]:
    grid = Grid([4, 4], [0.2, 0.4], runs=4, steps=400, batch_size=100, log_every=400)
    rows = [row for unit in grid.units() for row in train_lanes(grid, unit)]
    return grid, pd.DataFrame(rows)


def test_every_run_of_a_sweep_is_predicted_and_counted(swept: tuple[Grid, pd.DataFrame]):
    grid, rows = swept
    table = survival.of_sweep(grid, rows, SECTION)
    assert list(table.run) == [0, 1, 2, 3]
    assert (table.at_outputs > 0).equals(table.gain > 0.5)
    ends = rows[rows.step == 400].merge(rows[rows.step == 0], on=["rule", "run", "learning_rate"])
    survived = ends.output_spread_x > 0.1 * ends.output_spread_y
    for rule in RULES:
        expected = survived[ends.rule == rule].groupby(ends.run).sum()
        assert table[f"{rule}_survived"].to_list() == expected.to_list()


def test_a_lane_is_right_if_it_survives_or_collapses_as_predicted():
    columns = {"at_outputs": [1, 0], "ordinary_lanes": [2, 2], "ordinary_survived": [2, 2]}
    table = pd.DataFrame(columns | {"modified_lanes": [3, 3], "modified_survived": [2, 1]})
    found = survival.scored(table)
    assert found["modified"] == {
        "lanes": 6,
        "survived": 3,
        "as_predicted": 4,
        "runs_as_predicted": 2,
    }
    assert found["ordinary"]["as_predicted"] == 2
    assert found["ordinary"]["runs_as_predicted"] == 1


def test_of_nothing_there_is_no_share():
    assert math.isnan(survival._share(torch.zeros(0)))
