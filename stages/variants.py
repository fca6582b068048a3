"""Stage variants: the sweep with other batch sizes, optimisers and initialisations (claim T7).

"A batch size of 1000 is used, although comparable results have been found using batch sizes between
32 and 10 000" (section 3): compared here at every fixed rate, and at the best rate of each size.

It can be killed at any time, and goes on from there when it is run again.
"""

import math
import shutil
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from idem import lanes as lanes_module
from idem import mlp
from idem import sweep as library
from idem.checkpoint import Checkpoint, OutOfTime
from idem.sweep import Grid, Row, Unit, train_lanes
from stages import params, resume
from stages.aggregate import ERROR_FLOOR, best_rate, last_rows, summarize
from stages.engine import checkpoint_seconds, deadline, device, end_with_parent, run_units
from stages.files import write_csv, write_json
from stages.sweep import OUT_OF_TIME, grid_of

SETTINGS = ["batch_size", "optimizer", "initialization"]


def main() -> None:
    """Write the summary of every variant by rate, its best rates, and the numbers for T7."""
    args = params.arguments("sweep with other batch sizes, optimisers and initialisations")
    settings = params.read(args.params)
    end_with_parent()
    grids = {name: grid(settings.sweep, v) for name, v in settings.variants.items()}
    networks = {name: variant.network for name, variant in settings.variants.items()}
    precision = settings.sweep.matmul_precision
    decisive = [{name: asdict(g) for name, g in grids.items()}, precision]
    folder = resume.folder("variants", decisive, (lanes_module, library, mlp))
    lanes = train(grids, precision, folder)
    table = tabulate(grids, networks, lanes)
    write_csv(args.metrics / "variants.csv", table)
    write_json(args.metrics / "variants.json", headline(table, lanes))
    shutil.rmtree(folder, ignore_errors=True)


def grid(section: params.Sweep, variant: params.Variant) -> Grid:
    """Return the grid of one variant: the section's, but for what the variant says."""
    chosen = variant.model_dump(exclude={"network"}, exclude_none=True)
    return replace(grid_of(section, section.networks[variant.network]), **chosen)


def train(grids: dict[str, Grid], precision: str, folder: Path) -> dict[str, pd.DataFrame]:
    """Train all units of all variants side by side; return the lanes of each variant.

    Raises:
        SystemExit: with OUT_OF_TIME when the time is up, once all units are saved. However short
            the time, every unit makes a step or two: repeated runs come to an end.
    """
    every, end = checkpoint_seconds(), deadline()
    units = [(name, g, unit) for name, g in grids.items() for unit in g.units()]
    tasks = [
        (g, unit, precision, Checkpoint(folder / f"{name}_{unit.name}.npz", every, end))
        for name, g, unit in units
    ]
    results = run_units(_train_unit, tasks, "variants")
    if None in results:
        done = len(results) - results.count(None)
        print(f"time is up: {done} of {len(results)} units done; run it again to go on")
        sys.exit(OUT_OF_TIME)
    rows: dict[str, list[Row]] = {name: [] for name in grids}
    for (name, *_), part in zip(units, results, strict=True):
        rows[name] += part
    return {name: last_rows(pd.DataFrame(part)) for name, part in rows.items()}


def tabulate(
    grids: dict[str, Grid], networks: dict[str, str], lanes: dict[str, pd.DataFrame]
) -> pd.DataFrame:
    """Return the summary by rule and rate of every variant, after what distinguishes it."""
    tables = []
    for name, g in grids.items():
        settings = {setting: getattr(g, setting) for setting in SETTINGS}
        table = pd.DataFrame({"variant": name, "network": networks[name]} | settings, index=[0])
        tables.append(table.merge(summarize(lanes[name]), how="cross"))
    return pd.concat(tables, ignore_index=True)


def headline(table: pd.DataFrame, lanes: dict[str, pd.DataFrame]) -> dict[str, Any]:
    """Return the best rate of every variant and rule, and how much the batch size matters."""
    by_variant = {
        name: {str(rule): _best(of_rule) for rule, of_rule in frame.groupby("rule")}
        for name, frame in lanes.items()
    }
    return by_variant | {"T7": batch_sizes(table)}


def batch_sizes(table: pd.DataFrame) -> dict[str, Any]:
    """Return, by network and rule, what the batch size changes; all else being as in the sweep.

    Args:
        table: as `tabulate` returns it. Variants are compared that differ by nothing but the batch
            size; a network with a single size has no spread.

    Returns:
        By network and rule: ``batch_sizes``; log10 of the median error ``at_best_rate`` and
        ``at_fixed_rate``, by batch size and with the ``spread`` (largest minus least; infinite
        where some median run diverged, missing where all did); the least number of ``runs``; and
        the share of ``diverged`` runs by rate and size, where there are any.
    """
    plain = table[(table.optimizer == "sgd") & (table.initialization == "default")]
    found: dict[str, Any] = {}
    for network, of_network in plain.groupby("network", sort=False):
        found[str(network)] = {
            str(rule): _by_batch_size(rows) for rule, rows in of_network.groupby("rule")
        }
    return found


def _by_batch_size(rows: pd.DataFrame) -> dict[str, Any]:
    errors = rows.assign(log=rows.median_error.clip(lower=ERROR_FLOOR).map(math.log10))
    logs = errors.pivot(index="learning_rate", columns="batch_size", values="log")
    share = rows.assign(share=rows.diverged / rows.runs)
    shares = share.pivot(index="learning_rate", columns="batch_size", values="share")
    return {
        "batch_sizes": [int(size) for size in logs.columns],
        "runs": int(rows.runs.min()),
        "at_best_rate": _with_spread(logs.min()),
        "at_fixed_rate": {f"{rate:g}": _with_spread(row) for rate, row in logs.iterrows()},
        "diverged": {
            f"{rate:g}": {str(size): float(value) for size, value in row[row > 0].items()}
            for rate, row in shares.iterrows()
            if (row > 0).any()
        },
    }


def _with_spread(values: pd.Series) -> dict[str, float]:
    """Return the values by batch size; and their spread, unless all diverge or there is but one."""
    values = values.dropna()
    sizes = {str(size): float(value) for size, value in values.items()}
    low, high = values.min(), values.max()
    if len(sizes) < 2 or not math.isfinite(low):
        return sizes
    return sizes | {"spread": float(high - low)}


def _best(lanes: pd.DataFrame) -> dict[str, Any]:
    top = best_rate(lanes)
    return {
        "best_rate": float(top.learning_rate),
        "log10_error_at_best_rate": _log10(top.median_error),
        "log10_output_spread_at_best_rate": _log10(top.median_output_spread),
        "improved_share": float(lanes.improved.mean()),
        "diverged_lanes": int(lanes.diverged.sum()),
    }


def _log10(value: float) -> float:
    return math.log10(max(value, ERROR_FLOOR)) if not math.isnan(value) else math.nan


def _train_unit(grid: Grid, unit: Unit, precision: str, checkpoint: Checkpoint) -> list[Row] | None:
    torch.set_float32_matmul_precision(precision)
    try:
        return train_lanes(grid, unit, checkpoint=checkpoint, device=device())
    except OutOfTime:
        return None


if __name__ == "__main__":
    main()
