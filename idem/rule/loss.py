"""The idempotency loss as a pure function, under the ordinary or any substitution rule.

With ``y = f(x)``, ``u = f(y)``, ``w = f(u)``, a batch of B items of n elements each, and the scale
``matched``, all rules have the value

    L = ½ (1/B) Σ_b ‖u_b − y_b‖²                             (the paper's equation 2, rescaled)

and differ in what they send back:

    ordinary    dL/d(parameters) by automatic differentiation through both applications of f
    modified    dL/dy_b := (y_b − y'_b) / B,   y' = 3u − 2w   (equation 10)
    transposed  dL/dy_b := (2 J_f(y_b)ᵀ e_b − e_b) / B,   e = u − y

The third is not the paper's: modified is it with J_f in the place of its transpose, to first order
in e (`idem.rule.gradient`). One linear layer that is normal, with whitened inputs, gets its true
gradient from it.

For one symmetric linear layer and whitened inputs the two are the same vector, because
3K² − 2K³ = K − ∇ ½‖K² − K‖², and the learning rate is the step γ of the relaxed recurrence. The
paper's equation 2 is a mean over samples of a squared norm, its equation 10 a y' − y of each one:
only how a batch of the latter is reduced is left open. Its published curves are those of a mean
over the batch for the modified rule, and over all elements for the ordinary loss, a factor of n/2
between the two. The scales offered here multiply value and gradient of *all* rules.

Which rule? Beside a task, the ordinary one: it lowers the relative error further; modified takes
less memory, and in our training from noise to images it generates better. Without a task, on one
layer that is almost a projection and whose outputs have a large mean, modified bears far larger
steps of SGD, as the ordinary rule's second application multiplies its curvature by the mean square
of y; far from any idempotent the two differ little. The README has the numbers.

Other correctors. The modified rule is one of a family: a polynomial g(K) = Σ α_k Kᵏ (equation 4)
asks a linear layer, whose outputs are y = Kx, to become g(K), and any network to return

    y' = (1 − γ) y + γ (α₁ y + α₂ f(y) + … + α_j f(…f(y)…))

which takes as many passes as the degree. On a linear layer and whitened inputs one step of descent
at rate 1 is then exactly one step of the recurrence K ← (1 − γ)K + γ g(K).
"""

import torch
from torch import Tensor
from torch.nn.functional import mse_loss

from idem.rule.checks import check_graph, check_input, check_numbers, should_check_finite
from idem.rule.coefficients import NAMED, Rule, relaxed_coefficients
from idem.rule.gradient import (
    Model,
    output_gradient,
    substitute_gradient,
    transposed_gradient,
    widened,
)
from idem.rule.passes import Passes

RULES = ("modified", "ordinary")
"""The two that the paper compares."""
ALL_RULES = tuple(NAMED)
SCALES = ("matched", "sum", "mean")
_SUMMED = 1 << 21  # products at once: in float32 a sum of 1e8 would be off by almost a percent


