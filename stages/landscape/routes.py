"""What stage trajectory measures of one run: routes from one start, their surroundings and ends.

A run trains both rules from one start on one stream of data. Beside each, as controls, go the same
rule on other data; on the same data at half the rate, and at the other rule's rate where that is
lower, as a higher one may diverge; and from a start moved by a little. Every step is a vertex of a
route, so that no chord counts as a distance.
"""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from idem.evaluation.metrics import output_spread, relative_error
from idem.landscape.spectrum import (
    distance_from_projector,
    effective_rank,
    fixed_dimension,
    fixed_fraction,
    jacobians,
)
from idem.landscape.trajectory import (
    ParameterSpace,
    Plane,
    descend,
    distance_to_route,
    losses_between,
)
from idem.rule.loss import RULES
from idem.sweeps.grid import Grid, seeded
from stages.common import params
from stages.landscape.directions import Row, gradients, logged_steps, streams

OWN, MOVED_START = "own", "moved_start"
OTHER_DATA, HALF_RATE, OTHER_RATE = CONTROLS = "data", "half_rate", "other_rate"
_MOVED = 2  # what a stream of random numbers is for, beside those of idem.sweeps.grid
OTHER_RULE = {"modified": "ordinary", "ordinary": "modified"}


Way = tuple[str, str]
"""What is trained, one of the above, and by which rule."""


class RunTables(NamedTuple):
    """The rows of a run, and the solution of either rule, (p,)."""

    trace: list[Row]
    ends: list[Row]
    lines: list[Row]
    surface: list[Row]
    spectrum: list[Row]
    solutions: dict[str, Any]


