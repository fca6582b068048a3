"""Decay rates against the linearised update field of the library's own loss, by autograd."""

import math

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call, jacrev

from idem.landscape.centred import centred_network
from idem.landscape.curvature import stability_edge
from idem.rule.loss import idempotency_loss
from idem.theory.flow import update
from idem.theory.moments import (
    decay_rates,
    decay_rates_of_layers,
    homogeneous,
    largest_safe_norm,
    second_moment,
)

N, BIAS = 3, 1.5


def normal(*size: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*size, dtype=torch.float64, generator=generator)


def oblique(n: int, rank: int, seed: int = 0) -> Tensor:
    V = normal(n, n, seed=seed)
    return V[:, :rank] @ torch.linalg.inv(V)[:rank]


def moment(n: int, seed: int = 1) -> Tensor:
    x = normal(4 * n, n, seed=seed)
    return x.mT @ x / len(x)


def centering(n: int) -> Tensor:
    return torch.eye(n, dtype=torch.float64) - 1 / n


def inputs(mean: float, n: int = N) -> Tensor:
    """Inputs whose mean is exactly `mean` in every element and whose covariance is exactly 1."""
    x = torch.linalg.qr(torch.cat([torch.ones(24, 1).double(), normal(24, n)], 1)).Q[:, 1:]
    return x * 24**0.5 + mean


def field_eigenvalues(f: nn.Sequential, x: Tensor) -> Tensor:
    """Eigenvalues, by autograd, of the linearised step that the modified rule takes at rate 1."""
    parameters = {name: p.detach() for name, p in f.named_parameters()}
    shapes = {name: p.shape for name, p in parameters.items()}

    def flat(of: dict[str, Tensor]) -> Tensor:
        return torch.cat([of[name].flatten() for name in shapes])

    def of_vector(theta: Tensor) -> Tensor:
        parts = theta.split([shape.numel() for shape in shapes.values()])
        named = {n: p.view(s) for (n, s), p in zip(shapes.items(), parts, strict=True)}
        once = lambda z: functional_call(f, named, (z,))  # noqa: E731
        y = once(x)
        u = once(y)
        # The step as the chain rule of the paper has it: (y − y') pulled back through f alone.
        wanted = y - 3 * u + 2 * once(u)
        pulled = torch.func.vjp(lambda n: functional_call(f, n, (x,)), named)[1](wanted / len(x))
        return flat(pulled[0])

    theta = flat(parameters)
    loss = idempotency_loss(f, x, "modified")
    sent = torch.autograd.grad(loss, list(f.parameters()))
    torch.testing.assert_close(
        of_vector(theta), torch.cat([g.flatten() for g in sent]), rtol=0, atol=1e-10
    )
    values = torch.linalg.eigvals(jacrev(of_vector)(theta))
    return values[values.abs() > 1e-6]


def distinct(values: Tensor) -> list[complex]:
    """The values without repetition, to 5 digits."""
    kept: list[complex] = []
    for value in values.tolist():
        if all(abs(value - other) > 1e-5 * max(1, abs(other)) for other in kept):
            kept.append(value)
    return kept


def assert_the_same_set(found: Tensor, expected: Tensor) -> None:
    a, b = distinct(found), distinct(expected)
    assert len(a) == len(b)
    assert all(min(abs(x - y) for y in b) < 1e-4 * max(1, abs(x)) for x in a)


@pytest.mark.parametrize("mean", [0.0, 0.5, BIAS, 2.0, -1.0])
def test_one_layer_with_a_bias_decays_as_its_update_field_says(mean: float):
    W, b = centering(N), torch.full((N,), BIAS, dtype=torch.float64)
    f, x = centred_network([(W, b)], [0.0], 1.0), inputs(mean)
    P, S = homogeneous(W, b), second_moment(torch.full((N,), mean, dtype=torch.float64))
    assert_the_same_set(decay_rates(P, S), field_eigenvalues(f, x))


@pytest.mark.parametrize("mean", [0.0, 0.5, BIAS, 2.0, -1.0])
def test_a_constant_mean_has_the_closed_form(mean: float):
    W, b = centering(N), torch.full((N,), BIAS, dtype=torch.float64)
    S = second_moment(torch.full((N,), mean, dtype=torch.float64))
    found = decay_rates(homogeneous(W, b), S).real.sort().values
    expected = [1.0] * (N - 1) + [1 + N * BIAS * mean, 1 + N * mean * (mean - BIAS)]
    torch.testing.assert_close(found, torch.tensor(expected, dtype=torch.float64).sort().values)


