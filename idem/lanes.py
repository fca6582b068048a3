"""Several copies of one network trained at once, each at its own learning rate.

With y = f(x), u = f(y), w = f(u) for a batch of B items, one step of plain gradient descent at the
``matched`` scale is

    modified    dL/dy = (y - 3u + 2w) / B                               w, u leave no graph
    ordinary    dL/du = (u - y) / B,   dL/dy = J_f(y)^T dL/du - dL/du

followed by the chain rule through the first application of f (and, for ordinary, the second). The
rate enters at the output: the chain rule is linear, so scaling dL/dy by it scales every update.

Layout: activations ``(lanes, B, n)``, weights ``(lanes, n, m)``, biases ``(lanes, 1, m)``; float32.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

leaky_relu_backward = torch.ops.aten.leaky_relu_backward


class Lanes:
    """Train copies of a LeakyReLU network that start alike and differ by their learning rates.

    Args:
        start: ``(weight, bias)`` of each layer, shapes ``(m, n)`` and ``(m,)``.
        rates: the learning rate of each lane.
        negative_slope: of LeakyReLU.
    """

    def __init__(
        self, start: Sequence[tuple[Tensor, Tensor]], rates: Sequence[float], negative_slope: float
    ) -> None:
        self.rates = list(rates)
        self.slope = negative_slope
        lanes = len(self.rates)
        self.weights = [weight.T.expand(lanes, -1, -1).clone() for weight, _ in start]
        self.biases = [bias.expand(lanes, 1, -1).clone() for _, bias in start]

    def record(self, x: Tensor) -> list[Tensor]:
        """Return x and the output of every layer, what the backward pass needs.

        Args:
            x: ``(lanes, B, n)``, or ``(B, n)`` if all lanes share it.
        """
        activations = [x.expand(len(self.rates), *x.shape[-2:])]
        for weight, bias in zip(self.weights, self.biases, strict=True):
            z = torch.baddbmm(bias, activations[-1], weight)
            activations.append(torch.nn.functional.leaky_relu_(z, self.slope))
        return activations

    def apply(self, x: Tensor) -> Tensor:
        """Return f(x) of each lane, shape ``(lanes, B, n)``, keeping nothing on the way."""
        for weight, bias in zip(self.weights, self.biases, strict=True):
            x = torch.nn.functional.leaky_relu_(torch.baddbmm(bias, x, weight), self.slope)
        return x

    def modified_step(self, first: list[Tensor], u: Tensor) -> None:
        """Update all lanes by the substitution rule (equation 10).

        Args:
            first: the recorded pass x -> y.
            u: f(y).
        """
        delta = (first[-1] - 3 * u).add_(self.apply(u), alpha=2).mul_(self._rates_per_item(u))
        for layer, dz in enumerate(self._backward(first, delta)):
            self._descend(layer, first[layer], dz)

    def ordinary_step(self, first: list[Tensor], second: list[Tensor]) -> None:
        """Update all lanes by gradient descent on the canonical loss (equation 2).

        Args:
            first: the recorded pass x -> y.
            second: the recorded pass y -> u.
        """
        delta = (second[-1] - first[-1]).mul_(self._rates_per_item(second[-1]))
        outer = self._backward(second, delta)
        inner = self._backward(first, torch.bmm(outer[0], self.weights[0].mT).sub_(delta))
        for layer, (dz, dz_outer) in enumerate(zip(inner, outer, strict=True)):
            self._descend(layer, first[layer], dz)
            self._descend(layer, second[layer], dz_outer)

    def keep(self, alive: Tensor) -> None:
        """Drop the lanes that are not `alive`, a boolean tensor of shape ``(lanes,)``."""
        if alive.all():
            return
        self.weights = [weight[alive] for weight in self.weights]
        self.biases = [bias[alive] for bias in self.biases]
        self.rates = [r for r, a in zip(self.rates, alive.tolist(), strict=True) if a]

    def _backward(self, activations: list[Tensor], delta: Tensor) -> list[Tensor]:
        """Return dL/dz of every layer, z being its output before LeakyReLU."""
        gradients: list[Tensor] = []
        for layer in reversed(range(len(self.weights))):
            # The output's sign is that of z: nothing else has to be kept.
            dz = leaky_relu_backward(delta, activations[layer + 1], self.slope, True)
            gradients.insert(0, dz)
            if layer > 0:
                delta = torch.bmm(dz, self.weights[layer].mT)
        return gradients

    def _descend(self, layer: int, x: Tensor, dz: Tensor) -> None:
        self.weights[layer].baddbmm_(x.mT, dz, alpha=-1)
        self.biases[layer].sub_(dz.sum(1, keepdim=True))

    def _rates_per_item(self, batch: Tensor) -> Tensor:
        return torch.tensor(self.rates, dtype=batch.dtype).div_(batch.shape[1]).view(-1, 1, 1)
