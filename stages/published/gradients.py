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
from stages.published.experiments import started, widths_of
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
        title, case = in_words(settings.walks), next(iter(settings.walks.cases))
        delay = found["gradients"][case]["nearest_delay"]
        figure = figure_gradients(trace, theirs, delay, routes, their_routes, surface, title)
        write_figure(args.metrics / "figure_gradients.png", figure)


def in_words(section: params.Walks) -> str:
    """Return which network, rate and runs ours are of in the upper panels."""
    runs, rate = counted(section.runs, "run"), next(iter(section.cases.values())).learning_rate
    return f"ours above: {section.network} at the label {rate:g}, one batch, {runs}"


def tables(section: params.Walks, walks: list[dict[str, Any]]) -> list[pd.DataFrame]:
    """Return the rows of all walks, with ``case`` and ``run``: trace, routes, surface, shares."""
    places = [{"case": case, "run": run} for case, run in _walks(section)]
    return [
        pd.DataFrame(place | row for place, of in zip(places, walks, strict=True) for row in of[n])
        for n in ("trace", "routes", "surface", "shares")
    ]


def plan(settings: params.Paper) -> resume.Plan:
    """Return how every walk is computed."""
    section, precision = settings.walks, settings.sweep.matmul_precision
    extent = Extent(
        section.steps,
        section.every,
        section.closely_to,
        tuple(section.plane_steps),
        section.plane_every,
        section.surface_points,
        section.surface_margin,
    )
    units = []
    for case, run in _walks(section):
        grid, rates = grid_of(settings, case), rates_of(settings, case)
        of_all = {k: v for k, v in asdict(grid).items() if k not in ("learning_rates", "memory")}
        units.append(
            resume.Unit(
                f"gradients_{section.network}_{case}_{run}",
                [of_all, run, rates, extent, precision],
                (grid, run, rates, extent, precision),
                steps=extent.steps + 1,
                cost=3 * grid.operations(1),
            )
        )
    return resume.Plan(walked, units, MODULES)


def grid_of(settings: params.Paper, case: str) -> Grid:
    """Return where starts and batches come from."""
    section = settings.walks
    return started(
        settings,
        section.network,
        next(iter(settings.readings.starts)),
        widths=widths_of(settings, section.network, section.cases[case].widths),
        learning_rates={rule: [rate] for rule, rate in rates_of(settings, case).items()},
        runs=section.runs,
        steps=section.steps,
        log_every=section.every,
        data="fixed",
    )


