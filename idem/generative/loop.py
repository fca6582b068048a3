"""Make steps until there are enough: resumable, averaged, watched, whatever a step does.

`idem.generative.training` and `idem.generative.dcgan_training` say what a step is, as a `Method`;
the rest of a run is here. What is random in a step comes from the generator of the run's
`TrainingState` alone, so that a run that is stopped anywhere goes on from its last checkpoint to
the same bytes.

The last weights are not always the best: generators lose modes late in training. A `Watch` measures
a run on its way, and keeps the averaged weights that a criterion chooses.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from tqdm import tqdm

from idem.checkpoint import Checkpoint
from idem.data.datasets import draw
from idem.generative.state import Row, TrainingState


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
    """

    name: str
    step: Callable[[Tensor], Sequence[Tensor]]
    parts: Sequence[str]
    remedy: str


@dataclass(frozen=True)
class Watch:
    """Measure a run on its way, and keep its averaged weights where they were best.

    Attributes:
        measure: of the networks that `TrainingState.weights` names, which it must leave as they
            are; returns a row of numbers.
        criterion: the key of the row that is least where the weights are best; measure it on data
            that is neither trained nor reported on.
        every: steps between two measurements; the last step is always measured.
    """

    measure: Callable[[Mapping[str, nn.Module]], Row]
    criterion: str
    every: int


def run(
    state: TrainingState,
    images: Tensor,
    method: Method,
    *,
    steps: int,
    batch_size: int = 64,
    log_every: int = 25,
    watch: Watch | None = None,
    checkpoint: Checkpoint | None = None,
    label: str | None = None,
) -> TrainingState:
    """Go on with a run until it has made `steps` steps, in place.

    Args:
        state: from `idem.generative.state.begin`, or from an earlier call.
        images: the whole training split, uint8 ``(N, C, H, W)``, on the networks' device; batches
            are drawn from it with replacement.
        method: what a step does.
        steps: how many in all, those of earlier calls included.
        batch_size: of data.
        log_every: steps between two rows of the history.
        watch: what to measure on the way; it draws nothing from the run's generator.
        checkpoint: where to save and, if it holds something, where to go on.
        label: shown with a progress bar, and in errors; without one there is no bar.

    Returns:
        The same state.

    Raises:
        ValueError: if the images are not uint8 ``(N, C, H, W)``.
        FloatingPointError: for a loss that is not finite, naming the step: at once on the CPU, and
            where looking at a number would make the program wait, before the next row or save. What
            was saved before stays, and the error says where.
        OutOfTime: from the checkpoint, when its deadline has passed and at least a step was made.

    Example:
        >>> from idem.generative.state import begin
        >>> f = nn.Conv2d(1, 1, 1)
        >>> state = begin({"f": f}, seed=0, learning_rate=1e-3)
        >>> def step(x):
        ...     loss = (f(x) - x).square().mean()
        ...     descend(state.optimizers["f"], loss)
        ...     return [loss]
        >>> method = Method("copy", step, ["error"], "lower the learning rate")
        >>> images = torch.zeros(10, 1, 4, 4, dtype=torch.uint8)
        >>> len(run(state, images, method, steps=2, batch_size=4, log_every=1).history)
        2
    """
    if images.dtype != torch.uint8 or images.dim() != 4:
        raise ValueError(
            f"images: expected uint8 (N, C, H, W), got {images.dtype} {tuple(images.shape)}"
        )
    saved = checkpoint.load() if checkpoint is not None else None
    if saved is not None:
        state.restore(*saved)
    first, free = state.step, images.device.type == "cpu"
    method = replace(method, name=label or method.name)
    _set_training_mode(state)
    with (
        _naming_what_is_kept(checkpoint),
        tqdm(total=steps, initial=first, desc=label, disable=label is None) as bar,
    ):
        while state.step < steps:
            if checkpoint is not None and state.step > first and checkpoint.is_due():
                _save(state, checkpoint, method)
            _make_step(state, method, draw(images, batch_size, state.generator))
            bar.update()
            logged = state.step % log_every == 0 or state.step == steps
            if free or logged:
                _check_losses(state, method)
            if logged:
                row = _log(state, method)
                bar.set_postfix({part: f"{row[part]:.3g}" for part in method.parts})
            if watch is not None and (state.step % watch.every == 0 or state.step == steps):
                _measure(state, watch)
        if checkpoint is not None and state.step > first:
            _save(state, checkpoint, method)
    return state


def descend(
    optimizer: torch.optim.Optimizer, loss: Tensor, max_gradient_norm: float | None = None
) -> None:
    """Make one step of an optimiser, of a gradient that is shortened to a norm if it is longer."""
    optimizer.zero_grad()
    loss.backward()
    if max_gradient_norm is not None:
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        nn.utils.clip_grad_norm_(parameters, max_gradient_norm)
    optimizer.step()


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
    state.averaged.update_parameters(state.model)
    state.step += 1
    state.losses.append(torch.stack(list(losses)).detach())


def _measure(state: TrainingState, watch: Watch) -> None:
    row = watch.measure(state.weights())
    seen = [earlier[watch.criterion] for earlier in state.watched]
    best = min(filter(math.isfinite, seen), default=math.inf)
    if row[watch.criterion] < best or not state.chosen:
        state.chosen = {k: v.clone() for k, v in state.averaged.module.state_dict().items()}
    state.watched.append({"step": state.step} | row)
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
