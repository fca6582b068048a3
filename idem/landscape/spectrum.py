"""The spectrum of a network's Jacobian J at its own outputs y = f(x), held to a projector's.

Where f is idempotent and smooth around y, J(y)² = J(y): differentiate f(f(y)) = f(y) at f(y) = y.
Its eigenvalues are 0 and 1, as many of them 1 as the set of fixed points has dimensions there: none
for a constant map, all for the identity. So the distance of the eigenvalues from {0, 1} tells how
idempotent f is *around* its outputs, and those nearer to 1 count what it has kept.

Layout: items first, Jacobians (B, n, n) with J[b, i, j] = ∂f_i/∂x_j at item b.
"""

import torch
from torch import Tensor

from idem.landscape.layers import Layers, layer_outputs, leaky, leaky_slopes


def jacobians(layers: Layers, y: Tensor, negative_slope: float) -> Tensor:
    """Return the Jacobian of a LeakyReLU network at each item, exactly.

    Args:
        layers: ``(weight, bias)`` of each layer, shapes (m, n) and (m,).
        y: where, (B, n).
        negative_slope: of LeakyReLU, after every layer, at least 0; also its slope at 0.

    Returns:
        (B, n, n).
    """
    J = torch.eye(y.shape[1], dtype=y.dtype, device=y.device).expand(len(y), -1, -1)
    outputs = layer_outputs(layers, y, leaky(negative_slope))
    for (weight, _), output in zip(layers, outputs, strict=True):
        slopes = leaky_slopes(output, negative_slope)
        J = slopes[:, :, None] * (weight @ J)
    return J


def distance_from_projector(eigenvalues: Tensor) -> Tensor:
    """Return how far the farthest eigenvalue is from the nearer of 0 and 1.

    Args:
        eigenvalues: (..., n), real or complex.

    Returns:
        (...), 0 exactly for the spectrum of a projector.
    """
    return torch.minimum(eigenvalues.abs(), (eigenvalues - 1).abs()).amax(-1)


def fixed_dimension(eigenvalues: Tensor) -> Tensor:
    """Count the eigenvalues nearer to 1 than to 0: the dimension of the fixed set, if idempotent.

    Args:
        eigenvalues: (..., n), real or complex.

    Returns:
        (...), int64.
    """
    return (eigenvalues.real > 0.5).sum(-1)


def effective_rank(J: Tensor) -> Tensor:
    """Return (tr JᵀJ)² / tr (JᵀJ)² of every matrix: r for r equal singular values and zeros.

    It does not depend on the size of J, so that a map that is all but constant has one too:
    singular values are divided by the largest before they are squared, and cannot all underflow.

    Args:
        J: (..., n, n), finite.

    Returns:
        (...), from 1 to n; NaN for a zero matrix, which has no direction at all.
    """
    values = torch.linalg.svdvals(J)
    squares = (values / values[..., :1]).square()
    return squares.sum(-1).square() / squares.square().sum(-1)


def fixed_fraction(y: Tensor, u: Tensor, tolerance: float) -> Tensor:
    """Return the fraction of items that one more application of f leaves where they are.

    Args:
        y: items, (B, n).
        u: ``f(y)``, the same shape.
        tolerance: the largest ``‖f(y) − y‖ / ‖y‖`` of an item that counts as fixed.

    Returns:
        A scalar from 0 to 1.
    """
    moved = torch.linalg.vector_norm(u - y, dim=1)
    return (moved <= tolerance * torch.linalg.vector_norm(y, dim=1)).to(y.dtype).mean()
