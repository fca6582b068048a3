"""The substitution rule as an automatic-differentiation rule (paper, section 2.3, equation 10).

A corrector is a polynomial g(K) = α₁K + … + α_jKʲ that moves a matrix towards an idempotent one.
Applied to a network and its output y = f(x), it asks the output to become

    y' = α₁ y + α₂ f(y) + … + α_j f(…f(y)…)        that is Σ_k α_k fᵏ(x), as y = f(x)

and for the paper's corrector, g(K) = 3K² − 2K³,

    y' = 3 f(y) − 2 f(f(y)).

The paper therefore *defines* the derivative of the loss with respect to the output,

    −dL/dy := y' − y,

and leaves the way from ``y`` to the parameters to the ordinary chain rule. As descent moves
against the derivative, what is handed to the backward pass is ``y − y'``. It is not the derivative
of any value computed here, and need not be the derivative of anything: `torch.autograd.gradcheck`
fails on it by design. To whoever differentiates once more it is a constant, which would give no
second derivative of anything: a backward pass that is recorded for that is refused.

With the error e = f(y) − y of an item, and J the Jacobian of f at y, the same in other words is

    y − y' = −e + 2 (f(y + e) − f(y)) = −e + 2 J e + O(|e|²).

For a linear layer K and whitened inputs a step so moves K along (2K − I) E, E = K² − K, where the
gradient of the loss is EKᵀ + (Kᵀ − I) E. If K commutes with its transpose, is *normal*, the latter
is (2Kᵀ − I) E: the modified rule has K where the gradient has Kᵀ. So another rule suggests itself,

    dL/dy := −e + 2 Jᵀ e,

one vector-Jacobian product in the place of the third pass, and the true gradient of a normal layer.
"""

from collections.abc import Callable, Sequence
from functools import partial
from inspect import signature
from typing import Any

import torch
from torch import Tensor

from idem.rule.checks import check_no_inplace, check_output, is_transformed, version_of
from idem.rule.corrector import MCWEENY, require_coefficients

Model = Any  # a torch.nn.Module, or any callable from a tensor to a tensor of the same shape


def corrected_output(f: Model, y: Tensor, coefficients: Sequence[float] = MCWEENY) -> Tensor:
    """Return y' = α₁ y + α₂ f(y) + … + α_j f(…f(y)…), which a corrector asks y = f(x) to become.

    Args:
        f: a network whose output has the shape of its input; applied once less than there are
            coefficients.
        y: outputs of `f`, any shape.
        coefficients: α₁ to α_j; the paper's ``(0, 3, -2)`` if left out.

    Returns:
        y', in the dtype of `y`, summed in float32 at least: a small change of large terms.

    Raises:
        TypeError: if the output of `f` is no tensor of floating-point numbers.
        ValueError: if `f` changes the shape, or overwrites its input, which is needed again; or
            there is no coefficient, or one that is not finite.

    Source:
        Jensen and Vicary, section 2.3; equation 4 for other coefficients.

    Example:
        >>> f, y = torch.nn.Linear(4, 4), torch.randn(8, 4)
        >>> y_prime = 3 * f(y) - 2 * f(f(y))
        >>> torch.allclose(corrected_output(f, y), y_prime)
        True
    """
    require_coefficients(coefficients)
    alpha_1, *others = coefficients
    y_prime, z = alpha_1 * widened(y), y
    for alpha in others:
        z = _applied(f, z)
        y_prime = y_prime + alpha * widened(z)
    return y_prime.to(y.dtype)


def output_gradient(
    f: Model, y: Tensor, coefficients: Sequence[float] = MCWEENY
) -> tuple[Tensor, Tensor]:
    """Return ``y - y'``, which the rule puts in the place of dL/dy, and ``f(y)``, without a graph.

    It is ``y - corrected_output(f, y, coefficients)``, up to rounding. The terms of y' are
    subtracted one by one and in place, so that no pass is kept but f(y), and no y' beside it.

    Args:
        f: a network whose output has the shape of its input; applied once less than there are
            coefficients, but at least once.
        y: outputs of `f`, any shape.
        coefficients: α₁ to α_j, the last one not 0; the paper's ``(0, 3, -2)`` if left out.

    Returns:
        ``y - y'`` and ``f(y)``, each of the shape of `y`, the first in float32 where `y` has half
        precision, as it is a small difference of large terms.

    Raises:
        TypeError, ValueError: as `corrected_output`.

    Source:
        Jensen and Vicary, equation 10.
    """
    require_coefficients(coefficients)
    alpha_1, alpha_2, *others = coefficients if len(coefficients) > 1 else [*coefficients, 0.0]
    with torch.no_grad():
        z = u = _applied(f, y)
        rest = widened(y) if alpha_1 == 0 else (1 - alpha_1) * widened(y)
        y_minus_y_prime = torch.sub(rest, u, alpha=alpha_2)  # y - α₁ y - α₂ f(y)
        for alpha in others:
            z = _applied(f, z)
            if alpha != 0:
                y_minus_y_prime.sub_(z, alpha=alpha)  # - α₃ f(f(y)) - …
        return y_minus_y_prime, u


