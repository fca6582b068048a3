"""One generative training run, watched on its way: what stages that train generators share."""

import copy
import hashlib
import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Generator, Tensor, nn
from torch.nn.functional import mse_loss

from idem.checkpoint import Checkpoint, OutOfTime
from idem.data.datasets import to_unit
from idem.evaluation import metrics
from idem.generative.ign import IGN
from idem.generative.loop import Watch
from idem.generative.noise import Noise
from idem.generative.state import Row, TrainingState
from idem.generative.training import start, train
from stages.common.engine import device
from stages.common.params import Choose, Model, Score, Train
from stages.generative import networks
from stages.generative.scoring import Scorer, batched, scorer

MODULES = ("stages.generative.runs",)  # that decide what a run comes to


def key(section: Train, model: Model, score: Score, data: str, seed: int) -> list[Any]:
    """Return all that decides what a run comes to but the code; `data` is from `data_digest`."""
    kept = section.model_dump(mode="json", exclude={"models", "seeds"})
    parameters = [kept, *(part.model_dump(mode="json") for part in (model, score))]
    return [*parameters, data, seed, device()]


def data_digest(dataset: str) -> str:
    """Return what tells images that are trained on, and what chooses among weights, from others."""
    digest = hashlib.sha256()
    for split in ("train", "valid"):
        digest.update(networks.images(dataset, split).cpu().numpy().data)
    for value in networks.feature_extractor(dataset).state_dict().values():
        digest.update(value.cpu().contiguous().numpy().data)
    return digest.hexdigest()


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
    images = networks.images(dataset, "train")
    shape, steps = images.shape[1:], section.steps_of(model)
    state = start(
        networks.network(section, model, shape, Generator().manual_seed(seed)),
        seed=seed,
        learning_rate=model.learning_rate,
        betas=(section.betas[0], section.betas[1]),
        average_decay=model.average_decay,
    )
    noise = networks.noise(section, model, dataset, shape)
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

    def measure_both(weights: Mapping[str, nn.Module]) -> Row:
        row: Row = {}
        for kind in ("averaged", "raw"):
            found = measure(networks.in_mode(copy.deepcopy(weights[kind]), "train"))
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
    held_out = to_unit(networks.some(dataset, "valid", size))

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
