import dataclasses
import math

import pytest
import torch

from idem.checkpoint import Checkpoint, OutOfTime
from idem.rule.loss import ALL_RULES, RULES, idempotency_loss
from idem.sweeps.grid import Grid, Unit
from idem.sweeps.lanes import required_bytes
from idem.sweeps.mlp import MLP
from idem.sweeps.sweep import Row, train_lanes

GRID = Grid(
    widths=[5, 7, 5], learning_rates=[0.1, 0.5], runs=2, steps=12, batch_size=50, log_every=5
)


def unit(grid: Grid, rule: str, run: int) -> Unit:
    return Unit(rule, run, tuple(grid.rates(rule)))


def trained(grid: Grid, rule: str, run: int) -> list[Row]:
    return train_lanes(grid, unit(grid, rule, run))


def texts(rows: list[Row]) -> list[str]:
    """Rows in which NaN equals NaN."""
    return [repr(row) for row in rows]


def started(grid: Grid, run: int) -> MLP:
    """The network of a run before its first step."""
    f = MLP(grid.widths, grid.negative_slope)
    tensors = [tensor for pair in grid.start(run) for tensor in pair]
    with torch.no_grad():
        for parameter, drawn in zip(f.parameters(), tensors, strict=True):
            parameter.copy_(drawn)
    return f


def plain_run(grid: Grid, rule: str, run: int, rate: float) -> list[float]:
    """Train as a user of PyTorch would, and return the loss before every step and at the end."""
    f = started(grid, run)
    optimizer = torch.optim.SGD(f.parameters(), lr=rate)
    losses = []
    for step in range(grid.steps + 1):
        optimizer.zero_grad()
        loss = idempotency_loss(f, grid.batch(run, step), rule)
        losses.append(loss.item())
        loss.backward()
        optimizer.step()
    return losses


@pytest.mark.parametrize("rule", ALL_RULES)
@pytest.mark.parametrize("rate", [0.1, 0.5])
def test_a_lane_equals_a_plain_training_run(rule: str, rate: float):
    rows = [row for row in trained(GRID, rule, 1) if row["learning_rate"] == rate]
    losses = plain_run(GRID, rule, 1, rate)
    assert [row["step"] for row in rows] == [0, 5, 10, 12]
    for row in rows:
        assert row["loss"] == pytest.approx(losses[int(row["step"])], rel=1e-4)


@pytest.mark.parametrize("rule", RULES)
def test_fixed_data_are_one_batch_a_run(rule: str):
    fixed = dataclasses.replace(GRID, data="fixed")
    assert torch.equal(fixed.batch(1, 7), GRID.batch(1, 0))
    assert not torch.equal(fixed.batch(0, 7), fixed.batch(1, 7))
    losses = plain_run(fixed, rule, 1, 0.5)
    rows = [row for row in trained(fixed, rule, 1) if row["learning_rate"] == 0.5]
    for row in rows:
        assert row["loss"] == pytest.approx(losses[int(row["step"])], rel=1e-4)


def test_an_amount_of_data_comes_again_in_one_order():
    three = dataclasses.replace(GRID, data=150)
    drawn = [three.batch(1, step) for step in range(6)]
    assert all(torch.equal(x, y) for x, y in zip(drawn[:3], drawn[3:], strict=True))
    assert all(torch.equal(x, GRID.batch(1, step)) for step, x in enumerate(drawn[:3]))
    losses = plain_run(three, "modified", 1, 0.5)
    rows = [row for row in trained(three, "modified", 1) if row["learning_rate"] == 0.5]
    for row in rows:
        assert row["loss"] == pytest.approx(losses[int(row["step"])], rel=1e-4)
        assert math.isfinite(float(row["new_absolute_error"]))


def test_the_least_and_the_largest_amount_are_fixed_and_fresh_data():
    least, fixed = (
        trained(dataclasses.replace(GRID, data=d), "modified", 0) for d in (50, "fixed")
    )
    assert texts(least) == texts(fixed)
    largest = trained(dataclasses.replace(GRID, data=50 * 13), "modified", 0)
    fresh = trained(GRID, "modified", 0)
    assert texts([{name: row[name] for name in fresh[0]} for row in largest]) == texts(fresh)


