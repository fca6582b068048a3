"""Compare the routes of two trainings through parameter space: directions, distances, barriers.

A network of given widths is a point θ of that space, a vector (p,): weight and bias of the first
layer, then of the next, row by row. SGD of rate η under a rule with update field G
(`idem.landscape.curvature.UpdateField`) is θ ← θ − η G(θ). Of two such routes from one
start can be asked

    in which directions they step               cos(G₁(θ), G₂(θ)), at the same θ on the same batch
    how far a point q of one is from the other  min ‖q − r‖ over its polyline r, wherever along it
    what lies around them                       the loss on the plane through start and both ends
    what lies between their ends                the barrier max_t L((1−t)a + tb) − (1−t)L(a) − tL(b)

Parameters are no good coordinates of a map, as many θ give the same one. So `distance_to_route`
takes points of any space: outputs on given items are the other one to look at.

Two rates do not give one route even under one rule: the distance does not ask when a point was
passed, but steps of finite size cut corners, the larger the more, and a polyline of few points adds
its chords to that. A distance between rules means something beside that of one rule at two rates.

Sources: Garipov et al., Loss Surfaces, Mode Connectivity, NeurIPS 2018 (the plane, appendix); Li et
al., Visualizing the Loss Landscape of Neural Nets, NeurIPS 2018; Frankle et al., Linear Mode
Connectivity and the Lottery Ticket Hypothesis, ICML 2020 (the barrier).
"""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor

from idem.landscape.curvature import UpdateField
from idem.landscape.layers import Layers, apply_layers, flattened, leaky, unflattened


class ParameterSpace:
    """All LeakyReLU networks of given widths, each one vector θ of shape (p,).

    Args:
        widths: as for `idem.sweeps.mlp.MLP`, the last equal to the first.
        negative_slope: of LeakyReLU, after every layer.
    """

    def __init__(self, widths: Sequence[int], negative_slope: float) -> None:
        self.slope = negative_slope
        pairs = [(n, m) for n, m in pairwise(widths)]
        self._shapes = [torch.Size(shape) for n, m in pairs for shape in ((m, n), (m,))]

    def point(self, layers: Layers) -> Tensor:
        """Return θ of ``(weight, bias)`` of each layer, shapes (m, n) and (m,)."""
        return flattened(layers)

    def layers(self, theta: Tensor) -> Layers:
        """Return ``(weight, bias)`` of each layer, views of θ."""
        return unflattened(theta, self._shapes)

    def biases(self, theta: Tensor) -> Tensor:
        """Return the biases of all layers as one vector."""
        return torch.cat([bias for _, bias in self.layers(theta)])

    def weights(self, theta: Tensor) -> Tensor:
        """Return the weights of all layers as one vector."""
        return torch.cat([weight.flatten() for weight, _ in self.layers(theta)])

    def outputs(self, theta: Tensor, x: Tensor) -> Tensor:
        """Return f(x), of the shape of the items x, (B, n)."""
        return apply_layers(self.layers(theta), x, leaky(self.slope))

    def loss(self, theta: Tensor, x: Tensor) -> float:
        """Return the canonical loss at the ``matched`` scale, ½ (1/B) Σ ‖f(f(x)) − f(x)‖²."""
        y = self.outputs(theta, x)
        return float((self.outputs(theta, y) - y).square().sum()) / (2 * len(x))

    def update(self, theta: Tensor, x: Tensor, rule: str) -> Tensor:
        """Return G(θ), what a rule hands to the parameters on a batch, ``matched`` scale."""
        return UpdateField(self.layers(theta), x, rule, self.slope).value


