"""One generative training run, watched on its way: what stages that train generators share."""

import copy
import math
from collections.abc import Callable, Mapping

import torch
from torch import Generator, Tensor, nn
from torch.nn.functional import mse_loss

from idem import metrics
from idem.checkpoint import Checkpoint, OutOfTime
from idem.datasets import to_unit
from idem.ign import IGN
from idem.loop import Watch
from idem.noise import Noise
from idem.training import start, train
from idem.training_state import Row, TrainingState
from stages import generative
from stages.params import Choose, Model, Score, Train
from stages.scoring import Scorer, batched, scorer


def trained(
    section: Train,
    score: Score,
    dataset: str,
    model: Model,
    seed: int,
    checkpoint: Checkpoint,
    label: str,
) -> TrainingState | None:
    """Train one model with one seed to its last step; None if the time was up before.

    Runs of one seed share batches and noise if all or none blend noise into the data, and initial
    weights where all codes are normalised.
    """
    images = generative.images(dataset, "train")
    shape, steps = images.shape[1:], section.steps_of(model)
    state = start(
        generative.network(section, model, shape, Generator().manual_seed(seed)),
        seed=seed,
        learning_rate=model.learning_rate,
        betas=(section.betas[0], section.betas[1]),
        average_decay=model.average_decay,
    )
    noise = generative.noise(section, model, dataset, shape)
    try:
        return train(
            state,
            images,
            noise,
            steps=steps,
            rule=_objective(model),
            weight=model.weight,
            gamma=model.gamma,
            target=model.target,
            data_noise=model.data_noise,
            batch_size=section.batch_size,
            schedule=model.learning_rate_schedule,
            max_gradient_norm=model.max_gradient_norm,
            precision=getattr(torch, section.precision),
            log_every=section.log_every,
            watch=_watch(section.choose, dataset, noise, scorer(score, dataset, "valid")),
            checkpoint=checkpoint,
            label=label,
        )
    except OutOfTime:
        return state if state.step == steps else None


def watch(section: Choose, measure: Callable[[nn.Module], Row]) -> Watch:
    """Return a watch that measures copies of both networks, BatchNorm in training mode.

    The criterion is the Fréchet distance of the averaged weights.
    """

    def measure_both(networks: Mapping[str, nn.Module]) -> Row:
        row: Row = {}
        for kind in ("averaged", "raw"):
            found = measure(generative.in_mode(copy.deepcopy(networks[kind]), "train"))
            row |= {f"{kind}_{key}": value for key, value in found.items()}
        return row

    return Watch(measure_both, "averaged_frechet_distance", section.every)


def scored(images: Tensor, judge: Scorer) -> Row:
    """Return the scores of what a network generates, also where training has broken it."""
    finite = bool(torch.isfinite(images).all())
    return judge.score(images) if finite else {"frechet_distance": math.nan}


def _watch(section: Choose, dataset: str, noise: Noise, judge: Scorer) -> Watch:
    """Return a watch that scores f(z), and tells how far f is from idempotent and from identity.

    On noise, and on one batch of the split `valid`.
    """
    generator = Generator(judge.reference.device).manual_seed(section.seed)
    z, size = noise.sample(section.samples, generator), judge.section.batch_size
    held_out = to_unit(generative.some(dataset, "valid", size))

    def measure(f: nn.Module) -> Row:
        y, copy = batched(f, z, size), batched(f, held_out, size)
        row = {
            "relative_error": float(metrics.relative_error(y, batched(f, y, size))),
            "valid_relative_error": float(metrics.relative_error(copy, batched(f, copy, size))),
            "reconstruction_error": float(mse_loss(copy, held_out)),
            "displacement": metrics.displacement(z, y),
        }
        return row | scored(y, judge)

    return watch(section, measure)


def _objective(model: Model) -> str | list[float] | IGN:
    if model.tightness is None:
        return model.rule
    return IGN(model.tightness.weight, model.tightness.clamp, model.tightness.distance)
