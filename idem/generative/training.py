"""Train a network to reproduce its data and to be idempotent on noise (paper, section 3.1).

With data x and noise z, the loss of a step is

    mean((f(x) - x)^2)  +  weight * idempotency_loss(f, z)          at the scale ``mean``,

nothing else: no discriminator and no tightness term. As a denoiser, f starts from data that noise
is blended into, f((1 - a) x + a z'), in the place of f(x), see `data_noise`. The rule ``none``
leaves the second term out: an autoencoder, the control that shows what the network and its
BatchNorm do without any rule. The objective of Idempotent Generative Networks, tightness included,
is the published reference, see `idem.generative.ign`.

All passes run in training mode, so that BatchNorm normalises each of x, z, f(z), f(f(z)) by its own
batch. A step draws data first and then noise, so that runs of one seed share both whatever their
rule, if they blend alike. What else a run does, such as going on where it was stopped, is in
`idem.generative.loop`.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss

from idem.checkpoint import Checkpoint
from idem.generative.ign import IGN, ign_loss
from idem.generative.loop import Method, Watch, descend, run
from idem.generative.noise import Noise
from idem.generative.state import TrainingState, begin
from idem.rule.loss import idempotency_loss

Rule = str | Sequence[float] | IGN
PARTS = ("reconstruction", "idempotency", "tightness")  # of a loss, each before its weight

# What the learning rate is multiplied by, from the share of the steps that have been made.
SCHEDULES: dict[str, Callable[[float], float]] = {
    "constant": lambda share: 1.0,
    "linear": lambda share: 1.0 - share,
    "cosine": lambda share: (1.0 + math.cos(math.pi * share)) / 2,
}
PRECISIONS = (torch.float32, torch.bfloat16)  # float16 would need its loss scaled
_REMEDY = "lower the learning rate or the weight, or bound the gradient's norm"


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
        average_decay: of the exponential average of the weights, 0 to below 1, as in
            `idem.generative.state.begin`.

    Raises:
        ValueError: for a decay out of range, or what Adam refuses.
    """
    return begin(
        {"model": model},
        seed=seed,
        learning_rate=learning_rate,
        betas=betas,
        average_decay=average_decay,
    )


