"""Stage plot: draw the figures of the paper's questions, and those of the appendix, from tables.

Six figures answer a question each and lie beside the tables; all others lie in ``appendix``.
"""

import json
import math
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from idem.figures import (
    cost,
    graph,
    near,
    newdata,
    published,
    recurrence,
    stability,
    sweep,
    trajectory,
)
from stages.common import params
from stages.common.engine import run_units
from stages.common.files import write_figure
from stages.figures import near_cases, plot_generative
from stages.figures.plot_generative import Drawing
from stages.published.curves import RULES, read_errors
from stages.sweeps.aggregate import at_best_rate, last_rows


def main() -> None:
    """Read the tables, write a PNG a figure."""
    args = params.arguments("draw the figures")
    parameters = params.read(args.params, params.Laptop)
    drawn = drawings(args.metrics, parameters)
    drawn |= plot_generative.drawings(args.metrics, "mnist", parameters)
    units = [(args.metrics / f"{name}.png", draw) for name, draw in drawn.items()]
    run_units(_write, units, travel=False)  # side by side, as it takes most of the time


def drawings(folder: Path, parameters: params.Laptop) -> dict[str, Drawing]:
    """Return what draws every figure but those of the generative study, by name."""
    section = parameters.plot

    def table(name: str) -> pd.DataFrame:
        return pd.read_csv(folder / f"{name}.csv")

    def of_all(pattern: str, networks: list[str]) -> pd.DataFrame:
        return pd.concat(table(pattern.format(n)).assign(network=n) for n in networks)

    lanes, training = swept(of_all("sweep_{}", section.sweep), parameters)
    averages = of_all("sweep_{}_summary", section.sweep)
    new, each = (
        table("newdata"),
        inputs_a_dimension(parameters.sweep, parameters.published.networks),
    )
    with np.load(folder / "basins.npz") as archive:
        planes = dict(archive)
    lines = of_all("published_{}_lines", list(parameters.published.networks))
    return {
        "figure_recurrence": partial(recurrence.figure_recurrence, table("scalar_map"), planes),
        "figure_published": partial(published.figure_published, lines, read_errors(), new, each),
        "figure_sweep": partial(sweep.figure_sweep, lanes, averages),
        "figure_near": partial(
            near.figure_near,
            table("near"),
            near_cases.ratios(folder / "near.json", parameters.near.cases, near_cases.names_of),
        ),
        "figure_cost": partial(cost.figure_cost, table("cost"), training),
        "appendix/figure_newdata": partial(
            newdata.figure_newdata, new, *compared(folder / "newdata.json")
        ),
        "appendix/figure_autodiff": partial(
            graph.figure_autodiff, table("autodiff_nodes"), table("autodiff_edges")
        ),
        "appendix/figure_stability": partial(stability.figure_stability, table("stability")),
        "appendix/figure_trajectory": partial(
            trajectory.figure_trajectory, table("trajectory"), section.figure_trajectory
        ),
        "appendix/figure_landscape": partial(
            trajectory.figure_landscape, table("trajectory_surface"), table("trajectory")
        ),
    }


def _write(path: Path, draw: Drawing) -> None:
    write_figure(path, draw())


def swept(rows: pd.DataFrame, parameters: params.Laptop) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return each run's last row, and the errors during training at either rule's best rate."""
    networks = {str(name): part for name, part in rows.groupby("network", sort=False)}
    widths = {name: parameters.sweep.networks[name].widths for name in networks}
    ends = (last_rows(part) for part in networks.values())
    best = (at_best_rate(part, widths[n]).assign(network=n) for n, part in networks.items())
    return pd.concat(ends), pd.concat(best)


def compared(path: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the ratios of the rules on fresh data by case, and what either rule learned there."""
    found = json.loads(path.read_text(encoding="utf-8"))
    fresh = {
        name.rsplit("_", 2)[0].removesuffix("_briefly").replace("_at_length", "_long"): of
        for name, of in found.items()
        if of["data"] == "fresh"
    }
    hows = [how for how in next(iter(fresh.values())) if how.startswith("at_")]
    ratios = [
        {"case": case, "how": how, "steps": of["steps"]} | of[how] | {"runs": of["runs"]}
        for case, of in fresh.items()
        for how in hows
    ]
    learned = [
        {"case": case, "rule": rule, "relative_error": of[rule].get("relative_error", math.nan)}
        for case, of in fresh.items()
        for rule in RULES
    ]
    return pd.DataFrame(ratios), pd.DataFrame(learned)


def inputs_a_dimension(swept: params.Sweep, networks: Iterable[str]) -> dict[str, float]:
    """Return how many inputs a dimension one batch holds, by network of the published curves."""
    return {name: swept.batch_size / swept.networks[name].widths[0] for name in networks}


if __name__ == "__main__":
    main()
