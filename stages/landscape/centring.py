"""Stage centring: is it the mean of a layer's inputs that bounds the rates of either rule?

Near a projection the modified rule leads on one layer and fails on two (stage `near`). Here the
same functions are trained on inputs with a mean or without, centred or not
(`idem.landscape.centred`), and with one of two layers held. Beside what they come to stand the
rates that they should bear, and how many the modified rule should leave at whatever rate
(`idem.theory.moments`). Starts and batches are those of `near`, and every error is one on new
inputs. It can be killed at any time and goes on when it is run again.
"""

import math
from dataclasses import asdict
from functools import reduce
from typing import Any

import numpy as np
import pandas as pd
import torch

from idem.landscape.centred import largest_input_moment
from idem.linear.projection import project
from idem.rule.loss import RULES
from idem.sweeps.grid import Grid
from idem.sweeps.near import NearProjection
from idem.theory.moments import decay_rates_of_layers, homogeneous, second_moment
from stages.common import params, resume
from stages.common.files import write_csv, write_json
from stages.landscape.centred import Centring, trained
from stages.sweeps import near, paired
from stages.sweeps.aggregate import highest_safe_rate
from stages.sweeps.sweep import grid_with, key

MODULES = ("stages.landscape.centred",)
FALLS = 0.1  # of the relative error at the start: that of claim N
WIDEST = 20  # of networks whose decay rates are computed


def main() -> None:
    """Write what every rate comes to by case and rule, and the rules at their best rates."""
    args = params.arguments("train networks near a projection with centred inputs")
    settings = params.read(args.params, params.Paper)
    of_cases = plans(settings)
    units = [unit for plan in of_cases.values() for unit in plan.units]
    with resume.completed(trained, units, MODULES, keep=args.units, label="centring") as parts:
        following = iter(parts)
        found = {
            name: pd.DataFrame([row for _ in plan.units for row in next(following)])
            for name, plan in of_cases.items()
        }
        lanes = near.lanes_of(found)
        write_csv(args.metrics / "centring.csv", near.tabulate(lanes).drop(columns="rank"))
        write_json(args.metrics / "centring.json", headline(lanes, settings))


def plans(settings: params.Paper) -> dict[str, resume.Plan]:
    """Return how every case is computed: a unit a rule and run, of all its rates."""
    return {
        name: resume.Plan(trained, _units(name, settings, case), MODULES)
        for name, case in settings.centring.cases.items()
    }


def _units(name: str, settings: params.Paper, case: params.CentredCase) -> list[resume.Unit]:
    grid, centring = grid_of(settings, case), centring_of(case)
    precision = settings.sweep.matmul_precision
    return [
        resume.Unit(
            f"centring_{name}_{unit.rule}_{unit.run}",
            [key(grid, unit, precision), asdict(centring)],
            (grid, centring, unit, precision),
            steps=len(unit.learning_rates),
            cost=grid.operations(len(unit.learning_rates)),
        )
        for unit in grid.units()
    ]


def grid_of(settings: params.Paper, case: params.CentredCase) -> Grid:
    """Return where starts and batches of a case come from."""
    section = settings.centring
    return grid_with(
        settings.sweep,
        widths=[case.width] * (len(case.centres) + 1),
        learning_rates=section.learning_rates,
        runs=case.runs,
        steps=section.steps,
        batch_size=section.batch_size,
        log_every=section.steps,
        initialization=NearProjection(section.noise, section.bias),
        optimizer="sgd",
    )


def centring_of(case: params.CentredCase) -> Centring:
    """Return what a case changes of that; layers are counted from 1 in parameters."""
    layers = tuple(layer - 1 for layer in case.trained)
    return Centring(case.input_mean, tuple(case.centres), layers)


def headline(lanes: pd.DataFrame, settings: params.Paper) -> dict[str, Any]:
    """Return by case what either rule comes to at its best rate, and the rates that it bears."""
    return {
        str(name): {
            "start": float(of_case.initial_relative_error.median()),
            "steps": settings.centring.steps,
            "predicted_edge": predicted_edges(settings, settings.centring.cases[str(name)]),
            "left": left(of_case, settings, settings.centring.cases[str(name)]),
            **{rule: _of_rule(of_case[of_case.rule == rule]) for rule in RULES},
            "modified_over_ordinary": paired.at_own_best_rates(of_case, "relative_error"),
        }
        for name, of_case in lanes.groupby("case", sort=False)
    }


def predicted_edges(settings: params.Paper, case: params.CentredCase) -> dict[str, float]:
    """Predict either rule's largest stable rate from what trained layers are given at the start.

    Modified differentiates the first application of f alone, ordinary the second one too.

    Returns:
        By rule 2 over the largest eigenvalue of the second moment of those inputs with a 1 added,
        geometric mean over runs.
    """
    grid, centring = grid_of(settings, case), centring_of(case)
    logs: dict[str, list[float]] = {rule: [] for rule in RULES}
    for run in range(grid.runs):
        f, x = centring.network(grid, run), next(centring.batches(grid, run))
        with torch.no_grad():
            first, second = largest_input_moment(f, x), largest_input_moment(f, f(x))
        logs["modified"].append(math.log(2 / first))
        logs["ordinary"].append(math.log(2 / max(first, second)))
    return {rule: float(np.exp(np.mean(of_rule))) for rule, of_rule in logs.items()}


def left(
    of_case: pd.DataFrame, settings: params.Paper, case: params.CentredCase
) -> dict[str, int] | None:
    """Count the runs that the modified rule should leave at whatever rate, and those that it does.

    Predicted as if all units were active, from the projection next to the start; found are the runs
    whose relative error falls to a tenth of the start's at no rate.

    Returns:
        ``predicted``, ``found`` and ``agree``, in runs; None for wide networks, as it is dense.
    """
    if case.width > WIDEST:
        return None
    grid, centring = grid_of(settings, case), centring_of(case)
    moment = second_moment(torch.full((case.width,), case.input_mean, dtype=torch.float64))
    identity, predicted = torch.eye(case.width + 1, dtype=torch.float64), []
    for run in range(grid.runs):
        layers = [(weight.double(), bias.double()) for weight, bias in grid.start(run)]
        product = reduce(lambda K, layer: homogeneous(*layer) @ K, layers, identity)
        at = project(product).projector, moment, centring.centres, centring.trained
        predicted.append(bool((decay_rates_of_layers(layers, *at).real < 0).any()))
    of_rule = of_case[of_case.rule == "modified"]
    fell = of_rule.relative_error < FALLS * of_rule.initial_relative_error
    found = (~fell.groupby(of_rule.run).any()).sort_index().tolist()
    agree = sum(a == b for a, b in zip(predicted, found, strict=True))
    return {"predicted": sum(predicted), "found": sum(found), "agree": agree}


def _of_rule(lanes: pd.DataFrame) -> dict[str, float]:
    there = paired.at_best_rate(lanes, "relative_error")
    return {
        "best_rate": float(there.learning_rate.iloc[0]),
        "log10_relative_error": math.log10(there.relative_error.median()),
        "spread_kept": float((there.output_spread / there.initial_spread).median()),
        "highest_rate_without_divergence": highest_safe_rate(lanes),
    }


if __name__ == "__main__":
    main()
