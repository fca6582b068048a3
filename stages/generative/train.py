"""Stage train: train U-DCGANs on one data set, every model with every seed (section 3.1).

It can be killed at any time, and goes on from there when it is run again.
"""

import pandas as pd

from idem.checkpoint import Checkpoint
from idem.generative.noise import FourierNoise
from stages.common import params, resume
from stages.common.engine import deadline
from stages.common.files import write_csv
from stages.common.params import Train
from stages.generative import networks, runs


def main() -> None:
    """Write the noise statistics, the weights of all runs and what was measured on the way."""
    args = params.arguments("train on one data set", dataset="name of the data set")
    everything, name = params.read(args.params, params.Generative), networks.data_set(args.dataset)
    section = everything.train
    deadline()  # complains before anything is written
    fit_noise(section, name)
    data = runs.data_digest(name)
    units = []
    for seed in section.seeds:
        for model, settings in section.models.items():
            run = runs.Run(name, section, settings, everything.score, seed)
            units.append(resume.Unit(f"train_{name}_{model}_{seed}", run.key(data), (run, model)))
    with resume.completed(_train_unit, units, runs.MODULES, noun="runs") as tables:
        for table, found in zip(("train", "validation"), zip(*tables, strict=True), strict=True):
            rows = [row for of_run in found for row in of_run]
            write_csv(args.metrics / f"{table}_{name}.csv", pd.DataFrame(rows))


def fit_noise(section: Train, dataset: str) -> None:
    """Measure the statistics of Fourier noise on the training split, and save them."""
    noise = FourierNoise.fit(networks.images(dataset, "train"))
    networks.save_tensors(networks.noise_path(section, dataset), noise.state_dict())


def _train_unit(run: runs.Run, model: str, checkpoint: Checkpoint) -> tuple[list[dict], list[dict]]:
    """Return what a run logged and its validation history, its weights written."""
    section, seed = run.section, run.seed
    state = run.train(checkpoint, f"{run.dataset} {model} seed {seed}")
    noise = run.noise()
    for kind, f in state.weights().items():
        networks.recalibrate(f, section, run.dataset, noise, seed)
        path = networks.weights_path(section, run.dataset, model, seed, kind)
        networks.save_tensors(path, f.state_dict())
    keys = {"model": model, "seed": seed}
    return [keys | row for row in state.history], [keys | row for row in state.validations]


if __name__ == "__main__":
    main()
