"""Stage train: train U-DCGANs on one data set under every rule with every seed (section 3.1).

It can be killed at any time, and goes on from there when it is run again.
"""

import hashlib
import shutil
import sys
from pathlib import Path

import pandas as pd
from torch import Generator, Tensor

from idem import autograd, corrector, datasets, ign, objectives, passes, training, udcgan
from idem import noise as library_noise
from idem.calibration import recalibrate
from idem.checkpoint import Checkpoint, OutOfTime
from idem.ign import IGN
from idem.noise import FourierNoise
from idem.training import TrainingState, start, train
from stages import generative, params, resume
from stages.engine import (
    OUT_OF_TIME,
    checkpoint_seconds,
    deadline,
    device,
    end_with_parent,
    run_units,
)
from stages.files import write_csv
from stages.params import Train

DECIDING = (autograd, corrector, datasets, generative, ign, library_noise, objectives, passes)
DECIDING += (training, udcgan)


def main() -> None:
    """Write the noise statistics, the weights of all runs and what they logged on the way."""
    args = params.arguments("train on one data set", dataset="name of the data set")
    section, name = params.read(args.params).train, generative.data_set(args.dataset)
    end_with_parent()
    images = generative.images(name, "train")
    folder = _folder(section, name, images)
    tasks = units(section, name, folder)
    generative.save_tensors(generative.noise_path(name), FourierNoise.fit(images).state_dict())
    try:
        rows = run_units(_train_unit, tasks)
    except FloatingPointError as error:
        sys.exit(str(error))
    done = [of_unit for of_unit in rows if of_unit is not None]
    if len(done) < len(rows):
        print(f"time is up: {len(done)} of {len(rows)} runs done; run it again to go on")
        sys.exit(OUT_OF_TIME)
    history = pd.DataFrame([row for of_unit in done for row in of_unit])
    write_csv(args.metrics / f"train_{name}.csv", history)
    shutil.rmtree(folder, ignore_errors=True)


def units(section: Train, dataset: str, folder: Path) -> list[tuple]:
    """List one unit per seed and rule; a seed's initial weights, batches and noise are shared."""
    every, end = checkpoint_seconds(), deadline()
    return [
        (section, dataset, rule, seed, Checkpoint(folder / f"{rule}_{seed}.npz", every, end))
        for seed in section.seeds
        for rule in section.idempotency_weight
    ]


def _folder(section: Train, dataset: str, images: Tensor) -> Path:
    digest = hashlib.sha256(images.cpu().numpy().data).hexdigest()
    parameters = [section.model_dump(mode="json"), digest, device()]
    return resume.folder(f"train_{dataset}", parameters, DECIDING)


def _train_unit(
    section: Train, dataset: str, rule: str, seed: int, checkpoint: Checkpoint
) -> list[dict] | None:
    """Return the history of a run, its weights written; nothing if the time was up before."""
    data = generative.images(dataset, "train")
    noise = generative.noise(section, dataset, data.shape[1:])
    state = _begun(section, data.shape[1:], seed)
    try:
        train(
            state,
            data,
            noise,
            steps=section.steps,
            rule=_objective(section, rule),
            weight=section.idempotency_weight[rule],  # pyright: ignore[reportArgumentType]
            batch_size=section.batch_size,
            schedule=section.learning_rate_schedule,
            max_gradient_norm=section.max_gradient_norm,
            log_every=section.log_every,
            checkpoint=checkpoint,
            label=f"{dataset} {rule} seed {seed}",
        )
    except OutOfTime:
        if state.step < section.steps:
            return None
    calibration = {"batches": section.calibration_batches, "batch_size": section.batch_size}
    for kind, f in state.weights().items():
        recalibrate(f, data, noise, seed=seed, **calibration)
        path = generative.weights_path(dataset, rule, seed, kind)
        generative.save_tensors(path, f.state_dict())
    return [{"rule": rule, "seed": seed} | row for row in state.history]


def _objective(section: Train, rule: str) -> str | IGN:
    if rule != "ign":
        return rule
    return IGN(section.ign.weight, section.ign.clamp, section.ign.distance)


def _begun(section: Train, image_shape: tuple[int, ...], seed: int) -> TrainingState:
    return start(
        generative.network(section, image_shape, Generator().manual_seed(seed)),
        seed=seed,
        learning_rate=section.learning_rate,
        betas=(section.betas[0], section.betas[1]),
        average_decay=section.average_decay,
    )


if __name__ == "__main__":
    main()
