"""Networks whose layers see centred inputs: the same functions, with other steps of descent.

A layer W h + b and one with W (h − c) + b', b' = b + c W 1, are the same function of h. But a step
on W is an outer product with h in the one and with h − c in the other, so that inputs with a large
mean make the first one's curvature large: for one linear layer it is the second moment of (h, 1),
whose largest eigenvalue a mean of c adds about n c² to. What a rule bears before and after tells
whether it is such a mean that bounds its rates, and nothing else about the function.

Source: LeCun, Bottou, Orr and Müller, Efficient BackProp (1998), sections 4.3 and 5.1.
"""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from idem.landscape.curvature import second_moment_norm
from idem.landscape.layers import Layers


class CentredLinear(nn.Module):
    """W (x − c) + b' with b' = b + c W 1, which is W x + b; W and b' are its parameters.

    Args:
        weight: W, (m, n); copied.
        bias: b, (m,).
        centre: c, subtracted from every element of an input; 0 makes it an `nn.Linear`.
    """

    def __init__(self, weight: Tensor, bias: Tensor, centre: float) -> None:
        super().__init__()
        self.centre = centre
        self.weight = nn.Parameter(weight.clone())
        self.bias = nn.Parameter(bias + centre * weight.sum(1))

    def centred(self, x: Tensor) -> Tensor:
        """Return what the weight is applied to, of the shape of `x`."""
        return x - self.centre

    def forward(self, x: Tensor) -> Tensor:
        """Return W x + b of a batch (B, n): (B, m)."""
        return linear(self.centred(x), self.weight, self.bias)


def centred_network(
    start: Layers, centres: Sequence[float], negative_slope: float, trained: Iterable[int] = ()
) -> nn.Sequential:
    """Return the LeakyReLU network of these layers, each with its inputs centred.

    Args:
        start: ``(weight, bias)`` of every layer, of what is computed whatever the centres.
        centres: c of every layer.
        negative_slope: of LeakyReLU, which follows every layer.
        trained: the layers, counted from 0, whose parameters require a gradient; all if left out.

    Raises:
        ValueError: unless there is a centre for every layer, and a layer for all that is trained.
    """
    if len(centres) != len(start):
        raise ValueError(f"centres: expected one a layer, {len(start)}, got {list(centres)}")
    chosen = set(trained) or set(range(len(start)))
    if not chosen <= set(range(len(start))):
        raise ValueError(f"trained: expected layers 0 to {len(start) - 1}, got {sorted(chosen)}")
    network = nn.Sequential()
    for number, ((weight, bias), centre) in enumerate(zip(start, centres, strict=True)):
        layer = CentredLinear(weight, bias, centre).requires_grad_(number in chosen)
        network.extend([layer, nn.LeakyReLU(negative_slope)])
    return network


@torch.no_grad()
def largest_input_moment(network: nn.Sequential, x: Tensor) -> float:
    """Return the curvature that the inputs of trained layers alone would give, when f is applied.

    The largest eigenvalue of the second moment of (h − c, 1), h the inputs of a layer, over all
    layers of `centred_network` that are trained; 2 over it bounds the rates of a linear layer.

    Args:
        network: of `centred_network`.
        x: a batch, (B, n).
    """
    moments = []
    for layer in network:
        if isinstance(layer, CentredLinear) and layer.weight.requires_grad:
            moments.append(second_moment_norm(layer.centred(x)))
        x = layer(x)
    return max(moments)