def transposed_gradient(f: Model, y: Tensor, gamma: float = 1.0) -> tuple[Tensor, Tensor]:
    """Return γ (2 J_f(y)ᵀ e − e) with e = f(y) − y, and ``f(y)``, without a graph.

    Args:
        f: a network whose output has the shape of its input; applied once, recorded for the
            product with its transposed Jacobian, and freed.
        y: outputs of `f`, any shape.
        gamma: multiplies the first.

    Returns:
        Two tensors of the shape of `y`, the first in float32 at least.

    Raises:
        TypeError: if the output of `f` is no tensor of floating-point numbers.
        ValueError: if ``f(y)`` leads back to nothing, as that of a network that detaches it, or
            `f` changes the shape or overwrites its input; a RuntimeError of PyTorch's where `y` is
            no output of a recorded pass, as it then is a leaf, which nothing may overwrite.
    """
    u, pull = _pullback(f, y)
    e = widened(u) - widened(y.detach())
    return widened(pull(e.to(u.dtype))).mul(2 * gamma).sub_(e, alpha=gamma), u


def _pullback(f: Model, y: Tensor) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
    """Return f(y) and v ↦ J_f(y)ᵀ v, of which parameters get nothing.

    Transforms of `torch.func` know no `torch.autograd.grad`; and theirs lets no pass move buffers.
    """
    if is_transformed():
        with torch.no_grad():
            u, pull = torch.func.vjp(partial(_applied, f), y.detach())[:2]
        return u, lambda v: pull(v)[0]
    start = y if y.requires_grad else y.detach().requires_grad_()
    with torch.enable_grad():
        u = _applied(f, start)
    if not u.requires_grad:
        raise ValueError(
            "f: expected an output that leads back to its input, whose Jacobian the transposed "
            "rule takes, got a detached one; look for detach(), no_grad(), .data or numpy() in it"
        )

    def pull(v: Tensor) -> Tensor:
        return torch.autograd.grad(u, start, v, materialize_grads=True)[0]

    return u.detach(), pull


def _applied(f: Model, y: Tensor) -> Tensor:
    """Return f(y), of which `y` is left as it is, or raise a ValueError if that cannot be.

    `idem.rule.passes` does so too, for the ordinary rule: twice costs a microsecond, or one more
    copy where what is written is not counted.
    """
    version = version_of(y)
    z = f(y.clone() if version is None else y)
    check_output(y, z)
    check_no_inplace(y, version)
    return z


def widened(y: Tensor) -> Tensor:
    """Return `y` in float32 at least: differences and sums of squares ask for more than float16."""
    return y.to(torch.promote_types(y.dtype, torch.float32))


class SubstituteGradient(torch.autograd.Function):
    """The value of one thing with the gradient of another.

    Forward returns ``value / divisor``; backward hands ``upstream * direction / divisor`` to ``y``.
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(y: Tensor, direction: Tensor, value: Tensor, divisor: float, once: bool) -> Tensor:
        """Return `value` (a scalar) over `divisor`."""
        return value / divisor

    @staticmethod
    def setup_context(
        ctx: Any, inputs: tuple[Tensor, Tensor, Tensor, float, bool], output: Any
    ) -> None:
        """Keep the direction and the divisor: neither `y` nor `value` is needed again."""
        ctx.save_for_backward(inputs[1])
        ctx.dtype, ctx.divisor, ctx.once = inputs[0].dtype, inputs[3], inputs[4]

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor, None, None, None, None]:
        """Return the substituted derivative with respect to `y`, in one sweep over it."""
        if ctx.once and torch.is_grad_enabled():
            raise RuntimeError(
                "a rule that substitutes a gradient has no second derivative: expected a backward "
                "pass that is not recorded, got create_graph=True; leave it out, or take "
                'rule="ordinary"'
            )
        (direction,) = ctx.saved_tensors
        return (direction / (ctx.divisor / upstream[0])).to(ctx.dtype), None, None, None, None


# `apply` looks for this signature at every call, and finds it here three times as fast.
SubstituteGradient.forward.__signature__ = signature(  # pyright: ignore[reportFunctionMemberAccess]
    SubstituteGradient.forward
)


def substitute_gradient(
    y: Tensor, direction: Tensor, value: Tensor, divisor: float = 1.0
) -> Tensor:
    """Give the scalar `value` the derivative `direction` with respect to `y`, both over `divisor`.

    Args:
        y: any shape; the tensor through which gradients flow on.
        direction: the shape of `y`; what ``d value / d y`` shall be. For a `y` of half precision it
            may be float32, and is rounded after it has been multiplied by what comes from above,
            such as the factor of `torch.amp.GradScaler`.
        value: a scalar; its own graph, if it has one, is ignored.
        divisor: not 0; the number of items, where `value` and `direction` are sums.

    Returns:
        A scalar equal to ``value / divisor``. It can be differentiated once: ``create_graph=True``
        raises a RuntimeError in the backward pass. Transforms of `torch.func` record always, and
        cannot be told apart: nested ones take `direction` for a constant without a word.

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
    once = not (torch.compiler.is_compiling() or is_transformed())  # these record always
    result = SubstituteGradient.apply(y, direction.detach(), value.detach(), divisor, once)
    assert isinstance(result, Tensor)
    return result
