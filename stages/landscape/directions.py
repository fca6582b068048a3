"""In which directions the rules step at the same parameters, and how their runs get their data."""

import math
from typing import Any, NamedTuple

import torch
from torch import Tensor

from idem.landscape.trajectory import ParameterSpace, cosine, descend
from idem.rule.loss import RULES
from idem.sweeps.grid import Grid
from stages.common import params

Row = dict[str, Any]


class Streams(NamedTuple):
    """The data of a run: a batch for every step, and one more that nothing is trained on."""

    own: list[Tensor]
    other: list[Tensor]


def logged_steps(steps: int, count: int) -> list[int]:
    """Return 0 and at most `count` steps up to the last, evenly spaced in their logarithm."""
    exponents = torch.linspace(0, math.log(steps), count, dtype=torch.float64)
    return sorted({0, *exponents.exp().round().int().tolist()})


def streams(grid: Grid, run: int, dtype: torch.dtype) -> Streams:
    """Return the data of a run, and data of the same kind that no run has."""
    both = (run, grid.runs + run)
    return Streams(*([grid.batch(r, s).to(dtype) for s in range(grid.steps + 1)] for r in both))


def gradients(
    space: ParameterSpace,
    steps: list[int],
    route: Tensor,
    rule: str,
    data: Streams,
    towards: Tensor,
) -> list[Row]:
    """Compare the updates of both rules at every point of a route, on one batch.

    Args:
        space: which networks.
        steps: before each point.
        route: of one rule, (k, p).
        rule: whose route it is; the control compares its updates on two batches.
        data: the streams of the run.
        towards: a direction (p,) that the rule's own step is compared with.
    """
    rows = []
    for step, theta in zip(steps, route, strict=True):
        by_rule = {name: space.update(theta, data.own[step], name) for name in RULES}
        again = space.update(theta, data.other[step], rule)
        norms = {name: float(update.norm()) for name, update in by_rule.items()}
        rows.append(
            {
                "rule": rule,
                "step": step,
                "cosine_of_rules": cosine(*by_rule.values()),
                "cosine_of_weights": cosine(*map(space.weights, by_rule.values())),
                "cosine_of_biases": cosine(*map(space.biases, by_rule.values())),
                "cosine_of_batches": cosine(by_rule[rule], again),
                "cosine_towards_ordinary_end": cosine(-by_rule[rule], towards),
                "log10_norm_ratio": _log10_ratio(norms["modified"], norms["ordinary"]),
            }
            | {
                f"bias_share_{name}": float(space.biases(update).norm() / norms[name]) ** 2
                for name, update in by_rule.items()
                if norms[name] > 0
            }
        )
    return rows


def gradients_alone(name: str, study: params.GradientStudy, grid: Grid, run: int) -> list[Row]:
    """Return the rows of `gradients` alone, for a network too large for the rest."""
    dtype = getattr(torch, study.precision)
    space, data = ParameterSpace(grid.widths, grid.negative_slope), streams(grid, run, dtype)
    steps = logged_steps(grid.steps, study.logged)
    start = space.point(grid.start(run)).to(dtype)
    routes = {
        rule: descend(space, start, data.own, rule, study.learning_rates[rule], steps)
        for rule in RULES
    }
    difference = routes["ordinary"][-1] - routes["modified"][-1]
    key = {"study": name, "network": study.network, "run": run}
    return [
        key | row
        for rule, route in routes.items()
        for row in gradients(space, steps, route, rule, data, difference)
    ]


def _log10_ratio(a: float, b: float) -> float:
    return math.log10(a / b) if a > 0 and b > 0 else math.nan
