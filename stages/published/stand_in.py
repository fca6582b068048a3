"""Stage stand_in: does a network of other widths follow the published lines of one of the paper's?

There are two reasons to ask. On one fixed batch of B inputs in n dimensions a network of the paper
costs a cluster. If its curves depended on n / B alone, a smaller one with the same ratio would have
the same curves at the same matched rates, and could stand in its place. What the ratio leaves out
is told beside the curves: the units of a LeakyReLU network have means that are not 0, and their
part of the second moment of what goes into a layer, which is the curvature, grows with the width.
And the authors may have printed the curves of another network than that of their table: then it is
this one that follows them, at the rates that its own width makes of the labels. The stage can be
killed at any time and goes on when it is run again.
"""

from dataclasses import replace

import pandas as pd
import torch
from torch.nn.functional import leaky_relu

from idem.sweeps.grid import Grid
from stages.common import params, resume
from stages.common.files import write_csv, write_json
from stages.published import replay
from stages.published.beside import beside, headline
from stages.published.curves import read_errors
from stages.sweeps import sweep
from stages.sweeps.aggregate import last_rows


def main() -> None:
    """Write the lines of every network that stands in, beside the published ones, and its lanes."""
    args = params.arguments("train networks in the place of others of the published lines")
    settings = params.read(args.params, params.Paper)
    with resume.completed(*plan(settings), keep=args.units, label="stand_in") as parts:
        curves, lines, lanes = read_errors(), {}, {}
        for name, rows in sweep.by_grid(grids_of(settings), parts).items():
            other = settings.stand_ins[name].network
            rows = replay.labelled(rows.assign(data="fixed"), rates_of(settings, name))
            lines[name] = beside(rows, curves[curves.network == other])
            lanes[name] = last_rows(rows)
        for file, tables in (("stand_in.csv", lines), ("stand_in_lanes.csv", lanes)):
            table = pd.concat(of.assign(stand_in=name) for name, of in tables.items())
            write_csv(args.metrics / file, table)
        found = {name: headline(of) | moments_beside(settings, name) for name, of in lines.items()}
        write_json(args.metrics / "stand_in.json", found)


def plan(settings: params.Paper) -> resume.Plan:
    """Return how the lines of all networks that stand in are computed."""
    grids = grids_of(settings)
    return sweep.plan_of({f"stand_in_{name}": grids[name] for name in grids}, settings.sweep)


def rates_of(settings: params.Paper, name: str) -> dict[str, dict[float, float]]:
    """Return, by rule, the matched rate that each label stands for."""
    of = settings.stand_ins[name]
    own = of.widths[-1] if of.rates == "labels" else None
    return replay.rates_by_label(settings, of.network, own)


def grids_of(settings: params.Paper) -> dict[str, Grid]:
    """Return the grid of every network that stands in: the other's but for what it names."""
    return {
        name: replace(
            replay.grid_of(settings, of.network, "fixed"),
            learning_rates={r: [*rates.values()] for r, rates in rates_of(settings, name).items()},
            widths=of.widths,
            batch_size=of.batch_size,
            runs=of.runs,
            steps=of.steps,
            log_every=of.steps,
        )
        for name, of in settings.stand_ins.items()
    }


def moments_beside(settings: params.Paper, name: str) -> dict[str, dict[str, list[list[float]]]]:
    """Return `second_moments` of a network that stands in and of the other."""
    other = settings.stand_ins[name].network
    grids = {name: grids_of(settings)[name], other: replay.grid_of(settings, other, "fixed")}
    return {"second_moments": {of: second_moments(grid) for of, grid in grids.items()}}


def second_moments(grid: Grid) -> list[list[float]]:
    """Return the two largest eigenvalues of the second moment of what goes into every layer.

    At the start of run 0, over its first batch. Where a mean is what is large, the first is far
    above the second.
    """
    x, found = grid.batch(0, 0), []
    for weight, bias in grid.start(0):
        gram = (x @ x.mT).double() / len(x)
        found.append(torch.linalg.eigvalsh(gram)[-2:].flip(0).tolist())
        x = leaky_relu(x @ weight.mT + bias, grid.negative_slope)
    return found


if __name__ == "__main__":
    main()
