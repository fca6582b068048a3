"""Training objectives as pure functions: idempotency under either rule.

With ``y = f(x)``, ``u = f(y)``, ``w = f(u)``, a batch of B items of n elements each, and the scale
``matched``, both rules share the value

    L = 1/2 (1/B) sum_b ||u_b - y_b||^2                      (the paper's equation 2, rescaled)

and differ in what they send back:

    ordinary    dL/d(parameters) by automatic differentiation through both applications of f
    modified    dL/dy_b := (y_b - y'_b) / B,   y' = 3u - 2w   (equation 10)

For one symmetric linear layer and whitened inputs the two are the same vector, because
3K^2 - 2K^3 = K - grad 1/2 ||K^2 - K||^2, and the learning rate is the step gamma of the relaxed
recurrence. The paper states neither the scale of its rule nor that of its loss; the others offered
here are the common readings, and multiply the value and the gradient of *both* rules.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from idem.autograd import Model, corrected_output, substitute_gradient

SCALES = ("matched", "sum", "mean")


def idempotency_loss(f: Model, x: Tensor, rule: str = "modified", scale: str = "matched") -> Tensor:
    """Train `f` towards ``f(f(x)) = f(x)``: add this scalar to a loss and call ``backward()``.

    Args:
        f: a network (`torch.nn.Module` or callable) whose output has the shape of its input.
        x: a batch, shape ``(B, ...)``, floating point.
        rule: ``"modified"``, the paper's substitution: three forward passes, of which only the
            first is recorded for the backward pass; or ``"ordinary"``, the canonical loss.
        scale: ``"matched"`` (default), the reading in which both rules coincide on a symmetric
            linear layer; ``"sum"``, twice that: the squared error per item; ``"mean"``, 2/n of
            it: the value of `torch.nn.functional.mse_loss`.

    Returns:
        A scalar: the value of the canonical loss at that scale, whichever the rule.

    Raises:
        ValueError: for an unknown rule or scale, an empty batch, or an `f` that changes the shape.
        TypeError: if `f` does not return a tensor.

    Source:
        Jensen and Vicary, equations 2 and 10.

    Example:
        >>> f = torch.nn.Linear(4, 4)
        >>> loss = idempotency_loss(f, torch.randn(8, 4), rule="modified")
        >>> loss.backward()
    """
    loss = _choose(RULES, rule, "rule")
    if x.dim() == 0 or x.numel() == 0:
        raise ValueError(f"x: expected a non-empty batch, shape (B, ...), got {tuple(x.shape)}")
    factor = scale_factor(scale, x[0].numel())
    y = f(x)
    _check_output(x, y)
    return factor * loss(f, y)


def scale_factor(scale: str, elements: int) -> float:
    """Return what `scale` multiplies the ``matched`` loss of items of so many `elements` by.

    Raises:
        ValueError: for an unknown scale.
    """
    return _choose({"matched": 1.0, "sum": 2.0, "mean": 2.0 / elements}, scale, "scale")


def _modified(f: Model, y: Tensor) -> Tensor:
    target, u = corrected_output(f, y)
    return substitute_gradient(y, (y.detach() - target) / len(y), _half_square(u - y.detach()))


def _ordinary(f: Model, y: Tensor) -> Tensor:
    return _half_square(f(y) - y)


def _half_square(error: Tensor) -> Tensor:
    return error.square().sum() / (2 * len(error))


RULES: dict[str, Callable[[Model, Tensor], Tensor]] = {
    "modified": _modified,
    "ordinary": _ordinary,
}


def _choose(options, name: str, kind: str):
    if name not in options:
        raise ValueError(f"{kind}: expected one of {', '.join(options)}, got {name!r}")
    return options[name]


def _check_output(x: Tensor, y: Tensor) -> None:
    if not isinstance(y, torch.Tensor):
        raise TypeError(f"f: expected a tensor as its output, got {type(y).__name__}")
    if y.shape != x.shape:
        raise ValueError(
            f"f: expected an output of the shape of its input, {tuple(x.shape)}, "
            f"got {tuple(y.shape)}; only a map of a space into itself can be idempotent"
        )
