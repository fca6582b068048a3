"""The objective of Idempotent Generative Networks, the published baseline beside the paper's rule.

With data x, noise z, the network f of parameters θ, and θ' the same numbers held fixed:

    L_rec   = D(f_θ(x), x)                          data stay as they are
    L_idem  = D(f_θ'(f_θ(z)), f_θ(z))               what noise is mapped to stays as it is, too
    L_tight = -D(f_θ(f_θ'(z)), f_θ'(z))             and nothing else does

    L = w_rec L_rec + w_idem L_idem + w_tight tanh(L_tight / (a L_rec)) a L_rec

L_idem and -L_tight are one number and differ in what they send back. There are two ways of making
f(f(z)) and f(z) meet: f(z) moves to where f keeps still, or f learns to keep still at f(z). Only
the first leads to data, so the inner application alone has a gradient in L_idem, and the outer one
alone in L_tight, where the second way is paid for. The ordinary rule descends along both.

The tightness term has no lower bound of its own: tanh keeps it above -a L_rec, so that it never
outweighs the reconstruction by far. The bound is a number here, without a gradient, and one for the
whole batch. Taken as a function of θ, as public implementations take it, it rewards a large L_rec:
with u = L_tight / (a L_rec), the gradient has the further term

    w_tight a (tanh u - u / cosh^2 u) dL_rec,        the factor of w_tight a between -1 and 0,

so that the weight of the reconstruction is w_rec - w_tight a at the least: 0.85 instead of 1 with
weights of 1, 1, 0.1 and a = 1.5, and 0.81 of w_rec with 20, 20, 2.5. Some implementations take one
bound an item, from the data that share its place in the batch, which is no more than chance.

Weights. The source's listing has the mean squared error, weights of 1, 1, 0.1 and no clamp;
implementations for CelebA agree on the mean absolute error, 20, 20, 2.5 and a = 1.5.

The idempotency term may also send back what another rule does: then both ways that L_idem would
lead are the rule's affair, and tightness stays as it is. With the paper's rule this is the
objective of its poster: IGN with its idempotency term replaced. Without tightness, a weight of 0,
the term as published shows what it does alone that the outer application has no gradient.

Holding θ fixed takes no copy of the network: `torch.func.functional_call` applies f with its own
numbers detached. BatchNorm normalises that pass by its batch like the others; what it would have
collected is dropped, as a copy's would be when it is overwritten for the next step.

Source: Shocher, Dravid, Gandelsman, Mosseri, Rubinstein and Efros, "Idempotent Generative Network",
ICLR 2024, arXiv 2311.01462, section 2; Jensen and Vicary, poster at ICML 2025 (rule and tightness).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.functional import l1_loss, mse_loss

from idem.rule.coefficients import Rule
from idem.rule.loss import idempotency_loss

PUBLISHED = "ign"  # the rule of IGN: the inner application alone has a gradient
DISTANCES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {"mse": mse_loss, "l1": l1_loss}


@dataclass(frozen=True)
class IGN:
    """What the objective has beside the weights of reconstruction and idempotence.

    Attributes:
        tightness_weight: w_tight, 0 or more; 0 saves the pass that the term takes.
        clamp: a, above 0; None leaves the tightness term without a bound.
        distance: D, ``"mse"`` or ``"l1"``, a mean over the batch and all elements of an item.
        rule: what L_idem sends back: ``"ign"`` as above, or one of `idem.rule.loss`, whose value
            is the squared error at the scale ``mean``.

    Raises:
        ValueError: for a value out of range, naming it. An unknown rule is refused at the first
            step.
    """

    tightness_weight: float = 0.1
    clamp: float | None = 1.5
    distance: str = "mse"
    rule: Rule = PUBLISHED

    def __post_init__(self) -> None:
        if not self.tightness_weight >= 0:
            raise ValueError(f"tightness_weight: expected 0 or more, got {self.tightness_weight}")
        if self.clamp is not None and not self.clamp > 0:
            raise ValueError(f"clamp: expected more than 0, or None, got {self.clamp}")
        if self.distance not in DISTANCES:
            raise ValueError(
                f"distance: expected one of {', '.join(DISTANCES)}, got {self.distance!r}"
            )
        if self.rule != PUBLISHED and self.distance != "mse":
            raise ValueError(
                f"distance: expected mse with the rule {self.rule}, got {self.distance}"
            )


class IGNLoss(NamedTuple):
    """The objective and its three terms before their weights, each a scalar."""

    total: Tensor
    reconstruction: Tensor
    idempotency: Tensor
    tightness: Tensor
    """At most 0, and at least -a L_rec, where it is clamped; 0 where its weight is."""


def ign_loss(
    f: nn.Module,
    x: Tensor,
    z: Tensor,
    settings: IGN | None = None,
    *,
    given: Tensor | None = None,
    reconstruction_weight: float = 1.0,
    idempotency_weight: float = 1.0,
) -> IGNLoss:
    """Train `f` to map noise to data in one application: call ``backward()`` on the ``total``.

    Four forward passes, of which f(f(z)) is made twice: once with a gradient to its input, once
    with one to the parameters. The paper's rule makes one more.

    Args:
        f: a network whose output has the shape of its input.
        x: a batch of data, shape ``(B, ...)``.
        z: a batch of noise, ``(B', ...)``.
        settings: the tightness term and the distance; those of `IGN` if left out.
        given: what is reconstructed from, such as a corrupted `x`; None is `x` itself, as
        published.
        reconstruction_weight: w_rec.
        idempotency_weight: w_idem.

    Raises:
        TypeError: if `f` is no `torch.nn.Module`, whose parameters could not be held fixed.

    Source:
        Shocher et al., section 2.

    Example:
        >>> f = torch.nn.Linear(4, 4)
        >>> loss = ign_loss(f, torch.randn(8, 4), torch.randn(8, 4))
        >>> loss.total.backward()
    """
    if not isinstance(f, nn.Module):
        raise TypeError(f"f: expected a torch.nn.Module, got {type(f).__name__}")
    settings = settings or IGN()
    distance = DISTANCES[settings.distance]
    reconstruction = distance(f(x if given is None else given), x)
    y = f(z)
    if settings.rule == PUBLISHED:
        idempotency = distance(_held_fixed(f, y), y)
    else:
        idempotency = _under_rule(f, z, y, settings.rule)
    tightness = torch.zeros_like(reconstruction)
    if settings.tightness_weight:
        y = y.detach()
        tightness = -distance(f(y), y)
        if settings.clamp is not None:
            tightness = _clamped(tightness, settings.clamp * reconstruction.detach())
    total = (
        reconstruction_weight * reconstruction
        + idempotency_weight * idempotency
        + settings.tightness_weight * tightness
    )
    return IGNLoss(total, reconstruction, idempotency, tightness)


def _held_fixed(f: nn.Module, y: Tensor) -> Tensor:
    """Return f(y) with a graph that leads to `y` alone; the buffers of `f` stay as they are."""
    numbers = {name: parameter.detach() for name, parameter in f.named_parameters()}
    numbers |= {name: buffer.clone() for name, buffer in f.named_buffers()}
    return functional_call(f, numbers, (y,))


def _under_rule(f: nn.Module, z: Tensor, y: Tensor, rule: Rule) -> Tensor:
    """Return the idempotency loss of a rule, where y = f(z) has been made already."""
    return idempotency_loss(
        lambda v: y if v is z else f(v),
        z,
        rule,
        "mean",
        running_statistics="all",
        check_finite=False,
    )


def _clamped(value: Tensor, bound: Tensor) -> Tensor:
    """Return tanh(value / bound) bound, and 0 where the bound is."""
    bound = bound.clamp_min(torch.finfo(bound.dtype).tiny)
    return torch.tanh(value / bound) * bound
