"""Means and intervals over seeds of what a generative study measures."""

import math
from typing import Any

import numpy as np
import pandas as pd

from stages.evaluation.labels import CONTROL, RUN
from stages.text import markdown, names
from stages.text.estimates import Estimate, in_figures, over_seeds

SETTING = ["model", "weights", "mode"]
PER_SEED = [
    "frechet_distance",
    "digits",
    "least_digit_fraction",
    "coverage",
    "noise_relative_error",
    "test_relative_error",
]
HEADLINE = [
    *PER_SEED,
    "frechet_distance_2",
    "frechet_distance_infinite",
    "class_entropy",
    "precision",
    "recall",
    "density",
    "pairwise_distance",
    "neighbour_distance",
    "neighbour_ratio",
    "displacement",
    "reconstruction_error",
    "data_relative_error",
    "corrupted_relative_error",
    "noise_absolute_error",
    "test_absolute_error",
    "noise_last_drift",
    "test_last_drift",
]
ON_LOGS = ("frechet_distance", "frechet_distance_2")  # which differ by orders between models
UNBOUNDED = ("frechet_distance_infinite",)  # all others are 0 or more
HIGHEST = {  # of what has an upper end
    "digits": 10.0,
    "least_digit_fraction": 0.1,
    "class_entropy": 1.0,
    "confident_fraction": 1.0,
    "precision": 1.0,
    "recall": 1.0,
    "coverage": 1.0,
}
SHOWN = {  # of the table for readers
    "frechet_distance": "Fréchet distance",
    "digits": "digits",
    "precision": "precision",
    "recall": "recall",
    "density": "density",
    "coverage": "coverage",
    "neighbour_ratio": "neighbour ratio",
    "displacement": "distance to z",
    "noise_relative_error": "error on noise",
    "test_relative_error": "on test images",
    "corrupted_relative_error": "on corrupted",
    "reconstruction_error": "reconstruction",
}


def summarize(table: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """Return a row a setting and measurement: mean and interval over seeds, and their number.

    Of Fréchet distances means and intervals are those of logarithms, but for that extrapolated to
    images without end, which may be negative. All other intervals end where a measurement does: at
    0, and of a fraction at 1.

    Args:
        table: columns `RUN`, and measurements, a row a run; those missing everywhere are left out.
        confidence: of the interval.
    """
    rows = []
    for setting, runs in table.groupby(SETTING, sort=False):
        for measure in runs.columns.drop(RUN):
            values = runs[measure].to_numpy(float)
            if not np.isnan(values).all():
                least = -math.inf if measure in UNBOUNDED else 0.0
                most = HIGHEST.get(str(measure), math.inf)
                found = over_seeds(values, confidence, measure in ON_LOGS).within(least, most)
                rows.append((*setting, measure, *found, len(values)))
    columns = [*SETTING, "measure", "mean", "low", "high", "seeds"]
    return pd.DataFrame(rows, columns=columns)


def headline(table: pd.DataFrame, summary: pd.DataFrame) -> dict[str, Any]:
    """Return {controls: …, model: {weights: {mode: intervals, and what tells seeds apart}}}."""
    result: dict[str, Any] = {"controls": {}}
    for (model, weights, mode), rows in summary.groupby(SETTING, sort=False):
        found = rows[rows.measure.isin(HEADLINE)].set_index("measure")
        if weights == CONTROL:
            result["controls"][model] = found["mean"].to_dict()
            continue
        place = result.setdefault(str(model), {}).setdefault(weights, {})
        place[mode] = found[["mean", "low", "high"]].to_dict(orient="index")
        runs = table[(table[SETTING] == [model, weights, mode]).all(axis=1)].set_index("seed")
        telling = [name for name in PER_SEED if name in found.index]
        place[mode]["seeds"] = runs[telling].to_dict(orient="index")
    return result


def readable(summary: pd.DataFrame) -> str:
    """Return a table in Markdown: a row a setting, means with their intervals over seeds."""
    shown = {name: words for name, words in SHOWN.items() if name in set(summary.measure)}
    rows = []
    for setting, of_setting in summary.groupby(SETTING, sort=False):
        found = of_setting.set_index("measure")
        cells = [_cell(found.loc[name]) if name in found.index else "" for name in shown]
        rows.append(["" if word == CONTROL else names.model(word) for word in setting])
        rows[-1] += cells
    return markdown.table(["model", "weights", "BatchNorm", *shown.values()], rows) + "\n"


def _cell(row: pd.Series) -> str:
    return in_figures(Estimate(row["mean"], row["low"], row["high"]))
