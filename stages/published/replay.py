"""Stage published: train a network as the authors' curves say it was, and put it beside them.

It can be killed at any time, and goes on from there when it is run again.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from idem.rule.loss import RULES
from idem.sweeps.grid import Grid
from stages.common import params, resume
from stages.common.files import write_csv, write_json
from stages.common.so_far import write_completed
from stages.published.beside import LINE, beside, headline
from stages.published.curves import read_errors
from stages.published.readings import factor
from stages.published.starts import scatter
from stages.sweeps import sweep


def main() -> None:
    """Write every logged row, the lines beside the authors', and how far they are apart."""
    args = params.arguments("train a network as the authors did", network="of published.networks")
    settings = params.read(args.params, params.Swept)
    params.choose(settings.published.networks, args.network, "network")
    path, network = args.metrics / f"published_{args.network}", args.network
    others = [plan(settings, other) for other in settings.published.networks if other != network]
    of_done = partial(write, settings, network)
    write_completed(path, plan(settings, network), of_done, args.units, others)


def write(
    settings: params.Swept, network: str, path: Path, parts: sweep.Parts, _: Sequence[Any]
) -> None:
    """Write every row of the units that are done, their lines and headline, if any is done.

    Args:
        settings: of the pipeline.
        network: which was trained.
        path: without an ending; that of the lines beside the authors' ends with ``_lines``.
        parts: of `plan`.
    """
    if not any(parts):
        return
    found = sweep.by_grid(grids_of(settings, network), [done or [] for done in parts])
    rows = pd.concat(found, names=["data"]).reset_index("data")
    rows = labelled(rows, rates_by_label(settings, network))
    curves = read_errors()
    curves = curves[curves.network == network]
    lines = beside(rows, curves)
    told = headline(lines)
    for data, of_data in rows.groupby("data"):
        told[str(data)]["at_start"] = scatter(of_data, curves)
    write_csv(Path(f"{path}.csv"), rows)
    write_csv(Path(f"{path}_lines.csv"), lines)
    write_json(Path(f"{path}.json"), told)


def plan(settings: params.Swept, network: str) -> resume.Plan:
    """Return how the published lines of a network are computed, on every kind of data."""
    grids = grids_of(settings, network)
    return sweep.plan_of({f"published_{network}_{d}": grids[d] for d in grids}, settings.sweep)


def grids_of(settings: params.Swept, network: str) -> dict[str, Grid]:
    """Return the grid of a network's published lines by kind of data."""
    return {data: grid_of(settings, network, data) for data in settings.published.data}


def grid_of(settings: params.Swept, network: str, data: str) -> Grid:
    """Return the grid of a network's published lines on one kind of data."""
    lines = settings.published.networks[network]
    rates = {
        rule: list(of_rule.values()) for rule, of_rule in rates_by_label(settings, network).items()
    }
    swept = sweep.grid_of(settings.sweep, settings.sweep.networks[network])
    return replace(
        swept,
        learning_rates=rates,
        runs=lines.runs,
        steps=lines.steps,
        log_every=lines.steps,
        log_at=settings.published.log_at,
        data=data,
    )


def labelled(rows: pd.DataFrame, rates: dict[str, dict[float, float]]) -> pd.DataFrame:
    """Return the rows in the order of their lines, with the ``label`` of each."""
    labels = {(rule, rate): label for rule in rates for label, rate in rates[rule].items()}
    places = zip(rows.rule, rows.learning_rate, strict=True)
    rows.insert(1, "label", [labels[place] for place in places])
    return rows.sort_values([*LINE, "run", "step"])


def rates_by_label(
    settings: params.Swept, network: str, width: int | None = None
) -> dict[str, dict[float, float]]:
    """Return, by rule, the matched rate of each label of a network, of another width if given."""
    width = width or settings.sweep.networks[network].widths[-1]
    return {
        rule: {
            label: label * factor(settings.published.readings[rule], width)
            for label in settings.published.networks[network].learning_rates[rule]
        }
        for rule in RULES
    }


if __name__ == "__main__":
    main()
