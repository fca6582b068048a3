"""Stage from_scratch: can a network be trained from the start as one map that generates?

The layers of its images are normalised by GroupNorm, each image by itself, so that the network is
the same map of single images in training and in evaluation mode, at every step. What keeps the
modes of its samples apart is not a batch but what is asked of them, the statistics of data
(`idem.generative.one_map`). Rule and matching come in by and by, over the first steps, as a network
that reconstructs nothing yet is soonest idempotent by becoming constant. Measured as in stage
`frozen`: on the way and in the end, on the split `test`. It can be killed at any time and goes on
when it is run again.
"""

from collections.abc import Mapping
from functools import cache
from itertools import product

import numpy as np
from torch import Generator, Tensor, nn

from idem.checkpoint import Checkpoint
from idem.generative.covariance import CovarianceNoise
from idem.generative.ign import IGN
from idem.generative.objective import Objective
from idem.generative.one_map import losses
from idem.generative.optimization import Optimization
from idem.generative.state import Row, TrainingState, begin
from idem.generative.training import Method, Validation, run
from idem.generative.udcgan import UDCGAN
from stages.common import params, resume
from stages.common.engine import device
from stages.common.files import write_csv, write_npz
from stages.generative import networks, runs
from stages.generative.frozen import measurement, pictures

DATASET = "mnist"
MODULES = ("stages.generative.from_scratch",)  # that decide the rows of a unit
PARTS = ["reconstruction", "idempotency", "tightness"]
_LOGGED = 10**9  # steps between rows of a history that nobody reads


def main() -> None:
    """Write what every network is on the way and in the end."""
    args = params.arguments("train networks from the start as one map")
    everything = params.read(args.params, params.MNISTStudy)
    planned = plan(everything)
    keys = [{"way": u.arguments[1], "seed": u.arguments[2]} for u in planned.units]
    with resume.completed(*planned, label="from scratch", keep=args.units) as found:
        rows, shown = zip(*found, strict=True)
        write_csv(args.metrics / f"from_scratch_{DATASET}.csv", runs.table(keys, rows))
        chosen = {
            key["way"]: images
            for key, images in zip(keys, shown, strict=True)
            if key["seed"] == everything.frozen.shown_seed
        }
        write_npz(args.metrics / f"from_scratch_{DATASET}.npz", chosen)


def plan(everything: params.MNISTStudy) -> resume.Plan:
    """Return how every network is trained."""
    section, measured = everything.from_scratch, everything.frozen
    shared = section.model_dump(mode="json", exclude={"ways"})
    shared |= {"channels": list(everything.train.channels)}
    shared |= {"measured": [measured.samples, measured.seed, measured.shown_samples]}
    key = [runs.data_digest(DATASET, "test"), everything.score.model_dump(mode="json"), shared]
    units = [
        resume.Unit(
            f"from_scratch_{name}_{seed}",
            [*key, way.model_dump(mode="json"), seed],
            (everything, name, seed),
            section.steps,
            section.steps,
        )
        for (name, way), seed in product(section.ways.items(), everything.train.seeds)
    ]
    return resume.Plan(trained, units, MODULES)


def trained(
    everything: params.MNISTStudy, name: str, seed: int, checkpoint: Checkpoint
) -> tuple[list[Row], np.ndarray]:
    """Return what one network is, by the average of its weights.

    Returns:
        A row for steps on the way and the last, as by `stages.generative.measuring`; and the first
        of the samples that are measured, uint8 ``(3, samples, C, H, W)``: z, f(z) and f(f(z)).
    """
    section = everything.from_scratch
    way, z = section.ways[name], noise()
    measure = measurement(everything, z)

    def averaged(found: Mapping[str, nn.Module]) -> Row:
        return measure(networks.in_mode(found["ema"], "eval"))

    state = begin({"model": network(everything, seed)}, optimization(section), seed=seed)
    method = Method(f"{name} {seed}", lambda x: step(state, section, way, z, x), PARTS)
    run(
        state,
        networks.images(DATASET, "train"),
        method,
        validation=Validation(averaged, "frechet_distance", section.every),
        log_every=_LOGGED,
        checkpoint=checkpoint,
        label=method.name,
    )
    shown = measure.z[: everything.frozen.shown_samples]
    return state.validations, pictures(networks.in_mode(state.ema, "eval"), shown)


def step(
    state: TrainingState,
    section: params.FromScratch,
    way: params.Way,
    z: CovarianceNoise,
    x: Tensor,
) -> list[Tensor]:
    """Make one step on a batch of data; return its losses before it, those of the objective."""
    share = min(1.0, (state.step + 1) / section.warm_up)
    drawn = z.sample(len(x), state.generator)
    loss, *parts = losses(state.model, x, drawn, objective(way, share), share * way.matching)
    state.optimization.descend(state.optimizers["model"], loss)
    return parts[:-1]


def network(everything: params.MNISTStudy, seed: int) -> UDCGAN:
    """Return a new network, on the device."""
    return UDCGAN(
        networks.images(DATASET, "train").shape[1:],
        everything.train.channels,
        everything.from_scratch.bottleneck,
        normalization="group",
        generator=Generator().manual_seed(seed),
    ).to(device())


def objective(way: params.Way, share: float) -> Objective:
    """Return what a network is trained on, beside matching, with a share of the weights."""
    rule, tight = way.rule, way.tightness
    if tight is not None:
        rule = IGN(share * tight.weight, tight.clamp, tight.distance, way.rule)
    return Objective(rule, share * way.weight)


def optimization(section: params.FromScratch) -> Optimization:
    """Return how the weights descend."""
    return Optimization(
        steps=section.steps,
        batch_size=section.batch_size,
        learning_rate=section.learning_rate,
        schedule="linear",
        ema_decay=section.ema_decay,
    )


@cache
def noise() -> CovarianceNoise:
    """Return what the networks are given, once measured."""
    return CovarianceNoise.fit(networks.images(DATASET, "train"))


if __name__ == "__main__":
    main()
