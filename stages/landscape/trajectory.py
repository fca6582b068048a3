"""Stage trajectory: how far apart the rules' routes through the loss landscape are, for claim Q1.

Both rules train from one start on one stream of data. How far their routes pass from each other is
compared with how far one rule's route passes from its own under other circumstances: other data,
half the rate, the slower rule's rate. A run's control is the largest of these, of either rule, so
that one rule at two rates is not taken for two. A distance is from a point to wherever on the other
route is nearest, in units of the distance travelled, by the outputs on held-out items, as many
parameters give the same map; of routes at two rates, as far as both reach in rate times steps. The
ends after as many steps are compared likewise. Both ratios to the control are means of log10 over
runs, with a bootstrap interval.
"""

from typing import Any

import numpy as np
import pandas as pd

from idem.landscape.trajectory import barrier
from idem.rule.loss import RULES
from idem.sweeps.sweep import Grid
from stages.common import params
from stages.common.engine import end_with_parent, run_units
from stages.common.files import write_csv, write_json, write_text
from stages.landscape.directions import gradients_alone
from stages.landscape.route_tables import page
from stages.landscape.routes import RunTables, between_starts, measure
from stages.sweeps.aggregate import interval_of_mean

SPACES = ("parameters", "function")
MEASURES = {"routes": "off_route", "ends": "apart"}
Tables = dict[str, pd.DataFrame]


def main() -> None:
    """Write every measured row, the numbers by study, and a page about them."""
    args = params.arguments("compare the routes of both rules through the loss landscape")
    settings = params.read(args.params)
    section = settings.trajectory
    end_with_parent()
    tables = compute(section, settings.sweep)
    found = headline(section, tables)
    for name, table in tables.items():
        write_csv(args.metrics / f"{name}.csv", table)
    write_json(args.metrics / "trajectory.json", found)
    write_text(args.metrics / "trajectory.md", page(section, found))


def compute(section: params.Trajectory, sweep: params.Sweep) -> Tables:
    """Return the tables by name: a row a run, rule and step, and what belongs to them."""
    full = [(name, study, _grid(sweep, study), section) for name, study in section.studies.items()]
    part = [(name, study, _grid(sweep, study)) for name, study in section.gradients.items()]
    jobs = [(measure, (*unit, run)) for unit in full for run in range(unit[1].runs)]
    jobs += [(gradients_alone, (*unit, run)) for unit in part for run in range(unit[1].runs)]
    jobs = jobs[::-1]  # the largest networks first
    results = run_units(_call, jobs, "trajectory")[::-1]
    found = [result for result in results if isinstance(result, RunTables)]
    alone = [row for result in results if not isinstance(result, RunTables) for row in result]
    units, first = [], 0
    for unit in full:
        ends = [of_run.solutions for of_run in found[first : first + unit[1].runs]]
        units += [(*unit, run, (ends[run], ends[run - 1])) for run in range(len(ends) - 1, 0, -1)]
        first += len(ends)
    starts = [row for rows in run_units(between_starts, units) for row in rows]
    return {
        "trajectory": pd.DataFrame([row for f in found for row in f.trace] + alone),
        "trajectory_ends": pd.DataFrame([row for f in found for row in f.ends]),
        "trajectory_lines": pd.DataFrame([row for f in found for row in f.lines] + starts),
        "trajectory_surface": pd.DataFrame([row for f in found for row in f.surface]),
        "trajectory_spectrum": pd.DataFrame([row for f in found for row in f.spectrum]),
    }


def headline(section: params.Trajectory, tables: Tables) -> dict[str, Any]:
    """Return the numbers by study."""
    trace, ends = tables["trajectory"], tables["trajectory_ends"]
    angles = {name: gradient_angles(rows) for name, rows in trace.groupby("study", sort=False)}
    studies = {}
    for name, study in section.studies.items():
        rows, of_ends = trace[trace.study == name], ends[ends.study == name]
        lines = tables["trajectory_lines"][tables["trajectory_lines"].study == name]
        studies[name] = {
            "network": study.network,
            "runs": study.runs,
            "steps": study.steps,
            "learning_rates": dict(study.learning_rates),
            "gradients": angles[name],
            "distances": distances(section, rows),
            "share_in_plane": shares_in_plane(rows),
            "barriers": barriers(section, lines),
            "solutions": {
                rule: solutions(section, of_ends[of_ends.rule == rule], rows[rows.rule == rule])
                for rule in RULES
            },
        }
    gradients = {
        name: {"network": study.network, "runs": study.runs, "steps": study.steps} | angles[name]
        for name, study in section.gradients.items()
    }
    return {"studies": studies, "gradients": gradients}


