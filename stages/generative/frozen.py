"""Stage frozen: can a trained network be made to generate as one map of single images?

From the weights that stage `train` left, with BatchNorm's statistics collected on data and noise
and then held fixed, a network is fine-tuned in evaluation mode: to reconstruct data, into which no
noise is blended here, by a rule, and to make samples that have the statistics of data
(`idem.generative.matching`). Nothing is normalised by its batch, so that what is trained is the map
that is measured: before, on the way and in the end, on the split `test`. It can be killed at any
time and goes on when it is run again.
"""

from collections.abc import Mapping
from functools import cache
from itertools import product

import numpy as np
import torch
from torch import Generator, Tensor, nn

from idem.checkpoint import Checkpoint
from idem.data.datasets import to_unit
from idem.generative import calibration
from idem.generative.covariance import CovarianceNoise
from idem.generative.ign import IGN
from idem.generative.matching import mismatch
from idem.generative.noise import Noise
from idem.generative.objective import Objective
from idem.generative.optimization import Optimization
from idem.generative.state import Row, TrainingState, begin
from idem.generative.training import Method, Validation, run
from idem.generative.udcgan import UDCGAN
from stages.common import params, resume
from stages.common.engine import device
from stages.common.files import write_csv, write_npz
from stages.generative import networks, runs, weights
from stages.generative.measuring import Measurement
from stages.generative.scoring import load_scorer

DATASET = "mnist"
MODULES = ("stages.generative.frozen",)  # that decide the rows of a unit, training within
PARTS = ["reconstruction and rule", "mismatch"]
_LOGGED = 10**9  # steps between rows of a history that nobody reads


def main() -> None:
    """Write what every network is before it is trained on, on the way, and in the end."""
    args = params.arguments("train networks on, with their statistics frozen")
    everything = params.read(args.params, params.MNISTStudy)

    def train_again(units: list[resume.Unit]) -> None:
        needed = [(everything.frozen.ways[u.arguments[1]].of, u.arguments[2]) for u in units]
        weights.provide(everything, DATASET, needed, "frozen")

    planned = plan(everything)
    keys = [{"way": u.arguments[1], "seed": u.arguments[2]} for u in planned.units]
    with resume.completed(*planned, label="frozen", keep=args.units, before=train_again) as found:
        rows, shown = zip(*found, strict=True)
        write_csv(args.metrics / f"frozen_{DATASET}.csv", runs.table(keys, rows))
        chosen = {
            key["way"]: images
            for key, images in zip(keys, shown, strict=True)
            if key["seed"] == everything.frozen.shown_seed
        }
        write_npz(args.metrics / f"frozen_{DATASET}.npz", chosen)


def plan(everything: params.MNISTStudy) -> resume.Plan:
    """Return how every network is trained on."""
    section, of_runs = everything.frozen, weights.keys(everything, DATASET)
    shared = section.model_dump(mode="json", exclude={"ways", "shown_seed"})
    key = [runs.data_digest(DATASET, "test"), everything.score.model_dump(mode="json"), shared]
    units = [
        resume.Unit(
            f"frozen_{name}_{seed}",
            [of_runs[way.of, seed], *key, way.model_dump(mode="json")],
            (everything, name, seed),
            section.steps,
            section.steps,
        )
        for (name, way), seed in product(section.ways.items(), everything.train.seeds)
    ]
    return resume.Plan(trained_on, units, MODULES)


