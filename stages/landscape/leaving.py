"""Which projections the modified rule leaves on inputs with a mean: predicted, and found."""

from typing import Any

import torch
from torch import Tensor

from idem.linear.projection import project
from idem.sweeps.grid import seeded
from idem.sweeps.near import NearProjection
from idem.theory.flow import update
from idem.theory.moments import decay_rates, homogeneous, second_moment
from stages.common import params

_INPUTS = 3  # what a stream of random numbers is for: `stages.landscape.survival` has those before


def leaving(section: params.MeanInputs, seed: int) -> dict[str, Any]:
    """Train linear layers with biases near a projection on inputs of several means.

    By the exact second moment of the inputs, and so without noise; at one over the largest rate of
    decay of all starts.

    Returns:
        ``starts`` and, by mean m: ``range_mode`` and ``null_mode``, 1 + nbm and 1 + nm(m − b);
        ``predicted``, the starts whose nearest projection is left, ``worse``, those whose relative
        error ends above ``section.improved_below`` times what it was, and ``agree``, those that do
        as predicted.
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
    step, before = 1 / rates.abs().max(), _relative_error(K, moment)
    for _ in range(section.steps):
        K = K - step * update(K, "modified") @ moment
    improved = _relative_error(K, moment) < section.improved_below * before
    n, b, m = section.width, section.bias, mean
    return {
        "range_mode": 1 + n * b * m,
        "null_mode": 1 + n * m * (m - b),
        "predicted": int(leaves.sum()),
        "worse": int((~improved).sum()),
        "agree": int((leaves == ~improved).sum()),
    }


def _relative_error(K: Tensor, moment: Tensor) -> Tensor:
    """Return ‖f(f(x)) − f(x)‖ over ‖f(x) − mean‖ of linear layers, (N,), NaN where diverged."""
    mean = moment[:, -1]
    error, covariance = K @ K - K, moment - torch.outer(mean, mean)
    return (_square(error, moment) / _square(K, covariance)).sqrt()


def _square(A: Tensor, moment: Tensor) -> Tensor:
    """Return E |A x|², (N,)."""
    return (A @ moment * A).sum((-2, -1))
