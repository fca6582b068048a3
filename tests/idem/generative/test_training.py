"""The loop of `idem.generative.training` around a step of two small networks, however it is cut."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Generator, Tensor, nn
from torch.nn.functional import mse_loss

from idem.checkpoint import Checkpoint, OutOfTime
from idem.generative.optimization import Optimization
from idem.generative.state import TrainingState, begin
from idem.generative.training import Method, Validation, run

IMAGES = torch.randint(0, 256, (40, 1, 8, 8), generator=Generator().manual_seed(0)).byte()
PARTS = ("denoising", "distillation")
SMALL = 4  # a batch


def new_state(seed: int = 0, **options) -> TrainingState:
    """Return a denoiser with BatchNorm, and a network that learns to do the same."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        inner = nn.Conv2d(1, 3, 3, padding=1), nn.BatchNorm2d(3), nn.Conv2d(3, 1, 3, padding=1)
        networks = {"f": nn.Sequential(*inner), "g": nn.Conv2d(1, 1, 3, padding=1)}
    return begin(networks, Optimization(**options), seed=seed)


def losses(networks: Mapping[str, nn.Module], x: Tensor, z: Tensor) -> list[Tensor]:
    y = networks["f"](x + z)
    return [mse_loss(y, x), mse_loss(networks["g"](x), y.detach())]


def method(state: TrainingState, noise=torch.randn) -> Method:
    def step(x: Tensor) -> Sequence[Tensor]:
        found = losses(state.networks, x, noise(x.shape, generator=state.generator))
        for name, loss in zip(state.networks, found, strict=True):
            Optimization().descend(state.optimizers[name], loss)
        return found

    return Method("denoiser", step, PARTS, "lower the rate")


def go(state: TrainingState, steps: int = 6, noise=torch.randn, **options) -> TrainingState:
    state.optimization = replace(state.optimization, steps=steps, batch_size=SMALL)
    return run(state, IMAGES, method(state, noise), **options)


def same(first: nn.Module, second: nn.Module) -> bool:
    pairs = zip(first.state_dict().values(), second.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def same_networks(first: TrainingState, second: TrainingState) -> bool:
    pairs = zip(first.networks.values(), second.networks.values(), strict=True)
    return all(same(*pair) for pair in pairs) and same(first.ema, second.ema)


def test_a_run_equals_a_plain_loop():
    state, slow, generator = go(new_state()), new_state().networks, Generator().manual_seed(0)
    optimizers = [torch.optim.Adam(f.parameters(), 1e-3, (0.5, 0.999)) for f in slow.values()]
    for _ in range(6):
        x = IMAGES[torch.randint(40, (SMALL,), generator=generator)] / 127.5 - 1
        found = losses(slow, x, torch.randn(x.shape, generator=generator))
        for loss, optimizer in zip(found, optimizers, strict=True):
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    assert all(same(f, slow[name]) for name, f in state.networks.items())


def test_a_run_is_reproducible_and_the_seed_matters():
    first, second = go(new_state()), go(new_state())
    assert same_networks(first, second) and first.history == second.history
    other = go(begin(new_state().networks, Optimization(), seed=1))  # from the same weights
    assert not any(same(f, other.networks[name]) for name, f in first.networks.items())


def test_a_run_in_two_parts_is_a_run_in_one():
    whole, parts = go(new_state(), log_every=3), new_state()
    for steps in (3, 6, 6):
        go(parts, steps=steps, log_every=3)
    assert same_networks(whole, parts) and whole.history == parts.history


@pytest.mark.parametrize(
    ("steps", "every", "expected"), [(6, 3, [1, 2, 3, 6]), (7, 4, [1, 2, 4, 7])]
)
def test_the_history_has_a_row_per_interval_and_for_the_first_two_and_the_last_step(
    steps, every, expected
):
    state = go(new_state(), steps=steps, log_every=every)
    assert [row["step"] for row in state.history] == expected
    assert list(state.history[0]) == ["step", *PARTS]


def test_a_row_of_the_history_is_the_mean_of_its_steps():
    coarse, fine = go(new_state(), log_every=6), go(new_state(), log_every=1)
    for part in PARTS:
        assert coarse.history[1][part] == fine.history[1][part]
        mean = sum(row[part] for row in fine.history[2:]) / 4
        assert coarse.history[2][part] == pytest.approx(mean, rel=1e-5)


def test_the_progress_bar_shows_the_losses(capsys):
    go(new_state(), label="mnist seed 0")
    shown = capsys.readouterr().err
    assert "mnist seed 0" in shown and "distillation=" in shown
    go(new_state())
    assert not capsys.readouterr().err


def spread(networks: Mapping[str, nn.Module]) -> dict[str, float]:
    """Measure something cheap of the averaged weights."""
    with torch.no_grad():
        found = {kind: float(next(f.parameters()).std()) for kind, f in networks.items()}
    return {"spread": found["ema"], "raw": found["raw"]}


def test_a_validation_measures_at_its_steps_and_the_last_and_disturbs_nothing():
    seen = go(new_state(), steps=7, validation=Validation(spread, "spread", 3))
    alone = go(new_state(), steps=7)
    assert [row["step"] for row in seen.validations] == [3, 6, 7]
    assert same_networks(seen, alone) and seen.history == alone.history


def test_networks_that_a_validation_leaves_in_eval_mode_train_on():
    def measure(networks):
        networks["raw"].eval()
        return {"criterion": 0.0}

    state = go(new_state(), validation=Validation(measure, "criterion", 2))
    assert same_networks(state, go(new_state()))


@pytest.mark.parametrize("sign", [1, -1])
def test_the_averaged_weights_of_the_least_measurement_are_kept(sign):
    def measure(networks):
        return {"criterion": sign * abs(spread(networks)["spread"] - middle)}

    stops = [go(new_state(), steps=step) for step in (2, 4, 6)]
    middle = spread(stops[1].weights())["spread"]
    state = go(new_state(), validation=Validation(measure, "criterion", 2))
    least = min(range(3), key=lambda i: state.validations[i]["criterion"])
    assert (least == 1) == (sign == 1)
    assert same(state.weights()["best"], stops[least].weights()["ema"])


def test_a_measurement_that_is_no_number_is_never_preferred():
    values = iter([math.nan, 2.0, math.nan, 1.0, math.nan])
    validation = Validation(lambda networks: {"criterion": next(values)}, "criterion", 1)
    state = go(new_state(), steps=5, validation=validation)
    assert same(state.weights()["best"], go(new_state(), steps=4).weights()["ema"])


class CutAfter(Checkpoint):
    """A checkpoint whose time is up after some steps."""

    def __init__(self, path: Path, steps: int):
        super().__init__(path, deadline=math.inf)
        self.steps = steps

    def is_due(self) -> bool:
        self.steps -= 1  # asked before every step but the first
        self.deadline = math.inf if self.steps > 0 else 0.0
        return self.steps == 0


def always_due(path: Path) -> Checkpoint:
    return Checkpoint(path, every=0.0)


@pytest.mark.parametrize("stop", [1, 4, 5])
def test_a_run_that_was_cut_goes_on_from_its_checkpoint_to_the_same_bytes(tmp_path, stop):
    path, options = (
        tmp_path / "run.npz",
        {"log_every": 4, "validation": Validation(spread, "spread", 2)},
    )
    whole = go(new_state(), **options)
    with pytest.raises(OutOfTime):
        go(new_state(), checkpoint=CutAfter(path, stop), **options)
    assert Checkpoint(path).notes()["step"] == stop
    cut = go(new_state(seed=5), checkpoint=Checkpoint(path), **options)
    assert same_networks(cut, whole) and same(cut.weights()["best"], whole.weights()["best"])
    assert (cut.history, cut.validations) == (whole.history, whole.validations)
    assert torch.equal(cut.generator.get_state(), whole.generator.get_state())


def test_a_finished_run_comes_back_from_its_checkpoint_without_a_step(tmp_path):
    def never(*shape, generator):
        raise AssertionError("a step was made")

    whole = go(new_state(), checkpoint=always_due(tmp_path / "run.npz"))
    again = go(new_state(), noise=never, checkpoint=always_due(tmp_path / "run.npz"))
    assert same_networks(again, whole) and again.history == whole.history


def poisoned(good: int):
    """Return noise that is not finite after some steps."""
    left = iter([1.0] * good)
    return lambda shape, generator: torch.randn(shape, generator=generator) * next(left, math.inf)


def test_a_loss_that_is_not_finite_stops_the_run_and_names_step_and_remedy():
    state = new_state()
    message = (
        "^denoiser: loss not finite at step 1: denoising nan, distillation nan; lower the rate$"
    )
    with pytest.raises(FloatingPointError, match=message):
        go(state, noise=poisoned(0), log_every=2)
    assert state.step == 1 and not state.history


def test_a_loss_that_is_not_finite_keeps_the_last_good_checkpoint(tmp_path):
    path = tmp_path / "run.npz"
    message = f"mnist 7: loss not finite at step 4: .* nan.*; kept as it was at step 3: {path}$"
    with pytest.raises(FloatingPointError, match=message):
        go(new_state(), noise=poisoned(3), checkpoint=always_due(path), label="mnist 7")
    assert [file.name for file in tmp_path.iterdir()] == ["run.npz"]
    assert same_networks(go(new_state(), checkpoint=always_due(path)), go(new_state()))
    assert Checkpoint(path).notes()["step"] == 6


def test_the_first_of_several_losses_looked_at_later_is_named():
    state = go(new_state())
    state.losses = [torch.tensor([1.0, value]) for value in (2.0, math.inf, math.nan)]
    with pytest.raises(FloatingPointError, match="step 5: denoising 1, distillation inf;"):
        go(state, steps=7)


def test_weights_that_are_not_finite_are_not_saved(tmp_path):
    path = tmp_path / "run.npz"
    state = go(new_state(), steps=2, checkpoint=always_due(path))
    before = path.read_bytes()
    next(state.model.parameters()).register_hook(lambda gradient: gradient * math.inf)
    message = "denoiser: weights or their moments not finite after step 3; lower the rate"
    with pytest.raises(FloatingPointError, match=message):
        go(state, steps=3, checkpoint=always_due(path))
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("images", "got"),
    [
        (IMAGES.float(), r"got torch.float32 \(40, 1, 8, 8\)"),
        (IMAGES[0], r"got torch.uint8 \(1, 8, 8\)"),
        (IMAGES[:0], r"got torch.uint8 \(0, 1, 8, 8\)"),
    ],
)
def test_what_is_no_image_or_not_uint8_is_refused(images: Tensor, got: str):
    state = new_state()
    expected = r"^images: expected uint8 \(N, C, H, W\), one or more, "
    with pytest.raises(ValueError, match=expected + got):
        run(state, images, method(state))
    assert state.step == 0
