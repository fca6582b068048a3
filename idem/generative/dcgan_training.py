"""Train a DCGAN by the same loop as idempotent networks.

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
from typing import cast

import torch
from torch import Tensor

from idem.checkpoint import Checkpoint
from idem.generative.dcgan import (
    DCGAN,
    Discriminator,
    ImageGenerator,
    discriminator_loss,
    generator_loss,
)
from idem.generative.loop import Method, Watch, descend, run
from idem.generative.state import TrainingState, begin

PARTS = ("discriminator", "generator")  # in the order of a step


def start_dcgan(
    model: DCGAN,
    *,
    seed: int,
    learning_rate: float = 2e-4,
    betas: tuple[float, float] = (0.5, 0.999),
    average_decay: float = 0.99,
) -> TrainingState:
    """Begin a run of a freshly initialised DCGAN.

    Args:
        model: on the device to train on; changed in place by `train_dcgan`.
        seed: of batches and codes.
        learning_rate: of Adam, for both networks.
        betas: of Adam.
        average_decay: of the exponential average of the weights, 0 to below 1, as in
            `idem.generative.state.begin`.

    Raises:
        ValueError: for a decay out of range, or what Adam refuses.
    """
    return begin(
        {"generator": model.generator, "discriminator": model.discriminator},
        seed=seed,
        learning_rate=learning_rate,
        betas=betas,
        average_decay=average_decay,
    )


def train_dcgan(
    state: TrainingState,
    images: Tensor,
    *,
    steps: int,
    batch_size: int = 64,
    log_every: int = 25,
    watch: Watch | None = None,
    checkpoint: Checkpoint | None = None,
    label: str | None = None,
) -> TrainingState:
    """Train a run until it has made `steps` steps, in place.

    Args:
        state: from `start_dcgan`, or from an earlier call.
        images: the whole training split, uint8 ``(N, C, H, W)``, on the model's device; batches
            are drawn from it with replacement.
        steps: how many in all, those of earlier calls included.
        batch_size: of data and of codes.
        log_every: steps between two rows of the history.
        watch: what to measure of the generator on the way, see `idem.generative.loop.run`.
        checkpoint: where to save and, if it holds something, where to go on.
        label: shown with a progress bar, and in errors; without one there is no bar.

    Returns:
        The same state.

    Raises:
        ValueError: if the images are not uint8 ``(N, C, H, W)``.
        FloatingPointError: for a loss that is not finite, naming the step: at once on the CPU, and
            elsewhere before the next row or save. What was saved before stays.
        OutOfTime: from the checkpoint, when its deadline has passed and at least a step was made.

    Source:
        Radford et al., section 4.

    Example:
        >>> model = DCGAN((1, 8, 8), channels=(4, 6), bottleneck=3)
        >>> images = torch.zeros(10, 1, 8, 8, dtype=torch.uint8)
        >>> state = train_dcgan(start_dcgan(model, seed=0), images, steps=1, batch_size=4)
        >>> state.step
        1
    """
    return run(
        state,
        images,
        Method("DCGAN", lambda x: _step(state, x), PARTS, "lower the learning rate"),
        steps=steps,
        batch_size=batch_size,
        log_every=log_every,
        watch=watch,
        checkpoint=checkpoint,
        label=label,
    )


def sample_codes(count: int, bottleneck: int, rng: torch.Generator) -> Tensor:
    """Return `count` codes of independent N(0, 1) numbers, ``(count, bottleneck)``."""
    return torch.randn(count, bottleneck, generator=rng, device=rng.device)


def _step(state: TrainingState, x: Tensor) -> Sequence[Tensor]:
    generator = cast(ImageGenerator, state.networks["generator"])
    discriminator = cast(Discriminator, state.networks["discriminator"])
    generated = generator(sample_codes(len(x), generator.bottleneck, state.generator))
    of_discriminator = discriminator_loss(discriminator(x), discriminator(generated.detach()))
    descend(state.optimizers["discriminator"], of_discriminator)
    discriminator.requires_grad_(False)
    of_generator = generator_loss(discriminator(generated))
    descend(state.optimizers["generator"], of_generator)
    discriminator.requires_grad_(True)
    return of_discriminator, of_generator
