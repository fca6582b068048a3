"""Several copies of one network trained at once, each at its own learning rate.

A fused copy of `idem.rule.loss.idempotency_loss` and its backward pass, for LeakyReLU networks.
With y = f(x), u = f(y), w = f(u) for a batch of B items, one step of gradient descent at the
``matched`` scale is

    modified    dL/dy = (y − y') / B,  y' = 3u − 2w                     w, u leave no graph
    ordinary    dL/du = (u − y) / B,   dL/dy = J_f(y)ᵀ dL/du − dL/du
    transposed  dL/dy = (2 J_f(y)ᵀ (u − y) − (u − y)) / B

followed by the chain rule through the first application of f (and, for ordinary, the second).

Layout: *homogeneous coordinates*, items last. A batch is (n + 1, B) with a last row of ones, and a
layer from n to m is one matrix (m + 1, n + 1) that holds weight and bias and has e_{n+1} as its
last row, so that ones stay ones: LeakyReLU keeps them. A layer is then one matrix product and one
pass in place over a contiguous result, and its whole gradient one more product. Wide layers have
zeros below the ones, up to a multiple of 8, without which the gradient's product takes half as long
again. With rows(n) ≥ n + 1 for all of this, and lanes first: weights (lanes, rows(m), rows(n)),
activations (lanes, rows(n), B). As many lanes as fill a cache are worked on at once, a *block*: all
of them for a small network, one for a large one.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import leaky_relu_

OPTIMIZERS = ("sgd", "adam")
_BETAS, _EPSILON = (0.9, 0.999), 1e-8  # PyTorch's defaults for Adam
_WIDE = 512  # features from which on a layer is padded
_BLOCK_BYTES = {"cpu": 2**20}  # of the widest activation of a block, to stay in a cache
_BLOCK_BYTES_ELSEWHERE = 2**31  # to fill a device

_leaky_relu_backward = torch.ops.aten.leaky_relu_backward.grad_input


class Activations(NamedTuple):
    """The batch of one block of lanes and what f made of it twice, in homogeneous coordinates."""

    x: Tensor
    """(k, rows(n), B), k lanes."""
    first: list[Tensor]
    """Outputs of every layer on x; the last is y."""
    second: list[Tensor]
    """Outputs of every layer on y; the last is u."""
    difference: Tensor
    """u − y, which is 0 below row n."""


class Lanes:
    """Train copies of a LeakyReLU network that start alike and differ by their learning rates.

    Args:
        start: ``(weight, bias)`` of each layer, shapes (m, n) and (m,).
        rates: the learning rate of each lane.
        negative_slope: of LeakyReLU.
        batch_size: items a step.
        optimizer: ``"sgd"`` or ``"adam"``, as in `torch.optim` with their defaults.

    Raises:
        ValueError: for an unknown optimizer.
    """

    def __init__(
        self,
        start: Sequence[tuple[Tensor, Tensor]],
        rates: Sequence[float],
        negative_slope: float,
        batch_size: int,
        optimizer: str = "sgd",
    ) -> None:
        if optimizer not in OPTIMIZERS:
            raise ValueError(
                f"optimizer: expected one of {', '.join(OPTIMIZERS)}, got {optimizer!r}"
            )
        self.rates, self.slope, self.batch_size = list(rates), negative_slope, batch_size
        self.widths = [start[0][0].shape[1], *(len(W) for W, _ in start)]
        lanes = len(self.rates)
        self.weights = [_homogeneous_layer(*layer).repeat(lanes, 1, 1) for layer in start]
        self.gradients = [torch.zeros_like(W) for W in self.weights]
        self.moments = [
            [torch.zeros_like(W) for W in self.weights]
            for _ in range(2 if optimizer == "adam" else 0)
        ]
        self.updates = 0
        self._allocate()

    def _allocate(self) -> None:
        """Make room for the activations of a block of the present lanes."""
        block, like, batch_size = self._block_size(), self.weights[0], self.batch_size
        self._deltas = [like.new_empty(block, rows(n), batch_size) for n in self.widths]
        self._first, self._second = (
            [torch.empty_like(delta) for delta in self._deltas[1:]] for _ in range(2)
        )
        self._difference = torch.empty_like(self._deltas[-1])

    def blocks(self) -> Iterator[slice]:
        """Yield the blocks: the lanes that are worked on at once."""
        size = self._block_size()
        for first in range(0, len(self.rates), size):
            yield slice(first, min(first + size, len(self.rates)))

    def apply_twice(self, block: slice, x: Tensor) -> Activations:
        """Apply f twice to a batch that all lanes share; valid until the next block's turn.

        Args:
            block: one of `blocks()`.
            x: (rows(n), B), homogeneous.
        """
        inputs = x.expand(block.stop - block.start, *x.shape)
        first = self._apply(block, inputs, self._first)
        second = self._apply(block, first[-1], self._second)
        out = self._difference[: len(inputs)]
        return Activations(inputs, first, second, torch.sub(second[-1], first[-1], out=out))

    def accumulate(self, block: slice, activations: Activations, rule: str) -> None:
        """Write B dL/dW of one block to its gradients, for `descend`; uses up the activations."""
        x, first, second, difference = activations
        if rule == "modified":
            u = second[-1]
            w = self._apply(block, u, [*self._second[:-1], self._deltas[-1]])[-1]
            # y − y' = y − 3u + 2w, a copy of idem.rule.gradient.output_gradient
            y_minus_y_prime = w.sub_(u).mul_(2).sub_(difference)
            self._backward(block, x, first, y_minus_y_prime)
            return
        last = self._deltas[-1][: len(x)].copy_(difference)
        if rule == "transposed":
            pulled = self._pull_back(block, second, last)
            self._backward(block, x, first, pulled.mul_(2).sub_(difference))
            return
        dz = self._backward(block, first[-1], second, last)
        delta = torch.bmm(self.weights[0][block].mT, dz, out=self._deltas[0][: len(x)])
        self._backward(block, x, first, delta.sub_(difference), add=True)

    def descend(self, measure: bool = False) -> Tensor:
        """Take one step of the optimizer in every lane; return the norms of the updates, (lanes,).

        Args:
            measure: compute the norms; without it they are NaN.
        """
        self.updates += 1
        rates = self.weights[0].new_tensor(self.rates)[:, None, None]
        squares = torch.full((len(self.rates),), 0.0 if measure else torch.nan)
        for layer, (W, G) in enumerate(zip(self.weights, self.gradients, strict=True)):
            G[:, self.widths[layer + 1] :] = 0  # the rows that keep ones ones are no parameters
            update = self._update(layer, G.div_(self.batch_size)).mul_(rates)
            W.sub_(update)
            if measure:
                squares += torch.linalg.vector_norm(update, dim=(1, 2)).square().cpu()
        return squares.sqrt()

    def keep(self, alive: Tensor) -> None:
        """Drop the lanes that are not `alive`, a boolean tensor (lanes,)."""
        if alive.all():
            return
        self.gradients = []  # one tensor at a time, so that memory stays within its bound
        for tensors in (self.weights, *self.moments):
            for layer, tensor in enumerate(tensors):
                tensors[layer] = tensor[alive]
        self.gradients = [torch.zeros_like(W) for W in self.weights]
        self.rates = [r for r, a in zip(self.rates, alive.tolist(), strict=True) if a]

    def jacobian(
        self, block: slice, activations: Activations, probes: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Estimate trace, ‖J‖_F² and ‖JᵀJ‖_F² of the Jacobian of f at single y.

        Means over the probes of vᵀJv, ‖Jv‖² and ‖JᵀJv‖² for v with independent entries ±1.

        Args:
            block: one of `blocks()`.
            activations: of that block.
            probes: v, (rows(n), r, items) with zeros below row n: r for each of the first items of
                the batch.

        Returns:
            Three tensors (lanes of the block, items).

        Source: Hutchinson, Commun. Stat. Simul. Comput. 18, 1059 (1989).
        """
        shape, n = probes.shape[1:], self.widths[0]
        # The sign of an output is that of z, LeakyReLU's argument.
        signs = [output[..., None, : shape[1]] for output in activations.second]
        v = probes.flatten(1).expand(len(activations.x), -1, -1)
        image = v
        for W, sign in zip(self.weights, signs, strict=True):
            image = self._through_slope(torch.bmm(W[block], image), sign, shape)
        trace, square = (v * image).sum(1), _square_norm(image)
        back = image
        for W, sign in zip(reversed(self.weights), reversed(signs), strict=True):
            back = torch.bmm(W[block].mT, self._through_slope(back, sign, shape))
        fourth = _square_norm(back[:, :n])
        trace, square, fourth = (x.unflatten(1, shape).mean(1) for x in (trace, square, fourth))
        return trace, square, fourth

    def state(self) -> dict[str, Tensor]:
        """Return every tensor that a continued training needs, by name."""
        named = {"rates": torch.tensor(self.rates, dtype=torch.float64)}
        for name, tensors in (("weight", self.weights), *enumerate(self.moments)):
            named |= {f"{name}.{layer}": tensor for layer, tensor in enumerate(tensors)}
        return named

    def restore(self, state: dict[str, Tensor], updates: int) -> None:
        """Go on from what `state` returned after so many updates; the state is used up.

        Made without rates, an object takes no memory before it is restored.
        """
        self.rates, self.updates = state.pop("rates").tolist(), updates
        for name, tensors in (("weight", self.weights), *enumerate(self.moments)):
            for layer, tensor in enumerate(tensors):
                tensors[layer] = state.pop(f"{name}.{layer}").to(tensor.device)
        self.gradients = [torch.zeros_like(W) for W in self.weights]
        self._allocate()

    def _block_size(self) -> int:
        W = self.weights[0]
        height = rows(max(self.widths))
        block = _lanes_in_block(height, self.batch_size, W.element_size(), W.device.type)
        return min(len(self.rates), block)

    def _apply(self, block: slice, x: Tensor, buffers: list[Tensor]) -> list[Tensor]:
        """Write the outputs of every layer to buffers, and return them."""
        outputs = []
        for W, buffer in zip(self.weights, buffers, strict=True):
            x = leaky_relu_(torch.bmm(W[block], x, out=buffer[: len(x)]), self.slope)
            outputs.append(x)
        return outputs

    def _backward(
        self, block: slice, x: Tensor, outputs: list[Tensor], delta: Tensor, add: bool = False
    ) -> Tensor:
        """Write the gradients of one application of f, from dL/d(its output); return dL/dz₁.

        The output's sign is that of z, its value before LeakyReLU: nothing else has to be kept. The
        row of ones in delta is of no meaning and stays by itself, as that of a layer is e.
        """
        for layer in reversed(range(len(outputs))):
            _leaky_relu_backward(delta, outputs[layer], self.slope, True, grad_input=delta)
            source = outputs[layer - 1] if layer else x
            self.gradients[layer][block].baddbmm_(delta, source.mT, beta=int(add))
            if layer:
                out = self._deltas[layer][: len(x)]
                delta = torch.bmm(self.weights[layer][block].mT, delta, out=out)
        return delta

    def _pull_back(self, block: slice, outputs: list[Tensor], delta: Tensor) -> Tensor:
        """Return the product of the transposed Jacobian of one application of f with delta."""
        for layer in reversed(range(len(outputs))):
            _leaky_relu_backward(delta, outputs[layer], self.slope, True, grad_input=delta)
            out = self._deltas[layer][: len(delta)]
            delta = torch.bmm(self.weights[layer][block].mT, delta, out=out)
        return delta

    def _through_slope(self, delta: Tensor, sign: Tensor, shape: torch.Size) -> Tensor:
        """Multiply columns (r · items) by the slopes that items have, in place."""
        columns = delta.unflatten(2, shape)
        _leaky_relu_backward(columns, sign, self.slope, True, grad_input=columns)
        return delta

    def _update(self, layer: int, gradient: Tensor) -> Tensor:
        """Return the direction of the optimizer, to be multiplied by the rate; in place."""
        if not self.moments:
            return gradient
        mean, square = self.moments[0][layer], self.moments[1][layer]
        mean.lerp_(gradient, 1 - _BETAS[0])
        square.mul_(_BETAS[1]).addcmul_(gradient, gradient, value=1 - _BETAS[1])
        unbiased = [1 - beta**self.updates for beta in _BETAS]
        root = torch.sqrt(square, out=gradient).div_(unbiased[1] ** 0.5).add_(_EPSILON)
        return torch.div(mean, root, out=gradient).div_(unbiased[0])


