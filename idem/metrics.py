"""How idempotent is a map, and how much of its input has it kept?

Every function takes tensors of shape ``(B, ...)``: items first, whatever an item looks like. A
constant map is idempotent, so that an error alone says little: report the spread with it.
"""

import torch
from torch import Tensor


def absolute_error(y: Tensor, u: Tensor) -> Tensor:
    """Return the mean over batch and elements of ``|f(f(x)) - f(x)|``, the paper's Figure 3.

    Args:
        y: ``f(x)``.
        u: ``f(f(x))``, the same shape.
    """
    return (u - y).abs().mean()


def relative_error(y: Tensor, u: Tensor) -> Tensor:
    """Return ``||f(f(x)) - f(x)|| / ||f(x) - mean f(x)||``, Frobenius norms over the batch.

    Invariant under scaling of the outputs; infinite for a constant map that is not idempotent.

    Args:
        y: ``f(x)``.
        u: ``f(f(x))``, the same shape.
    """
    return torch.linalg.vector_norm(u - y) / torch.linalg.vector_norm(y - y.mean(0))


def output_spread(y: Tensor) -> Tensor:
    """Return the root mean square of ``f(x) - mean f(x)``: 0 exactly when `f` is constant.

    Args:
        y: ``f(x)``.
    """
    return (y - y.mean(0)).square().mean().sqrt()
