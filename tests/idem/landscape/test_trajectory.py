"""Routes through the space of parameters, the plane around them, and what lies between."""

import math

import pytest
import torch
from torch import Tensor

from idem.landscape.trajectory import (
    ParameterSpace,
    Plane,
    barrier,
    cosine,
    descend,
    distance_to_route,
    losses_between,
)
from idem.rule.loss import RULES, idempotency_loss
from idem.sweeps.grid import Grid, seeded
from idem.sweeps.mlp import MLP

WIDTHS = (4, 6, 4)
SPACE = ParameterSpace(WIDTHS, 0.2)


def normal(*size: int, key: int = 0) -> Tensor:
    return torch.randn(*size, generator=seeded(11, key), dtype=torch.float64)


def start() -> Tensor:
    return 0.5 * normal(4 * 6 + 6 + 6 * 4 + 4)


def module(theta: Tensor) -> MLP:
    """Return the same network as a module."""
    f = MLP(WIDTHS).double()
    torch.nn.utils.vector_to_parameters(theta, f.parameters())
    return f


def test_a_point_becomes_layers_and_back():
    layers = Grid(WIDTHS, [0.1], runs=1, steps=1, batch_size=1, log_every=1).start(0)
    theta = SPACE.point(layers)
    assert torch.equal(SPACE.point(SPACE.layers(theta)), theta)
    parts = SPACE.weights(theta), SPACE.biases(theta)
    assert [len(part) for part in parts] == [48, 10]
    assert torch.equal(parts[1], torch.cat([bias for _, bias in layers]))


def test_outputs_and_loss_are_those_of_the_module():
    theta, x = start(), normal(7, 4, key=1)
    f = module(theta)
    torch.testing.assert_close(SPACE.outputs(theta, x), f(x).detach())
    expected = idempotency_loss(f, x, "ordinary").item()
    assert SPACE.loss(theta, x) == pytest.approx(expected)


@pytest.mark.parametrize("rule", RULES)
def test_a_route_is_plain_training(rule: str):
    batches = [normal(7, 4, key=10 + step) for step in range(5)]
    f = module(start())
    optimizer = torch.optim.SGD(f.parameters(), lr=0.3)
    expected = []
    for x in batches:
        expected.append(torch.nn.utils.parameters_to_vector(f.parameters()).detach().clone())
        optimizer.zero_grad()
        idempotency_loss(f, x, rule).backward()
        optimizer.step()
    expected.append(torch.nn.utils.parameters_to_vector(f.parameters()).detach())
    route = descend(SPACE, start(), batches, rule, 0.3, [0, 2, 5])
    torch.testing.assert_close(route, torch.stack([expected[0], expected[2], expected[5]]))


def test_a_rate_that_diverges_is_named():
    batches = [normal(7, 4, key=step) for step in range(40)]
    with pytest.raises(ValueError, match="of the modified rule stay finite, got 100; take"):
        descend(SPACE, start(), batches, "modified", 100.0, [0, 40])


def test_a_last_step_that_overflows_is_noticed():
    with pytest.raises(ValueError, match="expected one at which 1 steps"):
        descend(SPACE, start(), [normal(7, 4)], "ordinary", 1e308 * 1e9, [0, 1])


def test_the_cosine_of_vectors():
    a = normal(5)
    assert cosine(a, 3 * a) == pytest.approx(1)
    assert cosine(a, -a) == pytest.approx(-1)
    assert cosine(torch.tensor([1.0, 0.0]), torch.tensor([1.0, 1.0])) == pytest.approx(0.5**0.5)
    assert math.isnan(cosine(a, 0 * a))


def test_points_on_a_route_are_at_distance_zero_whatever_their_pace():
    route = normal(4, 9)
    between = 0.3 * route[1] + 0.7 * route[2]
    points = torch.stack([route[0], between, route[3]])
    assert distance_to_route(points, route).max() < 1e-12


def test_the_distance_from_a_route_is_the_least_over_many_points_of_it():
    route, points = normal(4, 3), normal(6, 3, key=1)
    t = torch.linspace(0, 1, 2001, dtype=torch.float64)[:, None]
    dense = torch.cat([(1 - t) * a + t * b for a, b in zip(route, route[1:], strict=False)])
    expected = torch.cdist(points, dense).amin(1)
    torch.testing.assert_close(distance_to_route(points, route), expected, rtol=0, atol=1e-4)


def quadratic(rate: float, steps: int) -> Tensor:
    """Return the route of gradient descent on ½ Σ λ θ² of some curvatures λ, from all ones."""
    curvatures = torch.tensor([1.0, 0.3, 0.1], dtype=torch.float64)
    return (1 - rate * curvatures) ** torch.arange(steps + 1)[:, None]


def test_one_rule_at_half_the_rate_is_off_by_its_step_alone():
    fast, slow = quadratic(0.1, 100), quadratic(0.05, 100)
    off = distance_to_route(fast[:51], slow).max()  # as far as both reach
    assert off < 0.005
    smaller = distance_to_route(slow, quadratic(0.025, 200)).max()
    assert float(smaller / off) == pytest.approx(0.5, abs=0.05)
    assert distance_to_route(fast[:51], slow[[0, 10, 100]]).max() > 5 * off
    assert distance_to_route(fast, slow).max() > 5 * off


def test_a_route_that_rests_has_a_distance_too():
    route = torch.zeros(3, 2)
    assert distance_to_route(torch.tensor([[3.0, 4.0]]), route).tolist() == [5.0]


def test_the_plane_holds_its_three_points_and_no_other():
    origin, a, b, c = normal(4, 8)
    plane = Plane(origin, a, b)
    u, v = plane.coordinates(b[None])[0].tolist()
    torch.testing.assert_close(plane.point(u, v), b)
    assert v > 0
    ends = plane.coordinates(torch.stack([origin, a]))
    expected = torch.tensor([[0, 0], [float((a - origin).norm()), 0]], dtype=torch.float64)
    torch.testing.assert_close(ends, expected)
    fractions = plane.fraction(torch.stack([a, b, c]))
    torch.testing.assert_close(fractions[:2], torch.ones(2, dtype=torch.float64))
    basis = torch.linalg.qr(torch.stack([a - origin, b - origin]).mT).Q
    inside = (basis.mT @ (c - origin)).square().sum() / (c - origin).square().sum()
    assert float(fractions[2]) == pytest.approx(float(inside))


def test_three_points_on_a_line_have_no_plane():
    a = normal(5)
    with pytest.raises(ValueError, match="not on one line"):
        Plane(torch.zeros(5, dtype=torch.float64), a, 2 * a)


def test_the_losses_between_begin_and_end_at_the_ends():
    a, b, x = start(), -start(), normal(7, 4, key=1)
    losses = losses_between(SPACE, a, b, x, 3)
    assert losses == pytest.approx([SPACE.loss(theta, x) for theta in (a, 0 * a, b)])


def test_a_barrier_is_the_height_above_the_line():
    assert barrier([1.0, 3.0, 0.0]) == 2.5
    assert barrier([4.0, 1.0, 0.0]) == 0
    assert barrier([2.0, 2.0]) == 0
