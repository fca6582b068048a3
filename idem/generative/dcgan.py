"""A DCGAN of the size of the U-DCGAN, and its training: a baseline without idempotence.

Its generator is the decoder half of `idem.generative.udcgan.UDCGAN`, from a code of normal numbers
to an image, and its discriminator the encoder half, bottleneck included, with one output on top.
Both together have the parameters of the U-DCGAN within a percent, so that what differs is the
objective.

The bottleneck of the discriminator is not normalised. With BatchNorm there, batches of real and of
generated images would enter the output layer with the same mean and spread, and little more than
the output's own bias would be left to tell them apart by.

A step draws a batch of images and one of normal codes, and takes the codes' images G(c) for both
losses. First the discriminator descends on ``-log D(x) - log(1 - D(G(c)))``, then, against the
discriminator so changed, the generator on ``-log D(G(c))``. Labels are not smoothed, and nothing
else is done for balance: one step of each, with one Adam each, as in the source. Real and generated
images pass the discriminator apart, so that its BatchNorm sees batches of one kind.

What a step costs, with d a pass forward of the generator and e one of the discriminator, each about
half a pass of the U-DCGAN: d + 6e for the discriminator's loss and its gradient, 2e + 2d for the
generator's: the discriminator's own weights need no gradient there.

Source: Radford et al., arXiv 1511.06434; Goodfellow et al., arXiv 1406.2661.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from idem.checkpoint import Checkpoint
from idem.generative.optimization import Optimization
from idem.generative.state import TrainingState, begun
from idem.generative.training import Method, Validation, run
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

PARTS = ("discriminator", "generator")  # of a step, in its order


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


def train_dcgan(
    model: DCGAN,
    images: Tensor,
    optimization: Optimization | None = None,
    *,
    seed: int | None = None,
    validation: Validation | None = None,
    log_every: int = 25,
    checkpoint: Checkpoint | None = None,
    label: str | None = None,
    state: TrainingState | None = None,
) -> TrainingState:
    """Train a generator against a discriminator, in place, by the loop of `training.run`.

    The model is freshly initialised, on the device to train on; all else is as for
    `idem.generative.training.train`, but for the usual rate of 2e-4, as in the source. A validation
    measures the generator.

    Returns:
        Where the run stands, the generator its model, with a history of the losses of `PARTS`.

    Raises:
        ValueError, FloatingPointError, OutOfTime: as `idem.generative.training.train`.

    Source:
        Radford et al., section 4.

    Example:
        >>> model = DCGAN((1, 8, 8), channels=(4, 6), bottleneck=3)
        >>> images = torch.zeros(10, 1, 8, 8, dtype=torch.uint8)
        >>> train_dcgan(model, images, Optimization(steps=1, batch_size=4)).step
        1
    """
    networks = {"generator": model.generator, "discriminator": model.discriminator}
    state = begun(networks, optimization, seed, state)

    def step(x: Tensor) -> Sequence[Tensor]:
        codes = sample_codes(len(x), model.generator.bottleneck, state.generator)
        return _step(model, state, x, codes)

    return run(
        state,
        images,
        Method("DCGAN", step, PARTS, usual_rate=2e-4),
        validation=validation,
        log_every=log_every,
        checkpoint=checkpoint,
        label=label,
    )


def sample_codes(count: int, bottleneck: int, rng: torch.Generator) -> Tensor:
    """Return `count` codes of independent N(0, 1) numbers, ``(count, bottleneck)``."""
    return torch.randn(count, bottleneck, generator=rng, device=rng.device)


def _step(model: DCGAN, state: TrainingState, x: Tensor, codes: Tensor) -> Sequence[Tensor]:
    """Change the discriminator, then the generator; return their losses from before."""
    optimization = state.optimization
    generator, discriminator, adam = model.generator, model.discriminator, state.optimizers
    with optimization.passes(x.device):
        generated = generator(codes)
        of_discriminator = discriminator_loss(discriminator(x), discriminator(generated.detach()))
    optimization.descend(adam["discriminator"], of_discriminator)
    discriminator.requires_grad_(False)
    with optimization.passes(x.device):
        of_generator = generator_loss(discriminator(generated))
    optimization.descend(adam["generator"], of_generator)
    discriminator.requires_grad_(True)
    return of_discriminator, of_generator


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
