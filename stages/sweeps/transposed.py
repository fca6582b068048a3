"""Stage transposed: −e + 2 Jᵀe, the true gradient of a normal layer, on networks that are none.

The paper's rule is −e + 2 Je to first order in the error e = f(y) − y, with J the Jacobian of f at
y (`idem.rule.gradient`). What the transpose is worth is asked on the networks of Table 1: its lanes
have the starts and the batches of those of the stage sweep, so that all three rules are compared
run by run. It can be killed at any time, and goes on from there when it is run again.
"""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from idem.rule.loss import ALL_RULES, RULES
from idem.sweeps.grid import Grid
from stages.common import params, resume
from stages.common.files import write_csv, write_json
from stages.sweeps.aggregate import (
    ERROR_FLOOR,
    as_written,
    best_safe_rate,
    forward_equivalents,
    highest_safe_rate,
    last_rows,
    student_interval,
    summarize,
)
from stages.sweeps.sweep import by_grid, grid_of, plan_of

RULE = "transposed"


def main() -> None:
    """Write the summary of every rule by network and rate, and how the rules compare."""
    args = params.arguments("train the networks of the sweep under the transposed rule")
    settings = params.read(args.params, params.Swept)
    grids = {name: grid(settings, name) for name in settings.transposed.networks}
    with resume.completed(*plan(settings), keep=args.units, label=RULE) as parts:
        lanes = {
            name: pd.concat([swept(args.metrics, name, grids[name]), last_rows(read(rows))])
            for name, rows in by_grid(grids, parts).items()
        }
        write_csv(args.metrics / "transposed.csv", tabulate(lanes))
        write_json(args.metrics / "transposed.json", headline(lanes, grids))


def plan(settings: params.Swept) -> resume.Plan:
    """Return how all networks are computed."""
    names = settings.transposed.networks
    return plan_of({f"{RULE}_{name}": grid(settings, name) for name in names}, settings.sweep)


def grid(settings: params.Swept, name: str) -> Grid:
    """Return the grid of a network: that of the sweep, but for the rule and which lanes."""
    chosen = settings.transposed.networks[name]
    return replace(
        grid_of(settings.sweep, settings.sweep.networks[name]),
        rules=(RULE,),
        learning_rates=chosen.learning_rates,
        runs=chosen.runs,
    )


def read(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows with the rates that a table of theirs would have."""
    return rows.assign(learning_rate=as_written(rows.learning_rate))


def swept(metrics: Path, name: str, grid: Grid) -> pd.DataFrame:
    """Return the lanes of the stage sweep that a grid has too, each by its `last_rows`."""
    rows = pd.read_csv(metrics / f"sweep_{name}.csv")
    rates = rows.learning_rate.isin(as_written(grid.rates(RULE)))
    return last_rows(rows[rates & (rows.run < grid.runs)])


def tabulate(lanes: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the summary by rule and rate, after the network."""
    tables = [summarize(of_network).assign(network=name) for name, of_network in lanes.items()]
    table = pd.concat(tables)
    return table[["network", *(column for column in table if column != "network")]]


def headline(lanes: dict[str, pd.DataFrame], grids: dict[str, Grid]) -> dict[str, Any]:
    """Return by network what a step costs and what the rules come to, and to what of each other.

    Returns:
        By network: ``steps``; by rule `_at_best` and its ``products``, those of a step in forward
        passes; and by each of the paper's rules, ``over_<rule>``, `ratio` at either one's best rate
        and at each rate.
    """
    found: dict[str, Any] = {}
    for name, of_network in lanes.items():
        keys = of_network.groupby(["learning_rate", "run"]).rule.transform("nunique")
        shared = of_network[keys == len(ALL_RULES)]
        by_rule = {rule: shared[shared.rule == rule] for rule in ALL_RULES}
        found[name] = {"steps": grids[name].steps} | {
            rule: {"products": forward_equivalents(grids[name].widths, rule)} | _at_best(of_rule)
            for rule, of_rule in by_rule.items()
        }
        for rule in RULES:
            found[name][f"over_{rule}"] = _ratios(by_rule[RULE], by_rule[rule])
    return found


def ratio(above: pd.DataFrame, below: pd.DataFrame) -> dict[str, float | int]:
    """Compare the errors of two rules run by run, each at one rate.

    Returns:
        ``runs``; ``diverged``, runs of which at least one of the two diverged; of the others
        ``log10_ratio``, the mean of log10 of the ratio of their absolute errors, of ERROR_FLOOR at
        least, and ``low`` and ``high``, its 95 % interval by Student's t; NaN where there is none.
    """
    logs = [
        np.log10(of_rule.set_index("run").absolute_error.clip(lower=ERROR_FLOOR))
        for of_rule in (above, below)
    ]
    ratios = logs[0].sub(logs[1])
    whole = ratios[np.isfinite(ratios)].to_numpy()
    low, high = student_interval(whole)
    return {
        "runs": len(ratios),
        "diverged": len(ratios) - len(whole),
        "log10_ratio": float(whole.mean()) if len(whole) else math.nan,
        "low": low,
        "high": high,
    }


def _ratios(above: pd.DataFrame, below: pd.DataFrame) -> dict[str, Any]:
    """Return the ratio of two rules at either one's best rate, and by rate."""
    at_best = (_at(lanes, _best(lanes)) for lanes in (above, below))
    rates = sorted(set(above.learning_rate))
    return {
        "at_best_rate": ratio(*at_best),
        "at_equal_rate": {f"{rate:g}": ratio(_at(above, rate), _at(below, rate)) for rate in rates},
    }


def _at_best(lanes: pd.DataFrame) -> dict[str, float | int]:
    rate = _best(lanes)
    there = _at(lanes, rate)
    return {
        "best_rate": rate,
        "log10_error": float(np.log10(there.absolute_error.clip(lower=ERROR_FLOOR)).median()),
        "relative_error": float(there.relative_error.median()),
        "rank": float(there.jacobian_rank.median()),
        "highest_rate_without_divergence": highest_safe_rate(lanes),
        "diverged": int(lanes.diverged.sum()),
        "lanes": len(lanes),
    }


def _best(lanes: pd.DataFrame) -> float:
    return float(best_safe_rate(lanes).learning_rate)


def _at(lanes: pd.DataFrame, rate: float) -> pd.DataFrame:
    return lanes[lanes.learning_rate == rate]


if __name__ == "__main__":
    main()
