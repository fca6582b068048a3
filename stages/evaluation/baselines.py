"""Stage baselines: what is generated without idempotence, beside all that is.

Two baselines, scored on the split `test` as the idempotent networks are:

    dcgan              of the U-DCGAN's size, trained with at least the compute of every model
    autoencoder_codes  the decoder of the model `baselines.autoencoder`, on codes drawn from the
                       Gaussian of its codes of the training split: no training beyond its own

It can be killed at any time, and goes on from there when it is run again.
"""

import math
import sys
from collections.abc import Iterable
from itertools import product
from typing import Any

import pandas as pd
import torch
from torch import Generator, Tensor, nn
from torch.optim.swa_utils import update_bn
from torch.utils.flop_counter import FlopCounterMode

from idem.checkpoint import Checkpoint
from idem.data.datasets import to_unit
from idem.generative import udcgan
from idem.generative.dcgan import DCGAN, parameter_counts, sample_codes, train_dcgan
from idem.generative.gaussian import Gaussian
from idem.generative.noise import GaussianNoise
from idem.generative.optimization import Optimization
from idem.generative.state import Row, TrainingState
from idem.generative.training import Validation, train
from stages.common import params, resume
from stages.common.engine import device
from stages.common.files import write_csv, write_json
from stages.common.params import Evaluate, GenerativeStudy, Model, Train
from stages.evaluation.labels import KINDS, MODES
from stages.evaluation.measures import neighbours, sample_quality
from stages.generative import networks, runs, weights
from stages.generative.scoring import Scorer, batched, load_scorer, scored

MODULES = ("stages.evaluation.baselines",)  # that decide the scores of a run


def main() -> None:
    """Write the scores of both baselines, the DCGAN's on its way, and what it costs."""
    args = params.arguments("train and score the baselines", dataset="name of the data set")
    everything = params.read(args.params, GenerativeStudy)
    name = networks.data_set(args.dataset)
    params.choose(everything.train.models, everything.baselines.autoencoder, "model")
    shape = networks.images(name, "train").shape[1:]
    compute = _compute(everything, shape)
    planned, label = plan(everything, name), f"dcgan {name}"

    def train_again(units: list[resume.Unit]) -> None:
        needed = [(everything.baselines.autoencoder, unit.arguments[2]) for unit in units]
        weights.provide(everything, name, needed, "baselines")

    of_codes = plan_of_codes(everything, name)
    with (
        resume.completed(*planned, keep=args.units, label=label) as found,
        resume.completed(
            *of_codes, keep=args.units, label=f"codes {name}", before=train_again
        ) as drawn,
    ):
        rows = [row for of in (*(of_run for of_run, _ in found), *drawn) for row in of]
        validations = [row for _, of_run in found for row in of_run]
        write_csv(args.metrics / f"baselines_{name}.csv", pd.DataFrame(rows))
        write_csv(args.metrics / f"baselines_validation_{name}.csv", pd.DataFrame(validations))
        write_json(args.metrics / f"baselines_{name}.json", compute)


def plan(everything: GenerativeStudy, dataset: str) -> resume.Plan:
    """Return how the DCGANs are trained and scored."""
    data = runs.data_digest(dataset, "test")
    units = [
        resume.Unit(
            f"dcgan_{dataset}_{seed}",
            _key(everything, data, seed),
            (everything, dataset, seed),
            everything.baselines.steps,
        )
        for seed in everything.baselines.seeds
    ]
    return resume.Plan(_dcgan_unit, units, MODULES)


def plan_of_codes(everything: GenerativeStudy, dataset: str) -> resume.Plan:
    """Return how drawn codes of the trained autoencoders are decoded and scored."""
    model, of_runs = everything.baselines.autoencoder, weights.keys(everything, dataset)
    units = [
        resume.Unit(
            f"codes_{dataset}_{seed}_{kind}",
            [of_runs[model, seed], kind, *_scored(everything)],
            (everything, dataset, seed, kind),
        )
        for seed, kind in product(everything.train.seeds, KINDS)
    ]
    return resume.Plan(_codes_unit, units, MODULES)


def network(section: Train, image_shape: Iterable[int], seed: int | None = None) -> DCGAN:
    """Return a DCGAN of the size of the section's U-DCGAN, on the device, channels innermost."""
    rng = None if seed is None else Generator().manual_seed(seed)
    shape = tuple(image_shape)
    model = DCGAN(shape, section.channels, section.bottleneck, section.normalization, rng)
    return model.to(device(), memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]


def _compute(
    everything: GenerativeStudy, image_shape: Iterable[int]
) -> dict[str, dict[str, float]]:
    """Return parameters and operations of every run; stop if the DCGAN has less than any."""
    section, shape = everything.baselines, tuple(image_shape)
    gan = network(everything.train, shape)
    sizes = {"dcgan": sum(parameter_counts(gan).values())}
    flops = {"dcgan": dcgan_flops(gan, shape) * section.batch_size * section.steps}
    for name, model in everything.train.models.items():
        f = networks.network(everything.train, model, shape)
        sizes[name] = sum(p.numel() for p in f.parameters())
        own = everything.train.of(model)
        flops[name] = model_flops(model, f, shape) * own.batch_size * own.steps
    most = max(flops, key=lambda name: flops[name])
    if flops["dcgan"] < flops[most]:
        steps = math.ceil(section.steps * flops[most] / flops["dcgan"])
        sys.exit(
            f"baselines.steps: expected {steps} or more, for as much compute as model {most}, got "
            f"{section.steps}"
        )
    return {n: {"parameters": sizes[n], "operations": flops[n]} for n in flops}


