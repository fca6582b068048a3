"""Stage cost: operations and memory of a training step against depth, counted for claim T1.

Counting runs on the device ``meta``, which computes nothing, so that every depth costs the same.
Seconds are no part of it: tests/benchmarks/bench_cost.py.
"""

import math
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import torch

from idem.landscape.cost import (
    counted_flops,
    exact_forward_equivalents,
    exact_saved_bytes,
    expanded_gradient,
    saved_bytes,
)
from idem.rule.loss import RULES
from idem.sweeps.mlp import MLP, TABLE_1, parameter_count
from stages.common import params
from stages.common.files import write_csv, write_json

MEASURES = ("flops", "saved_bytes")


def main() -> None:
    """Count every rule, width and depth; write the table and its growth."""
    args = params.arguments("count what a training step costs")
    section = params.read(args.params, params.Laptop).cost
    table = measure(section)
    write_csv(args.metrics / "cost.csv", table)
    write_json(args.metrics / "cost.json", headline(section, table))


def measure(section: params.Cost) -> pd.DataFrame:
    """Return a row a rule, width and depth."""
    grid = product(RULES, section.widths, section.depths)
    return pd.DataFrame(
        {"rule": rule, "width": width, "depth": depth}
        | count([width] * (depth + 1), rule, section.batch_size)
        for rule, width, depth in grid
    )


def count(widths: list[int], rule: str, batch_size: int) -> dict[str, float]:
    """Return the costs of one step of one network: counted, exact, and multiplied out."""
    with torch.device("meta"):
        f, x = MLP(widths), torch.empty(batch_size, widths[0])
    forward = 2 * batch_size * sum(n * m for n, m in zip(widths, widths[1:], strict=False))
    flops = counted_flops(f, x, rule)
    terms = expanded_gradient(widths, rule)
    return {
        "batch_size": batch_size,
        "parameters": parameter_count(widths),
        "flops": flops,
        "forward_equivalents": flops / forward,
        "exact": exact_forward_equivalents(widths, rule),
        "saved_bytes": saved_bytes(f, x, rule),
        "exact_saved_bytes": exact_saved_bytes(widths, rule, batch_size),
        "expanded_products": terms.products,
        "expanded_factors": terms.factors,
        "log10_expanded_paths": math.log10(terms.paths),
    }


def headline(section: params.Cost, table: pd.DataFrame) -> dict[str, Any]:
    """Return growth and ratios by width, and the networks of Table 1."""
    deepest = table[table.depth == table.depth.max()].set_index("rule")
    by_width = {f"width_{width}": rows for width, rows in deepest.groupby("width")}
    return {
        "batch_size": section.batch_size,
        "largest_depth": int(table.depth.max()),
        "counts": 2 * len(table),
        "counts_equal_to_exact": equal_to_exact(table),
        "exponents": growth(table, -1),
        "exponents_before": growth(table, -2),
        "ordinary_over_modified": {width: ratios(rows) for width, rows in by_width.items()},
        "expanded": {
            "products": deepest.expanded_products[~deepest.index.duplicated()].to_dict(),
            "log10_paths": {w: r.log10_expanded_paths.to_dict() for w, r in by_width.items()},
        },
        "table_1": {name: table_1(list(widths), section) for name, widths in TABLE_1.items()},
    }


def equal_to_exact(table: pd.DataFrame) -> int:
    """Count the operations and bytes that are what the formulas say, but for rounding."""
    pairs = (("forward_equivalents", "exact"), ("saved_bytes", "exact_saved_bytes"))
    return sum(int(np.isclose(table[a], table[b], rtol=1e-12, atol=0).sum()) for a, b in pairs)


def growth(table: pd.DataFrame, pair: int) -> dict[str, dict[str, dict[str, float]]]:
    """Return the exponent in depth by rule, width and measure, between two neighbouring depths.

    Args:
        table: as `measure` returns it.
        pair: which; -1 for the two largest depths, -2 for the pair before.
    """
    return {
        rule: {
            f"width_{width}": {name: exponents(rows, name)[pair] for name in MEASURES}
            for width, rows in of_rule.groupby("width")
        }
        for rule, of_rule in table.groupby("rule", sort=False)
    }


def exponents(rows: pd.DataFrame, name: str) -> list[float]:
    """Return the slopes of log(measure) over log(depth) between neighbouring depths, ascending."""
    ordered = rows.sort_values("depth")
    depths, values = np.log(ordered.depth.to_numpy()), np.log(ordered[name].to_numpy(dtype=float))
    return [float(slope) for slope in np.diff(values) / np.diff(depths)]


def ratios(rows: pd.DataFrame) -> dict[str, float]:
    """Return each measure of the ordinary over that of the modified rule; one row a rule."""
    return {
        f"{name}_ratio": float(rows[name]["ordinary"] / rows[name]["modified"]) for name in MEASURES
    }


def table_1(widths: list[int], section: params.Cost) -> dict[str, Any]:
    """Return the counted and exact forward passes and the bytes of one network of the paper."""
    names = ("forward_equivalents", "exact", "saved_bytes", "exact_saved_bytes")
    found = {rule: count(widths, rule, section.batch_size) for rule in RULES}
    return {rule: {name: cost[name] for name in names} for rule, cost in found.items()}


if __name__ == "__main__":
    main()
