"""Both rules from one start on one batch: their gradients along the way, and the plane of it.

Beside the two routes goes a third, of the ordinary rule from another start on another batch, as the
authors' separate runs seem to have had their own. A point of a route is the vector of all
parameters, of which a gradient is another.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from idem.checkpoint import Checkpoint
from idem.landscape.trajectory import ParameterSpace, cosine
from idem.rule.loss import RULES, scale_factor
from idem.sweeps.grid import Grid
from idem.sweeps.lanes import Lanes, homogeneous

Row = dict[str, Any]
OTHER = "other"  # the ordinary rule from another start
_PRECISION = torch.float64  # of products over all parameters


class Extent(NamedTuple):
    """How much is measured."""

    steps: int
    every: int
    """Steps between two measurements."""
    closely_to: int
    """The step up to which every one is measured."""
    plane_steps: Sequence[int]
    """Ascending; up to each of these steps the routes are looked at in a plane of their own."""
    plane_every: int
    """Steps between two points of a route there."""
    surface_points: int
    """Of the loss on that plane, along either axis."""
    surface_margin: float
    """Around both routes, in units of their extent."""


class Route:
    """One network trained by one rule at one rate on one batch.

    Args:
        grid: where start and batch come from.
        run: which of them.
        rule: that it is trained by.
        rate: matched.
    """

    def __init__(self, grid: Grid, run: int, rule: str, rate: float) -> None:
        self.rule, self._batch_size, self._widths = rule, grid.batch_size, grid.widths
        self._x = homogeneous(grid.batch(run, 0))
        self.lanes = Lanes(grid.start(run), [rate], grid.negative_slope, grid.batch_size)

    def point(self) -> Tensor:
        """Return all parameters, (p,)."""
        return self._flat(self.lanes.weights)

    def gradient(self, rule: str) -> Tensor:
        """Return what a rule hands to the parameters, (p,), matched scale; left for a descent."""
        (block,) = self.lanes.blocks()
        self.lanes.accumulate(block, self.lanes.apply_twice(block, self._x), rule)
        return self._flat(self.lanes.gradients) / self._batch_size

    def error(self) -> float:
        """Return the mean of |f(f(x)) − f(x)| on the batch."""
        (block,) = self.lanes.blocks()
        activations = self.lanes.apply_twice(block, self._x)
        return float(activations.difference[:, : self._widths[0]].abs().mean())

    def _flat(self, layers: list[Tensor]) -> Tensor:
        sizes = zip(layers, self._widths, self._widths[1:], strict=False)
        parts = (part for layer, n, m in sizes for part in (layer[0, :m, :n], layer[0, :m, n]))
        return torch.cat([part.flatten() for part in parts])


def walk(
    grid: Grid, run: int, rates: Mapping[str, float], extent: Extent, checkpoint: Checkpoint | None
) -> dict[str, list[Row]]:
    """Train both rules and measure on the way.

    Args:
        grid: fixed data, ``runs`` of them; the third route is of run ``runs + run``.
        run: which.
        rates: matched, by rule.
        extent: how much is measured.
        checkpoint: where to save and, if it holds something, where to go on.

    Returns:
        ``trace``, a row for each step that is measured: ``step``; ``norm_modified`` and
        ``norm_ordinary``, of either rule's gradient along its own route, the ordinary one of a mean
        over all elements;
        ``cosine_along_modified`` and ``cosine_along_ordinary``, of the gradients of the two rules
        at one point of that route; ``cosine_separate``, of the modified rule's on its route and the
        ordinary rule's on the third, and ``cosine_same_start``, on the second;
        ``error_modified`` and ``error_ordinary``. ``routes``, ``surface`` and ``shares``: of
        `in_planes`.

    Raises:
        OutOfTime: from the checkpoint, when its deadline has passed.
    """
    routes = {rule: Route(grid, run, rule, rates[rule]) for rule in RULES}
    routes[OTHER] = Route(grid, grid.runs + run, "ordinary", rates["ordinary"])
    first, trace, points = _begun(routes, checkpoint)
    for step in range(first, extent.steps + 1):
        if checkpoint is not None and step > first and checkpoint.is_due():
            _save(checkpoint, step, routes, trace, points)
        if step % extent.plane_every == 0 and step <= extent.plane_steps[-1]:
            points |= {f"{rule}.{step}": routes[rule].point() for rule in RULES}
        if step % extent.every == 0 or step <= extent.closely_to:
            trace.append({"step": step} | _measured(routes, grid))
        for route in routes.values():
            route.gradient(route.rule)
            route.lanes.descend()
    return {"trace": trace} | in_planes(grid, run, points, extent)


def in_planes(
    grid: Grid, run: int, points: Mapping[str, Tensor], extent: Extent
) -> dict[str, list[Row]]:
    """Look at both routes in the plane of their first two principal components, by their extent.

    Args:
        grid: where the batch comes from.
        run: which.
        points: of the routes, (p,) each, by ``rule.step``; that of step 0 is the origin.
        extent: how much is measured.

    Returns:
        ``routes``, rows of ``up_to``, the last step that the plane is of, ``rule``, ``step``,
        ``pc1`` and ``pc2``: the first axis is positive where the modified route ends, the second
        where it is farthest from the first; ``shares``, rows of ``up_to``, ``component``, 1 or 2,
        and ``share`` of the variance; and of the last of these planes ``surface``, rows of ``pc1``,
        ``pc2`` and ``loss``, the mean of squares over all elements on the batch that is trained on,
        at points of the plane through the start.
    """
    origin = points["modified.0"].to(_PRECISION)
    found: dict[str, list[Row]] = {"routes": [], "shares": []}
    for up_to in extent.plane_steps:
        places = {name: of for name in points if (of := _place(name))[1] <= up_to}
        route = torch.stack([points[name] for name in places]).to(_PRECISION)
        axes, shares = principal_axes(route)
        flat = (route - origin) @ axes.mT
        own = flat[torch.tensor([rule == "modified" for rule, _ in places.values()])]
        signs = torch.stack([own[-1, 0], own[own[:, 1].abs().argmax(), 1]]).sign()
        flat, axes = flat * signs, axes * signs[:, None]
        for (rule, step), (u, v) in zip(places.values(), flat.tolist(), strict=True):
            place = {"up_to": up_to, "rule": rule, "step": step, "pc1": u, "pc2": v}
            found["routes"].append(place)
        for component, share in enumerate(shares[:2], start=1):
            place = {"up_to": up_to, "component": component, "share": share}
            found["shares"].append(place)
    return found | {"surface": _surface(grid, run, _around(flat, extent), origin, axes)}


def _place(name: str) -> tuple[str, int]:
    rule, _, step = name.partition(".")
    return rule, int(step)


def _around(flat: Tensor, extent: Extent) -> list[list[float]]:
    """Return where to look along either axis, around points (k, 2) of the plane."""
    low, high = flat.amin(0), flat.amax(0)
    margin = extent.surface_margin * (high - low)
    ends = zip((low - margin).tolist(), (high + margin).tolist(), strict=True)
    return [torch.linspace(*of, extent.surface_points, dtype=_PRECISION).tolist() for of in ends]


def _surface(
    grid: Grid, run: int, sides: list[list[float]], origin: Tensor, axes: Tensor
) -> list[Row]:
    space, x = ParameterSpace(grid.widths, grid.negative_slope), grid.batch(run, 0)
    of_elements = scale_factor("mean", grid.widths[-1])
    rows = []
    for v in sides[1]:
        for u in sides[0]:
            theta = (origin + u * axes[0] + v * axes[1]).float()
            rows.append({"pc1": u, "pc2": v, "loss": of_elements * space.loss(theta, x)})
    return rows


def principal_axes(points: Tensor) -> tuple[Tensor, list[float]]:
    """Return the first two principal axes of points (k, p), (2, p), and all shares of variance.

    Through the (k, k) products of the points, as p is large.
    """
    centred = points - points.mean(0)
    values, vectors = torch.linalg.eigh(centred @ centred.mT)
    values, vectors = values.flip(0).clamp(min=0), vectors.flip(1)
    axes = vectors[:, :2].mT @ centred
    return axes / axes.norm(dim=1, keepdim=True), (values / values.sum()).tolist()


def _measured(routes: Mapping[str, Route], grid: Grid) -> Row:
    """Return a row of the trace at the present points."""
    found = {rule: {of: routes[rule].gradient(of) for of in RULES} for rule in RULES}
    other = routes[OTHER].gradient("ordinary")
    own = {rule: found[rule][rule] for rule in RULES}
    norms = {rule: float(gradient.to(_PRECISION).norm()) for rule, gradient in own.items()}
    return {
        "norm_modified": norms["modified"],
        "norm_ordinary": scale_factor("mean", grid.widths[-1]) * norms["ordinary"],
        **{f"cosine_along_{rule}": cosine(*found[rule].values()) for rule in RULES},
        "cosine_separate": cosine(own["modified"], other),
        "cosine_same_start": cosine(own["modified"], own["ordinary"]),
        **{f"error_{rule}": routes[rule].error() for rule in RULES},
    }


def _begun(
    routes: Mapping[str, Route], checkpoint: Checkpoint | None
) -> tuple[int, list[Row], dict[str, Tensor]]:
    """Return the step to go on with, the rows and the points so far."""
    saved = checkpoint.load() if checkpoint is not None else None
    if saved is None:
        return 0, [], {}
    tensors, notes = saved
    for name, route in routes.items():
        mark = f"lanes.{name}."
        state = {key.removeprefix(mark): tensors[key] for key in tensors if key.startswith(mark)}
        route.lanes.restore(state, updates=notes["step"])
    points = {key: tensors[key] for key in notes["points"]}
    return notes["step"], notes["trace"], points


def _save(
    checkpoint: Checkpoint,
    step: int,
    routes: Mapping[str, Route],
    trace: list[Row],
    points: dict[str, Tensor],
) -> None:
    tensors = dict(points)
    for name, route in routes.items():
        tensors |= {f"lanes.{name}.{key}": value for key, value in route.lanes.state().items()}
    checkpoint.save(tensors, {"step": step, "trace": trace, "points": list(points)})
