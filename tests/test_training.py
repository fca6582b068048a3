"""The generative training loop, checked against a slow, obvious twin."""

import copy
import math
from pathlib import Path

import pytest
import torch
from torch import Generator
from torch.nn.functional import mse_loss

from idem.checkpoint import Checkpoint, OutOfTime
from idem.ign import IGN, ign_loss
from idem.noise import GaussianNoise
from idem.objectives import idempotency_loss
from idem.training import PARTS, TrainingState, start, train
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
            loss = loss + 0.3 * idempotency_loss(
                slow, z, rule=rule, scale="mean", running_statistics="all"
            )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert same(state.model, slow)


def test_the_average_equals_a_plain_exponential_average_buffers_included():
    state = new_state(average_decay=0.7)
    average = None
    for _ in range(5):
        run(state, steps=state.step + 1)
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
    for steps in (3, 6, 6):
        run(parts, steps=steps, log_every=3)
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
    message = (
        "modified rule: loss not finite at step 1: reconstruction nan, idempotency nan; "
        "lower the learning rate or the weight, or bound the gradient's norm"
    )
    with pytest.raises(FloatingPointError, match=message):
        run(state, log_every=2)
    assert state.step == 1
    assert not state.history


class Poisoned(GaussianNoise):
    """Noise that is not finite from some step on."""

    def __init__(self, good: int):
        super().__init__(SHAPE)
        self.left = good

    def sample(self, count, generator):
        self.left -= 1
        return super().sample(count, generator) * (1.0 if self.left >= 0 else math.inf)


def always_due(path: Path) -> Checkpoint:
    return Checkpoint(path, every=0.0)


def test_a_loss_that_is_not_finite_names_its_step_and_keeps_the_last_good_checkpoint(tmp_path):
    path = tmp_path / "run.npz"
    with pytest.raises(
        FloatingPointError, match="mnist 7: loss not finite at step 4: .* idem.* nan"
    ):
        run(new_state(), noise=Poisoned(3), checkpoint=always_due(path), label="mnist 7")
    assert [file.name for file in tmp_path.iterdir()] == ["run.npz"]
    assert same(run(new_state(), checkpoint=always_due(path)).model, run(new_state()).model)
    assert Checkpoint(path).notes()["step"] == 6


def test_the_first_of_several_losses_looked_at_later_is_named():
    state = run(new_state(), steps=6)
    state.losses = [torch.tensor([1.0, value]) for value in (2.0, math.inf, math.nan)]
    with pytest.raises(FloatingPointError, match="step 5: reconstruction 1, idempotency inf;"):
        run(state, steps=7)


def test_weights_that_are_not_finite_are_not_saved(tmp_path):
    path = tmp_path / "run.npz"
    state = run(new_state(), steps=2, checkpoint=always_due(path))
    before = path.read_bytes()
    state.model.register_forward_pre_hook(break_weights_at(state, step=3))
    with pytest.raises(
        FloatingPointError, match="weights or their moments not finite after step 3"
    ):
        run(state, steps=3, rule="none", checkpoint=always_due(path))
    assert path.read_bytes() == before


def break_weights_at(state: TrainingState, step: int):
    """Return a hook that lets the gradient of a step overflow, and not its loss."""

    def hook(module, inputs):
        if state.step == step - 1:
            parameter = next(module.parameters())
            parameter.register_hook(lambda gradient: gradient * math.inf)

    return hook


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
    assert same(cut.model, whole.model)
    assert same(cut.averaged, whole.averaged)
    assert repr(cut.history) == repr(whole.history)
    assert torch.equal(cut.generator.get_state(), whole.generator.get_state())


class CutAfter(Checkpoint):
    """A checkpoint whose time is up after some steps."""

    def __init__(self, path: Path, steps: int):
        super().__init__(path, deadline=math.inf)
        self.steps = steps

    def is_due(self) -> bool:
        self.steps -= 1  # asked before every step but the first
        self.deadline = math.inf if self.steps > 0 else 0.0
        return self.steps == 0


def test_a_finished_run_comes_back_from_its_checkpoint_without_a_step(tmp_path):
    whole = run(new_state(), checkpoint=always_due(tmp_path / "run.npz"))
    noise = Recorder()
    again = run(new_state(), noise=noise, checkpoint=always_due(tmp_path / "run.npz"))
    assert not noise.given
    assert same(again.model, whole.model) and again.history == whole.history


def test_restored_moments_lie_in_memory_as_those_that_were_saved(tmp_path):
    path, layout = tmp_path / "run.npz", torch.channels_last
    state, again = new_state(), new_state()
    for model in (state.model, again.model):
        model.to(memory_format=layout)  # pyright: ignore[reportCallIssue]
    for each in (state, again):
        run(each, steps=1, checkpoint=always_due(path))
    for parameter, moments in again.optimizer.state.items():
        assert moments["exp_avg"].stride() == parameter.stride()


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("constant", [1, 1, 1, 1]),
        ("linear", [1, 3 / 4, 1 / 2, 1 / 4]),
        ("cosine", [1, 0.5 + math.sqrt(1 / 8), 0.5, 0.5 - math.sqrt(1 / 8)]),
    ],
)
def test_the_rate_follows_its_schedule_to_zero(schedule, expected):
    state, rates = new_state(learning_rate=0.01), []
    state.optimizer.register_step_pre_hook(
        lambda optimizer, *_: rates.append(optimizer.param_groups[0]["lr"])
    )
    run(state, steps=4, schedule=schedule)
    assert rates == pytest.approx([0.01 * factor for factor in expected])


def test_the_gradient_is_shortened_to_its_bound_and_no_further():
    bounds, found = [None, 1e3, 0.01], []
    for bound in bounds:
        state, norms = new_state(), []
        state.optimizer.register_step_pre_hook(
            lambda optimizer, *_, norms=norms: norms.append(norm_of_gradient(optimizer))
        )
        run(state, steps=1, max_gradient_norm=bound)
        found.append(norms[0])
    assert found[0] == found[1] > 0.1
    assert found[2] == pytest.approx(0.01, rel=1e-3)


def norm_of_gradient(optimizer: torch.optim.Optimizer) -> float:
    gradients = [p.grad.flatten() for p in optimizer.param_groups[0]["params"]]
    return float(torch.cat(gradients).norm())


def test_the_reference_objective_is_its_own_loss_and_logs_tightness():
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


def test_the_progress_bar_shows_the_losses(capsys):
    run(new_state(), label="mnist modified seed 0")
    shown = capsys.readouterr().err
    assert "mnist modified seed 0" in shown
    assert "idempotency=" in shown
    run(new_state())
    assert not capsys.readouterr().err


def test_a_wrong_decay_is_refused():
    with pytest.raises(ValueError, match="average_decay: expected 0 to 1, got 1.5"):
        new_state(average_decay=1.5)


def test_images_that_are_not_uint8_are_refused():
    with pytest.raises(ValueError, match=r"expected uint8 \(N, C, H, W\), got torch.float32"):
        train(new_state(), IMAGES.float(), GaussianNoise(SHAPE), steps=1)


def test_an_unknown_schedule_is_refused():
    message = "schedule: expected one of constant, linear, cosine, got 'step'"
    with pytest.raises(ValueError, match=message):
        run(new_state(), schedule="step")


def test_an_unknown_rule_is_refused():
    with pytest.raises(ValueError, match="rule: expected one of modified, ordinary, got 'magic'"):
        run(new_state(), rule="magic")
