"""The seconds of a training step of each network under each rule.

Forward passes are the measure of cost in the pipeline's own figures, as seconds differ on every
machine; here are the seconds of one. A step of one lane is timed for every network and rule, in
turns. Claim: a second buys what the operations say, so that a comparison in seconds is the
comparison in forward passes.

    make bench

writes metrics/benchmarks/wall_time.csv and prints it. Typical output (one core of an AMD EPYC,
batches of 1 000):

    network     rule  milliseconds  forward_equivalents
         B1 modified          0.29                 4.00
         B1 ordinary          0.30                 5.00
         B2 modified          28.2                 4.89
         B2 ordinary          34.6                 5.89
         B3 modified           781                 4.50
         B3 ordinary           959                 5.50
         B4 modified           437                 4.82
         B4 ordinary           525                 5.82
"""

import time
from pathlib import Path

import pandas as pd
import torch

from idem.rule.loss import RULES
from idem.sweeps.grid import Grid, Unit
from idem.sweeps.sweep import train_lanes
from stages.common import params
from stages.common.files import write_csv
from stages.common.units import processor
from stages.sweeps.aggregate import forward_equivalents

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "metrics" / "benchmarks"
STEPS, ROUNDS = {"B1": 400, "B2": 6, "B3": 2, "B4": 2}, 5
RATE = 1e-3  # the seconds of a step do not depend on it


def seconds_per_step(network: str, widths: list[int]) -> dict[str, float]:
    """Return the CPU seconds of a step of one lane under each rule: the least of rounds in turn."""
    steps = STEPS.get(network, 2)
    least: dict[str, float] = dict.fromkeys(RULES, float("inf"))
    for _ in range(ROUNDS):
        for rule in RULES:
            short, long = (timed(widths, rule, count) for count in (steps, 3 * steps))
            least[rule] = min(least[rule], (long - short) / (2 * steps))
    return least


def timed(widths: list[int], rule: str, steps: int) -> float:
    """Return the CPU seconds of so many steps, of their first and last measurement, and a start."""
    grid = Grid(widths, (RATE,), 1, steps, batch_size=1000, log_every=steps)
    start = time.thread_time()
    train_lanes(grid, Unit(rule, 0, (RATE,)))
    return time.thread_time() - start


def main() -> None:
    """Time every network of params.yaml, write the table."""
    torch.set_num_threads(1)
    networks = params.read(ROOT / "params.yaml", params.Swept).sweep.networks
    table = []
    for name, network in networks.items():
        seconds = seconds_per_step(name, network.widths)
        table += [
            {"network": name, "rule": rule, "milliseconds": 1e3 * value}
            | {"forward_equivalents": forward_equivalents(network.widths, rule)}
            for rule, value in seconds.items()
        ]
    found = pd.DataFrame(table).assign(processor=processor())
    write_csv(FOLDER / "wall_time.csv", found)
    print(found.drop(columns="processor").to_string(index=False))


if __name__ == "__main__":
    main()