def rates_of(settings: params.Paper, case: str) -> dict[str, float]:
    """Return the matched rates that the label of a case stands for, by rule."""
    of, readings = settings.walks.cases[case], settings.published.readings
    width = widths_of(settings, settings.walks.network, of.widths)[-1]
    return {rule: of.learning_rate * factor(readings[rule], width) for rule in RULES}


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
        trace: rows of `stages.published.walks.walk`, with ``case`` and ``run``.
        theirs: of `stages.published.curves.read_gradients`.
        section: epochs and delays.

    Returns:
        A row a case, quantity, delay (theirs at an epoch beside ours so much later) and ``up_to``,
        an epoch up to which ours were measured with that delay; `SAME_START` is compared with what
        is published as `SEPARATE`: ``at_start`` and ``theirs_at_start``, ours and theirs there;
        ``points``; ``median`` and ``largest`` deviation: of norms as a factor of at least 1, of
        cosines as a difference; and ``median_ratio``, ours / theirs, of norms (NaN for cosines).
    """
    runs = trace.groupby(["case", "step"], sort=False)[[*QUANTITIES, SAME_START]].mean()
    ours = runs.rename_axis(columns="quantity").stack().rename("ours").reset_index()
    separate = theirs[theirs.quantity == SEPARATE]
    theirs = pd.concat([theirs, separate.assign(quantity=SAME_START)], ignore_index=True)
    found = []
    for delay in section.delays:
        both = ours.assign(epoch=ours.step - delay).merge(theirs, on=["quantity", "epoch"])
        for (case, quantity), of in both.groupby(["case", "quantity"], sort=False):
            for epoch in section.up_to:
                part = of[of.epoch <= epoch]
                if len(part):
                    key = {"case": case, "quantity": quantity, "delay": delay, "up_to": epoch}
                    found.append(key | _deviation(str(quantity), part))
    table = pd.DataFrame(found)
    most = table.groupby(["case", "quantity", "up_to"]).points.transform("max")
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
    """Return by case the deviations, the delay at which theirs are nearest, and the planes.

    Returns:
        ``gradients``: by case ``nearest_delay``, that of the least median deviation of `NEAREST_BY`
        over the shortest horizon, at which all delays are compared, and by ``delays`` and quantity
        ``median``, ``largest``, ``median_ratio``, ``at_start`` and ``theirs_at_start``, over the
        longest horizon of that delay; ``routes``: of ours, a mean over runs by case and the last
        step that the plane is of, and of ``theirs``, where each rule's ends, ``RULE_pc1`` and
        ``RULE_pc2``, the farthest that the modified route is from the first axis,
        ``modified_arc``, of ours the ``shares`` of the variance in the two components, and of
        theirs `spacing`.
    """
    gradients: dict[str, Any] = {}
    for case, of_case in table.groupby("case", sort=False):
        judged = of_case[(of_case.quantity == NEAREST_BY) & (of_case.up_to == table.up_to.min())]
        nearest = int(judged.sort_values(["median", "largest"]).delay.iloc[0])
        delays: dict[int, Any] = {}
        for row in of_case.to_dict("records"):  # of several horizons the longest comes last
            kept = {name: row[name] for name in _KEPT if not np.isnan(row[name])}
            delays.setdefault(row["delay"], {})[row["quantity"]] = kept
        gradients[str(case)] = {"nearest_delay": nearest, "delays": delays}
    planes: dict[str, Any] = {"theirs": _plane(theirs) | spacing(theirs)}
    for (case, up_to), of_case in routes.groupby(["case", "up_to"], sort=False):
        each = pd.DataFrame([_plane(route) for _, route in of_case.groupby("run")]).mean()
        own = shares[(shares.case == case) & (shares.up_to == up_to)]
        mean = own.groupby("component").share.mean().tolist()
        planes.setdefault(str(case), {})[int(up_to)] = each.to_dict() | {"shares": mean}
    return {"gradients": gradients, "routes": planes}


def spacing(routes: pd.DataFrame) -> dict[str, float]:
    """Tell how evenly the points of published routes are spaced on paper.

    Training slows down, so that points which are evenly spaced say nothing of steps: each line was
    cut into equal parts when it was read off.

    Args:
        routes: columns ``rule``, ``pc1`` and ``pc2``, in their order.

    Returns:
        ``axes``, how many times larger than on the first axis a unit on the second has to be drawn
        for the distances between neighbours to be the most equal, and ``uneven``, their standard
        deviation there in units of their mean, of the worse rule.
    """
    steps = [of[["pc1", "pc2"]].diff().iloc[1:].to_numpy() for _, of in routes.groupby("rule")]

    def uneven(axes: float) -> float:
        lengths = [np.hypot(step[:, 0], axes * step[:, 1]) for step in steps]
        return max(float(of.std() / of.mean()) for of in lengths)

    best = min(np.geomspace(0.1, 10, 501).tolist(), key=uneven)
    return {"axes": best, "uneven": uneven(best)}


def _plane(route: pd.DataFrame) -> dict[str, float]:
    ends = route.groupby("rule")[["pc1", "pc2"]].last()
    return {
        **{f"{rule}_{name}": float(ends[name][rule]) for rule in RULES for name in ends},
        "modified_arc": float(route[route.rule == "modified"].pc2.max()),
    }


def _walks(section: params.Walks) -> Iterator[tuple[str, int]]:
    for case in section.cases:
        for run in range(section.runs):
            yield case, run


if __name__ == "__main__":
    main()
