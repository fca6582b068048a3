"""Stage sweep: train one network of params.yaml at all rates and runs under both rules."""

import math

import pandas as pd
from tqdm import tqdm

from idem.mlp import parameter_count
from idem.sweep import Grid, Row, train_lanes
from stages import params
from stages.aggregate import ERROR_FLOOR, LANE, best_rate, last_rows, summarize
from stages.engine import run_units
from stages.files import write_csv, write_json


def main() -> None:
    """Write every logged row, the summary by rate, and the headline numbers."""
    args = params.arguments("sweep one network", network="a key of sweep.networks")
    section = params.read(args.params).sweep
    network = params.choose(section.networks, args.network, "network")
    shared = section.model_dump(exclude={"networks"})
    grid = Grid(**shared, **network.model_dump())
    rows = pd.DataFrame(train(args.network, grid))
    lanes = last_rows(rows)
    write_csv(args.metrics / f"sweep_{args.network}.csv", rows.sort_values([*LANE, "step"]))
    write_csv(args.metrics / f"sweep_{args.network}_summary.csv", summarize(lanes))
    write_json(args.metrics / f"sweep_{args.network}.json", headline(grid, lanes))


def train(name: str, grid: Grid) -> list[Row]:
    """Train all units of the grid, with a progress bar each."""
    units = [(name, grid, rule, run) for rule, run in grid.units()]
    return [row for rows in run_units(_train_unit, units) for row in rows]


def headline(grid: Grid, lanes: pd.DataFrame) -> dict:
    """Return what a review compares: per rule, the best rate and how high a rate still improves."""
    best = {}
    for rule, of_rule in lanes.groupby("rule"):
        top = best_rate(of_rule)
        improving = of_rule[of_rule.improved].learning_rate
        best[rule] = {
            "best_rate": top.learning_rate,
            "log10_error_at_best_rate": math.log10(max(top.median_error, ERROR_FLOOR)),
            "log10_output_spread_at_best_rate": math.log10(
                max(top.median_output_spread, ERROR_FLOOR)
            ),
            "relative_error_at_best_rate": top.median_relative_error,
            "highest_improving_rate": improving.max() if len(improving) else None,
            "improved_share": of_rule.improved.mean(),
            "diverged_lanes": int(of_rule.diverged.sum()),
        }
    return {
        "parameters": parameter_count(grid.widths),
        "runs": grid.runs,
        "steps": grid.steps,
    } | best


def _train_unit(name: str, grid: Grid, rule: str, run: int) -> list[Row]:
    with tqdm(total=grid.steps, desc=f"{name} {rule} run {run}", mininterval=2, leave=False) as bar:

        def report(step: int, error: float) -> None:
            bar.set_postfix_str(f"lowest error {error:.2e}", refresh=False)
            bar.update(step - bar.n)

        return train_lanes(grid, rule, run, report)


if __name__ == "__main__":
    main()
