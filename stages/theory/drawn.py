"""The networks, matrices and items that stage autodiff draws, the same every time."""

import numpy as np
import torch
from torch import Tensor

from idem.sweeps.mlp import MLP, initial_parameters
from stages.common import params


def network(section: params.Autodiff, widths: list[int]) -> MLP:
    """Return a LeakyReLU network in float64 at PyTorch's default initialisation."""
    f = MLP(widths, section.negative_slope).double()
    draw = torch.Generator().manual_seed(section.seed)
    start = initial_parameters(widths, "default", section.negative_slope, draw)
    values = [tensor for layer in start for tensor in layer]
    with torch.no_grad():
        for parameter, value in zip(f.parameters(), values, strict=True):
            parameter.copy_(value)
    return f


def batch(section: params.Autodiff, n: int, items: int) -> Tensor:
    """Return standard normal items, (items, n)."""
    return normal((section.seed, 1), items, n)


def whitened(section: params.Autodiff) -> Tensor:
    """Return items of which the second moment is the identity."""
    x = batch(section, section.size, section.items)
    root = torch.linalg.cholesky(x.mT @ x / len(x))
    return torch.linalg.solve_triangular(root, x.mT, upper=False).mT


def matrix(section: params.Autodiff, *, symmetric: bool) -> Tensor:
    """Return a random matrix with entries of standard deviation 1/√n."""
    n = section.size
    K = normal((section.seed, 2), n, n) / n**0.5
    return (K + K.mT) / 2 if symmetric else K


def normal(key: tuple[int, ...], *size: int) -> Tensor:
    """Return standard normal numbers in float64 that depend on the key alone."""
    return torch.from_numpy(np.random.default_rng(key).standard_normal(size))
