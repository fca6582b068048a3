"""Curvature of either rule's update, and the largest rate that it bears."""

import math

import pytest
import torch
from torch import Tensor

from idem.landscape.curvature import (
    UpdateField,
    dominant_eigenvalues,
    fresh_batch_edge,
    fresh_stability_edge,
    marchenko_pastur_edge,
    second_moment_norm,
    stability_edge,
)
from idem.landscape.layers import Layers
from idem.rule.loss import RULES, idempotency_loss
from idem.sweeps.grid import seeded


def normal(*size: int, key: int = 0) -> Tensor:
    return torch.randn(*size, generator=seeded(7, key), dtype=torch.float64)


def layers(*widths: int, scale: float = 0.5) -> Layers:
    pairs = enumerate(zip(widths, widths[1:], strict=False))
    return [(scale * normal(m, n, key=k), 0.1 * normal(m, key=9 + k)) for k, (n, m) in pairs]


def whitened(n: int, items: int) -> Tensor:
    """Return items of mean 0 whose second moment is the identity."""
    x = normal(items, n)
    x = x - x.mean(0)
    return x @ torch.linalg.inv(torch.linalg.cholesky(x.mT @ x / items)).mT


def matrix(field: UpdateField) -> Tensor:
    """Return DG column by column."""
    identity = torch.eye(len(field.theta), dtype=torch.float64)
    return torch.stack([field.derivative(v) for v in identity], dim=1)


def test_the_edges_beside_the_papers_numbers():
    assert marchenko_pastur_edge(4096, 1000) == pytest.approx(0.219, abs=5e-4)
    assert marchenko_pastur_edge(784, 1000) == pytest.approx(0.563, abs=5e-4)
    assert fresh_batch_edge(4096, 1000) == pytest.approx(0.392, abs=5e-4)


def test_a_covariance_has_the_edge_of_marchenko_and_pastur():
    x = normal(250, 1024)
    assert 2 / second_moment_norm(x) == pytest.approx(marchenko_pastur_edge(1024, 250), rel=0.05)


def test_the_second_moment_counts_the_bias():
    x = normal(50, 4)
    ones = torch.cat([x, torch.ones(50, 1, dtype=torch.float64)], dim=1)
    exact = float(torch.linalg.matrix_norm(ones.mT @ ones / 50, 2))
    assert second_moment_norm(x) == pytest.approx(exact)
    assert second_moment_norm(normal(3, 40)) > 0


@pytest.mark.parametrize("rule", RULES)
def test_the_field_is_what_the_loss_sends_back(rule: str):
    start, x = layers(4, 6, 4), normal(12, 4)
    f = torch.nn.Sequential(
        torch.nn.Linear(4, 6),
        torch.nn.LeakyReLU(0.2),
        torch.nn.Linear(6, 4),
        torch.nn.LeakyReLU(0.2),
    ).double()
    values = [tensor for layer in start for tensor in layer]
    with torch.no_grad():
        for parameter, value in zip(f.parameters(), values, strict=True):
            parameter.copy_(value)
    idempotency_loss(f, x, rule).backward()
    expected = torch.cat([p.grad.flatten() for p in f.parameters() if p.grad is not None])
    field = UpdateField(start, x, rule, 0.2)
    torch.testing.assert_close(field.value, expected)
    torch.testing.assert_close(field(field.theta), expected)


def test_a_vector_becomes_layers_and_back():
    field = UpdateField(layers(3, 5, 3), normal(4, 3), "modified", 0.2)
    again = UpdateField(field.layers(field.theta), normal(4, 3), "modified", 0.2)
    assert torch.equal(again.theta, field.theta)


def test_the_ordinary_operator_is_the_hessian():
    field = UpdateField(layers(3, 4, 3), normal(10, 3), "ordinary", 0.2)

    def loss(theta: Tensor) -> Tensor:
        def f(x: Tensor) -> Tensor:
            for weight, bias in field.layers(theta):
                x = torch.nn.functional.leaky_relu(x @ weight.mT + bias, 0.2)
            return x

        return idempotency_loss(f, field.x, "ordinary")

    hessian = torch.autograd.functional.hessian(loss, field.theta)
    assert isinstance(hessian, Tensor)
    torch.testing.assert_close(matrix(field), hessian, rtol=0, atol=1e-5)


def test_the_modified_operator_is_not_symmetric():
    A = matrix(UpdateField(layers(3, 4, 3), normal(10, 3), "modified", 0.2))
    assert (A - A.mT).norm() > 0.1 * A.norm()


def test_at_a_projector_the_modified_rule_has_the_eigenvalues_of_the_recurrence():
    """Whitened, A = I − Dg(P): Dg(P) is 1 on 2r(n − r) directions and 0 on all others."""
    n, r = 4, 2
    Q = torch.linalg.qr(normal(n, n)).Q
    P = Q[:, :r] @ Q[:, :r].mT
    field = UpdateField([(P, torch.zeros(n).double())], whitened(n, 40), "modified", 1.0)
    values = torch.linalg.eigvals(matrix(field)[: n * n, : n * n]).real.sort().values
    expected = torch.tensor([0.0] * (2 * r * (n - r)) + [1.0] * (r**2 + (n - r) ** 2))
    torch.testing.assert_close(values, expected.double(), rtol=0, atol=1e-5)


