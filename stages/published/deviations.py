"""Stage readings: which reading of the authors' experiment lies nearest to their lines?

The base is read off their curves; every other reading differs from it in one factor. A lane at a
matched rate serves every reading that asks for it. The nearest is the one of the least median
|log(ours / theirs)| over all lines and printed epochs up to the horizon, of equals the one of the
least largest: a rule that was fixed before the runs. Where a run of ours has diverged, that is
infinite. What was fitted to the lines, a start or widths, is no candidate, and stands beside them.
It can be killed at any time, and goes on from there when it is run again.
"""

import math
from typing import Any

import numpy as np
import pandas as pd

from idem.figures.published import figure_published
from idem.sweeps.grid import Grid
from stages.common import params, resume
from stages.common.files import write_csv, write_figure, write_json
from stages.published.beside import beside
from stages.published.between import between_rules
from stages.published.curves import read_errors
from stages.published.experiments import (
    LANES,
    Place,
    Reading,
    grids,
    labels_of,
    lanes_of,
    readings,
)
from stages.published.overlay import overlay
from stages.sweeps import sweep

MODULES = (*sweep.MODULES, "idem.sweeps.starts")  # that decide the rows of a unit
ALL, BOTH = "all", "both"  # networks; rules


def main() -> None:
    """Write every line of every reading, how far they are off, the nearest, and a figure."""
    args = params.arguments("compare readings of the authors' experiment with their lines")
    settings = params.read(args.params, params.Paper)
    with resume.completed(*plan(settings), keep=args.units, label="readings") as parts:
        rows = pd.concat(
            of.assign(**dict(zip(LANES, (network, *place), strict=True)))
            for (network, place), of in sweep.by_grid(_by_place(settings), parts).items()
        )
        curves = read_errors()
        lines = compared(settings, rows, curves)
        table = deviations(lines, settings.readings)
        write_csv(args.metrics / "readings_lines.csv", lines)
        write_csv(args.metrics / "readings.csv", table)
        apart = {"between_rules": between_rules(settings, rows, curves)}
        write_json(args.metrics / "readings.json", headline(table) | apart)
        shown = overlay(lines, nearest_widths(table), settings.readings)
        write_figure(args.metrics / "figure_published.png", figure_published(shown, curves))


def plan(settings: params.Paper) -> resume.Plan:
    """Return how the lanes of all readings are computed."""
    grids = {_label(settings, *of): grid for of, grid in _by_place(settings).items()}
    return sweep.plan_of(grids, settings.sweep, MODULES)


def _label(settings: params.Paper, network: str, place: Place) -> str:
    """Return what the units of a place are called, which have no words for the paper's widths."""
    parts = place if place.widths != settings.readings.own_widths else place[:-1]
    return "_".join(["readings", network, *parts])


def _by_place(settings: params.Paper) -> dict[tuple[str, Place], Grid]:
    """Return the grids by network and place."""
    return {
        (network, place): grid
        for network in settings.readings.networks
        for place, grid in grids(settings, network).items()
    }


def compared(settings: params.Paper, rows: pd.DataFrame, curves: pd.DataFrame) -> pd.DataFrame:
    """Put the lines of every reading beside the published ones.

    Args:
        settings: of the pipeline.
        rows: of `idem.sweeps.sweep.train_lanes`, with the columns `LANES`.
        curves: of `stages.published.curves.read_errors`.

    Returns:
        A row a reading, line and epoch that is printed: ``reading``, ``network``, ``rule``,
        ``label``, ``learning_rate`` (matched), ``epoch``, ``runs``, ``ours`` (mean over runs)
        with ``low`` and ``high`` (on the trained batch: `stages.published.beside.beside`),
        ``theirs`` and ``ratio``, ours / theirs; infinite where a run of ours has diverged.
    """
    return pd.concat(
        [
            _of_reading(settings, reading, network, rows, curves)
            for reading in readings(settings.readings)
            for network in settings.readings.networks
        ],
        ignore_index=True,
    )


