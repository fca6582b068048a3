"""The generative training loop, checked against a slow, obvious twin."""

import copy
import math

import pytest
import torch
from torch import Generator
from torch.nn.functional import mse_loss

from idem.noise import GaussianNoise
from idem.objectives import idempotency_loss
from idem.training import TrainingState, recalibrate, start, train
from idem.udcgan import UDCGAN

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
    return start(f, seed=seed, **options)


def run(state: TrainingState, steps: int = 6, noise=None, **options) -> TrainingState:
    return train(state, IMAGES, noise or GaussianNoise(SHAPE), steps=steps, batch_size=8, **options)


def same(first, second) -> bool:
    pairs = zip(first.state_dict().values(), second.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


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
            loss = loss + 0.3 * idempotency_loss(slow, z, rule=rule, scale="mean")
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert same(state.model, slow)


def test_the_average_equals_a_plain_exponential_average_buffers_included():
    state = new_state(average_decay=0.7)
    average = None
    for _ in range(5):
        run(state, steps=1)
        now = {k: v.double() for k, v in copy.deepcopy(state.model.state_dict()).items()}
        average = (
            now if average is None else {k: 0.7 * v + 0.3 * now[k] for k, v in average.items()}
        )
    assert average is not None
    for name, value in state.weights()["averaged"].state_dict().items():
        if value.is_floating_point():
            assert torch.allclose(value.double(), average[name], atol=1e-6), name


def test_without_memory_the_average_is_the_last_weights():
    state = run(new_state(average_decay=0.0))
    weights = state.weights()
    assert same(weights["raw"], weights["averaged"])


def test_a_run_is_reproducible_and_the_seed_matters():
    first, second, other = run(new_state()), run(new_state()), run(new_state(seed=1))
    assert same(first.model, second.model)
    assert first.history == second.history
    assert not same(first.model, other.model)


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


def test_a_run_in_two_parts_is_a_run_in_one():
    whole, parts = run(new_state(), steps=6, log_every=3), new_state()
    for _ in range(2):
        run(parts, steps=3, log_every=3)
    assert same(whole.model, parts.model)
    assert whole.history == parts.history


@pytest.mark.parametrize(("steps", "every", "expected"), [(6, 2, [2, 4, 6]), (5, 2, [2, 4, 5])])
def test_the_history_has_a_row_per_interval_and_one_for_the_last_step(steps, every, expected):
    state = run(new_state(), steps=steps, log_every=every)
    assert [row["step"] for row in state.history] == expected
    assert set(state.history[0]) == {"step", "reconstruction", "idempotency"}


def test_a_row_of_the_history_is_the_mean_of_its_steps():
    coarse, fine = run(new_state(), log_every=6), run(new_state(), log_every=1)
    for key in ("reconstruction", "idempotency"):
        mean = sum(row[key] for row in fine.history) / 6
        assert coarse.history[0][key] == pytest.approx(mean, rel=1e-5)


def test_without_a_rule_there_is_no_idempotency_loss_to_log():
    (row,) = run(new_state(), steps=2, log_every=2, rule="none").history
    assert math.isfinite(row["reconstruction"])
    assert math.isnan(row["idempotency"])


def test_training_reproduces_the_data_better_than_before():
    state = run(new_state(learning_rate=0.01), steps=40, log_every=10)
    assert state.history[-1]["reconstruction"] < 0.8 * state.history[0]["reconstruction"]


def test_a_loss_that_is_not_finite_stops_the_run():
    state = new_state()
    next(state.model.parameters()).data.fill_(float("nan"))
    message = "modified rule: loss not finite by step 2: .* lower the learning rate or the weight"
    with pytest.raises(FloatingPointError, match=message):
        run(state, log_every=2)
    assert not state.history


def test_the_progress_bar_shows_the_losses(capsys):
    run(new_state(), label="mnist modified seed 0")
    shown = capsys.readouterr().err
    assert "mnist modified seed 0" in shown
    assert "idempotency=" in shown
    run(new_state())
    assert not capsys.readouterr().err


def test_recalibrated_statistics_are_the_mean_over_data_and_noise():
    f, noise = run(new_state()).model, GaussianNoise(SHAPE)
    assert isinstance(f, UDCGAN)
    weights = [parameter.clone() for parameter in f.parameters()]
    recalibrate(f, IMAGES, noise, batches=5, batch_size=8, seed=3)
    found = f.state_dict()["squeeze.1.running_mean"].clone()
    generator, means = Generator().manual_seed(3), []
    for _ in range(5):
        x = IMAGES[torch.randint(40, (8,), generator=generator)] / 127.5 - 1
        for batch in (x, torch.randn(8, *SHAPE, generator=generator)):
            means.append(f.squeeze[0](f.encode(batch)[1][-1]).mean((0, 2, 3)))
    assert torch.allclose(found, torch.stack(means).mean(0), atol=1e-6)
    assert all(torch.equal(a, b) for a, b in zip(weights, f.parameters(), strict=True))
    assert f.squeeze[1].momentum == 0.1


def test_a_wrong_decay_is_refused():
    with pytest.raises(ValueError, match="average_decay: expected 0 to 1, got 1.5"):
        new_state(average_decay=1.5)


def test_images_that_are_not_uint8_are_refused():
    with pytest.raises(ValueError, match=r"expected uint8 \(N, C, H, W\), got torch.float32"):
        train(new_state(), IMAGES.float(), GaussianNoise(SHAPE), steps=1)


def test_an_unknown_rule_is_refused():
    with pytest.raises(ValueError, match="rule: expected one of modified, ordinary, got 'magic'"):
        run(new_state(), rule="magic")