def two_layers() -> list[tuple[Tensor, Tensor]]:
    """Layers whose product, and neither of them alone, is idempotent; its biases are all BIAS."""
    W1, b1 = centering(N) + 0.2 * normal(N, N), normal(N, seed=3)
    W2 = centering(N) @ torch.linalg.inv(W1)
    return [(W1, b1), (W2, BIAS - W2 @ b1)]


@pytest.mark.parametrize("centres", [[0.0, 0.0], [0.0, BIAS], [0.5, -1.0]])
def test_two_layers_decay_as_their_update_field_says(centres: list[float]):
    layers = two_layers()
    P = homogeneous(*layers[1]) @ homogeneous(*layers[0])
    torch.testing.assert_close(P @ P, P)
    S = second_moment(torch.full((N,), 0.5, dtype=torch.float64))
    found = decay_rates_of_layers(layers, P, S, centres)
    expected = field_eigenvalues(centred_network(layers, centres, 1.0), inputs(0.5))
    assert_the_same_set(found, expected)


def test_what_is_not_trained_adds_nothing():
    layers = two_layers()
    P = homogeneous(*layers[1]) @ homogeneous(*layers[0])
    S = second_moment(torch.full((N,), 0.5, dtype=torch.float64))
    first, second, both = (
        decay_rates_of_layers(layers, P, S, trained=trained).sum() for trained in ([0], [1], None)
    )
    torch.testing.assert_close(first + second, both)  # traces add


@pytest.mark.parametrize("rank", [1, 2, 4])
def test_one_layer_is_a_case_of_several(rank: int):
    W, b = oblique(4, rank), normal(4, seed=6)
    P, S = homogeneous(W, b - W @ b), moment(5)
    assert_the_same_set(decay_rates_of_layers([(W, b - W @ b)], P, S), decay_rates(P, S))


def test_of_a_constant_layer_the_null_space_counts_alone():
    """W = 0: PEP, whose last row alone is no parameter, is zero."""
    W, b = torch.zeros(2, 2).double(), torch.full((2,), 2.0).double()
    P, S = homogeneous(W, b), second_moment(torch.full((2,), -2.0).double())
    assert decay_rates(P, S).real.min() < 0
    rates = decay_rates_of_layers([(W, b)], P, S)
    assert (rates.real > 0).all()
    assert_the_same_set(
        rates, field_eigenvalues(centred_network([(W, b)], [0.0], 1.0), inputs(-2, 2))
    )


def test_the_update_is_normal_to_the_idempotents():
    P, E = oblique(5, 2), normal(5, 5, seed=2)
    Q = torch.eye(5, dtype=torch.float64) - P
    size = 1e-6
    slope = (update(P + size * E, "modified") - update(P - size * E, "modified")) / (2 * size)
    torch.testing.assert_close(slope, P @ E @ P + Q @ E @ Q, rtol=0, atol=1e-8)


def grows(K: Tensor, S: Tensor, rate: float, steps: int) -> bool:
    """Descend by the modified rule; tell whether the error grows."""
    before = torch.linalg.matrix_norm(K @ K - K)
    for _ in range(steps):
        K = K - rate * update(K, "modified") @ S
    return bool(torch.linalg.matrix_norm(K @ K - K) > before)


@pytest.mark.parametrize("seed", range(12))
def test_a_projection_is_left_where_a_rate_of_decay_is_negative(seed: int):
    P, S = oblique(4, 2, seed), moment(4, seed + 100)
    rates = decay_rates(P, S)
    rate = stability_edge(rates) / 5
    slowest = float(rates.real.abs().min())
    K = P + 1e-9 * normal(4, 4, seed=seed + 200)
    assert grows(K, S, rate, int(10 / (rate * slowest))) == bool((rates.real < 0).any())


def test_both_outcomes_are_among_these():
    lowest = [decay_rates(oblique(4, 2, s), moment(4, s + 100)).real.min() for s in range(12)]
    assert min(lowest) < 0 < max(lowest)


def test_an_orthogonal_projection_is_never_left():
    for seed in range(20):
        U = torch.linalg.qr(normal(6, 2, seed=seed)).Q
        assert (decay_rates(U @ U.mT, moment(6, seed + 50)).real > 0).all()


