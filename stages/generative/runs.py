"""Train one network as the parameters say, with validation on the way."""

import copy
import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
import torch
from torch import Generator, Tensor, nn

from idem.checkpoint import Checkpoint
from idem.data.datasets import Split, to_unit
from idem.generative import calibration
from idem.generative.ign import IGN
from idem.generative.noise import FourierNoise, GaussianNoise, Noise
from idem.generative.objective import Objective
from idem.generative.optimization import Optimization
from idem.generative.state import Row, TrainingState
from idem.generative.training import Validation, train
from stages.common.engine import device
from stages.common.params import OWN, Model, Score, Train, Validate
from stages.generative import networks
from stages.generative.measuring import Measurement
from stages.generative.scoring import load_scorer

MODULES = ("stages.generative.runs",)  # that decide what a run comes to
# Which runs there are, where their weights go, and how these are calibrated in the end.
_OF_OTHERS = {"seeds", "models", "folder", "calibration_batches"}


@dataclass(frozen=True)
class Run:
    """One model, trained with one seed: all that decides what comes of it but code and data.

    Runs of one seed share batches and noise if all or none blend noise into the data and batches
    have one size, and initial weights where all codes are normalised.
    """

    dataset: str
    section: Train
    model: Model
    score: Score
    seed: int
    fourier: FourierNoise
    """That of the images, for models that take it."""
    side: int | None = None
    """Of the images, cut out of the middle; None: as they are."""

    @property
    def own(self) -> Train:
        """The section with what the model has of its own."""
        return self.section.of(self.model)

    def key(self, data: str) -> list[Any]:
        """Return what decides the run, whichever others there are; `data` is from `data_digest`."""
        shared = self.own.model_dump(mode="json", exclude=_OF_OTHERS)
        model = self.model.model_dump(mode="json", exclude=set(OWN))
        score = self.score.model_dump(mode="json")
        return [shared, model, self.side, score, data, self.seed]

    def images(self) -> Tensor:
        """Return what is trained on."""
        return networks.cut(networks.images(self.dataset, "train"), self.side)

    def noise(self) -> Noise:
        """Return what the network is trained to turn into images."""
        gaussian = self.model.noise == "gaussian"
        return GaussianNoise(self.fourier.image_shape) if gaussian else self.fourier

    def optimization(self) -> Optimization:
        """Return how the weights descend."""
        return Optimization(
            steps=self.own.steps,
            batch_size=self.own.batch_size,
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
            validation=self._validation(images),
            log_every=self.section.log_every,
            checkpoint=checkpoint,
            label=label,
        )

    def _validation(self, images: Tensor) -> Validation:
        """Measure both weights in training mode and, if asked to, the average in eval mode."""
        scorer, section = load_scorer(self.score, self.dataset, "valid"), self.section.validation
        generator = Generator(device()).manual_seed(section.seed)
        z = self.noise().sample(section.samples, generator)
        whole = to_unit(networks.some(self.dataset, "valid", self.score.batch_size))
        x, both = networks.cut(whole, self.side), self.section.eval_batches > 0
        measure = Measurement(scorer, z, x, whole.shape[-1], both)

        def evaluated(f: nn.Module) -> Row:
            self._calibrate(f, images)
            return measure(networks.in_mode(f, "eval"))

        return validation(section, measure, evaluated if both else None)

    def _calibrate(self, f: nn.Module, images: Tensor) -> None:
        own = self.own
        calibration.recalibrate(
            f,
            images,
            self.noise(),
            batches=own.eval_batches,
            batch_size=own.batch_size,
            seed=own.validation.seed,
        )


def table(keys: Iterable[Mapping[str, Any]], found: Iterable[Iterable[Row]]) -> pd.DataFrame:
    """Return the rows of all runs, each behind what tells its run from the others."""
    pairs = zip(keys, found, strict=True)
    return pd.DataFrame([{**key, **row} for key, rows in pairs for row in rows])


def objective(model: Model) -> Objective:
    """Return what a model minimises."""
    tightness, rule = model.tightness, model.rule
    if tightness is not None:
        rule = IGN(tightness.weight, tightness.clamp, tightness.distance, rule)
    return Objective(rule, model.weight, model.gamma, model.target, model.data_noise, model.align)


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


def validation(
    section: Validate,
    measure: Callable[[nn.Module], Row],
    evaluated: Callable[[nn.Module], Row] | None = None,
) -> Validation:
    """Return a validation that measures copies of both networks, BatchNorm in training mode.

    The criterion is the Fréchet distance of the EMA weights.

    Args:
        section: how often.
        measure: of a network in training mode.
        evaluated: what is measured of the averaged network besides, behind ``eval_``.
    """

    def measure_both(weights: Mapping[str, nn.Module]) -> Row:
        row: Row = {}
        for kind in ("ema", "raw"):
            found = measure(networks.in_mode(copy.deepcopy(weights[kind]), "train"))
            row |= {f"{kind}_{key}": value for key, value in found.items()}
        if evaluated is not None:
            found = evaluated(copy.deepcopy(weights["ema"]))
            row |= {f"eval_{key}": value for key, value in found.items()}
        return row

    return Validation(measure_both, "ema_frechet_distance", section.every)
