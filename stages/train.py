"""Stage train: train U-DCGANs on one data set under every rule with every seed (section 3.1)."""

from collections.abc import Iterable

import pandas as pd
from torch import Generator

from idem.noise import FourierNoise
from idem.training import recalibrate, start, train
from stages import generative, params
from stages.engine import run_units
from stages.files import write_csv
from stages.params import Train


def main() -> None:
    """Write the noise statistics, the weights of all runs and what they logged on the way."""
    args = params.arguments("train on one data set", dataset="name of the data set")
    section, name = params.read(args.params).train, generative.data_set(args.dataset)
    statistics = FourierNoise.fit(generative.images(name, "train")).state_dict()
    generative.save_tensors(generative.noise_path(name), statistics)
    rows = run_units(_train_unit, units(section, name))
    history = pd.DataFrame([row for of_unit in rows for row in of_unit])
    write_csv(args.metrics / f"train_{name}.csv", history)


def units(section: Train, dataset: str) -> Iterable[tuple]:
    """Yield one unit per seed and rule; a seed's initial weights, batches and noise are shared."""
    for seed in section.seeds:
        for rule in section.idempotency_weight:
            yield section, dataset, rule, seed


def _train_unit(section: Train, dataset: str, rule: str, seed: int) -> list[dict]:
    data = generative.images(dataset, "train")
    shape = data.shape[1:]
    noise = generative.noise(section, dataset, shape)
    state = start(
        generative.network(section, shape, Generator().manual_seed(seed)),
        seed=seed,
        learning_rate=section.learning_rate,
        betas=(section.betas[0], section.betas[1]),
        average_decay=section.average_decay,
    )
    train(
        state,
        data,
        noise,
        steps=section.steps,
        rule=rule,
        weight=section.idempotency_weight[rule],  # pyright: ignore[reportArgumentType]
        batch_size=section.batch_size,
        log_every=section.log_every,
        label=f"{dataset} {rule} seed {seed}",
    )
    calibration = {"batches": section.calibration_batches, "batch_size": section.batch_size}
    for kind, f in state.weights().items():
        recalibrate(f, data, noise, seed=seed, **calibration)
        path = generative.weights_path(dataset, rule, seed, kind)
        generative.save_tensors(path, f.state_dict())
    return [{"rule": rule, "seed": seed} | row for row in state.history]


if __name__ == "__main__":
    main()