def model_flops(model: Model, f: nn.Module, image_shape: tuple[int, ...]) -> float:
    """Count the operations that a training step of a U-DCGAN makes for one image."""
    blank, noise = _blank(image_shape), GaussianNoise(image_shape)
    with FlopCounterMode(display=False) as counter:
        train(f, blank, noise, runs.objective(model), Optimization(steps=1, batch_size=2))
    return counter.get_total_flops() / 2


def dcgan_flops(model: DCGAN, image_shape: tuple[int, ...]) -> float:
    """Count the operations that a training step of a DCGAN makes for one image."""
    with FlopCounterMode(display=False) as counter:
        train_dcgan(model, _blank(image_shape), Optimization(steps=1, batch_size=2))
    return counter.get_total_flops() / 2


def _blank(image_shape: tuple[int, ...]) -> Tensor:
    return torch.zeros(2, *image_shape, dtype=torch.uint8, device=device())


def _key(everything: GenerativeStudy, data: str, seed: int) -> list[Any]:
    """Return what decides the scores of a run, whichever others there are."""
    own = everything.baselines.model_dump(mode="json", exclude={"seeds", "autoencoder"})
    network = everything.train.model_dump(include={"channels", "bottleneck", "normalization"})
    return [own, network, *_scored(everything), data, seed]


def _scored(everything: GenerativeStudy) -> list[Any]:
    """Return what decides how samples are drawn and scored."""
    given = everything.evaluate
    drawn = [given.seed, given.samples, given.neighbours, given.nearest_k]
    return [everything.score.model_dump(), drawn]


def _dcgan_unit(
    everything: GenerativeStudy, dataset: str, seed: int, checkpoint: Checkpoint
) -> tuple[list[dict], list[dict]]:
    """Return the scores of a run and its validation history."""
    state = _trained(everything, dataset, seed, checkpoint)
    scorer = load_scorer(everything.score, dataset, "test")
    rows, rng = [], Generator(device()).manual_seed(everything.evaluate.seed)
    codes = sample_codes(everything.evaluate.samples, everything.train.bottleneck, rng)
    for kind, generator in state.weights().items():
        _recalibrate(generator, everything, seed)
        for mode in MODES:
            images = batched(networks.in_mode(generator, mode), codes, scorer.section.batch_size)
            run = _run("dcgan", seed, kind, mode)
            rows.append(run | _quality(everything.evaluate, dataset, images, scorer))
    return rows, [{"model": "dcgan", "seed": seed} | row for row in state.validations]


def _trained(
    everything: GenerativeStudy, dataset: str, seed: int, checkpoint: Checkpoint
) -> TrainingState:
    section, images = everything.baselines, networks.images(dataset, "train")
    optimization = Optimization(
        steps=section.steps,
        batch_size=section.batch_size,
        learning_rate=section.learning_rate,
        betas=(section.betas[0], section.betas[1]),
        ema_decay=section.ema_decay,
    )
    return train_dcgan(
        network(everything.train, images.shape[1:], seed),
        images,
        optimization,
        seed=seed,
        validation=_validation(everything, load_scorer(everything.score, dataset, "valid")),
        log_every=section.log_every,
        checkpoint=checkpoint,
        label=f"{dataset} dcgan seed {seed}",
    )


def _validation(everything: GenerativeStudy, scorer: Scorer) -> Validation:
    """Score what the generators make of codes."""
    section = everything.baselines.validation
    rng = Generator(device()).manual_seed(section.seed)
    codes = sample_codes(section.samples, everything.train.bottleneck, rng)

    def measure(generator: nn.Module) -> Row:
        return scored(batched(generator, codes, scorer.section.batch_size), scorer)

    return runs.validation(section, measure)


def _recalibrate(generator: nn.Module, everything: GenerativeStudy, seed: int) -> None:
    """Measure BatchNorm's statistics anew over codes, as those of U-DCGANs over images."""
    section, rng = everything.baselines, Generator(device()).manual_seed(seed)
    shape = section.batch_size, everything.train.bottleneck
    update_bn((sample_codes(*shape, rng) for _ in range(section.calibration_batches)), generator)


def _codes_unit(
    everything: GenerativeStudy, dataset: str, seed: int, kind: str, checkpoint: Checkpoint
) -> list[dict]:
    """Return the scores of what a trained autoencoder makes of drawn codes, in both modes."""
    images, scorer = (
        networks.images(dataset, "train"),
        load_scorer(everything.score, dataset, "test"),
    )
    f = weights.restored(everything, dataset, everything.baselines.autoencoder, seed, kind)
    rng = Generator(device()).manual_seed(everything.evaluate.seed)
    rows, size = [], scorer.section.batch_size
    for mode in MODES:
        networks.in_mode(f, mode)
        drawn = _codes(f, images, size).sample(everything.evaluate.samples, rng)
        made = batched(lambda code: f.decode(code[..., None, None]), drawn, size)
        run = _run("autoencoder_codes", seed, kind, mode)
        rows.append(run | _quality(everything.evaluate, dataset, made, scorer))
    return rows


def _codes(f: udcgan.UDCGAN, images: Tensor, size: int) -> Gaussian:
    """Fit the codes of the images, in whole batches, as BatchNorm needs batches of one size."""
    whole = images[: max(len(images) - len(images) % size, size)]
    return Gaussian.fit(batched(lambda x: f.encode(to_unit(x))[0].flatten(1), whole, size))


def _quality(section: Evaluate, dataset: str, images: Tensor, scorer: Scorer) -> Row:
    """Return all that stage evaluate measures of images alone, their number aside."""
    near, _ = neighbours(images[: section.neighbours], dataset)
    return sample_quality(images, scorer, section.nearest_k) | near


def _run(model: str, seed: int, kind: str, mode: str) -> dict:
    return {"model": model, "seed": seed, "weights": kind, "mode": mode}


if __name__ == "__main__":
    main()