@pytest.mark.parametrize("rule", RULES)
def test_fixed_data_are_measured_on_new_inputs_too(rule: str):
    fixed = dataclasses.replace(GRID, data="fixed", steps=1)
    f = started(fixed, 1)
    with torch.no_grad():
        y = f(fixed.new_inputs(1))
        error = f(y) - y
        spread = y - y.mean(0)
    row, after = trained(fixed, rule, 1)[0], trained(fixed, rule, 1)[-1]
    assert row["new_absolute_error"] == pytest.approx(float(error.abs().mean()), rel=1e-5)
    assert row["new_relative_error"] == pytest.approx(float(error.norm() / spread.norm()), rel=1e-5)
    assert row["new_output_spread"] == pytest.approx(float(spread.square().mean().sqrt()), rel=1e-5)
    assert after["new_absolute_error"] != row["new_absolute_error"] != row["absolute_error"]
    fresh = trained(dataclasses.replace(fixed, data="fresh"), rule, 1)[0]
    assert texts([fresh]) == texts([{name: row[name] for name in fresh}])
    assert set(row) - set(fresh) == {
        "new_absolute_error",
        "new_relative_error",
        "new_output_spread",
    }


def test_measuring_on_new_inputs_changes_no_training():
    seldom = dataclasses.replace(GRID, data="fixed", log_every=12)
    often = dataclasses.replace(seldom, log_every=1)
    assert texts([trained(seldom, "ordinary", 0)[-1]]) == texts([trained(often, "ordinary", 0)[-1]])


def test_steps_are_logged_where_asked():
    grid = dataclasses.replace(GRID, log_every=10, log_at=(1, 3))
    assert sorted({row["step"] for row in trained(grid, "modified", 0)}) == [0, 1, 3, 10, 12]


def test_rules_have_rates_of_their_own_where_given():
    grid = dataclasses.replace(GRID, learning_rates={"modified": [0.1], "ordinary": [0.2, 0.3]})
    rates = {unit.rule: unit.learning_rates for unit in grid.units()}
    assert rates == {"modified": (0.1,), "ordinary": (0.2, 0.3)}
    alone = dataclasses.replace(GRID, learning_rates=[0.1])
    assert texts(train_lanes(grid, grid.units()[0])) == texts(trained(alone, "modified", 0))


def test_other_rules_are_swept_where_asked():
    grid = dataclasses.replace(GRID, rules=("transposed",))
    assert {unit.rule for unit in grid.units()} == {"transposed"}
    assert len(grid.units()) == GRID.runs
    with pytest.raises(ValueError, match="rules: expected one or more that all differ, got"):
        dataclasses.replace(GRID, rules=("modified", "modified"))


def test_rules_and_rates_share_start_and_data_and_runs_do_not():
    first = {rule: trained(GRID, rule, 0)[0]["absolute_error"] for rule in RULES}
    assert first["modified"] == pytest.approx(first["ordinary"], rel=1e-6)
    by_rate = [row for row in trained(GRID, "modified", 0) if row["step"] == 0]
    assert by_rate[0]["absolute_error"] == by_rate[1]["absolute_error"]
    assert not torch.equal(GRID.batch(0, 3), GRID.batch(1, 3))
    assert not torch.equal(GRID.start(0)[0][0], GRID.start(1)[0][0])
    assert not torch.equal(GRID.batch(0, 3), GRID.batch(0, 4))


def test_the_same_unit_gives_the_same_rows():
    assert texts(trained(GRID, "ordinary", 0)) == texts(trained(GRID, "ordinary", 0))


def test_a_diverged_lane_leaves_and_the_others_go_on():
    wild = dataclasses.replace(GRID, learning_rates=[0.1, 500.0])
    rows = trained(wild, "modified", 0)
    lost = [row for row in rows if row["diverged"]]
    assert [row["learning_rate"] for row in lost] == [500.0]
    assert not math.isfinite(float(lost[0]["absolute_error"])) or (
        float(lost[0]["absolute_error"]) > wild.diverged_above
    )
    assert max(row["step"] for row in rows if row["learning_rate"] == 500.0) == lost[0]["step"]
    tame = [row for row in rows if row["learning_rate"] == 0.1]
    alone = trained(dataclasses.replace(GRID, learning_rates=[0.1]), "modified", 0)
    assert tame[-1]["step"] == GRID.steps
    assert tame[-1]["absolute_error"] == pytest.approx(alone[-1]["absolute_error"], rel=1e-4)


def test_a_sweep_whose_lanes_all_diverge_ends_with_their_rows():
    rows = trained(dataclasses.replace(GRID, learning_rates=[500.0, 600.0]), "ordinary", 0)
    assert sum(bool(row["diverged"]) for row in rows) == 2


def test_every_rule_and_run_is_a_unit():
    found = sorted((unit.rule, unit.run) for unit in GRID.units())
    assert found == [(rule, run) for rule in sorted(RULES) for run in range(2)]
    assert all(unit.learning_rates == (0.1, 0.5) for unit in GRID.units())


