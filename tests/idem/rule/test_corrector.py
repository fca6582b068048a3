"""Correctors on matrices: projectors first, then values against slow float64 references."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st
from torch import Tensor

from idem.rule.corrector import (
    MCWEENY,
    correct,
    evaluate,
    matrix_residual,
    recurrence,
    relaxed_step,
)

exactly = settings(derandomize=True, deadline=None, max_examples=30)


def basis_of(size: int, seed: int, skew: float = 0.3, dtype: torch.dtype = torch.float64) -> Tensor:
    draw = torch.Generator().manual_seed(seed)
    noise = torch.randn(size, size, generator=draw, dtype=dtype) / math.sqrt(size)
    return torch.eye(size, dtype=dtype) + skew * noise


def with_eigenvalues(values: list[float], seed: int = 0, dtype: torch.dtype = torch.float64):
    """A matrix with these eigenvalues in an oblique basis, and its projector onto those above ½."""
    basis = basis_of(len(values), seed, dtype=dtype)
    inverse = torch.linalg.inv(basis)
    spectrum = torch.tensor(values, dtype=dtype)
    ones = (spectrum.real > 0.5).to(dtype)
    return basis @ torch.diag(spectrum) @ inverse, basis @ torch.diag(ones) @ inverse


def symmetric(values: list[float], seed: int = 0) -> Tensor:
    Q = torch.linalg.qr(basis_of(len(values), seed, skew=3))[0]
    K = Q @ torch.diag(torch.tensor(values, dtype=torch.float64)) @ Q.T
    return (K + K.T) / 2


def power_sum(coefficients: list[float], K: Tensor) -> Tensor:
    """The slow, obvious twin of `evaluate`."""
    total = torch.zeros_like(K)
    for i, a in enumerate(coefficients, start=1):
        total = total + a * torch.linalg.matrix_power(K, i)
    return total


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_fixed_eigenvalues_are_fixed_in_any_basis(value):
    K, _ = with_eigenvalues([value, 1, 0])
    assert torch.allclose(correct(K), K, atol=1e-14)
    assert torch.allclose(relaxed_step(K, 0.3), K, atol=1e-14)


@exactly
@given(st.lists(st.floats(-3, 3), min_size=1, max_size=11), st.integers(0, 5))
def test_evaluate_equals_the_sum_of_powers(coefficients, seed):
    K = with_eigenvalues([0.1, 0.7, 1.2], seed)[0]
    assert torch.allclose(evaluate(coefficients, K), power_sum(coefficients, K), atol=1e-11)


@pytest.mark.parametrize(
    ("degree", "products"), [(1, 0), (2, 1), (3, 2), (4, 2), (6, 3), (9, 4), (16, 6)]
)
def test_evaluate_takes_the_fewest_products(degree, products):
    counter = ProductCounter()
    with counter:
        evaluate([1.0] * degree, torch.eye(2))
    assert counter.products == products


class ProductCounter(torch.overrides.TorchFunctionMode):
    """Counts matrix products."""

    products = 0

    def __torch_function__(self, func, types, args=(), kwargs=None):
        self.products += func is Tensor.matmul or func is Tensor.__matmul__
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("degree_4", [-2.0, 0.0, 5.0])
def test_every_corrector_of_degree_4_squares_the_distance_to_the_projectors(degree_4):
    K = with_eigenvalues([1e-4, 1 - 1e-4, 1 + 1e-4])[0]
    coefficients = [0, 3 + degree_4, -2 - 2 * degree_4, degree_4]
    assert float(matrix_residual(evaluate(coefficients, K))) < 1e-6


def test_one_step_squares_the_residual_of_each_eigenvalue():
    before = torch.tensor([[0.1]], dtype=torch.float64)
    e = before * before - before
    after = correct(before)
    assert torch.allclose(after * after - after, e * e * (4 * e - 3), rtol=1e-12)


def test_recurrence_is_the_history_of_relaxed_steps():
    K = with_eigenvalues([0.2, 0.8])[0].expand(3, 2, 2)
    history = recurrence(K, 0.5, 4)
    assert history.shape == (5, 3, 2, 2)
    assert torch.equal(history[0], K)
    for before, after in zip(history, history[1:], strict=False):
        assert torch.equal(after, relaxed_step(before, 0.5))
    assert recurrence(K, 0.5, 0).shape == (1, 3, 2, 2)


@pytest.mark.parametrize("gamma", [0.05, 0.5, 1.0, 1.5, 1.9])
def test_relaxed_recurrence_ends_in_the_same_projector(gamma):
    K, expected = with_eigenvalues([0.05, 0.2, 0.8, 0.95])
    assert torch.allclose(recurrence(K, gamma, 800)[-1], expected, atol=1e-10)


def test_one_half_repels():
    K = torch.tensor([[0.5 + 1e-6]], dtype=torch.float64)
    distance = recurrence(K, 0.5, 3).flatten() - 0.5
    assert torch.allclose(distance[1:] / distance[:-1], torch.tensor(1.25, dtype=torch.float64))


def test_corrector_is_one_gradient_step_for_symmetric_matrices():
    K = symmetric([0.2, 0.7, 1.1]).requires_grad_()
    (0.5 * matrix_residual(K) ** 2).backward()
    assert K.grad is not None
    assert torch.allclose(K.detach() - K.grad, correct(K.detach()), atol=1e-14)


def test_steps_are_differentiable():
    K = with_eigenvalues([0.1, 0.8])[0].requires_grad_()
    assert torch.autograd.gradcheck(lambda K: recurrence(K, 0.7, 3)[-1], K)


@pytest.mark.parametrize("function", [correct, matrix_residual])
def test_wrong_matrices_are_refused(function):
    with pytest.raises(TypeError, match=r"K: expected a torch.Tensor, got list"):
        function([[1.0]])
    with pytest.raises(TypeError, match=r"K: expected a dtype of float16, .*, got int64"):
        function(torch.eye(2, dtype=torch.int64))
    with pytest.raises(ValueError, match=r"K: expected square matrices .*got shape \(2, 3\)"):
        function(torch.zeros(2, 3))
    with pytest.raises(ValueError, match=r"K: expected square matrices .*got shape \(4,\)"):
        function(torch.zeros(4))
    with pytest.raises(ValueError, match=r"K: expected at least one entry, got shape \(0, 0\)"):
        function(torch.zeros(0, 0))
    with pytest.raises(ValueError, match=r"K: expected at least one entry, got shape \(0, 2, 2\)"):
        function(torch.zeros(0, 2, 2))


@pytest.mark.parametrize("gamma", [0, -0.1, 2.0, math.nan, math.inf])
def test_gamma_outside_its_range_is_refused(gamma):
    for call in (lambda K: relaxed_step(K, gamma), lambda K: recurrence(K, gamma, 0)):
        with pytest.raises(ValueError, match=rf"gamma: expected 0 < gamma < 2, got {gamma}"):
            call(torch.eye(2))


def test_wrong_types_of_arguments_are_refused():
    K = torch.eye(2)
    with pytest.raises(TypeError, match="gamma: expected a real number, got str"):
        relaxed_step(K, "1")  # pyright: ignore[reportArgumentType]
    with pytest.raises(TypeError, match="steps: expected an integer, got float"):
        recurrence(K, 1.0, 2.0)  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="steps: expected 0 or more, got -1"):
        recurrence(K, 1.0, -1)
    with pytest.raises(ValueError, match="coefficients: expected one or more finite numbers"):
        evaluate([], K)
    with pytest.raises(ValueError, match="coefficients: expected one or more finite numbers"):
        evaluate([math.nan], K)


def test_mcweeny_is_equation_5():
    K = torch.tensor([[0.25]], dtype=torch.float64)
    assert MCWEENY == (0, 3, -2)
    assert float(correct(K)) == 3 * 0.25**2 - 2 * 0.25**3


def test_the_residual_of_half_precision_does_not_overflow():
    K = 300 * torch.eye(2, dtype=torch.float16)
    assert float(matrix_residual(K)) == pytest.approx(2**0.5 * 300 * 299)


def near_projector() -> Tensor:
    basis = torch.randn(64, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return (basis @ torch.linalg.pinv(basis)).float()


def test_nothing_is_rounded_to_half_precision_within_autocast():
    P = near_projector()
    expected = matrix_residual(P), recurrence(P + 0.01, 1.0, 4)
    with torch.autocast("cpu", torch.bfloat16):
        found = matrix_residual(P), recurrence(P + 0.01, 1.0, 4)
    torch.testing.assert_close(found, expected, rtol=0, atol=0)


def test_devices_without_autocast_are_no_error():
    K = torch.empty(3, 4, 4, device="meta")
    assert matrix_residual(K, relative=True).shape == (3,)
    assert recurrence(K, 1.0, 2).shape == (3, 3, 4, 4)


@pytest.mark.parametrize("scale", [1e18, 1e30, 1e38])
def test_a_relative_residual_does_not_overflow(scale: float):
    K = torch.tensor([[0.9, scale], [0.0, 0.0]])
    found, exact = (matrix_residual(x, relative=True) for x in (K, K.double()))
    torch.testing.assert_close(found.double(), exact, rtol=1e-6, atol=0)
    identity = torch.eye(2) * scale
    assert matrix_residual(identity, relative=True) == pytest.approx(scale, rel=1e-6)


def test_a_relative_residual_is_the_quotient_of_the_norms():
    K = torch.randn(3, 5, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 7
    norms = torch.linalg.matrix_norm(K @ K - K), torch.linalg.matrix_norm(K)
    torch.testing.assert_close(matrix_residual(K, relative=True), norms[0] / norms[1].clamp(min=1))
    small = K / 1000
    torch.testing.assert_close(matrix_residual(small, relative=True), matrix_residual(small))


def test_steps_of_numpy_are_steps():
    int_of_numpy: Any = np.int64(2)
    assert recurrence(near_projector(), 1.0, int_of_numpy).shape == (3, 64, 64)


def test_a_matrix_outside_the_basins_may_end_in_the_farther_projector():
    assert recurrence(torch.tensor([[1.5]]), 1.0, 3).flatten().tolist() == [1.5, 0, 0, 0]