@pytest.mark.parametrize("rule", RULES)
def test_near_the_zero_map_both_rules_have_the_curvature_of_the_data_without_its_bias(rule: str):
    """A shift of the constant map is idempotent as well: 1 − 3 + 2 = 0 for a change of the bias."""
    n, x = 5, normal(30, 5)
    tiny = [(1e-9 * torch.eye(n).double(), torch.full((n,), 1e-9).double())]
    field = UpdateField(tiny, x, rule, 1.0)
    found = dominant_eigenvalues(field.derivative, normal(30), 30)
    largest = float(torch.linalg.matrix_norm(x, 2) ** 2 / len(x))
    assert stability_edge(found.values) == pytest.approx(2 / largest, rel=1e-5)


def test_arnoldi_finds_all_eigenvalues_of_a_small_matrix_and_says_how_well():
    A = normal(8, 8)
    exact = torch.linalg.eigvals(A)
    exact = exact[exact.abs().argsort(descending=True)]
    found = dominant_eigenvalues(lambda v: A @ v, normal(8, key=1), 20)
    torch.testing.assert_close(found.values.abs(), exact.abs(), rtol=1e-8, atol=1e-8)
    assert len(found.values) == 8 and (found.residuals < 1e-8).all()


def test_few_applications_find_the_dominant_pair():
    A = torch.diag(torch.linspace(0, 1, 50, dtype=torch.float64))
    A[:2, :2] = torch.tensor([[3.0, 2.0], [-2.0, 3.0]])
    found = dominant_eigenvalues(lambda v: A @ v, torch.ones(50, dtype=torch.float64), 8)
    assert complex(found.values[0]) == pytest.approx(complex(3, found.values[0].imag), abs=1e-3)
    assert abs(float(found.values[0].imag)) == pytest.approx(2, abs=1e-3)


def test_arnoldi_stops_where_the_space_ends():
    start = torch.tensor([1.0, 0, 0], dtype=torch.float64)
    assert dominant_eigenvalues(lambda v: 2 * v, start, 3).values.tolist() == [2]


@pytest.mark.parametrize(("start", "applications"), [(0.0, 3), (math.inf, 3), (1.0, 0)])
def test_a_start_without_direction_is_refused(start: float, applications: int):
    with pytest.raises(ValueError, match="expected a finite start other than zero and at least 1"):
        dominant_eigenvalues(lambda v: v, torch.full((2,), start), applications)


def test_sizes_below_one_are_refused():
    with pytest.raises(ValueError, match="expected sizes of at least 1, got n = 0"):
        marchenko_pastur_edge(0, 10)


@pytest.mark.parametrize(
    ("values", "edge"),
    [([4.0, 1.0], 0.5), ([1 + 1j, 1 - 1j], 1.0), ([-5.0, 1.0], 2.0), ([-1.0], math.inf)],
)
def test_the_edge_is_that_of_the_most_demanding_eigenvalue(values: list, edge: float):
    assert stability_edge(torch.tensor(values, dtype=torch.complex128)) == pytest.approx(edge)


@pytest.mark.parametrize(("factor", "stable"), [(0.98, True), (1.02, False)])
def test_a_quadratic_toy_is_stable_below_its_edge(factor: float, stable: bool):
    B = normal(6, 6)
    A = B @ B.mT
    found = dominant_eigenvalues(lambda v: A @ v, normal(6, key=1), 6)
    theta, rate = normal(6, key=2), factor * stability_edge(found.values)
    before = theta.norm()
    for _ in range(2000):
        theta = theta - rate * A @ theta
        if theta.norm() > 1e6:
            break
    assert bool(theta.norm() < before) == stable


def test_one_operator_seen_afresh_has_the_rayleigh_edge_of_its_top_direction():
    A = torch.diag(torch.tensor([4.0, 1.0], dtype=torch.float64))
    start = torch.ones(2, dtype=torch.float64)
    edge = fresh_stability_edge([lambda v: A @ v] * 20, start)
    assert edge == pytest.approx(0.5, rel=1e-6)
    assert fresh_stability_edge([lambda v: -v], start) == 0
    assert math.isnan(fresh_stability_edge([], start))


def test_fresh_batches_have_the_edge_of_wisharts_moments():
    n, B = 200, 50
    batches = (normal(B, n, key=100 + k) for k in range(60))
    edge = fresh_stability_edge([_moment(x) for x in batches], normal(n))
    assert edge == pytest.approx(fresh_batch_edge(n, B), rel=0.05)
    assert edge > 1.5 * marchenko_pastur_edge(n, B)


def _moment(x: Tensor):
    return lambda v: x.mT @ (x @ v) / len(x)
