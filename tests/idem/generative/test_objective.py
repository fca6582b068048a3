"""Training on every objective, checked against a slow, obvious twin."""

import copy
import math
from dataclasses import fields, replace
from typing import Any

import pytest
import torch
from torch import Generator
from torch.nn.functional import mse_loss

from idem.checkpoint import Checkpoint, OutOfTime
from idem.generative.ign import IGN, ign_loss
from idem.generative.noise import GaussianNoise
from idem.generative.objective import PARTS, Objective
from idem.generative.optimization import Optimization
from idem.generative.state import TrainingState, begin
from idem.generative.training import train
from idem.generative.udcgan import UDCGAN
from idem.rule.loss import idempotency_loss
from tests.idem.generative.test_training import CutAfter, same, same_networks

SHAPE = (1, 8, 8)
IMAGES = torch.randint(0, 100, (40, *SHAPE), generator=Generator().manual_seed(0)).byte()


class Recorder(GaussianNoise):
    """Gaussian noise that remembers what it gave."""

    def __init__(self):
        super().__init__(SHAPE)
        self.given = []

    def sample(self, count, generator):
        self.given.append(super().sample(count, generator))
        return self.given[-1]


def new_state(seed: int = 0, **options) -> TrainingState:
    f = UDCGAN(SHAPE, (4, 6), 3, generator=Generator().manual_seed(seed))
    return begin({"model": f}, Optimization(**options), seed=seed)


OBJECTIVE = {field.name for field in fields(Objective)}
OPTIMIZATION = {field.name for field in fields(Optimization)}


def run(state: TrainingState, noise=None, **options) -> TrainingState:
    """Go on with a run, with the options of all that decides a step."""
    how: dict[str, Any] = {"steps": 6, "batch_size": 8}
    how |= {k: v for k, v in options.items() if k in OPTIMIZATION}
    objective = Objective(**{k: v for k, v in options.items() if k in OBJECTIVE})
    rest = {k: v for k, v in options.items() if k not in OPTIMIZATION | OBJECTIVE}
    noise = noise or GaussianNoise(SHAPE)
    optimization = replace(state.optimization, **how)
    return train(state.model, IMAGES, noise, objective, optimization, state=state, **rest)


def test_two_lines_are_enough():
    f = UDCGAN(SHAPE, channels=(4, 6), bottleneck=3)
    state = train(f, IMAGES, optimization=Optimization(steps=2))
    assert state.step == 2 and set(state.weights()) == {"raw", "ema"}


def test_the_state_of_another_network_is_refused():
    with pytest.raises(ValueError, match="state: expected that of an earlier run of these"):
        train(new_state().model, IMAGES, state=new_state())


@pytest.mark.parametrize("rule", ["modified", "ordinary", "none"])
def test_a_run_equals_a_plain_loop(rule):
    state, slow = new_state(), new_state().model
    run(state, steps=4, rule=rule, weight=0.3)
    optimizer = torch.optim.Adam(slow.parameters(), lr=1e-3, betas=(0.5, 0.999))
    generator = Generator().manual_seed(0)
    for _ in range(4):
        x = IMAGES[torch.randint(40, (8,), generator=generator)] / 127.5 - 1
        z = torch.randn(8, *SHAPE, generator=generator)
        loss = mse_loss(slow(x), x)
        if rule != "none":
            loss = loss + 0.3 * idempotency_loss(
                slow, z, rule=rule, scale="mean", running_statistics="all"
            )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert same(state.model, slow)


@pytest.mark.parametrize("rule", ["modified", "ordinary", "none", IGN()])
def test_passes_in_bfloat16_leave_weights_and_their_moments_in_float32(rule):
    weight = 0.0 if rule == "none" else 1.0
    state, wide = (
        run(new_state(), steps=3, rule=rule, weight=weight, precision=precision, log_every=1)
        for precision in (torch.bfloat16, torch.float32)
    )
    tensors, _ = state.saved()
    kinds = {value.dtype for value in tensors.values() if value.is_floating_point()}
    assert kinds == {torch.float32}
    assert not same(state.model, wide.model)
    for row, expected in zip(state.history, wide.history, strict=True):
        assert row == pytest.approx(expected, rel=0.05, abs=1e-2, nan_ok=True)


