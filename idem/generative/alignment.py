"""A penalty that draws together what the layers of a network see of data and of noise.

In evaluation mode a normalised layer has one set of statistics, for data and for noise. A network
that has learned to normalise each by its own batch serves neither well by it: where the mean or the
variance of a channel depends on what the batch is of, f in evaluation mode is another map than any
that was trained. So the statistics are asked to agree. For a layer whose input has, channel by
channel, the means m_x and variances v_x on data, m_z and v_z on noise,

    P = mean (m_x - m_z)^2 / (v_x + v_z)  +  1/4 mean (log(v_x / v_z))^2

which is, to second order, the symmetrised divergence of two normal distributions (Jeffreys), by the
channel. Where a layer normalises covariances too, C_x and C_z, as the code's may,

    P = ...  +  8 mean (C_x - C_z)_ij^2 / (s_i s_j)^2,        s_i^2 = (v_x + v_z)_i / 2

The penalty is the sum over layers. It is taken of the first passes, over data and over noise, as
the later ones, over what f has made, are what the rule is about.

Only what a batch decides is drawn together: f itself may tell data from noise as well as before.

Source: Jeffreys, Proc. R. Soc. A 186 (1946); matching means and covariances of features: Sun and
Saenko, arXiv 1607.01719.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from idem.generative.decorrelation import BATCH_NORMS, DecorrelatedBatchNorm2d

NORMALIZED = (*BATCH_NORMS, nn.GroupNorm)
COVARIANCES = 8.0  # the weight of covariances beside means and variances


@dataclass
class FirstInputs:
    """What the normalised layers of a network were given in its first two passes.

    Attributes:
        of: by layer the inputs, ``(B, C, H, W)``, in the order of the passes: data, then noise.
    """

    of: dict[nn.Module, list[Tensor]] = field(default_factory=dict)

    def disagreement(self) -> Tensor:
        """Return the penalty, a scalar with a graph that leads to both passes.

        Raises:
            ValueError: where there is no normalised layer, or were no two passes.
        """
        if not self.of or any(len(inputs) < 2 for inputs in self.of.values()):
            raise ValueError(
                "f: expected a network with normalised layers, and a pass over data and one over "
                f"noise, got {len(self.of)} layers"
            )
        return torch.stack([disagreement(layer, *two) for layer, two in self.of.items()]).sum()


@contextmanager
def first_inputs(f: nn.Module) -> Iterator[FirstInputs]:
    """Record for a while what the normalised layers of `f` are given, in two passes at most.

    Args:
        f: passed over data first, and over noise next; whatever follows is not recorded.
    """
    found = FirstInputs({m: [] for m in f.modules() if isinstance(m, NORMALIZED)})

    def record(layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        if len(found.of[layer]) < 2:
            found.of[layer].append(inputs[0])

    with ExitStack() as stack:
        for layer in found.of:
            stack.enter_context(layer.register_forward_pre_hook(record))
        yield found


def disagreement(layer: nn.Module, x: Tensor, z: Tensor) -> Tensor:
    """Return how far the statistics of two inputs of a layer are apart, a scalar: 0 if they agree.

    Args:
        layer: normalised by what `idem.generative` knows.
        x: its input on data, ``(B, C, H, W)``; computed in float32 at least.
        z: its input on noise, ``(B', C, H, W)``.

    Example:
        >>> x = torch.randn(50, 3, 2, 2)
        >>> round(float(disagreement(nn.BatchNorm2d(3), x, x + x.std((0, 2, 3), keepdim=True))), 1)
        0.5
    """
    with torch.autocast(x.device.type, enabled=False):
        x, z = (v.to(torch.promote_types(v.dtype, torch.float32)) for v in (x, z))
        (v_x, m_x), (v_z, m_z) = (torch.var_mean(v, (0, 2, 3), correction=0) for v in (x, z))
        eps = torch.finfo(v_x.dtype).eps
        whole = v_x + v_z + eps
        means = (m_x - m_z).square() / whole
        variances = ((v_x + eps) / (v_z + eps)).log().square() / 4
        penalty = means.mean() + variances.mean()
        if isinstance(layer, DecorrelatedBatchNorm2d):
            C_x, C_z = (layer.statistics(v)[1] for v in (x, z))
            s = (whole / 2).sqrt().view(-1, layer.size)  # of each group of channels
            penalty = (
                penalty
                + COVARIANCES * ((C_x - C_z) / (s[:, :, None] * s[:, None, :])).square().mean()
            )
        return penalty
