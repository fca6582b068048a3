"""The fully connected networks of the paper's Table 1.

Every block is a linear layer with bias followed by LeakyReLU, the last one too. Layout: inputs
``(..., n)``; the weight of a layer from n to m has shape ``(m, n)``, as in `torch.nn.Linear`.
"""

import math
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Generator, Tensor, nn

TABLE_1: dict[str, tuple[int, ...]] = {
    "B1": (5, 5),
    "B2": (100, 250, 250, 250, 250, 100),
    "B3": (4096, 1024, 4096),
    "B4": (784, 1024, 2048, 784),
}


DRAWN: dict[str, Any] = {"dtype": torch.float32, "device": "cpu"}
"""How starts and batches of sweeps are drawn, whatever PyTorch's defaults are."""


class MLP(nn.Sequential):
    """A network of linear layers with bias, each followed by LeakyReLU.

    A slice of it is a plain `torch.nn.Sequential` of the same layers under the same names.

    Args:
        widths: input width, hidden widths, output width; at least two, each at least 1.
        negative_slope: of LeakyReLU; the paper's is 0.2.

    Raises:
        ValueError: for fewer than two widths or one below 1.

    Source:
        Jensen and Vicary, Table 1.
    """

    def __init__(self, widths: Sequence[int], negative_slope: float = 0.2) -> None:
        if len(widths) < 2 or min(widths) < 1:
            raise ValueError(f"widths: expected two or more, each at least 1, got {list(widths)}")
        layers = []
        for n, m in zip(widths, widths[1:], strict=False):
            layers += [nn.Linear(n, m), nn.LeakyReLU(negative_slope)]
        super().__init__(*layers)

    def __getitem__(self, index: int | slice) -> nn.Module:
        """Return a layer, or for a slice a network of these."""
        if isinstance(index, slice):
            return nn.Sequential(OrderedDict(list(self._modules.items())[index]))
        return super().__getitem__(index)


def paper_network(network: str, negative_slope: float = 0.2) -> MLP:
    """Return a network of Table 1 by its identifier.

    Raises:
        ValueError: for an unknown identifier, with the list of valid ones.
    """
    if network not in TABLE_1:
        raise ValueError(f"network: expected one of {', '.join(TABLE_1)}, got {network!r}")
    return MLP(TABLE_1[network], negative_slope)


def parameter_count(widths: Sequence[int]) -> int:
    """Count weights and biases of a network of these widths (Table 1's last column)."""
    return sum(n * m + m for n, m in zip(widths, widths[1:], strict=False))


def initial_parameters(
    widths: Sequence[int], initialization: str, negative_slope: float, generator: Generator
) -> list[tuple[Tensor, Tensor]]:
    """Draw the start of a training run.

    Args:
        widths: as for `MLP`.
        initialization: ``default`` (PyTorch's for `torch.nn.Linear`: weights and biases uniform in
            ``±1/sqrt(n)``), ``kaiming_normal`` (gain for LeakyReLU, zero biases) or ``orthogonal``
            (the same gain, zero biases).
        negative_slope: of LeakyReLU, for the gain.
        generator: source of randomness, on the CPU.

    Returns:
        ``(weight, bias)`` of each layer, shapes ``(m, n)`` and ``(m,)``, float32 on the CPU.

    Raises:
        ValueError: for an unknown initialization.

    Source:
        He et al., arXiv 1502.01852; Saxe et al., arXiv 1312.6120.
    """
    if initialization not in INITIALIZATIONS:
        raise ValueError(
            f"initialization: expected one of {', '.join(INITIALIZATIONS)}, got {initialization!r}"
        )
    draw = INITIALIZATIONS[initialization]
    parameters = []
    for n, m in zip(widths, widths[1:], strict=False):
        weight, bias = (torch.zeros(*shape, **DRAWN) for shape in ((m, n), (m,)))
        draw(weight, bias, negative_slope, generator)
        parameters.append((weight, bias))
    return parameters


def _default(weight: Tensor, bias: Tensor, slope: float, generator: Generator) -> None:
    bound = 1 / math.sqrt(weight.shape[1])
    nn.init.uniform_(weight, -bound, bound, generator=generator)
    nn.init.uniform_(bias, -bound, bound, generator=generator)


def _kaiming_normal(weight: Tensor, bias: Tensor, slope: float, generator: Generator) -> None:
    nn.init.kaiming_normal_(weight, a=slope, generator=generator)


def _orthogonal(weight: Tensor, bias: Tensor, slope: float, generator: Generator) -> None:
    gain = nn.init.calculate_gain("leaky_relu", slope)
    nn.init.orthogonal_(weight, gain=gain, generator=generator)


INITIALIZATIONS: dict[str, Callable[[Tensor, Tensor, float, Generator], None]] = {
    "default": _default,
    "kaiming_normal": _kaiming_normal,
    "orthogonal": _orthogonal,
}
