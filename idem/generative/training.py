"""Train a network to generate images, with validation on the way, and continue from a checkpoint.

`train` makes steps on an `Objective`; `run` is the loop itself, whatever a step does, which
`idem.generative.dcgan` shares. A step draws data first and then noise, so that runs of one seed
share both whatever their rule, if they blend alike. What is random comes from the generator of the
run's `TrainingState` alone, so that a run that is stopped anywhere goes on from its last checkpoint
to the same bytes.

The last weights are not always the best: generators lose modes late in training. A `Validation`
measures a run on its way, and keeps the EMA weights that a criterion prefers.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor, nn
from tqdm import tqdm

from idem.checkpoint import Checkpoint, OutOfTime
from idem.data.datasets import draw
from idem.generative.noise import FourierNoise, Noise
from idem.generative.objective import Objective, blended
from idem.generative.optimization import Optimization
from idem.generative.state import Row, TrainingState, begun

# Rounding has not been amplified there yet: what differs is data, seed, rule or rate.
FIRST_LOGGED = (1, 2)
_REMEDY = "lower the learning rate or the weight, or bound the gradient's norm"

# Of x, what it is reconstructed from, z and the averaged network: the loss of a step and its parts.
Losses = Callable[[Tensor, Tensor, Tensor, nn.Module], Sequence[Tensor]]


@dataclass(frozen=True)
class Validation:
    """Measure a run on its way, and keep its EMA weights where they were best.

    Attributes:
        measure: of the networks that `TrainingState.weights` names, which it must leave as they
            are; returns a row of numbers, and draws nothing from the run's generator.
        criterion: the key of the row that is least where the weights are best; measure it on data
            that is neither trained nor reported on.
        every: steps between two measurements; the last step is always measured.
    """

    measure: Callable[[Mapping[str, nn.Module]], Row]
    criterion: str
    every: int


@dataclass(frozen=True)
class Method:
    """What a run does with a batch.

    Attributes:
        name: in errors, where the run has no label.
        step: changes the networks by a batch ``(B, C, H, W)`` in [-1, 1]; returns the losses from
            before the change, scalars.
        parts: names of these losses; those that a step does not return, at the end, are NaN in the
            history.
        remedy: what to change if they are not finite.
        usual_rate: of learning, where the optimization leaves it open.
    """

    name: str
    step: Callable[[Tensor], Sequence[Tensor]]
    parts: Sequence[str]
    remedy: str = "lower the learning rate"
    usual_rate: float = 1e-3


def train(
    f: nn.Module,
    images: Tensor,
    noise: Noise | None = None,
    objective: Objective | None = None,
    optimization: Optimization | None = None,
    *,
    seed: int | None = None,
    validation: Validation | None = None,
    log_every: int = 25,
    checkpoint: Checkpoint | None = None,
    label: str | None = None,
    state: TrainingState | None = None,
    losses: Losses | None = None,
) -> TrainingState:
    """Train a network to map noise to images in one application, in place.

    Args:
        f: freshly initialised, on the device to train on; its output has the shape of its input.
        images: the whole training split, uint8 ``(N, C, H, W)``, on the model's device; batches
            are drawn from it with replacement.
        noise: sampled anew at every step; by default with the spectrum of the images.
        objective: by default the modified rule with weight 1.
        optimization: by default 1000 steps of Adam at 1e-3, or as a given state was to descend.
        seed: of batches and noise; None is 0, or that of a given state.
        validation: what to measure on the way.
        log_every: steps between two rows of the history, after one for each of the first two.
        checkpoint: where to save and, if it holds something, where to go on.
        label: shown with a progress bar, and in errors; without one there is no bar.
        state: of an earlier run of `f`, to go on with it instead of beginning one, at the rates of
            `optimization`.
        losses: what computes those of the objective in its place, see
            `idem.generative.distributed`.

    Returns:
        Where the run stands: its `weights`, and its history of the losses of
        `idem.generative.objective.PARTS`, each before its weight: of the rule ``none`` the
        idempotency loss is NaN, and tightness is that of `idem.generative.ign` alone.

    Raises:
        ValueError: for images that are none, or not uint8 ``(N, C, H, W)``; an unknown rule; the
            state of another network, or one begun with another seed, betas or average.
        FloatingPointError: for a loss that is not finite, as in `run`.
        OutOfTime: from the checkpoint, when its deadline has passed before the last step, and at
            least one was made.

    Source:
        Jensen and Vicary, section 3.1.

    Example:
        >>> from idem.generative.udcgan import UDCGAN
        >>> images = torch.zeros(10, 1, 8, 8, dtype=torch.uint8)
        >>> f = UDCGAN((1, 8, 8), channels=(4, 6), bottleneck=3)
        >>> state = train(f, images, optimization=Optimization(steps=2, batch_size=4))
        >>> sorted(state.weights())
        ['ema', 'raw']
    """
    noise, objective = noise or FourierNoise.fit(images), objective or Objective()
    state = begun({"model": f}, optimization, seed, state)
    optimization, losses = state.optimization, losses or partial(objective.losses, f)

    def step(x: Tensor) -> Sequence[Tensor]:
        z = noise.sample(len(x), state.generator)
        most = objective.data_noise
        given = blended(x, noise, most, state.generator) if most else x
        with optimization.passes(x.device):
            loss, *parts = losses(x, given, z, state.ema)
        optimization.descend(state.optimizers["model"], loss)
        return parts

    return run(
        state,
        images,
        Method(f"{objective.name} rule", step, objective.parts, _REMEDY),
        validation=validation,
        log_every=log_every,
        checkpoint=checkpoint,
        label=label,
    )


def run(
    state: TrainingState,
    images: Tensor,
    method: Method,
    *,
    validation: Validation | None = None,
    log_every: int = 25,
    checkpoint: Checkpoint | None = None,
    label: str | None = None,
) -> TrainingState:
    """Go on with a run, in place, until it has made all its steps.

    The state is from `idem.generative.state.begin`, or from an earlier call; `method` says what a
    step does, and all else is as for `train`.

    Returns:
        The same state.

    Raises:
        ValueError: for images that are none, or not uint8 ``(N, C, H, W)``.
        FloatingPointError: for a loss that is not finite, naming the step: at once on the CPU, and
            where looking at a number would make the program wait, before the next row or save. What
            was saved before stays, and the error says where.
        OutOfTime: from the checkpoint, when its deadline has passed before the last step, and at
            least one was made.

    Example:
        >>> from idem.generative.state import begin
        >>> f, optimization = nn.Conv2d(1, 1, 1), Optimization(steps=2, batch_size=4)
        >>> state = begin({"f": f}, optimization, seed=0)
        >>> def step(x):
        ...     loss = (f(x) - x).square().mean()
        ...     optimization.descend(state.optimizers["f"], loss)
        ...     return [loss]
        >>> images = torch.zeros(10, 1, 4, 4, dtype=torch.uint8)
        >>> method = Method("copy", step, ["error"])
        >>> len(run(state, images, method, log_every=1).history)
        2
    """
    if images.dtype != torch.uint8 or images.dim() != 4 or not len(images):
        raise ValueError(
            "images: expected uint8 (N, C, H, W), one or more, got "
            f"{images.dtype} {tuple(images.shape)}"
        )
    saved = checkpoint.load() if checkpoint is not None else None
    if saved is not None:
        state.restore(*saved)
    optimization, first, free = state.optimization, state.step, images.device.type == "cpu"
    steps = optimization.steps
    method = replace(method, name=label or method.name)
    _set_training_mode(state)
    with (
        _naming_what_is_kept(checkpoint),
        tqdm(total=steps, initial=first, desc=label, disable=label is None) as bar,
    ):
        while state.step < steps:
            if checkpoint is not None and state.step > first and checkpoint.is_due():
                _save(state, checkpoint, method)
            optimization.set_rates(state.optimizers.values(), state.step, method.usual_rate)
            _make_step(state, method, draw(images, optimization.batch_size, state.generator))
            bar.update()
            logged = state.step % log_every == 0 or state.step in (*FIRST_LOGGED, steps)
            if free or logged:
                _check_losses(state, method)
            if logged:
                row = _log(state, method)
                bar.set_postfix({part: f"{row[part]:.3g}" for part in method.parts})
            if validation and (state.step % validation.every == 0 or state.step == steps):
                _validate(state, validation)
        if checkpoint is not None and state.step > first:
            with suppress(OutOfTime):  # nothing is left to do
                _save(state, checkpoint, method)
    return state


@contextmanager
def _naming_what_is_kept(checkpoint: Checkpoint | None) -> Iterator[None]:
    try:
        yield
    except FloatingPointError as error:
        notes = checkpoint.notes() if checkpoint is not None else None
        if checkpoint is None or notes is None:
            raise
        kept = f"kept as it was at step {notes['step']}: {checkpoint.path}"
        raise FloatingPointError(f"{error}; {kept}") from None


def _set_training_mode(state: TrainingState) -> None:
    for network in state.networks.values():
        network.train()


def _make_step(state: TrainingState, method: Method, x: Tensor) -> None:
    losses = method.step(x)
    state.average()
    state.step += 1
    state.losses.append(torch.stack(list(losses)).detach())


def _validate(state: TrainingState, validation: Validation) -> None:
    row, criterion = validation.measure(state.weights()), validation.criterion
    earlier = [known[criterion] for known in state.validations]
    least = min(filter(math.isfinite, earlier), default=math.inf)
    if row[criterion] < least or not state.best:
        state.best = {k: v.clone() for k, v in state.ema.state_dict().items()}
    state.validations.append({"step": state.step} | row)
    _set_training_mode(state)


def _log(state: TrainingState, method: Method) -> Row:
    total = sum(state.losses[1:], start=state.losses[0])
    means = (total / len(state.losses)).tolist()
    row = {"step": state.step} | dict.fromkeys(method.parts, math.nan)
    row |= dict(zip(method.parts, means, strict=False))
    state.history.append(row)
    state.losses = []
    return row


def _check_losses(state: TrainingState, method: Method) -> None:
    losses = torch.stack(state.losses)
    found = (~losses.isfinite().all(dim=1)).nonzero().flatten().tolist()
    if found:
        step = state.step - len(losses) + found[0] + 1
        values = zip(method.parts, losses[found[0]].tolist(), strict=False)
        listed = ", ".join(f"{part} {value:g}" for part, value in values)
        _refuse(method, f"loss not finite at step {step}: {listed}")


def _save(state: TrainingState, checkpoint: Checkpoint, method: Method) -> None:
    """Save a run unless it is broken already: a gradient may fail a step before a loss does."""
    if state.losses:
        _check_losses(state, method)
    tensors, notes = state.saved()
    if not all(bool(value.isfinite().all()) for value in tensors.values()):
        _refuse(method, f"weights or their moments not finite after step {state.step}")
    checkpoint.save(tensors, notes)


def _refuse(method: Method, what: str) -> None:
    raise FloatingPointError(f"{method.name}: {what}; {method.remedy}")
