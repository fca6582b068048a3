"""Stage flow: appendix D, what the rules do to one layer, derived in `idem.theory.flow`, measured.

Which rank survives is counted from the start, on linear layers, where that is exact, and on
LeakyReLU layers, as far as it goes: those of the stage sweep are predicted run by run. When the
modified rule descends, which projections it leaves on inputs with a mean, what its transpose is
worth, and where training stops being stable stand beside it, the latter two from the stages that
measure them.
"""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from jinja2 import FileSystemLoader

from stages.common import params
from stages.common.files import write_csv, write_json, write_text
from stages.landscape import survival
from stages.landscape.descent import descent
from stages.landscape.leaving import leaving
from stages.sweeps.sweep import grid_of
from stages.text.render import ENVIRONMENT, render

TITLE = "Appendix D, what the rules do to one layer"
# Of section D.5 alone, so that stages that train, and depend on `stages/text`, are none the wiser.
OWN = ENVIRONMENT.overlay(loader=FileSystemLoader(Path(__file__).with_name("templates")))


def main() -> None:
    """Write the runs of the sweep as predicted, the numbers, and the appendix for readers."""
    args = params.arguments("predict what the rules do to one layer, and measure it")
    settings = params.read(args.params, params.Laptop)
    section, name = settings.flow, settings.flow.network
    rows = pd.read_csv(args.metrics / f"sweep_{name}.csv")
    grid = grid_of(settings.sweep, settings.sweep.networks[name])
    table = survival.of_sweep(grid, rows, section)
    found = measure(section, settings.sweep.negative_slope) | {"swept": survival.scored(table)}
    read = {
        name: json.loads((args.metrics / f"{name}.json").read_text())
        for name in ("transposed", "stability")
    }
    text = appendix(section, found, table, **read)
    write_csv(args.metrics / "flow.csv", table)
    write_json(args.metrics / "flow.json", found)
    write_text(args.metrics / "appendix_d.md", text)


def measure(section: params.Flow, slope: float) -> dict[str, Any]:
    """Return what is measured of starts that are drawn here.

    By one thread: several would wait for each other at every product of small matrices.
    """
    torch.set_num_threads(1)
    K = survival.starts(section)
    return {
        "linear": survival.linear(section, K),
        "leaky": survival.leaky(section, slope),
        "descent": descent(K, section.tolerance),
        "leaving": leaving(section.inputs, section.seed),
    }


def appendix(
    section: params.Flow, found: dict[str, Any], table: pd.DataFrame, **others: Any
) -> str:
    """Return Appendix D as Markdown with LaTeX, from the measurements here and elsewhere."""
    runs = [row._asdict() for row in table.itertuples(index=False)]
    last = OWN.get_template("inputs.md.j2").render(section=section.inputs, **found)
    return render("appendix_d", title=TITLE, section=section, runs=runs, **found, **others) + last


if __name__ == "__main__":
    main()
