"""Stage gradients: both rules' gradients and routes beside those that the authors published.

Their figures show norms, cosines and a plane of one network at one rate; which is found by trying.
Ours share start and batch between the rules, and a third route, from another start, stands for
their separate runs; whether these shared their start, the cosine between the two routes tells.
Published epochs may be later than they are drawn, so that deviations are told by delay. It can be
killed at any time, and goes on from there when it is run again.
"""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
import torch

from idem.checkpoint import Checkpoint, OutOfTime
from idem.figures.gradients import figure_gradients
from idem.figures.style import counted
from idem.rule.loss import RULES
from idem.sweeps.grid import Grid
from stages.common import params, resume
from stages.common.files import TRAINED, write_csv, write_figure, write_json
from stages.published.curves import QUANTITIES, read_gradients, read_routes
from stages.published.experiments import started
from stages.published.readings import factor
from stages.published.walks import Extent, walk
from stages.sweeps.sweep import MODULES as OF_LANES

SEPARATE, SAME_START = "cosine_separate", "cosine_same_start"  # theirs; ours, of one start
NEAREST_BY = "norm_modified"  # which falls fastest, and so tells a delay
MODULES = ("stages.published.walks", "idem.sweeps.starts", *OF_LANES)


def main() -> None:
    """Write the traces, routes and planes, how far ours are from theirs, and the figure."""
    args = params.arguments("compare both rules' gradients and routes with the published ones")
    settings = params.read(args.params, params.Paper)
    with resume.completed(*plan(settings), keep=args.units, label="gradients") as walks:
        trace, routes, surface, shares = tables(settings.walks, walks)
        theirs, their_routes = read_gradients(), read_routes()
        table = deviations(trace, theirs, settings.walks)
        write_csv(args.metrics / "gradients.csv", trace, digits=TRAINED)
        write_csv(args.metrics / "gradients_routes.csv", routes, digits=TRAINED)
        write_csv(args.metrics / "gradients_surface.csv", surface, digits=TRAINED)
        write_csv(args.metrics / "gradients_deviations.csv", table)
        found = headline(table, routes, their_routes, shares)
        write_json(args.metrics / "gradients.json", found)
        title, delay = in_words(settings.walks), found["nearest_delay"]
        figure = figure_gradients(trace, theirs, delay, routes, their_routes, surface, title)
        write_figure(args.metrics / "figure_gradients.png", figure)


def in_words(section: params.Walks) -> str:
    """Return which network, rate and runs ours are of."""
    runs = counted(section.runs, "run")
    return f"ours: {section.network} at the label {section.learning_rate:g}, one batch, {runs}"


def tables(section: params.Walks, walks: list[dict[str, Any]]) -> list[pd.DataFrame]:
    """Return the rows of all walks, with ``start`` and ``run``: trace, routes, surface, shares."""
    places = [{"start": start, "run": run} for start, run in _walks(section)]
    return [
        pd.DataFrame(place | row for place, of in zip(places, walks, strict=True) for row in of[n])
        for n in ("trace", "routes", "surface", "shares")
    ]


def plan(settings: params.Paper) -> resume.Plan:
    """Return how every walk is computed."""
    section, precision = settings.walks, settings.sweep.matmul_precision
    rates = rates_of(settings)
    extent = Extent(
        section.steps,
        section.every,
        section.closely_to,
        section.plane_steps,
        section.surface_points,
        section.surface_margin,
    )
    units = []
    for start, run in _walks(section):
        grid = grid_of(settings, start)
        of_all = {k: v for k, v in asdict(grid).items() if k not in ("learning_rates", "memory")}
        units.append(
            resume.Unit(
                f"gradients_{section.network}_{start}_{run}",
                [of_all, run, rates, extent, precision],
                (grid, run, rates, extent, precision),
                steps=extent.steps + 1,
                cost=3 * grid.operations(1),
            )
        )
    return resume.Plan(walked, units, MODULES)


def grid_of(settings: params.Paper, start: str) -> Grid:
    """Return where starts and batches come from."""
    section = settings.walks
    return started(
        settings,
        section.network,
        start,
        learning_rates={rule: [rate] for rule, rate in rates_of(settings).items()},
        runs=section.runs,
        steps=section.steps,
        log_every=section.every,
        data="fixed",
    )


def rates_of(settings: params.Paper) -> dict[str, float]:
    """Return the matched rates that the label stands for, by rule."""
    width = settings.sweep.networks[settings.walks.network].widths[-1]
    readings = settings.published.readings
    return {rule: settings.walks.learning_rate * factor(readings[rule], width) for rule in RULES}


def walked(
    grid: Grid,
    run: int,
    rates: dict[str, float],
    extent: Extent,
    precision: str,
    checkpoint: Checkpoint,
) -> dict[str, Any] | None:
    """Return what `stages.published.walks.walk` does; None if the time was up before its end."""
    torch.set_float32_matmul_precision(precision)
    try:
        return walk(grid, run, rates, extent, checkpoint)
    except OutOfTime:
        return None


