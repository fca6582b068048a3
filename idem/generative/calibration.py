"""BatchNorm's statistics measured anew, so that eval mode means the same for every network."""

import torch
from torch import Generator, Tensor, nn

from idem.data.datasets import draw
from idem.generative.decorrelation import BATCH_NORMS
from idem.generative.noise import Noise


def recalibrate(
    model: nn.Module, images: Tensor, noise: Noise, *, batches: int, batch_size: int, seed: int
) -> None:
    """Measure BatchNorm's statistics anew, over equal parts data and noise.

    Averaged weights need it, as the average of the statistics is not that of the averaged network;
    raw ones too, for their statistics are of whatever their rule passed through the network. With
    it, eval mode means the same for every run. Networks without BatchNorm stay as they are.

    Args:
        model: changed in place; left in training mode.
        images: the training split, uint8 ``(N, C, H, W)``.
        noise: what the network was trained on.
        batches: how many of data, and how many of noise.
        batch_size: of each.
        seed: of the choice of images and noise.

    Source:
        Izmailov et al., arXiv 1803.05407, section 3.2; `torch.optim.swa_utils.update_bn`.
    """
    generator = Generator(images.device).manual_seed(seed)
    layers = [m for m in model.modules() if isinstance(m, BATCH_NORMS)]
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None  # a cumulative average
    model.train()
    with torch.no_grad():
        for _ in range(batches):
            model(draw(images, batch_size, generator))
            model(noise.sample(batch_size, generator))
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum
