"""Measures of the recurrence: on matrices whose course is known."""

import math

import numpy as np
import pytest
import torch

from idem.linear import gallery
from idem.linear.convergence import floor_and_steps, follow, horizon, limits, order_of_convergence
from idem.linear.riesz import exact_projector


def drawn() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_a_scalar_follows_the_error_law():
    K = torch.tensor([[[0.9]]], dtype=torch.float64)
    history = follow(K, torch.ones(1, 1, 1, dtype=torch.float64), 1.0, 3)
    e = 0.9**2 - 0.9
    for measured in history.residual[:, 0]:
        assert measured == pytest.approx(abs(e), rel=1e-6)
        e = e * e * (4 * e - 3)
    assert history.distance[0, 0] == pytest.approx(0.1)
    assert history.moved[0, 0] == 0
    assert history.trace[-1, 0] == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize(("gamma", "order"), [(1.0, 2.0), (0.5, 1.0), (1.5, 1.0)])
def test_the_order_is_quadratic_at_gamma_1_only(gamma, order):
    K = gallery.oblique(1, 8, 0.1, 1.0, drawn())
    residual = follow(K, exact_projector(K), gamma, horizon(0.1, gamma)).residual[:, 0]
    floor, steps = floor_and_steps(residual)
    assert floor < 1e-14
    assert steps < len(residual) - 1
    assert order_of_convergence(residual, floor) == pytest.approx(order, abs=0.05)


def test_it_ends_in_the_projector_and_not_nearer_than_rounding():
    K = gallery.oblique(2, 16, 0.05, 5.0, drawn())
    history = follow(K, exact_projector(K), 1.0, 20)
    assert history.distance[-1].max() < 1e-12
    assert history.trace[-1] == pytest.approx([8, 8])


def test_half_precision_is_measured_in_double():
    K = gallery.oblique(1, 16, 0.1, 1.0, drawn()).to(torch.bfloat16)
    history = follow(K, exact_projector(K), 1.0, 12)
    assert history.residual.dtype == np.float64
    assert 1e-4 < history.residual[-1, 0] < 1e-2


def test_floor_and_order_without_a_limit():
    assert floor_and_steps(np.array([math.nan, math.inf]))[1] == -1
    assert floor_and_steps(np.array([0.5, 1e-9, 1e-16, math.nan])) == (1e-16, 2)
    assert math.isnan(order_of_convergence(np.array([0.5, 0.4, 0.3]), 0.1))


def test_limits_tell_what_converges_to_which_rank():
    values = [[0.9, 0.2], [0.6, 0.7], [1.7, 0.0], [1.45, 1.0], [0.5, 1.0]]
    K = torch.diag_embed(torch.tensor(values, dtype=torch.float64))
    found = limits(K, 40)
    assert found.converged.tolist() == [True, True, False, True, False]
    assert found.rank.tolist() == [1, 2, -1, 1, -1]
    assert found.residual[2].isnan()
    assert found.steps[2] < 15


def test_one_half_is_never_decided():
    K = torch.tensor([[[0.5, 0.0], [0.0, 1.0]]], dtype=torch.float64)
    found = limits(K, 30)
    assert not found.converged[0]
    assert found.steps[0] == 30


@pytest.mark.parametrize("gamma", [0.05, 0.5, 1.0, 1.9])
def test_the_horizon_is_long_enough(gamma):
    K = gallery.oblique(1, 8, 1e-3, 1.0, drawn())
    residual = follow(K, exact_projector(K), gamma, horizon(1e-3, gamma)).residual[:, 0]
    assert residual[-1] < 1e-13


def test_single_precision_settles_at_its_own_rounding():
    K = torch.tensor([[[0.9, 0.2], [0.1, 0.1]]])
    found = limits(K, 100)
    assert found.converged.tolist() == [True] and found.rank.tolist() == [1]
    assert limits(K.double(), 100).rank.tolist() == [1]


def test_a_matrix_whose_norm_overflows_has_no_limit():
    found = limits(torch.tensor([[[0.9, 1e20], [0.0, 0.0]]]), 5)
    assert found.converged.tolist() == [False] and found.rank.tolist() == [-1]


@pytest.mark.parametrize(
    ("K", "error"),
    [(torch.eye(2), ValueError), (torch.ones(1, 2, 3), ValueError)]
    + [(torch.eye(2)[None].half(), TypeError)],
)
def test_what_has_no_limits_is_refused(K: torch.Tensor, error: type[Exception]):
    with pytest.raises(error, match="K: expected"):
        limits(K, 5)
