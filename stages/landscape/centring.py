"""Stage centring: is it the mean of a layer's inputs that bounds the rates of either rule?

Near a projection the modified rule leads on one layer and fails on two (stage `near`). Here the
same functions are trained on inputs with a mean or without, centred or not
(`idem.landscape.centred`), and with one of two layers held. Beside what they come to stand the
rates that they should bear, and how many the modified rule should leave at whatever rate
(`idem.theory.moments`). Starts and batches are those of `near`, and every error is one on new
inputs. It can be killed at any time and goes on when it is run again.
"""

import math
from functools import reduce
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from idem.landscape.centred import largest_input_moment
from idem.landscape.curvature import stability_edge
from idem.linear.projection import project
from idem.rule.loss import RULES
from idem.sweeps.grid import Grid
from idem.sweeps.near import NearProjection
from idem.theory.moments import decay_rates_of_layers, homogeneous, second_moment
from stages.common import params, resume
from stages.common.files import write_csv, write_json
from stages.landscape import cases
from stages.landscape.centred import Centring, trained
from stages.sweeps import near, paired
from stages.sweeps.sweep import by_grid

MODULES = ("stages.landscape.centred",)
WIDEST = 20  # of networks whose decay rates are computed, which takes dense matrices of size n⁴


def main() -> None:
    """Write what every rate comes to by case and rule, and the rules at their best rates."""
    args = params.arguments("train networks near a projection with centred inputs")
    settings = params.read(args.params, params.Paper)
    grids = grids_of(settings)
    with resume.completed(*plan(settings), keep=args.units, label="centring") as parts:
        lanes = near.lanes_of(by_grid(grids, parts))
        write_csv(args.metrics / "centring.csv", near.tabulate(lanes).drop(columns="rank"))
        write_json(args.metrics / "centring.json", headline(lanes, settings))


def plan(settings: params.Paper) -> resume.Plan:
    """Return how all cases are computed: a unit a rule and run, of all its rates."""
    precision, of_cases = settings.sweep.matmul_precision, settings.centring.cases
    units = [
        cases.units(f"centring_{name}", grid, centring_of(of_cases[name]), precision)
        for name, grid in grids_of(settings).items()
    ]
    return resume.Plan(trained, [unit for of_case in units for unit in of_case], MODULES)


def grids_of(settings: params.Paper) -> dict[str, Grid]:
    """Return the grid of every case."""
    return {name: grid_of(settings, case) for name, case in settings.centring.cases.items()}


def grid_of(settings: params.Paper, case: params.CentredCase) -> Grid:
    """Return where starts and batches of a case come from."""
    section = settings.centring
    return cases.grid(
        settings,
        section,
        widths=[case.width] * (len(case.centres) + 1),
        runs=case.runs,
        initialization=NearProjection(section.noise, section.bias),
    )


def centring_of(case: params.CentredCase) -> Centring:
    """Return what a case changes of that; layers are counted from 1 in parameters."""
    layers = tuple(layer - 1 for layer in case.trained)
    return Centring(case.input_mean, tuple(case.centres), layers)


def headline(lanes: pd.DataFrame, settings: params.Paper) -> dict[str, Any]:
    """Return by case what either rule comes to at its best rate, and the rates that it bears."""
    found = {}
    for name, of_case in lanes.groupby("case", sort=False):
        case = settings.centring.cases[str(name)]
        rates = decay_rates_of(settings, case)
        found[str(name)] = {
            "start": float(of_case.initial_relative_error.median()),
            "steps": settings.centring.steps,
            "predicted_edge": predicted_edges(settings, case, rates),
            "leaves": leaves(of_case, rates, settings.centring.falls_to),
            **{
                rule: cases.at_best(of_case[of_case.rule == rule], "relative_error")
                for rule in RULES
            },
            "modified_over_ordinary": paired.at_own_best_rates(of_case, "relative_error"),
        }
    return found


def decay_rates_of(settings: params.Paper, case: params.CentredCase) -> list[Tensor] | None:
    """Return the decay rates of every run, as if all units were active; None for wide networks.

    At the projection next to the start.
    """
    if case.width > WIDEST:
        return None
    grid, centring = grid_of(settings, case), centring_of(case)
    moment = second_moment(torch.full((case.width,), case.input_mean, dtype=torch.float64))
    identity, found = torch.eye(case.width + 1, dtype=torch.float64), []
    for run in range(grid.runs):
        layers = [(weight.double(), bias.double()) for weight, bias in grid.start(run)]
        product = reduce(lambda K, layer: homogeneous(*layer) @ K, layers, identity)
        P = project(product).projector
        found.append(decay_rates_of_layers(layers, P, moment, centring.centres, centring.trained))
    return found


def predicted_edges(
    settings: params.Paper, case: params.CentredCase, rates: list[Tensor] | None
) -> dict[str, float]:
    """Predict either rule's largest stable rate at the start.

    Modified's from the decay rates, and where there are none from the second moment of what the
    trained layers are given in the first application of f; ordinary's from that in both.

    Returns:
        By rule, the geometric mean over runs; of second moments, with a 1 added to the inputs, 2
        over the largest eigenvalue.
    """
    grid, centring = grid_of(settings, case), centring_of(case)
    edges: dict[str, list[float]] = {rule: [] for rule in RULES}
    for run in range(grid.runs):
        f, x = centring.network(grid, run), next(centring.batches(grid, run))
        with torch.no_grad():
            first, second = largest_input_moment(f, x), largest_input_moment(f, f(x))
        edges["modified"].append(2 / first if rates is None else stability_edge(rates[run]))
        edges["ordinary"].append(2 / max(first, second))
    return {rule: math.exp(np.mean(np.log(of_rule))) for rule, of_rule in edges.items()}


def leaves(
    of_case: pd.DataFrame, rates: list[Tensor] | None, falls_to: float
) -> dict[str, int] | None:
    """Count the runs that the modified rule should leave at whatever rate, and those that it does.

    Args:
        of_case: the lanes of a case.
        rates: of `decay_rates_of`; a negative one says that the run is left.
        falls_to: a run is left if its relative error falls to this part of the start's at no rate.

    Returns:
        ``predicted``, ``found`` and ``agree``, in runs; None where nothing is predicted.
    """
    if rates is None:
        return None
    predicted = [bool((of_run.real < 0).any()) for of_run in rates]
    of_rule = of_case[of_case.rule == "modified"]
    fell = of_rule.relative_error <= falls_to * of_rule.initial_relative_error
    found = (~fell.groupby(of_rule.run).any()).sort_index().tolist()
    agree = sum(a == b for a, b in zip(predicted, found, strict=True))
    return {"predicted": sum(predicted), "found": sum(found), "agree": agree}


if __name__ == "__main__":
    main()