def rows(n: int) -> int:
    """Return how many rows n features take in homogeneous coordinates."""
    return n + 1 if n < _WIDE else -(-(n + 1) // 8) * 8


def homogeneous(x: Tensor, last: float = 1.0) -> Tensor:
    """Return a batch (B, n) as (rows(n), B): its transpose, a row of `last`, and zeros."""
    below = x.new_zeros(rows(x.shape[1]) - x.shape[1], len(x))
    below[0] = last
    return torch.cat([x.mT, below])


def required_bytes(widths: Sequence[int], batch_size: int, lanes: int, optimizer: str) -> int:
    """Return what that many lanes in float32 take, for a bound of memory to be kept.

    Weights, gradients and moments of every lane, the activations of one block, and what drawing the
    start and a batch and measuring take. Threads and libraries have a few megabytes of their own.
    """
    layers = sum(rows(n) * rows(m) for n, m in zip(widths, widths[1:], strict=False))
    copies = 2 + 2 * (optimizer == "adam")
    activations = 3 * sum(map(rows, widths)) + 3 * rows(widths[0])
    block = _lanes_in_block(rows(max(widths)), batch_size, 4, "cpu")
    held = (lanes * copies + 1) * layers
    return 4 * (held + min(lanes, block) * activations * batch_size)


def _lanes_in_block(height: int, batch_size: int, itemsize: int, device: str) -> int:
    bytes_ = _BLOCK_BYTES.get(device, _BLOCK_BYTES_ELSEWHERE)
    return max(1, bytes_ // (height * batch_size * itemsize))


def _homogeneous_layer(weight: Tensor, bias: Tensor) -> Tensor:
    """Return [[weight, bias, 0], [0, 1, 0], [0, 0, 0]]."""
    m, n = weight.shape
    layer = weight.new_zeros(rows(m), rows(n))
    layer[:m, :n], layer[:m, n], layer[m, n] = weight, bias, 1
    return layer


def _square_norm(columns: Tensor) -> Tensor:
    """Return (k, m) of the columns of (k, n, m), without a copy of all."""
    return torch.linalg.vector_norm(columns, dim=1).square()
