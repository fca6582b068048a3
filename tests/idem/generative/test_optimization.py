"""How the weights descend: schedules, bounds, and what cannot be."""

import math

import pytest
import torch

from idem.generative.optimization import Optimization
from tests.idem.generative.test_objective import new_state, run


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
    state, rates = new_state(learning_rate=0.01), []
    state.optimizers["model"].register_step_pre_hook(
        lambda optimizer, *_: rates.append(optimizer.param_groups[0]["lr"])
    )
    run(state, steps=4, schedule=schedule)
    assert rates == pytest.approx([0.01 * factor for factor in expected])


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
