"""Stage trajectory: how far apart the rules' routes through the loss landscape are, for claim Q1.

Both rules train from one start on one stream of data. How far their routes pass from each other is
compared with how far one rule's route passes from its own under other circumstances: other data,
half the rate, the slower rule's rate. A run's control is the largest of these, of either rule, so
that one rule at two rates is not taken for two. A distance is from a point to wherever on the other
route is nearest, in units of the distance travelled, by the outputs on held-out items, as many
parameters give the same map; of routes at two rates, as far as both reach in rate times steps. The
ends after as many steps are compared likewise. Both ratios to the control are means of log10 over
runs, with Student's interval.
"""

from typing import Any

import pandas as pd

from idem.rule.loss import RULES
from idem.sweeps.grid import Grid
from stages.common import params
from stages.common.engine import run_units
from stages.common.files import TRAINED, write_csv, write_json, write_text
from stages.landscape.directions import gradients_alone
from stages.landscape.route_summary import (
    barriers,
    distances,
    gradient_angles,
    shares_in_plane,
    solutions,
)
from stages.landscape.route_tables import page
from stages.landscape.routes import RunTables, between_starts, measure

Tables = dict[str, pd.DataFrame]


def main() -> None:
    """Write every measured row, the numbers by study, and a page about them."""
    args = params.arguments("compare the routes of both rules through the loss landscape")
    settings = params.read(args.params, params.Laptop)
    section = settings.trajectory
    tables = compute(section, settings.sweep)
    found = headline(section, tables)
    for name, table in tables.items():
        write_csv(args.metrics / f"{name}.csv", table, digits=TRAINED)
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