class Run:
    """Both rules and their controls, trained from one start on one stream of data.

    Args:
        name: of the study.
        study: network, rates and precision.
        grid: where start and data come from.
        section: how much is measured.
        run: which start and data.
    """

    def __init__(
        self, name: str, study: params.Study, grid: Grid, section: params.Trajectory, run: int
    ) -> None:
        dtype = getattr(torch, study.precision)
        self.space = ParameterSpace(grid.widths, grid.negative_slope)
        self.study, self.section, self.run = study, section, run
        self.key = {"study": name, "network": study.network, "run": run}
        self.data = streams(grid, run, dtype)
        self.x = self.data.own[-1][: section.items]
        self.start = self.space.point(grid.start(run)).to(dtype)
        self.start_loss = self.space.loss(self.start, self.x)
        self.steps = logged_steps(grid.steps, study.logged)
        noise = torch.randn(len(self.start), generator=seeded(grid.seed, run, 0, _MOVED)).to(dtype)
        moved = self.start + section.perturbation * self.start.norm() / noise.norm() * noise
        self.rates = _rates(study.learning_rates)
        self.routes = {
            (kind, rule): descend(
                self.space,
                moved if kind == MOVED_START else self.start,
                self.data.other if kind == OTHER_DATA else self.data.own,
                rule,
                rate,
                range(grid.steps + 1),
            )
            for (kind, rule), rate in self.rates.items()
        }
        self.functions = {
            way: torch.stack([self.space.outputs(theta, self.x).flatten() for theta in route])
            for way, route in self.routes.items()
        }
        self.points = {rule: self.routes[OWN, rule][self.steps] for rule in RULES}
        self.solutions = {way: route[-1] for way, route in self.routes.items()}
        self.plane = Plane(self.start, *(self.solutions[OWN, rule] for rule in RULES))

    def trace(self) -> list[Row]:
        """Return a row a rule and logged step: gradients, distances, spectrum."""
        rows = []
        for rule in RULES:
            route = self.points[rule]
            difference = self.solutions[OWN, "ordinary"] - self.solutions[OWN, "modified"]
            angles = gradients(self.space, self.steps, route, rule, self.data, difference)
            between = self._distances(rule)
            for index, theta in enumerate(route):
                columns = {name: float(values[index]) for name, values in between.items()}
                rows.append(self.key | angles[index] | columns | self._state(theta))
        return rows

    def ends(self) -> list[Row]:
        """Return a row a rule: what its solution is, and how much the start matters to it."""
        rows = []
        for rule in RULES:
            theta = self.solutions[OWN, rule]
            y = self.space.outputs(theta, self.x)
            u = self.space.outputs(theta, y)
            tolerance = self.section.fixed_tolerance
            start_spread = output_spread(self.space.outputs(self.start, self.x))
            found = {
                "rule": rule,
                "start_loss": self.start_loss,
                "relative_error": float(relative_error(y, u)),
                "spread_share": float(output_spread(y) / start_spread),
                "fixed_share_of_outputs": float(fixed_fraction(y, u, tolerance)),
                "fixed_share_of_inputs": float(fixed_fraction(self.x, y, tolerance)),
                "amplification_parameters": _amplified(self.routes, rule),
                "amplification_function": _amplified(self.functions, rule),
            }
            rows.append(self.key | found | self._state(theta))
        return rows

    def lines(self) -> list[Row]:
        """Return the losses between the rules' solutions, and between those on other data."""
        pairs = {"rules": [(OWN, rule) for rule in RULES]}
        pairs |= {f"data_{rule}": [(OWN, rule), (OTHER_DATA, rule)] for rule in RULES}
        count = self.section.interpolation_points
        rows = []
        for pair, ways in pairs.items():
            a, b = (self.solutions[way] for way in ways)
            rows += _line(pair, losses_between(self.space, a, b, self.x, count), self.start_loss)
        return [self.key | row for row in rows]

    def surface(self) -> list[Row]:
        """Return the loss on the plane through start and solutions, around both routes."""
        placed = self.plane.coordinates(torch.cat([*self.points.values()])).double()
        low, high = placed.amin(0), placed.amax(0)
        margin = self.section.surface_margin * (high - low)
        count = self.section.surface_points
        u, v = (
            torch.linspace(a, b, count, dtype=torch.float64).tolist()
            for a, b in zip((low - margin).tolist(), (high + margin).tolist(), strict=True)
        )
        return [
            self.key | {"u": a, "v": b, "loss": self.space.loss(self.plane.point(a, b), self.x)}
            for b in v
            for a in u
        ]

    def spectrum(self) -> list[Row]:
        """Return the largest eigenvalues of the Jacobian at some outputs, by rule and step."""
        rows = []
        for rule in RULES:
            for step, theta in zip(self.steps, self.points[rule], strict=True):
                values = torch.linalg.eigvals(self._jacobians(theta))
                for item, of_item in enumerate(values):
                    order = of_item.abs().argsort(descending=True)
                    kept = of_item[order][: self.section.shown_eigenvalues]
                    rows += [
                        self.key
                        | {"rule": rule, "step": step, "item": item, "rank": rank}
                        | {"real": float(value.real), "imag": float(value.imag)}
                        for rank, value in enumerate(kept)
                    ]
        return rows

    def _distances(self, rule: str) -> dict[str, Tensor]:
        """Return the distances of one rule's route from others, by logged step.

        In units of the distance travelled from the start, by parameters and by outputs; from the
        other rule, and from each control. ``apart`` is after as many steps, ``off_route`` from
        wherever on the other route is nearest, as long as that route reaches as far.
        """
        others = {"rules": (OWN, OTHER_RULE[rule])} | {kind: (kind, rule) for kind in CONTROLS}
        found = {}
        for space, ways in (("parameters", self.routes), ("function", self.functions)):
            start, own = ways[OWN, rule][0], ways[OWN, rule][self.steps]
            travelled = (own - start).norm(dim=1)
            for kind, way in others.items():
                if way not in ways:
                    continue
                other = ways[way][self.steps]
                mean = (travelled + (other - start).norm(dim=1)) / 2
                found[f"{space}_apart_{kind}"] = (own - other).norm(dim=1) / mean
                off = distance_to_route(own, ways[way]) / travelled
                found[f"{space}_off_route_{kind}"] = off.where(self._common(rule, way), math.nan)
        flat = self.plane.coordinates(self.points[rule])
        shares = self.plane.fraction(self.points[rule])
        return found | {"plane_u": flat[:, 0], "plane_v": flat[:, 1], "share_in_plane": shares}

    def _common(self, rule: str, way: Way) -> Tensor:
        """Return up to which logged points another route reaches, by rate times steps."""
        whole = self.rates[way] * self.steps[-1]
        return torch.tensor([self.rates[OWN, rule] * step <= whole for step in self.steps])

    def _state(self, theta: Tensor) -> Row:
        """Return loss and spread of a network, and the spectrum at its outputs."""
        J = self._jacobians(theta)
        values = torch.linalg.eigvals(J)
        return {
            "loss": self.space.loss(theta, self.x),
            "output_spread": float(output_spread(self.space.outputs(theta, self.x))),
            "jacobian_trace": float(values.real.sum(1).mean()),
            "jacobian_norm": float(torch.linalg.matrix_norm(J).mean()),
            "effective_rank": float(effective_rank(J).median()),
            "distance_from_projector": float(distance_from_projector(values).median()),
            "fixed_dimension": float(fixed_dimension(values).double().mean()),
        }

    def _jacobians(self, theta: Tensor) -> Tensor:
        y = self.space.outputs(theta, self.x[: self.study.spectrum_items])
        return jacobians(self.space.layers(theta), y, self.space.slope)


