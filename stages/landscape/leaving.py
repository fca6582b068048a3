"""Which projections the modified rule leaves on inputs with a mean, and where layers then end."""

from typing import Any

import torch
from torch import Tensor

from idem.landscape.curvature import stability_edge
from idem.linear.projection import project
from idem.sweeps.grid import seeded
from idem.sweeps.near import NearProjection
from idem.theory.flow import update
from idem.theory.moments import decay_rates, homogeneous, second_moment
from stages.common import params

_INPUTS = 3  # what a stream of random numbers is for: `stages.landscape.survival` has those before


def leaving(section: params.MeanInputs, seed: int) -> dict[str, Any]:
    """Train linear layers with biases near a projection on inputs of several means.

    By the exact second moment of the inputs, and so without noise, at half the largest rate that is
    stable where a start's error decays.

    Returns:
        ``starts`` and, by mean m: ``range_mode`` and ``null_mode``, 1 + nbm and 1 + nm(m − b);
        ``predicted``, the starts whose nearest projection is left; ``not_returned``, those whose
        relative error ends above ``section.returned_below`` of the start's, of which some end
        ``at_half``, at a fixed point with an eigenvalue ½, and some ``diverged``; and ``agree``,
        those that return or do not as predicted.
    """
    start = NearProjection(section.noise, section.bias)
    n, generator = section.width, seeded(seed, _INPUTS)
    drawn = (start.draw([n, n], generator)[0] for _ in range(section.starts))
    K = torch.stack([homogeneous(W.double(), b.double()) for W, b in drawn])
    P = torch.stack([project(layer).projector for layer in K])
    by_mean = {f"{mean:g}": _of_mean(section, K, P, mean) for mean in section.means}
    return {"starts": section.starts, "by_mean": by_mean}


def _of_mean(section: params.MeanInputs, K: Tensor, P: Tensor, mean: float) -> dict[str, Any]:
    moment = second_moment(torch.full((section.width,), mean, dtype=K.dtype))
    rates = decay_rates(P, moment)
    leaves = (rates.real < 0).any(-1)
    step, before = stability_edge(rates) / 2, _relative_error(K, moment)
    for _ in range(section.steps):
        K = K - step * update(K, "modified") @ moment
    stayed_away = ~(_relative_error(K, moment) < section.returned_below * before)
    n, b, m = section.width, section.bias, mean
    return {
        "range_mode": 1 + n * b * m,
        "null_mode": 1 + n * m * (m - b),
        "predicted": int(leaves.sum()),
        "not_returned": int(stayed_away.sum()),
        "at_half": sum(_has_half(layer, section.tolerance) for layer in K[stayed_away]),
        "diverged": int((~K.isfinite().all(-1).all(-1)).sum()),
        "agree": int((leaves == stayed_away).sum()),
    }


def _has_half(K: Tensor, tolerance: float) -> bool:
    """Tell whether K is a fixed point with an eigenvalue ½."""
    if not K.isfinite().all() or torch.linalg.matrix_norm(update(K, "modified")) > tolerance:
        return False
    return bool(((torch.linalg.eigvals(K) - 0.5).abs() < tolerance).any())


def _relative_error(K: Tensor, moment: Tensor) -> Tensor:
    """Return ‖f(f(x)) − f(x)‖ over ‖f(x) − mean‖ of linear layers, (N,), NaN where diverged."""
    mean = moment[:, -1]
    error, covariance = K @ K - K, moment - torch.outer(mean, mean)
    return (_square(error, moment) / _square(K, covariance)).sqrt()


def _square(A: Tensor, moment: Tensor) -> Tensor:
    """Return E |A x|², (N,)."""
    return (A @ moment * A).sum((-2, -1))