def gradient_angles(rows: pd.DataFrame) -> dict[str, float]:
    """Return medians over runs of the cosines at the start, and over the routes after it."""
    start, later = rows[rows.step == 0], rows[rows.step > 0]
    found = {
        "cosine_at_start": start.cosine_of_rules.median(),
        "cosine_of_weights_at_start": start.cosine_of_weights.median(),
        "cosine_of_biases_at_start": start.cosine_of_biases.median(),
        "cosine_of_two_batches_at_start": start.cosine_of_batches.median(),
        "bias_share_modified_at_start": start.bias_share_modified.median(),
        "bias_share_ordinary_at_start": start.bias_share_ordinary.median(),
        "norm_ratio_at_start": 10 ** start.log10_norm_ratio.median(),
    }
    for rule, of_rule in later.groupby("rule"):
        found |= {
            f"cosine_along_{rule}": of_rule.cosine_of_rules.median(),
            f"lowest_cosine_along_{rule}": of_rule.groupby("step").cosine_of_rules.median().min(),
            f"cosine_of_two_batches_along_{rule}": of_rule.cosine_of_batches.median(),
            f"cosine_towards_ordinary_end_along_{rule}": (
                of_rule.cosine_towards_ordinary_end.median()
            ),
        }
    return found


def distances(section: params.Trajectory, rows: pd.DataFrame) -> dict[str, Any]:
    """Return for either space and measure the medians, and the ratio to the control with limits.

    The control of a run is the largest over rules and kinds of control.
    """
    found: dict[str, Any] = {}
    last = rows.step.max()
    for space in SPACES:
        for measure_, column in MEASURES.items():
            chosen = rows[rows.step > 0] if measure_ == "routes" else rows[rows.step == last]
            start = f"{space}_{column}_"
            names = [name for name in chosen if str(name).startswith(start)]
            by_rule = chosen.groupby(["run", "rule"])[names].mean()
            by_rule = by_rule.rename(columns=lambda name, start=start: name.removeprefix(start))
            between = by_rule.rules.groupby("run").mean()
            kinds = by_rule.drop(columns="rules").groupby("run").max().dropna(axis=1)
            control = kinds.max(axis=1)
            found[f"{space}_{measure_}"] = {
                "between_rules": float(between.median()),
                "controls": {str(kind): float(kinds[kind].median()) for kind in kinds},
                "control": float(control.median()),
            } | ratio(section, np.log10(between / control).to_numpy())
    return found


def ratio(section: params.Trajectory, log_ratios: np.ndarray) -> dict[str, float]:
    """Return mean and limits of log10 of a ratio by run; a single run has no interval."""
    mean, low, high = float(log_ratios.mean()), float("nan"), float("nan")
    if len(log_ratios) > 1:
        low, high = interval_of_mean(log_ratios, section.confidence)
    return {"log10_ratio": mean, "low": low, "high": high}


def shares_in_plane(rows: pd.DataFrame) -> dict[str, float]:
    """Return which share of the squared displacement lies in the plane: median, and least."""
    inside = rows[(rows.step > 0) & (rows.step < rows.step.max())].share_in_plane
    return {"median": float(inside.median()), "least": float(inside.min())}


def barriers(section: params.Trajectory, lines: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Return by pair of solutions the barrier in units of the loss at the start, over runs."""
    found = {}
    for pair, rows in lines.groupby("pair", sort=False):
        losses = rows.sort_values("share").groupby("run").loss_in_start_losses
        heights = losses.agg(lambda of_run: barrier(of_run.tolist()))
        found[str(pair)] = {
            "median": float(heights.median()),
            "highest": float(heights.max()),
            "share_of_runs_with_one": float((heights > section.least_barrier).mean()),
        }
    return found


def solutions(
    section: params.Trajectory, ends: pd.DataFrame, trace: pd.DataFrame
) -> dict[str, float]:
    """Return what the solutions of one rule are, medians over runs but for shares and means."""
    start = trace[trace.step == 0]
    medians = [
        "loss",
        "relative_error",
        "spread_share",
        "jacobian_norm",
        "effective_rank",
        "distance_from_projector",
        "amplification_parameters",
        "amplification_function",
    ]
    means = ["jacobian_trace", "fixed_dimension", "fixed_share_of_outputs", "fixed_share_of_inputs"]
    found = {name: float(ends[name].median()) for name in medians}
    found |= {name: float(ends[name].mean()) for name in means}
    return found | {
        "constant_runs": int((ends.spread_share < section.constant_below).sum()),
        "distance_from_projector_at_start": float(start.distance_from_projector.median()),
        "effective_rank_at_start": float(start.effective_rank.median()),
    }


def _call(job: Any, unit: tuple) -> Any:
    return job(*unit)


def _grid(sweep: params.Sweep, study: params.GradientStudy) -> Grid:
    """Return where a study's starts and batches come from: those of the sweep's runs."""
    return Grid(
        widths=sweep.networks[study.network].widths,
        learning_rates=sorted(set(study.learning_rates.values())),
        runs=study.runs,
        steps=study.steps,
        batch_size=sweep.batch_size,
        log_every=study.steps,
        negative_slope=sweep.negative_slope,
        initialization=sweep.initialization,
        seed=sweep.seed,
    )


if __name__ == "__main__":
    main()
