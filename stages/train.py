"""Stage train: train U-DCGANs on one data set, every model with every seed (section 3.1).

It can be killed at any time, and goes on from there when it is run again.
"""

import hashlib
import shutil

import pandas as pd

from idem import (
    autograd,
    calibration,
    corrector,
    datasets,
    decorrelation,
    ign,
    loop,
    metrics,
    objectives,
    passes,
    samples,
    training,
    training_state,
    udcgan,
)
from idem import noise as library_noise
from idem.calibration import recalibrate
from idem.checkpoint import Checkpoint
from idem.noise import FourierNoise
from stages import generative, params, resume, runs, scoring
from stages.engine import device, end_with_parent
from stages.files import write_csv
from stages.params import Score, Train

DECIDING = (autograd, calibration, corrector, datasets, decorrelation, generative, ign, loop)
DECIDING += (library_noise, metrics, objectives, passes, runs, samples, scoring, training)
DECIDING += (training_state, udcgan)


def main() -> None:
    """Write the noise statistics, the weights of all runs and what was measured on the way."""
    args = params.arguments("train on one data set", dataset="name of the data set")
    everything, name = params.read(args.params), generative.data_set(args.dataset)
    section = everything.train
    end_with_parent()
    parameters = [section.model_dump(mode="json"), everything.score.model_dump(mode="json")]
    folder = resume.folder(f"train_{name}", [*parameters, data_digest(name), device()], DECIDING)
    names = [(model, seed) for seed in section.seeds for model in section.models]
    places = resume.places(folder / f"{model}_{seed}.npz" for model, seed in names)
    tasks = [
        (section, everything.score, name, *run, place)
        for run, place in zip(names, places, strict=True)
    ]
    fit_noise(section, name)
    tables = resume.run_all(_train_unit, tasks, "runs")
    for table, found in zip(("train", "watched"), zip(*tables, strict=True), strict=True):
        rows = [row for of_run in found for row in of_run]
        write_csv(args.metrics / f"{table}_{name}.csv", pd.DataFrame(rows))
    shutil.rmtree(folder, ignore_errors=True)


def fit_noise(section: Train, dataset: str) -> None:
    """Measure the statistics of Fourier noise on the training split, and save them."""
    noise = FourierNoise.fit(generative.images(dataset, "train"))
    generative.save_tensors(generative.noise_path(section, dataset), noise.state_dict())


def data_digest(dataset: str) -> str:
    """Return what tells images that are trained on, and what chooses among weights, from others."""
    digest = hashlib.sha256()
    for split in ("train", "valid"):
        digest.update(generative.images(dataset, split).cpu().numpy().data)
    for value in generative.feature_extractor(dataset).state_dict().values():
        digest.update(value.cpu().contiguous().numpy().data)
    return digest.hexdigest()


def _train_unit(
    section: Train, score: Score, dataset: str, model: str, seed: int, checkpoint: Checkpoint
) -> tuple[list[dict], list[dict]] | None:
    """Return what a run logged and measured, its weights written; None if the time was up."""
    settings, label = section.models[model], f"{dataset} {model} seed {seed}"
    state = runs.trained(section, score, dataset, settings, seed, checkpoint, label)
    if state is None:
        return None
    images = generative.images(dataset, "train")
    noise = generative.noise(section, settings, dataset, images.shape[1:])
    calibration = {"batches": section.calibration_batches, "batch_size": section.batch_size}
    for kind, f in state.weights().items():
        recalibrate(f, images, noise, seed=seed, **calibration)
        path = generative.weights_path(section, dataset, model, seed, kind)
        generative.save_tensors(path, f.state_dict())
    run = {"model": model, "seed": seed}
    return [run | row for row in state.history], [run | row for row in state.watched]


if __name__ == "__main__":
    main()
