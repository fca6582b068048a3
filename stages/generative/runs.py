"""Train one network as the parameters say, with validation on the way."""

import copy
import hashlib
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
import torch
from torch import Generator, Tensor, nn
from torch.nn.functional import mse_loss

from idem.checkpoint import Checkpoint
from idem.data.datasets import Split, to_unit
from idem.evaluation import metrics
from idem.generative.ign import IGN
from idem.generative.noise import FourierNoise, GaussianNoise, Noise
from idem.generative.objective import Objective
from idem.generative.optimization import Optimization
from idem.generative.state import Row, TrainingState
from idem.generative.training import Validation, train
from stages.common.engine import device
from stages.common.params import Model, Score, Train, Validate
from stages.generative import networks
from stages.generative.scoring import Scorer, batched, load_scorer

MODULES = ("stages.generative.runs",)  # that decide what a run comes to
# Which runs there are, where their weights go, and how these are calibrated in the end.
_OF_OTHERS = {"seeds", "steps", "models", "folder", "calibration_batches"}


@dataclass(frozen=True)
class Run:
    """One model, trained with one seed: all that decides what comes of it but code and data.

    Runs of one seed share batches and noise if all or none blend noise into the data, and initial
    weights where all codes are normalised.
    """

    dataset: str
    section: Train
    model: Model
    score: Score
    seed: int
    fourier: FourierNoise
    """That of the images, for models that take it."""

    def key(self, data: str) -> list[Any]:
        """Return what decides the run, whichever others there are; `data` is from `data_digest`."""
        shared = self.section.model_dump(mode="json", exclude=_OF_OTHERS)
        own = self.model.model_dump(mode="json", exclude={"steps"})
        steps = steps_of(self.section, self.model)
        return [shared, own, steps, self.score.model_dump(mode="json"), data, self.seed]

    def images(self) -> Tensor:
        """Return what is trained on."""
        return networks.images(self.dataset, "train")

    def noise(self) -> Noise:
        """Return what the network is trained to turn into images."""
        gaussian = self.model.noise == "gaussian"
        return GaussianNoise(self.fourier.image_shape) if gaussian else self.fourier

    def optimization(self) -> Optimization:
        """Return how the weights descend."""
        return Optimization(
            steps=steps_of(self.section, self.model),
            batch_size=self.section.batch_size,
            learning_rate=self.model.learning_rate,
            betas=(self.section.betas[0], self.section.betas[1]),
            schedule=self.model.learning_rate_schedule,
            max_gradient_norm=self.model.max_gradient_norm,
            precision=getattr(torch, self.section.precision),
            ema_decay=self.model.ema_decay,
        )

    def train(
        self, checkpoint: Checkpoint, label: str, by: Callable[..., TrainingState] = train
    ) -> TrainingState:
        """Train to the last step.

        Args:
            checkpoint: where to save and to go on.
            label: of the progress bar, and in errors.
            by: what trains, in the place of `idem.generative.training.train`.

        Raises:
            OutOfTime: from the checkpoint, if the time is up before.
        """
        images, rng = self.images(), Generator().manual_seed(self.seed)
        return by(
            networks.network(self.section, self.model, images.shape[1:], rng),
            images,
            self.noise(),
            objective(self.model),
            self.optimization(),
            seed=self.seed,
            validation=self._validation(),
            log_every=self.section.log_every,
            checkpoint=checkpoint,
            label=label,
        )

    def _validation(self) -> Validation:
        """Score f(z), and measure how far f is from idempotent and from the identity.

        On noise, and on one batch of the split `valid`.
        """
        scorer, section = load_scorer(self.score, self.dataset, "valid"), self.section.validation
        generator = Generator(device()).manual_seed(section.seed)
        z, size = self.noise().sample(section.samples, generator), self.score.batch_size
        x = to_unit(networks.some(self.dataset, "valid", size))

        def measure(f: nn.Module) -> Row:
            y, fx = batched(f, z, size), batched(f, x, size)
            row = {
                "relative_error": float(metrics.relative_error(y, batched(f, y, size))),
                "valid_relative_error": float(metrics.relative_error(fx, batched(f, fx, size))),
                "reconstruction_error": float(mse_loss(fx, x)),
                "displacement": metrics.displacement(z, y),
            }
            return row | scored(y, scorer)

        return validation(section, measure)


def steps_of(section: Train, model: Model) -> int:
    """Return how many steps a model makes: its own number, or that of all."""
    return section.steps if model.steps is None else model.steps


def table(keys: Iterable[Mapping[str, Any]], found: Iterable[Iterable[Row]]) -> pd.DataFrame:
    """Return the rows of all runs, each behind what tells its run from the others."""
    pairs = zip(keys, found, strict=True)
    return pd.DataFrame([{**key, **row} for key, rows in pairs for row in rows])


def objective(model: Model) -> Objective:
    """Return what a model minimises."""
    tightness, rule = model.tightness, model.rule
    if tightness is not None:
        rule = IGN(tightness.weight, tightness.clamp, tightness.distance)
    return Objective(rule, model.weight, model.gamma, model.target, model.data_noise)


def data_digest(dataset: str, *more: Split) -> str:
    """Return what tells images that are trained on, and what chooses among weights, from others.

    Args:
        dataset: its name.
        more: splits that decide too.
    """
    digest, splits = hashlib.sha256(), ("train", "valid", *more)
    for split in splits:
        digest.update(networks.images(dataset, split).cpu().numpy().data)
    for value in networks.feature_extractor(dataset).state_dict().values():
        digest.update(value.cpu().contiguous().numpy().data)
    return digest.hexdigest()


def validation(section: Validate, measure: Callable[[nn.Module], Row]) -> Validation:
    """Return a validation that measures copies of both networks, BatchNorm in training mode.

    The criterion is the Fréchet distance of the EMA weights.
    """

    def measure_both(weights: Mapping[str, nn.Module]) -> Row:
        row: Row = {}
        for kind in ("ema", "raw"):
            found = measure(networks.in_mode(copy.deepcopy(weights[kind]), "train"))
            row |= {f"{kind}_{key}": value for key, value in found.items()}
        return row

    return Validation(measure_both, "ema_frechet_distance", section.every)


def scored(images: Tensor, scorer: Scorer) -> Row:
    """Return the scores of what a network generates, also where training has broken it."""
    finite = bool(torch.isfinite(images).all())
    return scorer.score(images) if finite else {"frechet_distance": math.nan}
