"""A loss that gives a network's samples the statistics that its own layers see of data.

In training mode a layer of BatchNorm normalises every batch by itself, so that none of its channels
is constant over a batch of noise. As a map of single images, with statistics held fixed, f has
nothing of the kind: fine-tuned by a rule alone, f(z) collapses, as a constant is idempotent too.
Here the samples are asked for what the batch had given them. With x data, y = f(z), and θ' the
parameters of f held fixed,

    M = sum over the normalised layers of f_θ' of  disagreement(their input on x, their input on y)

where `idem.generative.alignment.disagreement` compares means and variances by the channel and,
where the layer normalises them, covariances. Only y has a gradient: f learns to make other samples,
not to see them in another way. f(z) has the moments of data in layers of f itself, without a
discriminator or another network.

Source: Li, Swersky and Zemel, arXiv 1502.02761 (moments of an autoencoder's code, matched by what
is generated); dos Santos et al., arXiv 1904.02762 (of all layers of a fixed autoencoder).
"""

from torch import Tensor, nn
from torch.func import functional_call

from idem.generative.alignment import first_inputs


def mismatch(f: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """Return how far the statistics of samples are from those of data in the layers of f: M.

    Two passes of f, in the mode that it is in.

    Args:
        f: with normalised layers. Its parameters get no gradient by way of this.
        x: data, ``(B, C, H, W)``.
        y: samples, ``(B', C, H, W)``, with a graph that leads to what made them.

    Returns:
        A scalar, 0 if all statistics agree.

    Raises:
        ValueError: for a network without normalised layers.

    Example:
        >>> import torch
        >>> f = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2)).eval()
        >>> x = torch.randn(50, 1, 4, 4)
        >>> bool(mismatch(f, x, x) < 1e-6), bool(mismatch(f, x, 2 * x) > 0.1)
        (True, True)
    """
    held = {name: value.detach() for name, value in f.named_parameters()}
    with first_inputs(f) as inputs:
        functional_call(f, held, (x.detach(),))
        functional_call(f, held, (y,))
    return inputs.disagreement()