def descend(
    space: ParameterSpace,
    start: Tensor,
    batches: Sequence[Tensor],
    rule: str,
    learning_rate: float,
    keep: Sequence[int],
) -> Tensor:
    """Train by plain SGD, a batch a step, and keep the parameters on the way.

    Args:
        space: which networks.
        start: θ, (p,).
        batches: (B, n) each, in the dtype of the start.
        rule: ``"modified"`` or ``"ordinary"``.
        learning_rate: η.
        keep: after how many steps; ascending, at most the number of batches.

    Returns:
        The route, (k, p): the parameters after each of these numbers of steps.

    Raises:
        ValueError: for a rate at which the parameters do not stay finite.
    """
    theta, kept = start, []
    try:
        for step in range(keep[-1] + 1):
            if step in keep:
                kept.append(theta)
            if step < keep[-1]:
                theta = theta - learning_rate * space.update(theta, batches[step], rule)
        finite = bool(theta.isfinite().all())
    except FloatingPointError:  # from the loss, once an output is no number
        finite = False
    if not finite:
        raise ValueError(
            f"learning_rate: expected one at which {keep[-1]} steps of the {rule} rule stay "
            f"finite, got {learning_rate:g}; take a lower one"
        )
    return torch.stack(kept)


def cosine(a: Tensor, b: Tensor) -> float:
    """Return ⟨a, b⟩ / (‖a‖ ‖b‖) of two vectors, NaN where one is zero."""
    a, b = a.double(), b.double()
    norms = float(a.norm() * b.norm())
    return float(a @ b) / norms if norms > 0 else math.nan


def distance_to_route(points: Tensor, route: Tensor) -> Tensor:
    """Return the distance of each point from the polyline through the points of a route.

    Args:
        points: (k, p).
        route: (m, p), m of at least 2.

    Returns:
        (k,), 0 for a point on the polyline, wherever along it.
    """
    nearest = points.new_full((len(points),), math.inf)
    for a, b in pairwise(route):
        leg, offset = b - a, points - a
        length = leg.square().sum().clamp(min=torch.finfo(leg.dtype).tiny)
        along = ((offset @ leg) / length).clamp(0, 1)
        away = torch.linalg.vector_norm(offset.addr_(along, leg, alpha=-1), dim=1)
        nearest = torch.minimum(nearest, away)
    return nearest


class Plane:
    """The plane through three points, with orthonormal coordinates: the first axis ends at `a`.

    Args:
        origin: (p,), at the coordinates (0, 0).
        a: (p,), at (‖a − origin‖, 0).
        b: (p,), at a positive second coordinate.

    Raises:
        ValueError: for three points on a line.

    Source: Garipov et al., NeurIPS 2018, appendix A.1.
    """

    def __init__(self, origin: Tensor, a: Tensor, b: Tensor) -> None:
        first, second = a - origin, b - origin
        across = second - (second @ first) / first.square().sum() * first
        if not across.norm() > 1e3 * torch.finfo(a.dtype).eps * second.norm():
            raise ValueError("origin, a and b: expected three points that are not on one line")
        self.origin = origin
        self.axes = torch.stack([first / first.norm(), across / across.norm()])

    def coordinates(self, points: Tensor) -> Tensor:
        """Return the coordinates (k, 2) of the orthogonal projections of points (k, p)."""
        return (points - self.origin) @ self.axes.mT

    def fraction(self, points: Tensor) -> Tensor:
        """Return which fraction of ‖point − origin‖² lies in the plane, (k,); NaN at the origin."""
        whole = (points - self.origin).square().sum(1)
        return self.coordinates(points).square().sum(1) / whole

    def point(self, u: float, v: float) -> Tensor:
        """Return the point (p,) at these coordinates."""
        return self.origin + u * self.axes[0] + v * self.axes[1]


def losses_between(
    space: ParameterSpace, a: Tensor, b: Tensor, x: Tensor, count: int
) -> list[float]:
    """Return the loss on the items x at `count` equidistant points from a to b, both included."""
    places = torch.linspace(0, 1, count, dtype=torch.float64).tolist()
    return [space.loss((1 - t) * a + t * b, x) for t in places]


def barrier(losses: Sequence[float]) -> float:
    """Return how far the loss between two points rises above the line between its ends.

    Args:
        losses: at equidistant points, at least 2.

    Returns:
        max over t of L(t) − (1−t) L(0) − t L(1): at least 0, and 0 where L is convex in between.

    Source: Frankle et al., ICML 2020, section 2, with the line in place of the mean of the ends.

    Example:
        >>> barrier([1.0, 3.0, 0.0])
        2.5
    """
    line = torch.linspace(losses[0], losses[-1], len(losses), dtype=torch.float64)
    return float((torch.tensor(losses, dtype=torch.float64) - line).max())
