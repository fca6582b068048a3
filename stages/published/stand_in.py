"""Stage stand_in: does a small network with another's ratio of n to the batch follow its lines?

On one fixed batch of B inputs in n dimensions a network of the paper costs a cluster; if n / B is
what its curves depend on, a smaller one with the same ratio has the same curves at the same matched
rates, and may stand in its place where no cluster is at hand. It can be killed at any time and goes
on when it is run again.
"""

from dataclasses import replace

import pandas as pd

from idem.sweeps.grid import Grid
from stages.common import params, resume
from stages.common.files import write_csv, write_json
from stages.published import replay
from stages.published.beside import beside, headline
from stages.published.curves import read_errors
from stages.sweeps import sweep


def main() -> None:
    """Write the lines of every network that stands in, beside the published ones of another."""
    args = params.arguments("train small networks in the place of large ones")
    settings = params.read(args.params, params.Paper)
    names = [name for name, grid in grids_of(settings).items() for _ in grid.units()]
    with resume.completed(*plan(settings), keep=args.units, label="stand_in") as parts:
        curves, lines = read_errors(), {}
        for name, stand_in in settings.stand_ins.items():
            own = (part for of, part in zip(names, parts, strict=True) if of == name)
            rows = pd.DataFrame({"data": "fixed"} | row for part in own for row in part)
            rates = replay.rates_by_label(settings, stand_in.network)
            theirs = curves[curves.network == stand_in.network]
            lines[name] = beside(replay.labelled(rows, rates), theirs)
        write_csv(
            args.metrics / "stand_in.csv",
            pd.concat(of.assign(stand_in=name) for name, of in lines.items()),
        )
        write_json(
            args.metrics / "stand_in.json", {name: headline(of) for name, of in lines.items()}
        )


def plan(settings: params.Paper) -> resume.Plan:
    """Return how the lines of all networks that stand in are computed."""
    units = [
        unit
        for name, grid in grids_of(settings).items()
        for unit in sweep.units_of(f"stand_in_{name}", grid, settings.sweep.matmul_precision)
    ]
    return resume.Plan(sweep.trained, units, sweep.MODULES)


def grids_of(settings: params.Paper) -> dict[str, Grid]:
    """Return the grid of every network that stands in: that of the other, but smaller."""
    return {
        name: replace(
            replay.grid_of(settings, of.network, "fixed"),
            widths=of.widths,
            batch_size=of.batch_size,
            runs=of.runs,
            steps=of.steps,
            log_every=of.steps,
        )
        for name, of in settings.stand_ins.items()
    }


if __name__ == "__main__":
    main()
