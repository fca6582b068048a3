"""The curvature of a rule's update at one place of a training, and the edges it predicts."""

import math
from typing import Any

import torch
from torch import Tensor

from idem.landscape.curvature import (
    UpdateField,
    dominant_eigenvalues,
    fresh_stability_edge,
    second_moment_norm,
    stability_edge,
)
from idem.landscape.layers import Layers, layer_outputs, leaky
from idem.sweeps.grid import Grid
from stages.common import params


def curvature(
    name: str, grid: Grid, rule: str, place: params.Place, precision: str
) -> dict[str, Any]:
    """Return the eigenvalues and edges of one rule at one place of a training."""
    dtype = getattr(torch, precision)
    layers = [(W.to(dtype), b.to(dtype)) for W, b in grid.start(0)]

    def field(step: int) -> UpdateField:
        return UpdateField(layers, grid.batch(0, step).to(dtype), rule, grid.negative_slope)

    for step in range(place.steps):
        here = field(step)
        layers = here.layers(here.theta - place.learning_rate * here.value)
    here = field(place.steps)
    found = dominant_eigenvalues(here.derivative, here.value, place.applications)
    fresh = (field(place.steps + 1 + k).derivative for k in range(place.fresh_batches))
    setting = _setting_the_edge(found.values)
    return {
        "network": name,
        "rule": rule,
        "steps_before": place.steps,
        "rate_before": place.learning_rate if place.steps else 0.0,
        "eigenvalue_real": float(found.values[setting].real),
        "eigenvalue_imag": float(found.values[setting].imag),
        "residual": float(found.residuals[setting]),
        "leftmost_real": float(found.values.real.min()),
        "edge_from_curvature": stability_edge(found.values),
        "edge_fresh_batches": fresh_stability_edge(fresh, here.value),
        "edge_of_covariance": 2 / second_moment_norm(here.x),
        "hidden_second_moment": _hidden_second_moment(layers, here.x, grid.negative_slope),
    }


def _setting_the_edge(values: Tensor) -> int:
    edges = torch.where(values.real > 0, values.real / values.abs().square(), math.inf)
    return int(edges.argmin())


def _hidden_second_moment(layers: Layers, x: Tensor, slope: float) -> float:
    """Return the largest eigenvalue of the second moments of the hidden layers' outputs."""
    hidden = layer_outputs(layers[:-1], x, leaky(slope))
    return max(map(second_moment_norm, hidden), default=math.nan)
