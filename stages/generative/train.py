"""Stage train: train U-DCGANs on one data set, every model with every seed (section 3.1).

It can be killed at any time, and goes on from there when it is run again. What another machine has
finished is taken, but without weights: see `stages.generative.weights`.
"""

from stages.common import params, resume
from stages.common.files import write_csv, write_tensors
from stages.common.params import Generative
from stages.generative import networks, runs
from stages.generative.weights import Runs


def main() -> None:
    """Write the noise statistics, the weights of all runs and what was measured on the way."""
    args = params.arguments("train on one data set", dataset="name of the data set")
    everything, name = params.read(args.params, Generative), networks.data_set(args.dataset)
    found = Runs.of(everything, name)
    keys = [{"model": model, "seed": seed} for model, seed in found.found]
    label = f"train {name}"
    with resume.completed(*found.plan(found.found), keep=args.units, label=label) as tables:
        noise = next(iter(found.found.values())).fourier
        write_tensors(networks.noise_path(everything.train, name), noise.state_dict())
        missing = found.hand_over()
        if missing:
            print(f"{len(missing)} runs have no weights here: stages that need some train again")
        for table, of_run in zip(("train", "validation"), zip(*tables, strict=True), strict=True):
            write_csv(args.metrics / f"{table}_{name}.csv", runs.table(keys, of_run))
        if args.units is None:
            found.forget()


def plan(everything: Generative, dataset: str) -> resume.Plan:
    """Return how all runs are trained."""
    found = Runs.of(everything, dataset)
    return found.plan(found.found)


if __name__ == "__main__":
    main()
