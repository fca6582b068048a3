"""What a run is: its average, what is saved of it, and how it comes back."""

import copy

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
