"""Stage train: train U-DCGANs on one data set, every model with every seed (section 3.1).

It can be killed at any time, and goes on from there when it is run again.
"""

from itertools import product

from idem.checkpoint import Checkpoint
from idem.generative.noise import FourierNoise
from stages.common import params, resume
from stages.common.files import write_csv, write_tensors
from stages.generative import networks, runs


def main() -> None:
    """Write the noise statistics, the weights of all runs and what was measured on the way."""
    args = params.arguments("train on one data set", dataset="name of the data set")
    everything, name = params.read(args.params, params.Generative), networks.data_set(args.dataset)
    section, noise = everything.train, FourierNoise.fit(networks.images(name, "train"))
    data, units, keys = runs.data_digest(name), [], []
    for seed, model in product(section.seeds, section.models):
        run = runs.Run(name, section, section.models[model], everything.score, seed, noise)
        label, steps = f"train_{name}_{model}_{seed}", runs.steps_of(section, run.model)
        units.append(resume.Unit(label, run.key(data), (run, model), steps, steps))
        keys.append({"model": model, "seed": seed})
    with resume.completed(_train_unit, units, runs.MODULES, label=f"train {name}") as tables:
        write_tensors(networks.noise_path(section, name), noise.state_dict())
        for table, found in zip(("train", "validation"), zip(*tables, strict=True), strict=True):
            write_csv(args.metrics / f"{table}_{name}.csv", runs.table(keys, found))


def _train_unit(run: runs.Run, model: str, checkpoint: Checkpoint) -> tuple[list[dict], list[dict]]:
    """Return what a run logged and its validation history, its weights written."""
    section, seed = run.section, run.seed
    state = run.train(checkpoint, f"{run.dataset} {model} seed {seed}")
    noise = run.noise()
    for kind, f in state.weights().items():
        networks.recalibrate(f, section, run.dataset, noise, seed)
        path = networks.weights_path(section, run.dataset, model, seed, kind)
        write_tensors(path, f.state_dict())
    return state.history, state.validations


if __name__ == "__main__":
    main()