def measure(
    name: str, study: params.Study, grid: Grid, section: params.Trajectory, run: int
) -> RunTables:
    """Train and measure one run of a study; the surface and all eigenvalues for the first alone."""
    of = Run(name, study, grid, section, run)
    surface, spectrum = ([], []) if run else (of.surface(), of.spectrum())
    ends = {rule: of.solutions[OWN, rule].numpy() for rule in RULES}
    return RunTables(of.trace(), of.ends(), of.lines(), surface, spectrum, ends)


def between_starts(
    name: str,
    study: params.Study,
    grid: Grid,
    section: params.Trajectory,
    run: int,
    solutions: tuple[dict[str, np.ndarray], dict[str, np.ndarray]],
) -> list[Row]:
    """Return the losses between the solutions of two runs, of each rule."""
    space = ParameterSpace(grid.widths, grid.negative_slope)
    dtype = getattr(torch, study.precision)
    x = grid.batch(run, grid.steps).to(dtype)[: section.items]
    start_loss = space.loss(space.point(grid.start(run)).to(dtype), x)
    key = {"study": name, "network": study.network, "run": run}
    rows = []
    for rule in RULES:
        a, b = (torch.from_numpy(of_run[rule]) for of_run in solutions)
        losses = losses_between(space, a, b, x, section.interpolation_points)
        rows += _line(f"starts_{rule}", losses, start_loss)
    return [key | row for row in rows]


def _line(pair: str, losses: list[float], start_loss: float) -> list[Row]:
    """Return the rows of the losses between two solutions."""
    return [
        {"pair": pair, "share": index / (len(losses) - 1), "loss": loss}
        | {"loss_in_start_losses": loss / start_loss}
        for index, loss in enumerate(losses)
    ]


def _rates(learning_rates: Mapping[str, float]) -> dict[Way, float]:
    """Return all that is trained, and at which rate."""
    rates = {}
    for rule in RULES:
        own, other = learning_rates[rule], learning_rates[OTHER_RULE[rule]]
        rates |= {(kind, rule): own for kind in (OWN, OTHER_DATA, MOVED_START)}
        rates[HALF_RATE, rule] = own / 2
        if other < own:
            rates[OTHER_RATE, rule] = other
    return rates


def _amplified(ways: Mapping[Way, Tensor], rule: str) -> float:
    """Return what training multiplies the distance of two starts that are close together by."""
    apart = (ways[OWN, rule] - ways[MOVED_START, rule]).norm(dim=1)
    return float(apart[-1] / apart[0])
