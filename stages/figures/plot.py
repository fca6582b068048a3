"""Stage plot: draw the paper's five figures, and those it lacks, from the tables beside them."""

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from idem.figures import (
    cost,
    graph,
    newdata,
    peers,
    published,
    rates,
    recurrence,
    stability,
    training,
    trajectory,
)
from stages.common import params
from stages.common.files import write_figure
from stages.figures import plot_generative
from stages.published.curves import RULES, read_errors
from stages.sweeps.aggregate import ERROR_FLOOR, at_best_rate, last_rows, relabelled


def main() -> None:
    """Read the tables, write a PNG a figure."""
    args = params.arguments("draw Figures 1 to 5")
    parameters = params.read(args.params, params.Laptop)
    section = parameters.plot
    widths = {name: network.widths for name, network in parameters.sweep.networks.items()}
    folder: Path = args.metrics

    def table(name: str) -> pd.DataFrame:
        return pd.read_csv(folder / f"{name}.csv")

    def sweeps(networks: list[str], suffix: str = "") -> pd.DataFrame:
        return pd.concat(table(f"sweep_{n}{suffix}").assign(network=n) for n in networks)

    def fair(networks: list[str]) -> Figure:
        rows = {name: table(f"sweep_{name}") for name in networks}
        best = [at_best_rate(r, widths[n]).assign(network=n) for n, r in rows.items()]
        ends = [last_rows(r).assign(network=n) for n, r in rows.items()]
        return training.figure_fair(pd.concat(best), pd.concat(ends))

    summaries = sweeps(section.figure_3, "_summary")
    with np.load(folder / "basins.npz") as archive:
        planes = dict(archive)
    drawn = {
        "figure_1": recurrence.figure_1(table("scalar_map")),
        "figure_2": recurrence.figure_2(planes),
        "figure_3": rates.figure_3(summaries, ERROR_FLOOR),
        "figure_4": training.figure_4(sweeps(section.figure_4)),
        "figure_published": published.figure_published(
            pd.concat(
                table(f"published_{n}_lines").assign(network=n)
                for n in parameters.published.networks
            ),
            read_errors(),
        ),
        "figure_newdata": newdata.figure_newdata(
            table("newdata"), *compared(folder / "newdata.json"), inputs_a_dimension(parameters)
        ),
        "figure_scales": rates.figure_scales(relabelled(summaries, widths)),
        "figure_fair": fair(section.figure_3),
        "figure_peers": peers.figure_peers(table("peers")),
        "figure_cost": cost.figure_cost(table("cost")),
        "figure_autodiff": graph.figure_autodiff(table("autodiff_nodes"), table("autodiff_edges")),
        "figure_stability": stability.figure_stability(table("stability")),
        "figure_trajectory": trajectory.figure_trajectory(
            table("trajectory"), table("trajectory_spectrum"), section.figure_trajectory
        ),
        "figure_landscape": trajectory.figure_landscape(
            table("trajectory_surface"), table("trajectory"), table("trajectory_lines")
        ),
    } | plot_generative.drawings(folder, "mnist", parameters)
    for name, figure in drawn.items():
        write_figure(folder / f"{name}.png", figure, to_the_pixel=name == "figure_2")


def compared(path: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the ratios of the rules on fresh data by case, and what either rule learned there."""
    found = json.loads(path.read_text(encoding="utf-8"))
    fresh = {name.rsplit("_", 2)[0]: of for name, of in found.items() if of["data"] == "fresh"}
    hows = [how for how in next(iter(fresh.values())) if how.startswith("at_")]
    ratios = [{"case": case, "how": how} | of[how] for case, of in fresh.items() for how in hows]
    learned = [
        {"case": case, "rule": rule, "relative_error": of[rule].get("relative_error", math.nan)}
        for case, of in fresh.items()
        for rule in RULES
    ]
    return pd.DataFrame(ratios), pd.DataFrame(learned)


def inputs_a_dimension(parameters: params.Laptop) -> dict[str, float]:
    """Return how many inputs a dimension one batch holds, by network of the published curves."""
    swept = parameters.sweep
    return {
        name: swept.batch_size / swept.networks[name].widths[0]
        for name in parameters.published.networks
    }


if __name__ == "__main__":
    main()
