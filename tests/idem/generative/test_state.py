"""What a run is: its average, what is saved of it, and how it comes back."""

import copy
from dataclasses import replace

import pytest
import torch
from torch import nn

from idem.generative.optimization import Optimization
from idem.generative.state import TrainingState, begin
from tests.idem.generative.test_training import go, new_state, same, same_networks


def test_the_average_weighs_every_step_by_its_age_whatever_came_first_buffers_included():
    state, seen = new_state(ema_decay=0.7), []
    for _ in range(5):
        go(state, steps=state.step + 1)
        seen.append(copy.deepcopy(state.networks["f"].state_dict()))
    weights = [0.7**age for age in reversed(range(5))]
    total = sum(weights)
    for name, value in state.weights()["ema"].state_dict().items():
        if value.is_floating_point():
            pairs = zip(weights, seen, strict=True)
            average = torch.stack([w * now[name].double() for w, now in pairs]).sum(0) / total
            assert torch.allclose(value.double(), average, atol=1e-6), name


def test_after_a_step_the_average_is_what_it_made():
    weights = go(new_state(ema_decay=0.999), steps=1).weights()
    assert same(weights["raw"], weights["ema"])


def test_without_memory_the_average_is_the_last_weights():
    weights = go(new_state(ema_decay=0.0)).weights()
    assert same(weights["raw"], weights["ema"])


def test_without_a_validation_no_weights_are_best():
    assert set(go(new_state()).weights()) == {"raw", "ema"}


def test_what_was_saved_comes_back_whatever_was_there_before():
    state, other = go(new_state(), log_every=4), go(new_state(seed=1), steps=3)
    tensors, notes = copy.deepcopy(state.saved())
    other.restore(tensors, notes)
    assert same_networks(other, state)
    assert (other.step, other.history) == (6, state.history)
    assert same_networks(go(other, steps=8), go(state, steps=8))


def channels_innermost(seed: int) -> TrainingState:
    f = nn.Conv2d(1, 3, 3, padding=1), nn.Conv2d(3, 1, 3, padding=1)
    networks = {"f": nn.Sequential(*f), "g": nn.Conv2d(1, 1, 3, padding=1)}
    for network in networks.values():
        network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    return begin(networks, Optimization(), seed=seed)


def test_restored_moments_lie_in_memory_as_those_that_were_saved():
    state, again = go(channels_innermost(0), steps=1), channels_innermost(1)
    tensors = {name: tensor.contiguous() for name, tensor in state.saved()[0].items()}
    again.restore(tensors, state.saved()[1])
    strides = set()
    for optimizer in again.optimizers.values():
        for parameter, moments in optimizer.state.items():
            assert moments["exp_avg"].stride() == parameter.stride()
            strides.add(parameter.stride() == parameter.contiguous().stride())
    assert False in strides


@pytest.mark.parametrize(
    ("changes", "seed", "message"),
    [
        ({"betas": (0.9, 0.999)}, None, r"betas: expected \(0.5, 0.999\), with which"),
        ({"ema_decay": 0.5}, None, "ema_decay: expected 0.7, .* got 0.5; keep to it, or begin"),
        ({}, 4, "seed: expected 3, with which the run of this state was begun, got 4"),
    ],
)
def test_what_a_run_so_far_has_gone_into_cannot_be_changed(changes, seed, message):
    state = go(new_state(3, ema_decay=0.7))
    before = state.optimization
    with pytest.raises(ValueError, match=message):
        state.go_on(state.networks, replace(before, steps=9, **changes), seed)
    assert state.optimization is before


def test_all_else_may_change_and_what_is_left_out_stays():
    state = go(new_state(3, ema_decay=0.7), steps=2)
    other = {"steps": 9, "batch_size": 5, "learning_rate": 0.1, "schedule": "cosine"}
    changed = replace(state.optimization, betas=[0.5, 0.999], max_gradient_norm=1.0, **other)
    state.go_on(state.networks, changed, seed=3)
    assert state.optimization is changed
    state.go_on(state.networks)
    assert state.optimization is changed


def test_a_seed_is_known_again_from_a_checkpoint():
    state, other = go(new_state(3)), new_state(1)
    other.restore(*copy.deepcopy(state.saved()))
    other.go_on(other.networks, seed=3)