def _of_reading(
    settings: params.Paper,
    reading: Reading,
    network: str,
    rows: pd.DataFrame,
    curves: pd.DataFrame,
) -> pd.DataFrame:
    """Return the rows of `compared` for one reading and network."""
    printed = curves[curves.network == network].rename(columns={"learning_rate": "label"})
    lanes = lanes_of(settings, reading, network, rows)
    lines = beside(lanes, curves[curves.network == network])
    if reading.measured != "trained":
        lines = lines.assign(error=lines.new_error, low=math.nan, high=math.nan)
    lines = lines[["rule", "label", "epoch", "runs", "error", "low", "high"]]
    lines = lines.rename(columns={"error": "ours"})
    wanted = printed.merge(labels_of(settings, reading, network), on=["rule", "label"])
    steps = settings.readings.networks[network].steps
    wanted = wanted[(wanted.epoch > 0) & (wanted.epoch <= steps)]
    wanted = wanted.assign(learning_rate=wanted.place.astype(float), theirs=wanted.error)
    columns = ["network", "rule", "label", "learning_rate", "epoch", "theirs"]
    table = wanted[columns].merge(lines, on=["rule", "label", "epoch"], how="left")
    table["ours"] = table.ours.astype(float).fillna(math.inf)
    table.insert(0, "reading", reading.name)
    return table.assign(ratio=table.ours / table.theirs)


def deviations(lines: pd.DataFrame, section: params.Readings) -> pd.DataFrame:
    """Return how far every reading is off, over all and by network and rule.

    Args:
        lines: of `compared`.
        section: the readings.

    Returns:
        A row a reading, network (`ALL` first) and rule (`BOTH` first): ``changed``, ``value``,
        ``fitted``, ``network``, ``rule``, ``lines``, ``points`` (of all lines), ``median_ratio``,
        ours / theirs, and its ``median_deviation`` and ``largest_deviation`` from 1, as factors of
        at least 1.
    """
    found = []
    for reading in readings(section):
        own = lines[lines.reading == reading.name]
        parts = {(ALL, BOTH): own}
        parts |= {(str(network), BOTH): part for network, part in own.groupby("network")}
        parts |= {(str(n), str(rule)): part for (n, rule), part in own.groupby(["network", "rule"])}
        fitted = section.starts[reading.start].fitted or section.widths[reading.widths].fitted
        of_reading = {"changed": reading.changed, "value": reading.value, "fitted": fitted}
        found += [
            of_reading | {"network": network, "rule": rule} | _deviation(part)
            for (network, rule), part in parts.items()
        ]
    return pd.DataFrame(found)


def _deviation(lines: pd.DataFrame) -> dict[str, float | int]:
    away = np.exp(np.abs(np.log(lines.ratio)))
    return {
        "lines": len(lines.groupby(["network", "rule", "label"])),
        "points": len(lines),
        "median_ratio": float(lines.ratio.median()),
        "median_deviation": float(away.median()),
        "largest_deviation": float(away.max()),
    }


def headline(table: pd.DataFrame) -> dict[str, Any]:
    """Return the nearest reading, the second, and how far both are off.

    Args:
        table: of `deviations`.

    Returns:
        ``nearest``, ``second`` and ``base``: ``reading``, ``median_deviation`` and
        ``largest_deviation`` of each; ``second_over_nearest``, by what the median |log ratio| of
        the second is larger; ``fitted``: the same of everything fitted, by its name.
    """
    over_all = table[(table.network == ALL) & (table.rule == BOTH)]
    ranked = over_all[~over_all.fitted].sort_values(["median_deviation", "largest_deviation"])
    nearest, second = (_told(row) for _, row in ranked.head(2).iterrows())
    fitted = over_all[over_all.fitted]
    away = [math.log(of["median_deviation"]) for of in (nearest, second)]
    return {
        "nearest": nearest,
        "second": second,
        "second_over_nearest": away[1] / away[0] if away[0] > 0 else math.inf,
        "base": _told(over_all.iloc[0]),
        "fitted": {row.value: _told(row) for _, row in fitted.iterrows()},
    }


def nearest_widths(table: pd.DataFrame) -> str | None:
    """Return which other widths, a key of ``widths``, lie nearest over all networks, if any."""
    others = table[(table.changed == "widths") & (table.network == ALL) & (table.rule == BOTH)]
    return str(others.value[others.median_deviation.idxmin()]) if len(others) else None


def _told(row: pd.Series) -> dict[str, Any]:
    name = f"{row.changed}: {row.value}" if row.value else row.changed
    return {"reading": name} | {
        column: float(row[column]) for column in ("median_deviation", "largest_deviation")
    }


if __name__ == "__main__":
    main()
