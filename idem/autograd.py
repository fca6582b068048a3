"""The substitution rule as an automatic-differentiation rule (paper, section 2.3, equation 10).

The matrix recurrence ``K <- 3K^2 - 2K^3`` applied to ``y = f(x)`` asks the output to become

    y' = 3 f(y) - 2 f(f(y)).

The paper therefore *defines* the derivative of the loss with respect to the output,

    -dL/dy := y' - y,

and leaves the way from ``y`` to the parameters to the ordinary chain rule. As descent moves
against the derivative, what is handed to the backward pass is ``y - y'``. It is not the derivative
of any value computed here, and need not be the derivative of anything: `torch.autograd.gradcheck`
fails on it by design.
"""

from typing import Any

import torch
from torch import Tensor

Model = Any  # a torch.nn.Module, or any callable from a tensor to a tensor of the same shape


class SubstituteGradient(torch.autograd.Function):
    """The value of one thing with the gradient of another.

    Forward returns ``value``; backward hands ``upstream * direction`` to ``y``.
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(y: Tensor, direction: Tensor, value: Tensor) -> Tensor:
        """Return `value` (a scalar) untouched."""
        return value.clone()

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor, Tensor], output: Tensor) -> None:
        """Keep the direction alone: neither `y` nor `value` is needed again."""
        ctx.save_for_backward(inputs[1])

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor, None, None]:
        """Return the substituted derivative with respect to `y`."""
        (direction,) = ctx.saved_tensors
        return upstream[0] * direction, None, None


def substitute_gradient(y: Tensor, direction: Tensor, value: Tensor) -> Tensor:
    """Give the scalar `value` the derivative `direction` with respect to `y`.

    Args:
        y: any shape; the tensor through which gradients flow on.
        direction: the shape of `y`; what ``d value / d y`` shall be.
        value: a scalar; its own graph, if it has one, is ignored.

    Returns:
        A scalar equal to `value`.

    Raises:
        ValueError: if the shapes of `y` and `direction` differ, or `value` is not a scalar.

    Source:
        Jensen and Vicary, equation 10.
    """
    if y.shape != direction.shape:
        raise ValueError(
            f"direction: expected the shape of y, {tuple(y.shape)}, got {tuple(direction.shape)}"
        )
    if value.dim() != 0:
        raise ValueError(f"value: expected a scalar, got shape {tuple(value.shape)}")
    result = SubstituteGradient.apply(y, direction.detach(), value.detach())
    assert isinstance(result, Tensor)
    return result


def corrected_output(f: Model, y: Tensor) -> tuple[Tensor, Tensor]:
    """Return where the corrector wants the output `y` to go, and ``f(y)``, without a graph.

    Args:
        f: a network whose output has the shape of its input.
        y: outputs of `f`, any shape.

    Returns:
        ``(3 f(y) - 2 f(f(y)), f(y))``, each of the shape of `y`.

    Source:
        Jensen and Vicary, section 2.3.
    """
    with torch.no_grad():
        u = f(y)
        w = f(u)
        return 3 * u - 2 * w, u