def deviations(trace: pd.DataFrame, theirs: pd.DataFrame, section: params.Walks) -> pd.DataFrame:
    """Compare ours, averaged over runs, with the published gradients.

    Args:
        trace: rows of `stages.published.walks.walk`, with ``start`` and ``run``.
        theirs: of `stages.published.curves.read_gradients`.
        section: epochs and delays.

    Returns:
        A row a start, quantity, delay (theirs at an epoch beside ours so much later) and ``up_to``,
        an epoch up to which ours were measured with that delay; `SAME_START` is compared with what
        is published as `SEPARATE`: ``at_start`` and ``theirs_at_start``, ours and theirs there;
        ``points``; ``median`` and ``largest`` deviation: of norms as a factor of at least 1, of
        cosines as a difference; and ``median_ratio``, ours / theirs, of norms (NaN for cosines).
    """
    runs = trace.groupby(["start", "step"], sort=False)[[*QUANTITIES, SAME_START]].mean()
    ours = runs.rename_axis(columns="quantity").stack().rename("ours").reset_index()
    separate = theirs[theirs.quantity == SEPARATE]
    theirs = pd.concat([theirs, separate.assign(quantity=SAME_START)], ignore_index=True)
    found = []
    for delay in section.delays:
        both = ours.assign(epoch=ours.step - delay).merge(theirs, on=["quantity", "epoch"])
        for (start, quantity), of in both.groupby(["start", "quantity"], sort=False):
            for epoch in section.up_to:
                part = of[of.epoch <= epoch]
                if len(part):
                    key = {"start": start, "quantity": quantity, "delay": delay, "up_to": epoch}
                    found.append(key | _deviation(str(quantity), part))
    table = pd.DataFrame(found)
    most = table.groupby(["start", "quantity", "up_to"]).points.transform("max")
    return table[table.points == most].reset_index(drop=True)


def _deviation(quantity: str, both: pd.DataFrame) -> dict[str, float | int]:
    ratio, is_norm = both.ours / both.value, quantity.startswith("norm")
    away = np.exp(np.abs(np.log(ratio))) if is_norm else (both.ours - both.value).abs()
    first = both.sort_values("epoch").iloc[0]
    return {
        "at_start": float(first.ours),
        "theirs_at_start": float(first.value),
        "points": len(both),
        "median": float(away.median()),
        "largest": float(away.max()),
        "median_ratio": float(ratio.median()) if is_norm else np.nan,
    }


_KEPT = ("median", "largest", "median_ratio", "at_start", "theirs_at_start")


def headline(
    table: pd.DataFrame, routes: pd.DataFrame, theirs: pd.DataFrame, shares: pd.DataFrame
) -> dict[str, Any]:
    """Return by start the deviations, the delay at which theirs are nearest, and the planes.

    Returns:
        ``nearest_delay``, of the first start: that of the least median deviation of `NEAREST_BY`
        over the shortest horizon, at which all delays are compared; ``gradients``: by start, delay
        and quantity, ``median``, ``largest``, ``median_ratio``, ``at_start`` and
        ``theirs_at_start``, over the longest horizon of that delay; ``routes``: of ours, a mean
        over runs by start, and of ``theirs``, where each rule's ends, ``RULE_pc1`` and
        ``RULE_pc2``, the farthest that the modified route is from the first axis,
        ``modified_arc``, and of ours the ``shares`` of the variance in the first two components.
    """
    of_first = table[table.start == table.start.iloc[0]]
    judged = of_first[(of_first.quantity == NEAREST_BY) & (of_first.up_to == table.up_to.min())]
    nearest = int(judged.sort_values(["median", "largest"]).delay.iloc[0])
    gradients: dict[str, Any] = {}
    for row in table.to_dict("records"):  # of several horizons the longest comes last
        of_delay = gradients.setdefault(row["start"], {}).setdefault(row["delay"], {})
        kept = {name: row[name] for name in _KEPT}
        of_delay[row["quantity"]] = {k: v for k, v in kept.items() if not np.isnan(v)}
    planes = {"theirs": _plane(theirs)}
    for start, of_start in routes.groupby("start", sort=False):
        each = pd.DataFrame([_plane(route) for _, route in of_start.groupby("run")]).mean()
        own = shares[shares.start == start].groupby("component").share.mean()
        planes[str(start)] = each.to_dict() | {"shares": own.tolist()[:2]}
    return {"nearest_delay": nearest, "gradients": gradients, "routes": planes}


def _plane(route: pd.DataFrame) -> dict[str, float]:
    ends = route.groupby("rule")[["pc1", "pc2"]].last()
    return {
        **{f"{rule}_{name}": float(ends[name][rule]) for rule in RULES for name in ends},
        "modified_arc": float(route[route.rule == "modified"].pc2.max()),
    }


def _walks(section: params.Walks) -> Iterator[tuple[str, int]]:
    for start in section.starts:
        for run in range(section.runs):
            yield start, run


if __name__ == "__main__":
    main()