def idempotency_loss(
    f: Model,
    x: Tensor,
    rule: Rule = "modified",
    scale: str = "matched",
    *,
    gamma: float = 1.0,
    target: Model | None = None,
    running_statistics: str | None = None,
    randomness: str = "fresh",
    check_finite: bool | None = None,
) -> Tensor:
    """Train `f` towards ``f(f(x)) = f(x)``: add this scalar to a loss and call ``backward()``.

    Args:
        f: a network (`torch.nn.Module` or callable) whose output has the shape of its input, and
            which does not overwrite its input: refused where PyTorch counts what is written, given
            copies where it does not, in a compiled step, `torch.func` and `torch.inference_mode`.
        x: a batch, shape ``(B, ...)``, floating point.
        rule: ``"modified"``, the paper's substitution: three forward passes, of which only the
            first is recorded for the backward pass; ``"ordinary"``, the canonical loss: two passes,
            both recorded; ``"transposed"``, two passes, both recorded, the second for a product
            with its transposed Jacobian alone; or the coefficients α_1 to α_j of another corrector,
            as in `idem.rule.corrector`, the substitution it makes: j passes (at least two), one
            recorded.
        scale: ``"matched"`` (default), the reading in which both rules coincide on a symmetric
            linear layer; ``"sum"``, twice that: the squared error per item; ``"mean"``, 2/n of
            it: the value of `torch.nn.functional.mse_loss`.
        gamma: the step of the relaxed recurrence, 0 < gamma < 2, for rules that substitute; it
            multiplies their gradient, and not the value.
        target: a target network, that is applied to y in the place of `f` by rules that substitute:
            an exponential average of `f`, as `torch.optim.swa_utils.AveragedModel` keeps, lets y'
            wander less from step to step. It gets no gradient and its statistics stay; a callable
            that is no module, nor a method or `functools.partial` of one, is therefore taken only
            beside ``running_statistics="all"``. The value is then that of ``target(y) - y`` in the
            place of u - y. None (default) is `f` itself, the paper's rule.
        running_statistics: which passes of `f` move the statistics of BatchNorm and all other
            buffers: the ``"first"`` alone, ``"all"`` or ``"none"``. A pass that may not move them
            works on copies of all; where large ones never move, as frozen weights kept as buffers,
            ``"all"`` saves these. None (default) is ``"first"``
            where `f` is a module, or a method or `functools.partial` of one, and ``"all"``
            otherwise; see `idem.rule.passes`.
        randomness: of dropout and the like: ``"fresh"`` in each pass, or the ``"same"`` in all.
        check_finite: whether to look for NaN and infinity: False never; None (default) in the first
            two passes where it costs nothing and float16 is not in use; True in all passes
            and places, waiting for the device; see `idem.rule.checks`.

    Returns:
        A scalar: the value of the canonical loss at that scale, whichever the rule, in the dtype
        of the output of `f`, float32 at least. Under `torch.no_grad` it is a value and no more.
        Under rules that substitute it can be differentiated once: ``create_graph=True`` raises a
        RuntimeError in the backward pass, and nested `torch.func.grad` gives no second derivative.

    Raises:
        ValueError: for an unknown rule, scale or policy, coefficients that are not finite or do
            not sum to 1, a gamma out of range, a gamma or a target beside ``"ordinary"``, an empty
            batch, an `f` that changes the shape, overwrites its input, returns all outputs in the
            same memory (a CUDA graph, a bound output), detaches its output or has nothing to train.
        TypeError: if `x` or the output of `f` is no tensor of real floating-point numbers, or gamma
            is not a real number.
        FloatingPointError: if `f` produces NaN or infinity, as `check_finite` has it.

    Source:
        Jensen and Vicary, equations 2, 4 and 10.

    Example:
        >>> f = torch.nn.Linear(4, 4)
        >>> loss = idempotency_loss(f, torch.randn(8, 4), rule="modified")
        >>> loss.backward()
    """
    coefficients = relaxed_coefficients(rule, gamma)
    ordinary = coefficients is None and rule == "ordinary"
    if ordinary and target is not None:
        raise ValueError(
            "target: the ordinary rule differentiates f in both applications, expected None"
        )
    check_input(x)
    divisor = len(x) / scale_factor(scale, x.numel() // len(x))
    passes = Passes(f, running_statistics, randomness, target)
    y = passes.first(x)
    check_graph(f, x, y)
    if ordinary or (coefficients is None and not torch.is_grad_enabled()):  # the value alone
        u = passes.inner(y)
        value = mse_loss(widened(u), widened(y), reduction="sum") / 2
        if should_check_finite(check_finite, y):
            check_numbers({"x": x, "f(x)": y, "f(f(x))": u}, value)
        return value / divisor
    if coefficients is None:
        direction, u = transposed_gradient(passes.inner, y, gamma)
    else:
        direction, u = output_gradient(passes.inner, y, coefficients)
    value = _half_square(u, y.detach())
    if should_check_finite(check_finite, y):
        shown = {"x": x, "f(x)": y, "f(f(x))": u, "a later pass": direction}
        check_numbers(shown, value + direction.sum() if check_finite else value)
    return substitute_gradient(y, direction, value, divisor)


def check_rule(rule: str) -> None:
    """Raise a ValueError unless `rule` is the name of one."""
    if rule not in ALL_RULES:
        raise ValueError(f"rule: expected one of {', '.join(ALL_RULES)}, got {rule!r}")


def scale_factor(scale: str, elements: int) -> float:
    """Return what `scale` multiplies the ``matched`` loss of items of so many `elements` by.

    Raises:
        ValueError: for an unknown scale.
    """
    if scale not in SCALES:
        raise ValueError(f"scale: expected one of {', '.join(SCALES)}, got {scale!r}")
    return {"matched": 1.0, "sum": 2.0, "mean": 2.0 / elements}[scale]


def _half_square(u: Tensor, y: Tensor) -> Tensor:
    """Return ½‖u − y‖² without a graph, in fewer sweeps than `mse_loss` takes."""
    error = (widened(u) - widened(y)).flatten()
    parts = [torch.dot(part, part) for part in error.split(_SUMMED)]
    return (parts[0] if len(parts) == 1 else torch.stack(parts).sum()) / 2  # mostly one kernel
