"""Stage variants: the sweep with other batch sizes, optimisers and initialisations (claim T7).

"A batch size of 1000 is used, although comparable results have been found using batch sizes between
32 and 10 000" (section 3): compared here run by run, at every fixed rate and at the best rate of
each size.

It can be killed at any time, and goes on from there when it is run again.
"""

import math
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from idem.sweeps.grid import Grid
from stages.common import params, resume
from stages.common.files import write_csv, write_json
from stages.sweeps.aggregate import (
    ERROR_FLOOR,
    best_rate,
    best_safe_rate,
    last_rows,
    student_interval,
    summarize,
)
from stages.sweeps.sweep import by_grid, grid_of, plan_of

SETTINGS = ["batch_size", "optimizer", "initialization"]


def main() -> None:
    """Write the summary of every variant by rate, its best rates, and the numbers for T7."""
    args = params.arguments("sweep with other batch sizes, optimisers and initialisations")
    settings = params.read(args.params, params.Swept)
    grids = {name: grid(settings.sweep, v) for name, v in settings.variants.items()}
    networks = {name: variant.network for name, variant in settings.variants.items()}
    with resume.completed(*plan(settings), keep=args.units, label="variants") as parts:
        lanes = {name: last_rows(rows) for name, rows in by_grid(grids, parts).items()}
        every = labelled(grids, networks, lanes)
        write_csv(args.metrics / "variants.csv", tabulate(every))
        write_json(args.metrics / "variants.json", headline(every))


def plan(settings: params.Swept) -> resume.Plan:
    """Return how the sweeps of all variants are computed."""
    section, variants = settings.sweep, settings.variants
    return plan_of({f"variant_{n}": grid(section, variants[n]) for n in variants}, section)


def grid(section: params.Sweep, variant: params.Variant) -> Grid:
    """Return the grid of one variant: the section's, but for what the variant says."""
    chosen = variant.model_dump(exclude={"network"}, exclude_none=True)
    return replace(grid_of(section, section.networks[variant.network]), **chosen)


def labelled(
    grids: dict[str, Grid], networks: dict[str, str], lanes: dict[str, pd.DataFrame]
) -> pd.DataFrame:
    """Return the lanes of all variants, each after what distinguishes its variant."""
    parts = []
    for name, g in grids.items():
        settings = {setting: getattr(g, setting) for setting in SETTINGS}
        label = pd.DataFrame({"variant": name, "network": networks[name]} | settings, index=[0])
        parts.append(label.merge(lanes[name], how="cross"))
    return pd.concat(parts, ignore_index=True)


def tabulate(lanes: pd.DataFrame) -> pd.DataFrame:
    """Return the summary by rule and rate of every variant, after what distinguishes it."""
    tables = []
    for _, of_variant in lanes.groupby("variant", sort=False):
        label = of_variant[["variant", "network", *SETTINGS]].head(1)
        tables.append(label.merge(summarize(of_variant), how="cross"))
    return pd.concat(tables, ignore_index=True)


def headline(lanes: pd.DataFrame) -> dict[str, Any]:
    """Return the best rate of every variant and rule, and how much the batch size matters."""
    by_variant = {
        str(name): {str(rule): _best(of_rule) for rule, of_rule in of_variant.groupby("rule")}
        for name, of_variant in lanes.groupby("variant", sort=False)
    }
    return by_variant | {"T7": batch_sizes(lanes)}


def batch_sizes(lanes: pd.DataFrame) -> dict[str, Any]:
    """Return, by network and rule, what the batch size changes; all else being as in the sweep.

    Args:
        lanes: as `labelled` returns them. Variants are compared that differ by nothing but the
            batch size; a run has the same start at every size.

    Returns:
        By network and rule: ``batch_sizes``; the least number of ``runs``; ``at_best_rate``, each
        size at the best of its ``rates`` at which no run diverges, and ``at_fixed_rate``, both with
        log10 of the median error by size (``log10_errors``) and the ``largest`` difference between
        two sizes, missing where there are not two or all runs diverged; and the share of
        ``diverged`` runs by rate and size, where there are any.
    """
    plain = lanes[(lanes.optimizer == "sgd") & (lanes.initialization == "default")]
    found: dict[str, Any] = {}
    for network, of_network in plain.groupby("network", sort=False):
        found[str(network)] = {
            str(rule): _by_batch_size(of_rule) for rule, of_rule in of_network.groupby("rule")
        }
    return found


def _by_batch_size(lanes: pd.DataFrame) -> dict[str, Any]:
    logs = lanes.assign(log=np.log10(lanes.absolute_error.clip(lower=ERROR_FLOOR)))
    table = logs.pivot(index=["learning_rate", "run"], columns="batch_size", values="log")
    sizes = lanes.groupby("batch_size")
    rates = {size: float(best_safe_rate(part).learning_rate) for size, part in sizes}
    at_best = pd.DataFrame({size: table[size].xs(rate) for size, rate in rates.items()})
    share = lanes.groupby(["learning_rate", "batch_size"]).diverged.mean().unstack()
    return {
        "batch_sizes": [int(size) for size in table.columns],
        "runs": int(sizes.run.nunique().min()),
        "at_best_rate": {"rates": rates} | _differing(at_best),
        "at_fixed_rate": {
            f"{rate:g}": _differing(table.loc[rate]) for rate in sorted(set(lanes.learning_rate))
        },
        "diverged": {
            f"{rate:g}": {str(size): float(value) for size, value in row[row > 0].items()}
            for rate, row in share.iterrows()
            if (row > 0).any()
        },
    }


def _differing(logs: pd.DataFrame) -> dict[str, Any]:
    """Return the median by batch size, and the two sizes that differ most, from a row a run."""
    logs = logs.dropna(axis="columns", how="all")
    errors = {"log10_errors": {str(size): float(m) for size, m in logs.median().items()}}
    pairs = [_ratio(logs[list(pair)]) for pair in combinations(logs.columns, 2)]
    known = [pair for pair in pairs if pair]
    if not known:
        return errors
    return errors | {"largest": max(known, key=_size)}


def _size(pair: dict[str, Any]) -> tuple[float, float]:
    return pair["log10_ratio"], pair["diverged_at_one"]


def _ratio(logs: pd.DataFrame) -> dict[str, Any] | None:
    """Return the ratio of the errors at two batch sizes, run by run, the larger one on top.

    A run that diverges at both sizes says nothing; one that diverges at one alone makes the ratio
    infinite.

    Returns:
        The ``sizes``; the mean over runs ``log10_ratio`` and the limits ``low`` and ``high`` of its
        interval, not numbers without one; the share of runs ``diverged_at_one`` size alone. None if
        no run says anything.
    """
    logs = logs.dropna()
    logs = logs[np.isfinite(logs).any(axis=1)]
    if logs.empty:
        return None
    top, bottom = logs.mean().sort_values(ascending=False, kind="stable").index
    ratios = logs[top].sub(logs[bottom]).to_numpy()
    lost = float(np.isinf(ratios).mean())
    ratio, low, high = math.inf, math.nan, math.nan
    if not lost:
        ratio = float(ratios.mean())
        low, high = student_interval(ratios)
    limits = {"log10_ratio": ratio, "low": low, "high": high}
    return {"sizes": [int(top), int(bottom)]} | limits | {"diverged_at_one": lost}


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


if __name__ == "__main__":
    main()
