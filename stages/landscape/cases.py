"""What stages of many cases have in common: a unit a rule and run, of all its rates."""

import math
from dataclasses import asdict
from typing import Any

import pandas as pd

from idem.sweeps.grid import Grid
from stages.common import params, resume
from stages.sweeps import paired
from stages.sweeps.sweep import grid_with, key


def grid(settings: params.Swept, section: Any, **own: Any) -> Grid:
    """Return a grid with the rates, steps and batches of a section, under plain SGD."""
    return grid_with(
        settings.sweep,
        learning_rates=section.learning_rates,
        steps=section.steps,
        batch_size=section.batch_size,
        log_every=section.steps,
        optimizer="sgd",
        **own,
    )


def units(label: str, of: Grid, how: Any, precision: str) -> list[resume.Unit]:
    """Return the units of a case, computed from its grid, `how`, the unit and the precision.

    Args:
        label: of them all.
        of: where starts and batches come from.
        how: a dataclass, of all else that decides a unit.
        precision: of products in float32.
    """
    return [
        resume.Unit(
            f"{label}_{unit.rule}_{unit.run}",
            [key(of, unit, precision), asdict(how)],
            (of, how, unit, precision),
            steps=len(unit.learning_rates),
            cost=of.operations(len(unit.learning_rates)),
        )
        for unit in of.units()
    ]


def at_best(lanes: pd.DataFrame, error: str) -> dict[str, float]:
    """Return what one rule comes to at the rate of the least median of a column, and what it bears.

    Returns:
        ``best_rate``, ``log10_relative_error`` (of that column), ``spread_kept``, and
        ``highest_borne_rate``, the highest below the lowest at which a run diverges, NaN if one
        does at the lowest; ``highest_rate_tried``.
    """
    there = paired.at_best_rate(lanes, error)
    diverged = lanes.groupby("learning_rate").diverged.any()
    borne = diverged.index[~diverged.cummax()]
    return {
        "best_rate": float(there.learning_rate.iloc[0]),
        "log10_relative_error": math.log10(there[error].median()),
        "spread_kept": float((there.output_spread / there.initial_spread).median()),
        "highest_borne_rate": float(borne.max()) if len(borne) else math.nan,
        "highest_rate_tried": float(diverged.index.max()),
    }
