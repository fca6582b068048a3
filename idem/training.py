"""Train a network to reproduce its data and to be idempotent on noise (paper, section 3.1).

With data x and noise z, the loss of a step is

    mean((f(x) - x)^2)  +  weight * idempotency_loss(f, z)          at the scale ``mean``,

nothing else: no discriminator and no tightness term. The rule ``none`` leaves the second term out:
an autoencoder, the control that shows what the network and its BatchNorm do without any rule.

All passes run in training mode, so that BatchNorm normalises each of x, z, f(z), f(f(z)) by its own
batch. All that a run needs to go on is held in one `TrainingState`; what is random in a step comes
from its generator alone, so that runs of one seed share batches and noise whatever their rule.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Generator, Tensor, nn
from torch.nn.functional import mse_loss
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm

from idem.datasets import to_unit
from idem.objectives import idempotency_loss


class Noise(Protocol):
    """Anything that samples network inputs: see `idem.noise`."""

    def sample(self, count: int, generator: Generator) -> Tensor:
        """Return `count` samples on the generator's device."""
        ...


@dataclass
class TrainingState:
    """Where a run stands.

    Attributes:
        model: the raw weights, as the optimiser leaves them.
        averaged: their exponential average, BatchNorm's statistics included.
        optimizer: Adam over the raw weights.
        generator: the source of batches and noise.
        step: steps made so far.
        history: one row per logged step: ``step`` and the mean ``reconstruction`` and
            ``idempotency`` loss (before its weight; NaN for rule ``none``) of the steps since the
            row before.
    """

    model: nn.Module
    averaged: AveragedModel
    optimizer: torch.optim.Adam
    generator: Generator
    step: int = 0
    history: list[dict[str, float]] = field(default_factory=list)

    def weights(self) -> Mapping[str, nn.Module]:
        """Return the two networks a run ends with: ``raw`` and ``averaged``."""
        return {"raw": self.model, "averaged": self.averaged.module}


def start(
    model: nn.Module,
    *,
    seed: int,
    learning_rate: float = 1e-3,
    betas: tuple[float, float] = (0.5, 0.999),
    average_decay: float = 0.99,
) -> TrainingState:
    """Begin a run of a freshly initialised network.

    Args:
        model: on the device to train on; changed in place by `train`.
        seed: of batches and noise.
        learning_rate: of Adam.
        betas: of Adam.
        average_decay: the share of the average that survives a step, in [0, 1]; 0 keeps no memory.

    Raises:
        ValueError: for a decay outside [0, 1], or what Adam refuses.
    """
    if not 0 <= average_decay <= 1:
        raise ValueError(f"average_decay: expected 0 to 1, got {average_decay}")
    average = get_ema_multi_avg_fn(average_decay)
    return TrainingState(
        model=model,
        averaged=AveragedModel(model, multi_avg_fn=average, use_buffers=True),
        optimizer=torch.optim.Adam(model.parameters(), lr=learning_rate, betas=betas),
        generator=Generator(next(model.parameters()).device).manual_seed(seed),
    )


def train(
    state: TrainingState,
    images: Tensor,
    noise: Noise,
    *,
    steps: int,
    rule: str = "modified",
    weight: float = 1.0,
    batch_size: int = 64,
    log_every: int = 25,
    label: str | None = None,
) -> TrainingState:
    """Make `steps` more steps of a run, in place.

    Args:
        state: from `start`, or from an earlier call.
        images: the whole training split, uint8 ``(N, C, H, W)``, on the model's device; batches
            are drawn from it with replacement.
        noise: sampled anew at every step.
        steps: how many.
        rule: ``"modified"`` or ``"ordinary"``, see `idem.objectives.idempotency_loss`, or
            ``"none"``.
        weight: of the idempotency loss beside the reconstruction loss.
        batch_size: of data and of noise.
        log_every: steps between two rows of the history; losses are checked then.
        label: shown with a progress bar; without one there is no bar.

    Returns:
        The same state.

    Raises:
        ValueError: if the images are not uint8 ``(N, C, H, W)``, or for an unknown rule.
        FloatingPointError: as soon as a logged loss is not finite.

    Source:
        Jensen and Vicary, section 3.1 and equation 10; Adam's betas as in DCGAN.
    """
    if images.dtype != torch.uint8 or images.dim() != 4:
        raise ValueError(
            f"images: expected uint8 (N, C, H, W), got {images.dtype} {tuple(images.shape)}"
        )
    state.model.train()
    since = torch.zeros(2, device=images.device)
    since_step = state.step
    with tqdm(total=steps, desc=label, disable=label is None) as bar:
        for remaining in reversed(range(steps)):
            since += _step(state, images, noise, rule, weight, batch_size)
            bar.update()
            if state.step % log_every == 0 or remaining == 0:
                row = _log(state, since / (state.step - since_step), rule)
                bar.set_postfix({key: f"{row[key]:.3g}" for key in row if key != "step"})
                since, since_step = torch.zeros_like(since), state.step
    return state


def recalibrate(
    model: nn.Module, images: Tensor, noise: Noise, *, batches: int, batch_size: int, seed: int
) -> None:
    """Measure BatchNorm's statistics anew, over equal parts data and noise.

    Averaged weights need it, as the average of the statistics is not that of the averaged network;
    raw ones too, for their statistics are of whatever their rule passed through the network. With
    it, mode ``eval`` means the same for every run. Networks without BatchNorm stay as they are.

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
    layers = [m for m in model.modules() if isinstance(m, nn.BatchNorm2d)]
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None  # a cumulative average
    model.train()
    with torch.no_grad():
        for _ in range(batches):
            model(_draw(images, batch_size, generator))
            model(noise.sample(batch_size, generator))
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum


def _draw(images: Tensor, batch_size: int, generator: Generator) -> Tensor:
    shape, device = (batch_size,), generator.device
    return to_unit(images[torch.randint(len(images), shape, generator=generator, device=device)])


def _step(
    state: TrainingState, images: Tensor, noise: Noise, rule: str, weight: float, batch_size: int
) -> Tensor:
    x = _draw(images, batch_size, state.generator)
    z = noise.sample(batch_size, state.generator)
    loss = reconstruction = mse_loss(state.model(x), x)
    idempotency = torch.full_like(reconstruction, torch.nan)
    if rule != "none":
        idempotency = idempotency_loss(state.model, z, rule=rule, scale="mean")
        loss = reconstruction + weight * idempotency
    state.optimizer.zero_grad()
    loss.backward()
    state.optimizer.step()
    state.averaged.update_parameters(state.model)
    state.step += 1
    return torch.stack([reconstruction.detach(), idempotency.detach()])


def _log(state: TrainingState, losses: Tensor, rule: str) -> dict[str, float]:
    checked = losses[:1] if rule == "none" else losses
    if not bool(checked.isfinite().all()):
        raise FloatingPointError(
            f"{rule} rule: loss not finite by step {state.step}: reconstruction {losses[0]:g}, "
            f"idempotency {losses[1]:g}; lower the learning rate or the weight"
        )
    reconstruction, idempotency = losses.tolist()
    row = {"step": state.step, "reconstruction": reconstruction, "idempotency": idempotency}
    state.history.append(row)
    return row
