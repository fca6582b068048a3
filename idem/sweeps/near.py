"""Starts near a non-trivial idempotent map, which is where the theory of the rule applies (2.2).

Let P = I − V Vᵀ be an orthogonal projection whose null space, spanned by the orthonormal columns of
V, holds the vector of ones. Then f(x) = LeakyReLU(P x + b 1) is idempotent on all x for which every
unit is active, as P 1 = 0: f(y) = P (P x + b 1) + b 1 = y. For standard normal x and b = 4 all but
about 3 units in 100 000 are active. Noise on P takes f away from it, by as much as one likes.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Generator, Tensor

from idem.sweeps.mlp import DRAWN


@dataclass(frozen=True)
class NearProjection:
    """How to draw a start near a projection.

    Args:
        noise: standard deviation of what is added to every weight, times √n; 0: the projection.
        bias: b, of every unit of the first layer; the others begin at zero.
        null_dimension: of the null space of P, at least 1: the vector of ones and, beyond it,
            directions drawn at random.

    Raises:
        ValueError: for a value out of range, naming it.
    """

    noise: float
    bias: float
    null_dimension: int = 1

    def __post_init__(self) -> None:
        for name in ("noise", "bias"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name}: expected 0 or more, got {getattr(self, name)}")
        if self.null_dimension < 1:
            raise ValueError(f"null_dimension: expected at least 1, got {self.null_dimension}")

    def draw(self, widths: Sequence[int], generator: Generator) -> list[tuple[Tensor, Tensor]]:
        """Draw ``(weight, bias)`` of every layer: P + noise, then identities + noise, float32.

        Args:
            widths: all equal, n, and more than `null_dimension`.
            generator: source of randomness.

        Raises:
            ValueError: for other widths.
        """
        n = widths[0]
        if set(widths) != {n} or n <= self.null_dimension:
            raise ValueError(
                f"widths: expected equal widths above {self.null_dimension}, as a start near a "
                f"projection needs, got {list(widths)}"
            )
        layers = [self._projection(n, generator)] + [torch.eye(n, **DRAWN) for _ in widths[2:]]
        return [
            (
                layer + self.noise / math.sqrt(n) * torch.randn(n, n, generator=generator, **DRAWN),
                torch.full((n,), 0.0 if k else self.bias, **DRAWN),
            )
            for k, layer in enumerate(layers)
        ]

    def _projection(self, n: int, generator: Generator) -> Tensor:
        wide: dict[str, Any] = DRAWN | {"dtype": torch.float64}
        directions = torch.randn(n, self.null_dimension, generator=generator, **wide)
        directions[:, 0] = 1
        basis = torch.linalg.qr(directions).Q
        return (torch.eye(n, **wide) - basis @ basis.mT).float()
