"""When the modified rule descends: its product with the gradient, mode by mode and as a whole."""

import math
from typing import Any

import torch
from torch import Tensor

from idem.theory.flow import alignment, update


def descent(K: Tensor, tolerance: float) -> dict[str, Any]:
    """Hold the formula for normal layers against the product itself, and see how often it climbs.

    Args:
        K: square layers, (N, n, n), as they are; and, with their eigenvalues, made normal.
        tolerance: the size of a step that tells climbing from descending.

    Returns:
        ``log10_difference`` of formula and product, relative; of the normal layers, the share with
        a mode along which the rule climbs (``climbing_mode``), the share whose loss ``climbs``, and
        the share of which a small step says the same (``step_agrees``); and the share of the
        layers as they are of which the rule climbs, ``climbs_as_drawn``.
    """
    values = torch.linalg.eigvals(K)
    modes, normal = alignment(values), normal_matrices(values)
    predicted, found = modes.sum(-1), product(normal)
    error = (found - predicted).abs() / (predicted.abs() + alignment(values).abs().sum(-1))
    stepped = loss(normal - tolerance * update(normal, "modified")) - loss(normal)
    return {
        "log10_difference": math.log10(max(float(error.max()), torch.finfo(error.dtype).eps)),
        "climbing_mode": _share((modes < 0).any(-1)),
        "climbs": _share(predicted < 0),
        "step_agrees": _share((stepped > 0) == (predicted < 0)),
        "climbs_as_drawn": _share(product(K) < 0),
    }


def product(K: Tensor) -> Tensor:
    """Return the product of the modified update with the gradient of linear layers, (N,)."""
    return (update(K, "modified") * update(K, "ordinary")).sum((1, 2))


def loss(K: Tensor) -> Tensor:
    """Return ½‖K² − K‖² of linear layers on whitened inputs, (N,)."""
    return (K @ K - K).square().sum((1, 2)) / 2


def normal_matrices(eigenvalues: Tensor) -> Tensor:
    """Return real normal matrices with these eigenvalues, (N, n, n), the same every time.

    Args:
        eigenvalues: (N, n), those of real matrices: a complex one beside its conjugate.
    """
    N, n = eigenvalues.shape
    draw = torch.Generator().manual_seed(0)
    Q = torch.linalg.qr(torch.randn(N, n, n, generator=draw, dtype=torch.float64)).Q
    # A unitary basis of conjugate pairs makes diag(λ) real: columns (q ± ip)/√2 of two real ones.
    upper, lower = (eigenvalues.imag > 0), (eigenvalues.imag < 0)
    U = Q.to(eigenvalues.dtype)
    for row in range(N):
        pairs = (of[row].nonzero().flatten().tolist() for of in (upper, lower))
        for a, b in zip(*pairs, strict=True):
            q, p = Q[row, :, a], Q[row, :, b]
            U[row, :, a], U[row, :, b] = (torch.complex(q, s * p) / 2**0.5 for s in (1, -1))
    return ((U * eigenvalues[:, None]) @ U.mH).real


def _share(of: Tensor) -> float:
    return float(of.double().mean())