def train(
    state: TrainingState,
    images: Tensor,
    noise: Noise,
    *,
    steps: int,
    rule: Rule = "modified",
    weight: float = 1.0,
    gamma: float = 1.0,
    target: str = "raw",
    data_noise: float = 0.0,
    batch_size: int = 64,
    schedule: str = "constant",
    max_gradient_norm: float | None = None,
    precision: torch.dtype = torch.float32,
    log_every: int = 25,
    watch: Watch | None = None,
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
        rule: ``"modified"``, ``"ordinary"`` or the coefficients of another corrector, see
            `idem.rule.loss.idempotency_loss`, ``"none"``, or the settings of
            `idem.generative.ign.ign_loss`.
        weight: of the idempotency loss beside the reconstruction loss.
        gamma: the step of rules that substitute, see `idem.rule.loss.idempotency_loss`.
        target: what these apply to f(z): the ``"raw"`` weights, or the ``"averaged"`` ones.
        data_noise: the largest share a of noise that is blended into the data before they are
            reconstructed, 0 to 1, drawn uniformly for every image; 0 is the paper's training.
        batch_size: of data and of noise.
        schedule: of the learning rate: ``"constant"``, or ``"linear"`` or ``"cosine"``, which let
            it fall to 0 at `steps`.
        max_gradient_norm: what a longer gradient, of all parameters together, is shortened to.
        precision: of the passes: float32, or bfloat16 by autocast, where weights, their moments,
            their average and the losses stay in float32.
        log_every: steps between two rows of the history.
        watch: what to measure on the way; it draws nothing from the run's generator.
        checkpoint: where to save and, if it holds something, where to go on.
        label: shown with a progress bar, and in errors; without one there is no bar.

    Returns:
        The same state. Its history has the losses of `PARTS`, each before its weight: of ``none``
        the idempotency loss is NaN, and tightness is that of `idem.generative.ign` alone.

    Raises:
        ValueError: if the images are not uint8 ``(N, C, H, W)``, for an unknown rule, schedule,
            target or precision, a data_noise outside [0, 1], or a gamma or target beside a rule
            that would not heed it.
        FloatingPointError: for a loss that is not finite, naming the step: at once on the CPU, and
            where looking at a number would make the program wait, before the next row or save. What
            was saved before stays.
        OutOfTime: from the checkpoint, when its deadline has passed and at least a step was made.

    Source:
        Jensen and Vicary, section 3.1 and equation 10; Adam's betas as in DCGAN; denoising: Vincent
        et al., ICML 2008.
    """
    if schedule not in SCHEDULES:
        raise ValueError(f"schedule: expected one of {', '.join(SCHEDULES)}, got {schedule!r}")
    if target not in ("raw", "averaged"):
        raise ValueError(f"target: expected raw or averaged, got {target!r}")
    if not 0 <= data_noise <= 1:
        raise ValueError(f"data_noise: expected 0 to 1, got {data_noise}")
    if precision not in PRECISIONS:
        raise ValueError(f"precision: expected torch.float32 or torch.bfloat16, got {precision}")
    substitutes = not isinstance(rule, IGN) and rule not in ("ordinary", "none")
    if not substitutes and (gamma != 1 or target != "raw"):
        raise ValueError(
            f"gamma, target: expected 1 and raw with the {_name(rule)} rule, which substitutes "
            f"nothing, got {gamma:g} and {target}"
        )
    f, optimizer = state.model, state.optimizers["model"]
    inner = state.averaged.module if target == "averaged" else None

    def step(x: Tensor) -> Sequence[Tensor]:
        _set_rate(optimizer, SCHEDULES[schedule](state.step / steps))
        z = noise.sample(len(x), state.generator)
        given = _blended(x, noise, data_noise, state.generator) if data_noise else x
        with torch.autocast(x.device.type, precision, enabled=precision != torch.float32):
            loss, *parts = _losses(f, x, given, z, rule, weight, gamma=gamma, target=inner)
        descend(optimizer, loss, max_gradient_norm)
        return parts

    return run(
        state,
        images,
        Method(f"{_name(rule)} rule", step, _parts(rule), _REMEDY),
        steps=steps,
        batch_size=batch_size,
        log_every=log_every,
        watch=watch,
        checkpoint=checkpoint,
        label=label,
    )


def _set_rate(optimizer: torch.optim.Optimizer, factor: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = optimizer.defaults["lr"] * factor


def _name(rule: Rule) -> str:
    return rule if isinstance(rule, str) else "ign" if isinstance(rule, IGN) else "substituting"


def _parts(rule: Rule) -> Sequence[str]:
    return PARTS if isinstance(rule, IGN) else PARTS[:2]


def _blended(x: Tensor, noise: Noise, most: float, generator: torch.Generator) -> Tensor:
    """Return data with a share of noise, another for every image, up to `most`."""
    z = noise.sample(len(x), generator)
    share = most * torch.rand(len(x), 1, 1, 1, generator=generator, device=x.device)
    return torch.lerp(x, z, share)


def _losses(
    f: nn.Module, x: Tensor, given: Tensor, z: Tensor, rule: Rule, weight: float, **options: Any
) -> tuple[Tensor, ...]:
    """Return the loss of a step and its parts."""
    if isinstance(rule, IGN):
        return ign_loss(f, x, z, rule, given=given, idempotency_weight=weight)
    reconstruction = mse_loss(f(given), x)
    if rule == "none":
        return reconstruction, reconstruction
    idempotency = idempotency_loss(
        f, z, rule, "mean", running_statistics="all", check_finite=False, **options
    )
    return reconstruction + weight * idempotency, reconstruction, idempotency