def test_a_step_in_bfloat16_equals_one_under_autocast():
    state, slow = new_state(), new_state().model
    run(state, steps=1, precision=torch.bfloat16)
    generator = Generator().manual_seed(0)
    x = IMAGES[torch.randint(40, (8,), generator=generator)] / 127.5 - 1
    z = torch.randn(8, *SHAPE, generator=generator)
    with torch.autocast("cpu", torch.bfloat16):
        fx, y = slow(x), slow(z)
        with torch.no_grad():
            u = slow(y)
            w = slow(u)
    direction = (y - 3 * u.float() + 2 * w.float()).detach()
    (mse_loss(fx.float(), x) + 2 / y.numel() * (direction * y.float()).sum()).backward()
    for fast, expected in zip(state.model.parameters(), slow.parameters(), strict=True):
        assert fast.grad is not None and expected.grad is not None
        torch.testing.assert_close(fast.grad, expected.grad, rtol=0.1, atol=1e-3)


@pytest.mark.parametrize("rule", ["modified", IGN(0.3)])
def test_noise_is_blended_into_what_is_reconstructed_and_into_nothing_else(rule):
    state, slow = new_state(), new_state().model
    run(state, steps=1, rule=rule, data_noise=0.4)
    generator = Generator().manual_seed(0)
    x = IMAGES[torch.randint(40, (8,), generator=generator)] / 127.5 - 1
    z, other = (torch.randn(8, *SHAPE, generator=generator) for _ in range(2))
    fraction = 0.4 * torch.rand(8, 1, 1, 1, generator=generator)
    given = (1 - fraction) * x + fraction * other
    if rule == "modified":
        loss = mse_loss(slow(given), x)
        loss = loss + idempotency_loss(slow, z, scale="mean", running_statistics="all")
    else:
        loss = ign_loss(slow, x, z, rule, given=given).total
    loss.backward()
    for fast, expected in zip(state.model.parameters(), slow.parameters(), strict=True):
        torch.testing.assert_close(fast.grad, expected.grad, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("fraction", [-0.1, 1.1, math.nan])
def test_a_fraction_of_noise_that_is_none_is_refused(fraction):
    with pytest.raises(ValueError, match="data_noise: expected 0 to 1"):
        run(new_state(), data_noise=fraction)


def test_all_rules_start_from_the_same_weights_and_see_the_same_batches_and_noise():
    noises, states = [], []
    for rule, weight in (("modified", 1.0), ("ordinary", 0.1), ("none", 0.0)):
        state, noise = new_state(seed=5), Recorder()
        states.append(copy.deepcopy(state.model))
        run(state, noise=noise, rule=rule, weight=weight)
        noises.append(torch.stack(noise.given))
        states.append(state.generator.get_state())
    assert same(states[0], states[2])
    assert same(states[0], states[4])
    assert torch.equal(noises[0], noises[1])
    assert torch.equal(noises[0], noises[2])
    assert torch.equal(states[1], states[3])
    assert torch.equal(states[1], states[5])


def test_without_a_rule_there_is_no_idempotency_loss_to_log():
    (row,) = run(new_state(), steps=1, rule="none").history
    assert math.isfinite(row["reconstruction"])
    assert math.isnan(row["idempotency"])


def test_training_reproduces_the_data_better_than_before():
    state = run(new_state(learning_rate=0.01), steps=40, log_every=10)
    assert state.history[-1]["reconstruction"] < 0.8 * state.history[0]["reconstruction"]


def test_a_loss_that_is_not_finite_stops_the_run():
    state = new_state()
    next(state.model.parameters()).data.fill_(float("nan"))
    message = (
        "modified rule: loss not finite at step 1: reconstruction nan, idempotency nan; "
        "lower the learning rate or the weight, or bound the gradient's norm"
    )
    with pytest.raises(FloatingPointError, match=message):
        run(state, log_every=2)
    assert state.step == 1
    assert not state.history


def test_the_target_can_be_the_ema_weights():
    state = new_state(ema_decay=0.9)
    run(state, steps=2)
    slow, average = copy.deepcopy(state.model), copy.deepcopy(state.ema)
    generator = Generator()
    generator.set_state(state.generator.get_state())
    run(state, steps=3, target="ema", weight=0.3)
    x = IMAGES[torch.randint(40, (8,), generator=generator)] / 127.5 - 1
    z = torch.randn(8, *SHAPE, generator=generator)
    y = slow(z)
    with torch.no_grad():
        u = average(y)
        direction = y - 3 * u + 2 * average(u)
    (mse_loss(slow(x), x) + 0.3 * (2 / y.numel()) * (direction * y).sum()).backward()
    for fast, expected in zip(state.model.parameters(), slow.parameters(), strict=True):
        assert fast.grad is not None and expected.grad is not None
        assert torch.allclose(fast.grad, expected.grad, rtol=1e-4, atol=1e-7)


def test_another_corrector_and_step_reach_the_rule():
    first = run(new_state(), steps=2, rule=[0.0, 3.0, -2.0], gamma=0.5)
    second = run(new_state(), steps=2, rule="modified", gamma=0.5)
    other = run(new_state(), steps=2, rule=[0.0, 4.0, -4.0, 1.0], gamma=0.5)
    assert same(first.model, second.model) and not same(first.model, other.model)


@pytest.mark.parametrize("rule", ["modified", "ordinary", "none", IGN()])
@pytest.mark.parametrize("stop", [1, 4, 5])
def test_a_run_that_was_cut_goes_on_from_its_checkpoint_to_the_same_bytes(tmp_path, rule, stop):
    whole = run(new_state(), rule=rule, log_every=4, schedule="linear", max_gradient_norm=0.1)
    options = {"rule": rule, "log_every": 4, "schedule": "linear", "max_gradient_norm": 0.1}
    checkpoint = CutAfter(tmp_path / "run.npz", stop)
    with pytest.raises(OutOfTime):
        run(new_state(), checkpoint=checkpoint, **options)
    assert Checkpoint(tmp_path / "run.npz").notes()["step"] == stop
    cut = run(new_state(), checkpoint=Checkpoint(tmp_path / "run.npz"), **options)
    assert same_networks(cut, whole)
    assert repr(cut.history) == repr(whole.history)
    assert torch.equal(cut.generator.get_state(), whole.generator.get_state())


def test_the_published_objective_is_its_own_loss_and_logs_tightness():
    settings = IGN(tightness_weight=0.2, clamp=1.5, distance="l1")
    state, slow = new_state(), new_state().model
    run(state, steps=1, rule=settings, weight=0.3)
    generator = Generator().manual_seed(0)
    x = IMAGES[torch.randint(40, (8,), generator=generator)] / 127.5 - 1
    z = torch.randn(8, *SHAPE, generator=generator)
    loss = ign_loss(slow, x, z, settings, idempotency_weight=0.3)
    optimizer = torch.optim.Adam(slow.parameters(), lr=1e-3, betas=(0.5, 0.999))
    loss.total.backward()
    optimizer.step()
    assert same(state.model, slow)
    (row,) = state.history
    assert row == {"step": 1} | {part: getattr(loss, part).item() for part in PARTS}


def test_an_unknown_target_is_refused():
    with pytest.raises(ValueError, match="target: expected raw or ema, got 'best'"):
        run(new_state(), target="best")


def test_an_unknown_rule_is_refused():
    with pytest.raises(
        ValueError, match="rule: expected one of modified, ordinary, transposed, got 'magic'"
    ):
        run(new_state(), rule="magic")
