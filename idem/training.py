"""Train a network to reproduce its data and to be idempotent on noise (paper, section 3.1).

With data x and noise z, the loss of a step is

    mean((f(x) - x)^2)  +  weight * idempotency_loss(f, z)          at the scale ``mean``,

nothing else: no discriminator and no tightness term. The rule ``none`` leaves the second term out:
an autoencoder, the control that shows what the network and its BatchNorm do without any rule. The
objective of Idempotent Generative Networks, tightness included, is the published reference, see
`idem.ign`.

All passes run in training mode, so that BatchNorm normalises each of x, z, f(z), f(f(z)) by its own
batch. All that a run needs to go on is held in one `TrainingState`; what is random in a step comes
from its generator alone, so that runs of one seed share batches and noise whatever their rule, and
a run that is stopped anywhere goes on from its last checkpoint to the same bytes.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Generator, Tensor, nn
from torch.nn.functional import mse_loss
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm

from idem.checkpoint import Checkpoint
from idem.datasets import draw
from idem.ign import IGN, ign_loss
from idem.noise import Noise
from idem.objectives import idempotency_loss

Row = dict[str, float]
PARTS = ("reconstruction", "idempotency", "tightness")  # of a loss, each before its weight

# What the learning rate is multiplied by, from the share of the steps that have been made.
SCHEDULES: dict[str, Callable[[float], float]] = {
    "constant": lambda share: 1.0,
    "linear": lambda share: 1.0 - share,
    "cosine": lambda share: (1.0 + math.cos(math.pi * share)) / 2,
}


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
            row before, and of `idem.ign` the ``tightness`` too.
        losses: of the steps since the last row, `PARTS` as far as the rule has them.
    """

    model: nn.Module
    averaged: AveragedModel
    optimizer: torch.optim.Adam
    generator: Generator
    step: int = 0
    history: list[Row] = field(default_factory=list)
    losses: list[Tensor] = field(default_factory=list)

    def weights(self) -> Mapping[str, nn.Module]:
        """Return the two networks a run ends with: ``raw`` and ``averaged``."""
        return {"raw": self.model, "averaged": self.averaged.module}

    def saved(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return all that `restore` needs, as `idem.checkpoint.Checkpoint.save` takes it."""
        tensors = {f"model.{key}": value for key, value in self.model.state_dict().items()}
        tensors |= {f"averaged.{key}": value for key, value in self.averaged.state_dict().items()}
        for i, parameter in enumerate(self.model.parameters()):
            moments = self.optimizer.state[parameter]
            tensors |= {f"optimizer.{i}.{key}": value for key, value in moments.items()}
        tensors["losses"] = torch.stack(self.losses) if self.losses else torch.empty(0, 1)
        tensors["generator"] = self.generator.get_state()
        return tensors, {"step": self.step, "history": self.history}

    def restore(self, tensors: Mapping[str, Tensor], notes: Mapping[str, Any]) -> None:
        """Go back to what was saved, in memory laid out as that of the run that saved it."""
        self.model.load_state_dict(_under("model.", tensors))
        self.averaged.load_state_dict(_under("averaged.", tensors))
        for i, parameter in enumerate(self.model.parameters()):
            self.optimizer.state[parameter] = {
                key: value if key == "step" else torch.empty_like(parameter).copy_(value)
                for key, value in _under(f"optimizer.{i}.", tensors).items()
            }
        self.losses = list(tensors["losses"].to(self.generator.device))
        self.generator.set_state(tensors["generator"])
        self.step, self.history = notes["step"], notes["history"]


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
    rule: str | IGN = "modified",
    weight: float = 1.0,
    batch_size: int = 64,
    schedule: str = "constant",
    max_gradient_norm: float | None = None,
    log_every: int = 25,
    checkpoint: Checkpoint | None = None,
    label: str | None = None,
) -> TrainingState:
    """Train a run until it has made `steps` steps, in place.

    Args:
        state: from `start`, or from an earlier call.
        images: the whole training split, uint8 ``(N, C, H, W)``, on the model's device; batches
            are drawn from it with replacement.
        noise: sampled anew at every step.
        steps: how many in all, those of earlier calls included.
        rule: ``"modified"`` or ``"ordinary"``, see `idem.objectives.idempotency_loss`,
            ``"none"``, or the settings of `idem.ign.ign_loss`.
        weight: of the idempotency loss beside the reconstruction loss.
        batch_size: of data and of noise.
        schedule: of the learning rate: ``"constant"``, or ``"linear"`` or ``"cosine"``, which let
            it fall to 0 at `steps`.
        max_gradient_norm: what a longer gradient, of all parameters together, is shortened to.
        log_every: steps between two rows of the history.
        checkpoint: where to save and, if it holds something, where to go on.
        label: shown with a progress bar, and in errors; without one there is no bar.

    Returns:
        The same state.

    Raises:
        ValueError: if the images are not uint8 ``(N, C, H, W)``, or for an unknown rule or
            schedule.
        FloatingPointError: for a loss that is not finite, naming the step: at once on the CPU, and
            where looking at a number would make the program wait, before the next row or save. What
            was saved before stays.
        OutOfTime: from the checkpoint, when its deadline has passed and at least a step was made.

    Source:
        Jensen and Vicary, section 3.1 and equation 10; Adam's betas as in DCGAN.
    """
    _check(images, schedule)
    saved = checkpoint.load() if checkpoint is not None else None
    if saved is not None:
        state.restore(*saved)
    first, free = state.step, images.device.type == "cpu"
    who = label or f"{rule if isinstance(rule, str) else 'ign'} rule"
    state.model.train()
    with tqdm(total=steps, initial=first, desc=label, disable=label is None) as bar:
        while state.step < steps:
            if checkpoint is not None and state.step > first and checkpoint.is_due():
                _save(state, checkpoint, who)
            _set_rate(state.optimizer, SCHEDULES[schedule](state.step / steps))
            x = draw(images, batch_size, state.generator)
            z = noise.sample(batch_size, state.generator)
            _step(state, x, z, rule, weight, max_gradient_norm)
            bar.update()
            logged = state.step % log_every == 0 or state.step == steps
            if free or logged:
                _check_losses(state, who)
            if logged:
                row = _log(state)
                bar.set_postfix({key: f"{row[key]:.3g}" for key in row if key != "step"})
    if checkpoint is not None and state.step > first:
        _save(state, checkpoint, who)
    return state


def _check(images: Tensor, schedule: str) -> None:
    if images.dtype != torch.uint8 or images.dim() != 4:
        raise ValueError(
            f"images: expected uint8 (N, C, H, W), got {images.dtype} {tuple(images.shape)}"
        )
    if schedule not in SCHEDULES:
        raise ValueError(f"schedule: expected one of {', '.join(SCHEDULES)}, got {schedule!r}")


def _set_rate(optimizer: torch.optim.Optimizer, factor: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = optimizer.defaults["lr"] * factor


def _step(
    state: TrainingState,
    x: Tensor,
    z: Tensor,
    rule: str | IGN,
    weight: float,
    max_gradient_norm: float | None,
) -> None:
    loss, *parts = _losses(state.model, x, z, rule, weight)
    state.optimizer.zero_grad()
    loss.backward()
    if max_gradient_norm is not None:
        nn.utils.clip_grad_norm_(state.model.parameters(), max_gradient_norm)
    state.optimizer.step()
    state.averaged.update_parameters(state.model)
    state.step += 1
    state.losses.append(torch.stack(parts).detach())


def _losses(
    f: nn.Module, x: Tensor, z: Tensor, rule: str | IGN, weight: float
) -> tuple[Tensor, ...]:
    """Return the loss of a step and its parts."""
    if isinstance(rule, IGN):
        return ign_loss(f, x, z, rule, idempotency_weight=weight)
    reconstruction = mse_loss(f(x), x)
    if rule == "none":
        return reconstruction, reconstruction
    idempotency = idempotency_loss(
        f, z, rule=rule, scale="mean", running_statistics="all", check_finite=False
    )
    return reconstruction + weight * idempotency, reconstruction, idempotency


def _log(state: TrainingState) -> Row:
    total = sum(state.losses[1:], start=state.losses[0])
    means = (total / len(state.losses)).tolist()
    row = {"step": state.step, "reconstruction": math.nan, "idempotency": math.nan}
    row |= dict(zip(PARTS, means, strict=False))
    state.history.append(row)
    state.losses = []
    return row


def _check_losses(state: TrainingState, who: str) -> None:
    losses = torch.stack(state.losses)
    found = (~losses.isfinite().all(dim=1)).nonzero().flatten().tolist()
    if found:
        values = zip(PARTS, losses[found[0]].tolist(), strict=False)
        _refuse(
            who,
            f"loss not finite at step {state.step - len(losses) + found[0] + 1}: "
            + ", ".join(f"{part} {value:g}" for part, value in values),
        )


def _save(state: TrainingState, checkpoint: Checkpoint, who: str) -> None:
    """Save a run unless it is broken already: a gradient may fail a step before a loss does."""
    if state.losses:
        _check_losses(state, who)
    tensors, notes = state.saved()
    if not all(bool(value.isfinite().all()) for value in tensors.values()):
        _refuse(who, f"weights or their moments not finite after step {state.step}")
    checkpoint.save(tensors, notes)


def _refuse(who: str, what: str) -> None:
    raise FloatingPointError(
        f"{who}: {what}; lower the learning rate or the weight, or bound the gradient's norm"
    )


def _under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