def trained_on(
    everything: params.MNISTStudy, name: str, seed: int, checkpoint: Checkpoint
) -> tuple[list[Row], np.ndarray]:
    """Return what one network is in evaluation mode, by the average of its weights since step 0.

    Returns:
        A row for step 0, steps on the way and the last, as by `stages.generative.measuring`; and
        the first of the samples that are measured, uint8 ``(2, 3, samples, C, H, W)``: before and
        after, z, f(z) and f(f(z)).
    """
    section = everything.frozen
    way, z = section.ways[name], noise(everything, section.ways[name])
    f, measure = restored(everything, way, z, seed), measurement(everything, z)
    rows, before = [{"step": 0} | measure(f)], pictures(f, measure.z[: section.shown_samples])

    def averaged(found: Mapping[str, nn.Module]) -> Row:
        return measure(networks.in_mode(found["ema"], "eval"))

    state = begin({"model": f}, optimization(section), seed=seed)
    method = Method(f"{name} {seed}", lambda x: step(state, way, z, x), PARTS)
    run(
        state,
        networks.images(DATASET, "train"),
        method,
        validation=Validation(averaged, "frechet_distance", section.every),
        log_every=_LOGGED,
        checkpoint=checkpoint,
        label=method.name,
    )
    after = pictures(networks.in_mode(state.ema, "eval"), measure.z[: section.shown_samples])
    return [*rows, *state.validations], np.stack([before, after])


def step(state: TrainingState, way: params.Freezing, z: Noise, x: Tensor) -> list[Tensor]:
    """Make one step on a batch of data; return its losses, `PARTS`, before it."""
    f = networks.in_mode(state.model, "eval")
    drawn = z.sample(len(x), state.generator)
    loss = objective(way).losses(f, x, x, drawn)[0]
    unlike = mismatch(f, x, f(drawn)) if way.matching else loss.new_zeros(())
    state.optimization.descend(state.optimizers["model"], loss + way.matching * unlike)
    return [loss, unlike]


@torch.no_grad()
def pictures(f: nn.Module, z: Tensor) -> np.ndarray:
    """Return z, f(z) and f(f(z)) as uint8, ``(3, B, C, H, W)``."""
    y = f(z)
    made = torch.stack([z, y, f(y)])
    return ((made.clamp(-1, 1) + 1) * 127.5).round().byte().cpu().numpy()


def objective(way: params.Freezing) -> Objective:
    """Return what a network is trained on by, beside the statistics of its samples."""
    tight = way.tightness
    rule = way.rule if tight is None else IGN(tight.weight, tight.clamp, tight.distance, way.rule)
    return Objective(rule, way.weight)


def optimization(section: params.Frozen) -> Optimization:
    """Return how the weights descend."""
    return Optimization(
        steps=section.steps,
        batch_size=section.batch_size,
        learning_rate=section.learning_rate,
        schedule="linear",
        ema_decay=section.ema_decay,
    )


def noise(everything: params.MNISTStudy, way: params.Freezing) -> Noise:
    """Return what a network is given from now on."""
    if way.noise == "covariance":
        return _covariance()
    training, shape = everything.train, networks.images(DATASET, "train").shape[1:]
    return networks.noise(training, training.models[way.of], DATASET, shape)


@cache
def _covariance() -> CovarianceNoise:
    return CovarianceNoise.fit(networks.images(DATASET, "train"))


def restored(everything: params.MNISTStudy, way: params.Freezing, z: Noise, seed: int) -> UDCGAN:
    """Return a trained network, in evaluation mode, its statistics those of data and this noise."""
    training = everything.train
    f = weights.restored(everything, DATASET, way.of, seed, everything.frozen.weights)
    calibration.recalibrate(
        f,
        networks.images(DATASET, "train"),
        z,
        batches=training.calibration_batches,
        batch_size=training.of(training.models[way.of]).batch_size,
        seed=seed,
    )
    networks.in_mode(f, "eval")
    return f


def measurement(everything: params.MNISTStudy, z: Noise) -> Measurement:
    """Return what is measured, of samples of this noise and of images of the split `test`."""
    section, scorer = everything.frozen, load_scorer(everything.score, DATASET, "test")
    x = to_unit(networks.some(DATASET, "test", section.samples))
    samples = z.sample(section.samples, Generator(device()).manual_seed(section.seed))
    return Measurement(scorer, samples, x, x.shape[-1], twice=True)


if __name__ == "__main__":
    main()
