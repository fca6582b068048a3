"""The flow of one linear layer against slow references: the equation itself, step by step."""

import pytest
import torch
from torch import Tensor

from idem.rule.loss import ALL_RULES, idempotency_loss
from idem.sweeps.mlp import MLP
from idem.theory.flow import alignment, at_time, mean_jacobian, surviving_rank, update
from idem.theory.symmetry import parametrised, update as general_update


def normal(*size: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*size, dtype=torch.float64, generator=generator)


def flowed(K: Tensor, rule: str, time: float, steps: int = 400) -> Tensor:
    """Integrate dK/dt = −G(K) by the classical Runge-Kutta method."""
    h = time / steps
    for _ in range(steps):
        a = -update(K, rule)
        b = -update(K + h / 2 * a, rule)
        c = -update(K + h / 2 * b, rule)
        d = -update(K + h * c, rule)
        K = K + h / 6 * (a + 2 * b + 2 * c + d)
    return K


def whitened(n: int) -> Tensor:
    x = normal(3 * n, n, seed=1)
    return torch.linalg.qr(x).Q * len(x) ** 0.5


@pytest.mark.parametrize("rule", ALL_RULES)
def test_the_update_is_what_the_loss_sends_to_a_linear_layer(rule: str):
    f = torch.nn.Linear(4, 4, bias=False).double()
    (found,) = torch.autograd.grad(idempotency_loss(f, whitened(4), rule), f.weight)
    torch.testing.assert_close(found, update(f.weight.detach(), rule), rtol=0, atol=1e-13)


def test_the_ordinary_update_is_the_gradient():
    K = normal(4, 4).requires_grad_()
    (found,) = torch.autograd.grad((K @ K - K).square().sum() / 2, K)
    torch.testing.assert_close(update(K.detach(), "ordinary"), found, rtol=0, atol=1e-12)


@pytest.mark.parametrize("time", [0.0, 0.5, 3.0])
def test_eigenvalues_are_where_the_closed_form_says_and_eigenvectors_stay(time: float):
    values, V = torch.linalg.eig(normal(5, 5) / 5**0.5)
    K = ((V * values) @ torch.linalg.inv(V)).real
    expected = ((V * at_time(values, time)) @ torch.linalg.inv(V)).real
    torch.testing.assert_close(flowed(K, "modified", time), expected, rtol=0, atol=1e-8)


def test_the_closed_form_solves_the_equation_of_one_eigenvalue():
    z = torch.complex(normal(40), normal(40, seed=1))
    size = 1e-6
    speed = (at_time(z, size) - at_time(z, 0.0)) / size
    torch.testing.assert_close(at_time(z, 0.0), z)
    torch.testing.assert_close(speed, -z * (1 - z) * (1 - 2 * z), rtol=1e-3, atol=1e-5)
    ends = (z.real > 0.5).to(z.dtype)
    torch.testing.assert_close(at_time(z, 60.0), ends, rtol=0, atol=1e-12)


def test_a_half_stays_and_nothing_crosses_its_line():
    assert at_time(torch.tensor(0.5 + 0j), 10.0) == 0.5
    z = torch.complex(normal(200), normal(200, seed=1))
    for time in (0.1, 1.0, 10.0):
        assert torch.equal(at_time(z, time).real > 0.5, z.real > 0.5)


@pytest.mark.parametrize("seed", range(5))
def test_the_rank_that_survives_is_counted_at_the_start(seed: int):
    """As a spectral projector, which commutes with the start."""
    K = normal(6, 6, seed=seed) / 2
    P = flowed(K, "modified", 60.0, 1500)
    torch.testing.assert_close(P @ P, P, rtol=0, atol=1e-8)
    torch.testing.assert_close(P @ K, K @ P, rtol=0, atol=1e-8)
    assert int(P.trace().round()) == int(surviving_rank(K))


def test_the_gradient_keeps_no_count():
    """A start whose eigenvalues are all 0, of which the gradient makes a projector of rank 1."""
    K = torch.tensor([[0.0, 3.0], [0.0, 0.0]], dtype=torch.float64)
    assert surviving_rank(K) == 0
    assert flowed(K, "modified", 60.0, 1500).norm() < 1e-10
    assert surviving_rank(flowed(K, "ordinary", 60.0, 3000)) == 1


def normal_matrix(*eigenvalues: complex) -> Tensor:
    """Return a normal matrix with these eigenvalues and their conjugates, in a turned basis."""
    blocks = [torch.tensor([[z.real, -z.imag], [z.imag, z.real]]) for z in eigenvalues]
    Q = torch.linalg.qr(normal(2 * len(blocks), 2 * len(blocks))).Q
    return Q @ torch.block_diag(*blocks).double() @ Q.mT


def test_the_product_with_the_gradient_is_that_of_the_modes():
    K = normal_matrix(0.9 + 0.3j, 0.2 + 0.7j, -0.4 + 0.1j)
    found = (update(K, "modified") * update(K, "ordinary")).sum()
    torch.testing.assert_close(alignment(torch.linalg.eigvals(K)).sum(), found)
    square = update(K, "ordinary").square().sum()
    transposed = (update(K, "transposed") * update(K, "ordinary")).sum()
    torch.testing.assert_close(transposed, square)


@pytest.mark.parametrize(("imaginary", "climbs"), [(0.2, False), (0.4, True)])
def test_it_climbs_where_an_eigenvalue_is_far_from_the_real_axis(imaginary: float, climbs: bool):
    K = normal_matrix(complex(0.8, imaginary))  # 0.3 from the line
    after = K - 1e-4 * update(K, "modified")
    value, later = ((M @ M - M).square().sum() for M in (K, after))
    assert (later > value) == climbs
    assert ((alignment(torch.linalg.eigvals(K)) < 0).all()) == climbs


def test_the_mean_jacobian_is_the_mean_of_jacobians():
    f, x = MLP([4, 4]).double(), normal(30, 4)
    weight, bias = (parameter.detach() for parameter in f.parameters())
    expected = torch.stack([torch.func.jacrev(f)(item) for item in x]).mean(0).detach()
    torch.testing.assert_close(mean_jacobian(weight, bias, x, 0.2), expected)
    several = mean_jacobian(weight.expand(3, 4, 4), bias.expand(3, 4), x, 0.2)
    torch.testing.assert_close(several, expected.expand(3, 4, 4))


@pytest.mark.parametrize(("gain", "grows"), [(0.4, False), (0.6, True)])
def test_a_mode_grows_where_its_gain_at_the_outputs_is_above_a_half(gain: float, grows: bool):
    """One layer whose units are all active, so that it is affine: f(x) = k x + 9."""
    f, x = MLP([3, 3]).double(), 0.1 * whitened(3)
    with torch.no_grad():
        f.get_parameter("0.weight").copy_(gain * torch.eye(3))
        f.get_parameter("0.bias").fill_(9.0)
    function, theta = parametrised(f)
    x = x - x.mean(0)
    after = theta - 0.01 * general_update(function, theta, x, "modified")
    spreads = [function(t, x).var(0).sum() for t in (theta, after)]
    assert (spreads[1] > spreads[0]) == grows