def test_a_bound_of_memory_splits_the_rates_and_changes_no_lane():
    rates = [0.1, 0.2, 0.3, 0.4, 0.5]
    whole = dataclasses.replace(GRID, learning_rates=rates, runs=1)
    bound = required_bytes(GRID.widths, GRID.batch_size, 2, "sgd")
    parts = dataclasses.replace(whole, memory=bound)
    chunks = [u.learning_rates for u in parts.units() if u.rule == "modified"]
    assert chunks == [(0.1, 0.2), (0.3, 0.4), (0.5,)]
    assert len({u.name for u in parts.units()}) == len(parts.units()) == 6
    together = {row["learning_rate"]: row for row in trained(whole, "modified", 0)}
    for u in parts.units():
        if u.rule == "modified":
            for row in train_lanes(parts, u):
                if row["step"] == GRID.steps:
                    same = together[row["learning_rate"]]["absolute_error"]
                    assert row["absolute_error"] == pytest.approx(same, rel=1e-4)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("rule", RULES)
def test_a_sweep_that_was_stopped_ends_with_the_same_rows(rule, optimizer, tmp_path):
    grid = dataclasses.replace(GRID, optimizer=optimizer, learning_rates=[0.1, 300.0])
    undisturbed = trained(grid, rule, 0)
    stops = 0
    while True:
        checkpoint = Checkpoint(tmp_path / "unit.npz", deadline=0.0)  # long over: stops each time
        try:
            rows = train_lanes(grid, unit(grid, rule, 0), checkpoint=checkpoint)
            break
        except OutOfTime:
            stops += 1
    assert stops == grid.steps + 1
    assert texts(rows) == texts(undisturbed)


def test_jacobian_and_update_are_measured_where_they_can_be():
    rows = [row for row in trained(GRID, "modified", 0) if row["learning_rate"] == 0.5]
    *before, last = rows
    assert all(math.isnan(float(row["jacobian_rank"])) for row in before)
    assert 0 < float(last["jacobian_rank"]) <= 5
    assert all(float(row["update_norm"]) > 0 for row in before)
    assert math.isnan(float(last["update_norm"]))


@pytest.mark.parametrize("initialization", ["default", "kaiming_normal", "orthogonal"])
def test_every_initialization_trains(initialization):
    grid = dataclasses.replace(GRID, initialization=initialization, learning_rates=[0.01])
    first, *_, last = trained(grid, "ordinary", 0)
    assert float(last["loss"]) < float(first["loss"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"learning_rates": [0.1, -1.0]}, "learning_rates: expected positive finite rates, got"),
        ({"learning_rates": [math.inf]}, "learning_rates: expected positive finite rates, got"),
        ({"learning_rates": []}, "learning_rates: expected positive finite rates, got"),
        ({"initialization": "ones"}, "initialization: expected one of default, .*, got 'ones'"),
        ({"diverged_above": math.nan}, "diverged_above: expected more than 0, got nan"),
        ({"negative_slope": -1.0}, "negative_slope: expected 0 or more, got -1"),
        ({"learning_rates": [0.1234567, 0.1234568]}, "learning_rates: expected rates that differ"),
        (
            {"learning_rates": {"modified": [0.1]}},
            "learning_rates: expected rates for modified and",
        ),
        ({"learning_rates": {"modified": [0.1], "ordinary": [0.0]}}, "expected positive finite"),
        ({"rules": ()}, "rules: expected one or more that all differ, got"),
        ({"rules": ("other",)}, "rule: expected one of modified, ordinary, transposed, got"),
        ({"data": "stale"}, "data: expected one of fresh, fixed, got 'stale'"),
        ({"data": 75}, "data: expected one of fresh, fixed or a multiple of the .*, 50, got 75"),
        ({"data": 0}, "data: expected one of fresh, fixed or a multiple of the .*, 50, got 0"),
        ({"optimizer": "lion"}, "optimizer: expected one of sgd, adam, got 'lion'"),
        (
            {"memory": 10},
            r"memory: expected at least \d+ bytes, which one lane of",
        ),
        ({"batch_size": 0}, "batch_size: expected at least 1, got 0"),
        ({"steps": 2.5}, "steps: expected a whole number, got 2.5"),
        (
            {"widths": [5, 4]},
            "widths: expected two or more whole .*, the last equal to the first, got",
        ),
    ],
)
def test_wrong_grids_are_named(change: dict, message: str):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(GRID, **change)


def test_an_unknown_rule_is_named():
    with pytest.raises(ValueError, match="rule: expected one of .*, transposed, got 'other'"):
        trained(GRID, "other", 0)
