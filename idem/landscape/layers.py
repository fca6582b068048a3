"""A LeakyReLU network as a pure function of its layers, and all of its parameters as one vector.

`idem.sweeps.mlp.MLP` is the same map as a module. Layout: items first, (B, n).
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import torch
from torch import Tensor
from torch.nn.functional import leaky_relu, linear

Layers = Sequence[tuple[Tensor, Tensor]]
"""``(weight, bias)`` of each layer, shapes (m, n) and (m,)."""
Activation = Callable[[Tensor], Tensor]
"""What follows every layer, the last one too."""


def leaky(negative_slope: float) -> Activation:
    """Return LeakyReLU of this slope."""
    return partial(leaky_relu, negative_slope=negative_slope)


def layer_outputs(layers: Layers, x: Tensor, activation: Activation) -> Iterator[Tensor]:
    """Yield what every layer makes of a batch, (B, m); the last is f(x)."""
    for weight, bias in layers:
        x = activation(linear(x, weight, bias))
        yield x


def apply_layers(layers: Layers, x: Tensor, activation: Activation) -> Tensor:
    """Return f(x) of a batch x, (B, n)."""
    *_, y = layer_outputs(layers, x, activation)
    return y


def leaky_slopes(z: Tensor, negative_slope: float) -> Tensor:
    """Return the derivative of LeakyReLU at z, elementwise; at 0 the negative slope.

    Args:
        z: any shape; with a positive slope LeakyReLU(z) does as well, having the sign of z.
        negative_slope: of LeakyReLU.
    """
    return torch.where(z > 0, 1.0, z.new_tensor(negative_slope))


def flattened(layers: Layers) -> Tensor:
    """Return θ, (p,), of all layers: weight and bias of the first, then of the next, row by row."""
    return torch.cat([tensor.flatten() for layer in layers for tensor in layer])


def unflattened(theta: Tensor, shapes: Sequence[torch.Size]) -> Layers:
    """Return the layers of which θ is the vector, as views of it.

    Args:
        theta: (p,).
        shapes: of weight and bias of the first layer, then of the next.
    """
    parts = theta.split([shape.numel() for shape in shapes])
    tensors = [part.view(shape) for part, shape in zip(parts, shapes, strict=True)]
    return list(zip(tensors[::2], tensors[1::2], strict=True))
