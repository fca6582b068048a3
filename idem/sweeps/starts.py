"""Sweeps whose networks begin otherwise: weights by another scheme, biases at part of their scale.

What a published experiment began with is often not said. Apart from `idem.sweeps.grid`, so that a
start that is tried here is not among what decides every other sweep.
"""

import math
from dataclasses import dataclass

import torch
from torch import Generator, Tensor, nn

from idem.sweeps.grid import Grid, seeded
from idem.sweeps.mlp import INITIALIZATIONS, initial_parameters

LECUN = "lecun_normal"
SCHEMES = (*INITIALIZATIONS, LECUN)


@dataclass(frozen=True)
class StartedOtherwise(Grid):
    """A grid of which every run begins otherwise; data, and for equal schemes weights, are equal.

    Args:
        scheme: for the weights, in place of `initialization`: a name from
            `idem.sweeps.mlp.INITIALIZATIONS`, or ``lecun_normal``, of variance 1/n, with biases 0.
        bias_scale: what the starting biases of the scheme are multiplied by.

    Raises:
        ValueError: for a value out of range, naming it.

    Source:
        LeCun et al., Efficient BackProp, 1998, section 4.6.
    """

    scheme: str = "default"
    bias_scale: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.scheme not in SCHEMES:
            raise ValueError(f"scheme: expected one of {', '.join(SCHEMES)}, got {self.scheme!r}")
        if not 0 <= self.bias_scale < math.inf:
            raise ValueError(f"bias_scale: expected 0 or more, got {self.bias_scale}")

    def start(self, run: int) -> list[tuple[Tensor, Tensor]]:
        """Draw the initial ``(weight, bias)`` of every layer for a run index."""
        generator = seeded(self.seed, run)
        if self.scheme == LECUN:
            shapes = zip(self.widths, self.widths[1:], strict=False)
            return [(_lecun(n, m, generator), torch.zeros(m)) for n, m in shapes]
        drawn = initial_parameters(self.widths, self.scheme, self.negative_slope, generator)
        return [(weight, self.bias_scale * bias) for weight, bias in drawn]


def _lecun(n: int, m: int, generator: Generator) -> Tensor:
    return nn.init.kaiming_normal_(torch.empty(m, n), nonlinearity="linear", generator=generator)