def test_no_projection_of_a_safe_norm_is_left():
    """And many of a larger one are, so that the bound says something."""
    left = {True: 0, False: 0}
    for seed in range(400):
        P, S = oblique(3, 1, seed), moment(3, seed + 1000)
        condition = float(torch.linalg.cond(S))
        safe = float(torch.linalg.matrix_norm(P, 2)) < largest_safe_norm(condition)
        left[safe] += bool((decay_rates(P, S).real < 0).any())
    assert left[True] == 0
    assert left[False] > 20


def turned(angle: float) -> Tensor:
    cos, sin = math.cos(angle), math.sin(angle)
    return torch.tensor([[cos, -sin], [sin, cos]], dtype=torch.float64)


def test_in_the_plane_the_bound_is_reached():
    """The eigenvalue on the range vanishes for the worst Σ of a condition number."""
    condition = 5.0
    angle = math.acos(1 / largest_safe_norm(condition))  # of range and the complement's normal
    v, w = turned(0.0)[:, 0], turned(angle)[:, 0]
    P = torch.outer(v, w) / (w @ v)
    stretched = torch.diag(torch.tensor([condition, 1.0], dtype=torch.float64))
    moments = (
        turned(t) @ stretched @ turned(-t) for t in torch.linspace(0, math.pi, 2001).tolist()
    )
    assert min(float(decay_rates(P, S).real.min()) for S in moments) == pytest.approx(0, abs=1e-4)
    assert largest_safe_norm(1.0) == math.inf


@pytest.mark.parametrize("mean", [-1.0, 0.5, BIAS])
def test_the_ordinary_rule_leaves_no_projection(mean: float):
    """Where modified leaves or not, a small step of the library's ordinary rule lowers the loss."""
    W, b, x = centering(N), torch.full((N,), BIAS, dtype=torch.float64), inputs(mean)
    f = centred_network([(W + 1e-3 * normal(N, N), b)], [0.0], 1.0)
    losses = []
    for _ in range(2000):
        loss = idempotency_loss(f, x, "ordinary")
        losses.append(loss.item())
        for p, g in zip(
            f.parameters(), torch.autograd.grad(loss, list(f.parameters())), strict=True
        ):
            p.data -= 5e-3 * g
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < losses[0] / 100


def test_along_a_mode_that_is_left_one_half_attracts():
    """P of rank 1 in the plane, Σ such that QΣQ is negative: the eigenvalue 0 goes to ½."""
    v, w = turned(0.0)[:, 0], turned(1.3)[:, 0]
    P = torch.outer(v, w) / (w @ v)
    stretched = torch.diag(torch.tensor([30.0, 1.0], dtype=torch.float64))
    found = set()
    for turn in torch.linspace(0, math.pi, 13).tolist():
        S = turned(turn) @ stretched @ turned(-turn)
        K, Q = P + 1e-4 * normal(2, 2, seed=5), torch.eye(2, dtype=torch.float64) - P
        if float(torch.trace(Q @ S @ Q)) > -1 or float(torch.trace(P @ S @ P)) < 0:
            continue
        for _ in range(10000):
            K = K - 2e-3 * update(K, "modified") @ S
        if K.isfinite().all() and torch.linalg.matrix_norm(update(K, "modified")) < 1e-9:
            found |= {round(value, 6) for value in torch.linalg.eigvals(K).real.tolist()}
    assert 0.5 in found


def test_what_does_not_fit_is_named():
    P, S = homogeneous(centering(N), torch.zeros(N).double()), moment(N + 1)
    layer = (centering(N), torch.zeros(N).double())
    with pytest.raises(ValueError, match=r"of one size, got shapes \(4, 4\) and \(3, 3\)"):
        decay_rates(P, S[:3, :3])
    with pytest.raises(ValueError, match=r"centres: expected one a layer, 1, got \[0.0, 1.0\]"):
        decay_rates_of_layers([layer], P, S, centres=[0.0, 1.0])
    with pytest.raises(ValueError, match=r"trained: expected layers 0 to 0, got \[7\]"):
        decay_rates_of_layers([layer], P, S, trained=[7])
    with pytest.raises(ValueError, match=r"condition: expected 1 or more and finite, got 0.5"):
        largest_safe_norm(0.5)
