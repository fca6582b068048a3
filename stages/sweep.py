"""Stage sweep: train one network of params.yaml at all rates and runs under both rules."""

import math

import pandas as pd
from tqdm import tqdm

from idem.mlp import parameter_count
from idem.sweep import Grid, Row, train_lanes
from stages import params
from stages.engine import run_units
from stages.files import write_csv, write_json

LANE = ["rule", "learning_rate", "run"]
# Below it float32 rounding, not training, decides an error: rates that reach it are equally good.
ERROR_FLOOR = 1e-8


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
    write_json(args.metrics / f"sweep_{args.network}.json", headline(args.network, grid, lanes))


def train(name: str, grid: Grid) -> list[Row]:
    """Train all units of the grid, with a progress bar each."""
    units = [(name, grid, rule, run) for rule, run in grid.units()]
    return [row for rows in run_units(_train_unit, units) for row in rows]


def last_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Return each lane's last row, with its initial error and whether it improved on that."""
    by_lane = rows.sort_values("step").groupby(LANE, as_index=False)
    lanes = by_lane.last().assign(initial_error=by_lane.first()["absolute_error"])
    return lanes.assign(improved=~lanes.diverged & (lanes.absolute_error < lanes.initial_error))


def summarize(lanes: pd.DataFrame) -> pd.DataFrame:
    """Aggregate by rule and rate, over the improved runs alone (as the paper does) and over all.

    A run that diverged counts as infinite error, so medians and extremes hold for all runs; they
    are of the final absolute error unless named otherwise.
    """
    lanes = lanes.assign(error=lanes.absolute_error.where(~lanes.diverged, math.inf))
    return (
        lanes.groupby(["rule", "learning_rate"])
        .agg(
            runs=("run", "count"),
            improved=("improved", "sum"),
            diverged=("diverged", "sum"),
            median_error=("error", "median"),
            lowest_error=("error", "min"),
            highest_error=("error", "max"),
            median_relative_error=("relative_error", "median"),
            median_output_spread=("output_spread", "median"),
        )
        .join(lanes[lanes.improved].groupby(["rule", "learning_rate"]).absolute_error.mean())
        .rename(columns={"absolute_error": "mean_error_of_improved"})
        .reset_index()
    )


def headline(name: str, grid: Grid, lanes: pd.DataFrame) -> dict:
    """Return what a review compares: per rule, the best rate and how high a rate still improves."""
    best = {}
    for rule, of_rule in lanes.groupby("rule"):
        summary = summarize(of_rule)
        error = summary.median_error.clip(lower=ERROR_FLOOR)
        top = summary.loc[error.idxmin()]
        improving = of_rule[of_rule.improved].learning_rate
        best[rule] = {
            "best_rate": top.learning_rate,
            "log10_error_at_best_rate": math.log10(error.min()),
            "relative_error_at_best_rate": top.median_relative_error,
            "output_spread_at_best_rate": top.median_output_spread,
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
