"""A DCGAN of the size of the U-DCGAN: the outside reference of the generative experiment.

Its generator is the decoder half of `idem.generative.udcgan.UDCGAN`, from a code of normal numbers
to an image, and its discriminator the encoder half, bottleneck included, with one output on top.
Both together have the parameters of the U-DCGAN within a percent, so that what differs is the
objective.

The bottleneck of the discriminator is not normalised. With BatchNorm there, batches of real and of
generated images would enter the output layer with the same mean and spread, and little more than
the output's own bias would be left to tell them apart by.

Source: Radford et al., arXiv 1511.06434.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from idem.generative.udcgan import (
    NORMALIZATIONS,
    Norm,
    check_network,
    decoder_levels,
    encoder_levels,
    expand,
    initialize,
    no_norm,
    squeeze,
)


class DCGAN(nn.Module):
    """A generator of images and the discriminator it is trained against.

    Args:
        image_shape: channels, height, width, as for `idem.generative.udcgan.UDCGAN`.
        channels: of each level of the discriminator, from the image inwards; mirrored in the
            generator.
        bottleneck: the numbers of a code.
        normalization: ``"batch"``, ``"group"`` or ``"none"``; not of the discriminator's first
            level and bottleneck, nor of the generator's output.
        rng: source of the initial weights, N(0, 0.02); without one, the global source.

    Raises:
        ValueError: for a shape, channels, a bottleneck or a normalization that do not fit.

    Example:
        >>> model = DCGAN((1, 32, 32), channels=(32, 64, 128), bottleneck=64)
        >>> images = model.generator(torch.randn(2, 64))
        >>> images.shape, model.discriminator(images).shape
        (torch.Size([2, 1, 32, 32]), torch.Size([2]))
    """

    def __init__(
        self,
        image_shape: Sequence[int],
        channels: Sequence[int],
        bottleneck: int,
        normalization: str = "batch",
        rng: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        check_network(image_shape, channels, bottleneck, normalization)
        norm = NORMALIZATIONS[normalization]
        self.generator = ImageGenerator(image_shape, channels, bottleneck, norm)
        self.discriminator = Discriminator(image_shape, channels, bottleneck, norm)
        initialize(self, rng)


class ImageGenerator(nn.Module):
    """Map codes ``(B, bottleneck)`` to images ``(B, C, H, W)`` in [-1, 1]."""

    def __init__(
        self, image_shape: Sequence[int], channels: Sequence[int], bottleneck: int, norm: Norm
    ) -> None:
        super().__init__()
        self.bottleneck = bottleneck
        self.expand = expand(bottleneck, channels[-1], image_shape[1] >> len(channels), norm)
        levels = decoder_levels(image_shape[0], channels, (), norm)
        self.decoder = nn.Sequential(*reversed(levels))

    def forward(self, code: Tensor) -> Tensor:
        """Return one image a code."""
        return self.decoder(self.expand(code[..., None, None]))


class Discriminator(nn.Module):
    """Map images ``(B, C, H, W)`` to logits ``(B,)``: positive for real ones."""

    def __init__(
        self, image_shape: Sequence[int], channels: Sequence[int], bottleneck: int, norm: Norm
    ) -> None:
        super().__init__()
        inner = image_shape[1] >> len(channels)
        self.encoder = nn.Sequential(*encoder_levels(image_shape[0], channels, norm))
        self.squeeze = squeeze(channels[-1], bottleneck, inner, no_norm)
        self.output = nn.Sequential(nn.LeakyReLU(0.2), nn.Conv2d(bottleneck, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Return one logit an image."""
        return self.output(self.squeeze(self.encoder(x))).flatten()


def parameter_counts(model: DCGAN) -> dict[str, int]:
    """Return the number of parameters of the generator and of the discriminator."""
    parts = {"generator": model.generator, "discriminator": model.discriminator}
    return {name: sum(p.numel() for p in part.parameters()) for name, part in parts.items()}


def discriminator_loss(real: Tensor, generated: Tensor) -> Tensor:
    """Return ``-log D(x) - log(1 - D(G(c)))``, means over the batch, labels not smoothed.

    Args:
        real: logits of data, ``(B,)``.
        generated: logits of generated images, ``(B',)``.

    Source:
        Goodfellow et al., arXiv 1406.2661, equation 1.
    """
    return _cross_entropy(real, 1.0) + _cross_entropy(generated, 0.0)


def generator_loss(generated: Tensor) -> Tensor:
    """Return ``-log D(G(c))``, the mean over the batch: the loss that does not saturate.

    Args:
        generated: logits of generated images, ``(B,)``.

    Source:
        Goodfellow et al., arXiv 1406.2661, section 3.
    """
    return _cross_entropy(generated, 1.0)


def _cross_entropy(logits: Tensor, label: float) -> Tensor:
    return binary_cross_entropy_with_logits(logits, torch.full_like(logits, label))
