"""How the weights descend: schedules, bounds, and what cannot be."""

import math

import pytest
import torch

from idem.generative.dcgan import DCGAN, train_dcgan
from idem.generative.optimization import Optimization
from idem.generative.state import TrainingState
from idem.generative.training import train
from idem.generative.udcgan import UDCGAN
from tests.idem.generative.test_objective import IMAGES, new_state, run


def test_a_precision_that_would_need_its_loss_scaled_is_refused():
    with pytest.raises(ValueError, match="precision: expected torch.float32 or torch.bfloat16"):
        run(new_state(), precision=torch.float16)


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("constant", [1, 1, 1, 1]),
        ("linear", [1, 3 / 4, 1 / 2, 1 / 4]),
        ("cosine", [1, 0.5 + math.sqrt(1 / 8), 0.5, 0.5 - math.sqrt(1 / 8)]),
    ],
)
def test_the_rate_follows_its_schedule_to_zero(schedule, expected):
    rates = rates_of(new_state(learning_rate=0.01), steps=4, schedule=schedule)
    assert rates == pytest.approx([0.01 * factor for factor in expected])


def rates_of(state: TrainingState, **options) -> list[float]:
    """Return the rates of the steps that a run goes on with."""
    rates: list[float] = []
    hook = state.optimizers["model"].register_step_pre_hook(
        lambda optimizer, *_: rates.append(optimizer.param_groups[0]["lr"])
    )
    run(state, **options)
    hook.remove()
    return rates


def test_a_run_goes_on_at_the_rates_it_is_given_whatever_they_were():
    state = new_state(learning_rate=0.01)
    rates_of(state, steps=2, schedule="linear")
    assert rates_of(state, steps=4, schedule="constant") == [0.01, 0.01]
    assert rates_of(state, steps=6, schedule="constant", learning_rate=0.5) == [0.5, 0.5]
    assert rates_of(state, steps=8, schedule="linear", learning_rate=0.8) == [0.2, 0.1]


def test_without_a_rate_every_kind_of_network_has_its_usual_one():
    optimization, found = Optimization(steps=1, batch_size=2), []
    f, gan = UDCGAN((1, 8, 8), (4, 6), 3), DCGAN((1, 8, 8), (4, 6), 3)
    for state in (
        train(f, IMAGES, optimization=optimization),
        train_dcgan(gan, IMAGES, optimization),
    ):
        found += [of.param_groups[0]["lr"] for of in state.optimizers.values()]
    assert found == [1e-3, 2e-4, 2e-4]


@pytest.mark.parametrize("rate", [-1e-3, math.nan, math.inf])
def test_a_wrong_rate_is_refused(rate):
    with pytest.raises(ValueError, match="learning_rate: expected 0 or more, got"):
        Optimization(learning_rate=rate)


def test_the_gradient_is_shortened_to_its_bound_and_no_further():
    bounds, found = [None, 1e3, 0.01], []
    for bound in bounds:
        state, norms = new_state(), []
        state.optimizers["model"].register_step_pre_hook(
            lambda optimizer, *_, norms=norms: norms.append(norm_of_gradient(optimizer))
        )
        run(state, steps=1, max_gradient_norm=bound)
        found.append(norms[0])
    assert found[0] == found[1] > 0.1
    assert found[2] == pytest.approx(0.01, rel=1e-3)


def norm_of_gradient(optimizer: torch.optim.Optimizer) -> float:
    gradients = [p.grad.flatten() for p in optimizer.param_groups[0]["params"]]
    return float(torch.cat(gradients).norm())


def test_an_unknown_schedule_is_refused():
    message = "schedule: expected one of constant, linear, cosine, got 'step'"
    with pytest.raises(ValueError, match=message):
        run(new_state(), schedule="step")


@pytest.mark.parametrize("decay", [-0.1, 1.0])
def test_a_wrong_decay_is_refused(decay):
    with pytest.raises(ValueError, match="ema_decay: expected 0 to below 1, got"):
        Optimization(ema_decay=decay)
