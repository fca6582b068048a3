"""The loss of a step of a network that is one map of single images from the start, and generates.

A network whose layers normalise no batch (GroupNorm) is the same map when it is trained and when it
is used, so that f(f(x)) = f(x) means what it says at every step. Nothing keeps the modes of f(z)
apart in it but what it is asked for: beside reconstruction and a rule, that f(z) has the statistics
that the layers of f see of data, M of `idem.generative.matching`, and those of the images, as
GroupNorm hides their contrast from all layers behind the first normalised one: P below.

    mean((f(x) - x)^2)  +  weight * idempotency_loss(f, z)  +  matching * (M + P)

With the mean m and the standard deviation s of every pixel of data and of f(z),

    P = mean ((m_x - m_y)^2 + (s_x - s_y)^2) / mean s_x^2

Under the objective of IGN its loss stands in the place of the first two terms. Value and gradient
are those of `Objective.losses` and `mismatch` apart, with two passes less, or one without a rule:
f(x) and f(z) are made once for all of it.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call

from idem.generative.alignment import disagreement, first_inputs
from idem.generative.objective import Objective


def losses(
    f: nn.Module, x: Tensor, z: Tensor, objective: Objective, matching: float
) -> Sequence[Tensor]:
    """Return the loss of a step, and its parts before their weights: the objective's, and M + P.

    Args:
        f: none of whose layers normalises by its batch in the mode that it is in.
        x: a batch of data, ``(B, C, H, W)``.
        z: a batch of noise, ``(B', C, H, W)``.
        objective: the rule and its weight; data are reconstructed as they are.
        matching: weight of M + P; at 0 it is not computed, and NaN.

    Raises:
        ValueError: for a network without normalised layers, if matching is not 0.

    Example:
        >>> f = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.GroupNorm(1, 4), nn.Conv2d(4, 1, 1))
        >>> x, z = torch.randn(5, 1, 8, 8), torch.randn(5, 1, 8, 8)
        >>> loss, *parts = losses(f, x, z, Objective(weight=0.3), matching=0.3)
        >>> len(parts)
        3
    """
    made: list[Tensor] = []

    def keep(_: nn.Module, given: tuple[Tensor, ...], output: Tensor) -> None:
        made.append(output)

    with first_inputs(f) as inputs, f.register_forward_hook(keep):
        loss, *parts = objective.losses(f, x, x, z)
        if matching and len(made) < 2:
            f(z)  # of which the rule "none" makes nothing
    if not matching:
        return loss, *parts, loss.new_full((), torch.nan)
    if not inputs.of:
        raise ValueError("f: expected a network with normalised layers, got none")
    held = {name: value.detach() for name, value in f.named_parameters()}
    with first_inputs(f) as again:
        functional_call(f, held, (made[1],))
    unlike = [
        disagreement(layer, of_data.detach(), again.of[layer][0])
        for layer, (of_data, *_) in inputs.of.items()
    ]
    apart = torch.stack(unlike).sum() + pixel_mismatch(x, made[1])
    return loss + matching * apart, *parts, apart


def pixel_mismatch(x: Tensor, y: Tensor) -> Tensor:
    """Return how far the means and spreads of the pixels of samples are from those of data: P.

    Args:
        x: data, ``(B, C, H, W)``, B of 1 or more; not all alike.
        y: samples, ``(B', C, H, W)``.

    Example:
        >>> x = torch.randn(50, 1, 4, 4)
        >>> float(pixel_mismatch(x, x)), bool(pixel_mismatch(x, x + 1) > 0.5)
        (0.0, True)
    """
    (v_x, m_x), (v_y, m_y) = (torch.var_mean(images, 0, correction=0) for images in (x, y))
    eps = torch.finfo(v_x.dtype).eps  # as a root has no slope at 0
    spreads = (v_x + eps).sqrt() - (v_y + eps).sqrt()
    return ((m_x - m_y).square() + spreads.square()).mean() / (v_x.mean() + eps)
