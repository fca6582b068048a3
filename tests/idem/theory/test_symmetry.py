"""The Jacobian of the update: against the rule itself, differences, and closed forms."""

import math

import pytest
import torch
from torch import Tensor, nn

from idem.rule.loss import ALL_RULES, RULES, idempotency_loss
from idem.sweeps.mlp import MLP
from idem.theory.symmetry import (
    asymmetry,
    parametrised,
    symmetric_matrices,
    update,
    update_jacobian,
)


def normal(*size: int, seed: int = 0) -> Tensor:
    return torch.randn(*size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def network(widths: tuple[int, ...] = (4, 6, 4)) -> nn.Module:
    f = MLP(widths).double()
    with torch.no_grad():
        for k, parameter in enumerate(f.parameters()):
            parameter.copy_(0.5 * normal(*parameter.shape, seed=k))
    return f


def linear(K: Tensor) -> nn.Module:
    f = nn.Linear(len(K), len(K), bias=False, dtype=K.dtype)
    f.weight = nn.Parameter(K)
    return f


def whitened(n: int) -> Tensor:
    x = normal(40, n, seed=9)
    return x @ torch.linalg.inv(torch.linalg.cholesky(x.mT @ x / len(x))).mT


def symmetric(n: int) -> Tensor:
    K = normal(n, n) / 2
    return (K + K.mT) / 2


@pytest.mark.parametrize("rule", ALL_RULES)
def test_the_update_is_what_the_loss_sends_back(rule: str):
    f, x = network(), normal(12, 4)
    idempotency_loss(f, x, rule).backward()
    sent = torch.cat([p.grad.flatten() for p in f.parameters() if p.grad is not None])
    torch.testing.assert_close(update(*parametrised(f), x, rule), sent, rtol=0, atol=1e-13)


@pytest.mark.parametrize("rule", ALL_RULES)
def test_the_jacobian_is_the_limit_of_differences(rule: str):
    (f, theta), x, size = parametrised(network()), normal(12, 4), 1e-6
    v = normal(len(theta), seed=3)
    ahead, behind = (update(f, theta + h * v, x, rule) for h in (size, -size))
    found = update_jacobian(f, theta, x, rule) @ v
    torch.testing.assert_close(found, (ahead - behind) / (2 * size), rtol=0, atol=1e-7)


def test_the_function_of_a_vector_is_the_network():
    f, x = network(), normal(5, 4)
    function, theta = parametrised(f)
    assert torch.equal(function(theta, x), f(x))
    assert not theta.requires_grad


def test_a_linear_map_has_the_jacobian_of_the_paper():
    K, H = normal(4, 4) / 2, normal(4, 4, seed=1)
    A = update_jacobian(*parametrised(linear(K)), whitened(4), "modified")
    expected = H - 3 * (K @ H + H @ K) + 2 * (K @ K @ H + K @ H @ K + H @ K @ K)
    torch.testing.assert_close(A @ H.flatten(), expected.flatten(), rtol=0, atol=1e-12)
    adjoint = update_jacobian(*parametrised(linear(K.mT)), whitened(4), "modified")
    torch.testing.assert_close(adjoint, A.mT, rtol=0, atol=1e-12)


def test_at_a_symmetric_map_both_jacobians_are_symmetric_yet_differ():
    """They agree along symmetric directions, where both are the Hessian of one function."""
    f, x, Q = linear(symmetric(4)), whitened(4), symmetric_matrices(4)
    modified, ordinary = (update_jacobian(*parametrised(f), x, rule) for rule in RULES)
    assert asymmetry(modified) < 1e-14
    assert asymmetry(ordinary) < 1e-14
    assert (modified - ordinary).norm() > 0.1
    torch.testing.assert_close(Q.mT @ modified @ Q, Q.mT @ ordinary @ Q, rtol=0, atol=1e-12)


@pytest.mark.parametrize("case", ["not symmetric", "not whitened", "not linear"])
def test_elsewhere_the_modified_rule_is_no_gradient(case: str):
    f, x = linear(symmetric(4)), whitened(4)
    if case == "not symmetric":
        f = linear(normal(4, 4) / 2)
    elif case == "not whitened":
        x = x * torch.linspace(0.5, 2, 4, dtype=torch.float64)
    else:
        f = network()
    assert asymmetry(update_jacobian(*parametrised(f), x, "modified")) > 0.03
    assert asymmetry(update_jacobian(*parametrised(f), x, "ordinary")) < 1e-13


def test_asymmetry_runs_from_symmetric_to_skew():
    A = normal(5, 5)
    S, W = A + A.mT, A - A.mT
    assert asymmetry(S) == 0
    assert asymmetry(W) == math.inf
    assert asymmetry(S + W * S.norm() / W.norm()) == pytest.approx(1)
    assert asymmetry(3 * A) == pytest.approx(asymmetry(A.mT)) == pytest.approx(asymmetry(A))


def test_a_restriction_sees_its_own_directions_alone():
    A = torch.block_diag(torch.eye(2), torch.tensor([[0.0, 1.0], [-1.0, 0.0]]))
    identity = torch.eye(4)
    assert asymmetry(A) == pytest.approx(1)
    assert asymmetry(A, identity[:, :2]) == 0
    assert asymmetry(A, identity[:, 2:]) == math.inf
    with pytest.raises(ValueError, match="A: expected a matrix other than zero"):
        asymmetry(A, identity[:, 2:3])


def test_the_basis_spans_the_symmetric_matrices():
    Q = symmetric_matrices(4)
    assert Q.shape == (16, 10)
    torch.testing.assert_close(Q.mT @ Q, torch.eye(10, dtype=torch.float64))
    A = normal(4, 4)
    projected = (Q @ Q.mT @ A.flatten()).view(4, 4)
    torch.testing.assert_close(projected, (A + A.mT) / 2)


def test_an_unknown_rule_is_answered_with_the_valid_ones():
    with pytest.raises(
        ValueError, match="rule: expected one of modified, ordinary, transposed, got 'both'"
    ):
        update(*parametrised(network()), normal(3, 4), "both")
