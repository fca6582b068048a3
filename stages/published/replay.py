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
from idem.sweeps.sweep import Row
from stages.common import params, resume
from stages.common.files import write_csv, write_json
from stages.published.beside import LINE, beside, headline
from stages.published.curves import read_errors
from stages.published.readings import factor
from stages.sweeps import sweep


def main() -> None:
    """Write every logged row, the lines beside the authors', and how far they are apart."""
    args = params.arguments("train a network as the authors did", network="of published.networks")
    settings = params.read(args.params, params.Swept)
    params.choose(settings.published.networks, args.network, "network")
    name, network = f"published_{args.network}", args.network
    others = [plan(settings, other) for other in settings.published.networks if other != network]
    late = partial(write_so_far, args.metrics / name, settings, network)
    with resume.completed(
        *plan(settings, network), keep=args.units, label=name, others=others, late=late
    ) as parts:
        write(args.metrics / name, settings, network, parts)
        sweep.forget_so_far(args.metrics / name)


def write(path: Path, settings: params.Swept, network: str, parts: Sequence[list[Row]]) -> None:
    """Write `path`.csv with every row, ``_lines.csv`` beside the authors', and ``.json``.

    Args:
        path: without an ending.
        settings: of the pipeline.
        network: which was trained.
        parts: the rows of every unit of `plan`, in its order; empty where a unit is not done.
    """
    found = sweep.by_grid(grids_of(settings, network), parts)
    rows = pd.concat(of.assign(data=data) for data, of in found.items())
    rows = labelled(rows, rates_by_label(settings, network))
    curves = read_errors()
    lines = beside(rows, curves[curves.network == network])
    write_csv(path.with_name(f"{path.name}.csv"), rows)
    write_csv(path.with_name(f"{path.name}_lines.csv"), lines)
    write_json(path.with_name(f"{path.name}.json"), headline(lines))


def write_so_far(
    path: Path, settings: params.Swept, network: str, results: list[list[Row] | None], _: list[Any]
) -> None:
    """Write as `write` does from the units that are done, if any is."""
    parts = [done or [] for done in results]
    if any(parts):
        write(sweep.so_far(path), settings, network, parts)


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


def rates_by_label(settings: params.Swept, network: str) -> dict[str, dict[float, float]]:
    """Return, by rule, the matched rate that each label of a network stands for."""
    width = settings.sweep.networks[network].widths[-1]
    return {
        rule: {
            label: label * factor(settings.published.readings[rule], width)
            for label in settings.published.networks[network].learning_rates[rule]
        }
        for rule in RULES
    }


if __name__ == "__main__":
    main()
