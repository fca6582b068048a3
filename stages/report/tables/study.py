"""Tables of a generative study for readers, in Markdown: of models, of lost modes, of compute."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from stages.generative.recipes import DIGITS
from stages.text import markdown, names
from stages.text.estimates import in_figures, over_seeds

CONFIDENCE = 0.95  # of the intervals over seeds, as in the tables that are shown
WEIGHTS = "ema"  # of the last step
ROWS = 10  # of the table of models, the first of these that there are
ORDER = (
    "modified_plain",
    "modified_tight_published",
    "modified",
    "modified_tight",
    "ordinary",
    "ign",
    "ign_ours",
    "denoiser",
    "dcgan",
    "autoencoder_codes",
    "ign_published",
    "autoencoder",
)
DISTANCES = {"frechet_distance": "f(z)", "frechet_distance_2": "f(f(z))"}
SHORTLY = {  # the mean over seeds in training and in eval mode
    "digits": "digits",
    "coverage": "coverage",
    "noise_relative_error": "relative error",
}
MODES = ("ten digits first at step", "fewer again from step", "ten at the end", "of raw weights")
FRACTIONS = (0.25, 0.5, 0.625, 0.75, 0.875, 1.0)  # of the compute of a run


def models(runs: pd.DataFrame) -> str:
    """Return a Markdown table of at most `ROWS` models, by the EMA weights of the last step.

    Distances of f(z) and of f(f(z)) in both modes, geometric means over seeds with intervals of the
    logarithms; of the rest means, in training and in eval mode.

    Args:
        runs: columns ``model``, ``seed``, ``weights``, ``mode``, those of `DISTANCES`, and those of
            `SHORTLY` that these images have; a row a run.
    """
    runs = runs[runs.weights == WEIGHTS]
    there = [name for name in ORDER if name in set(runs.model)][:ROWS]
    shortly = {name: head for name, head in SHORTLY.items() if name in runs}
    if "digits" in shortly:
        del shortly["coverage"]
    heads = [f"{head}, {mode}" for mode in ("train", "eval") for head in DISTANCES.values()]
    rows = []
    for name in there:
        of_model = runs[runs.model == name]
        by_mode = [of_model[of_model["mode"] == mode] for mode in ("train", "eval")]
        row = [names.model(name), f"{of_model.seed.nunique()}"]
        row += [_distance(of_mode, measure) for of_mode in by_mode for measure in DISTANCES]
        rows.append(row + [" / ".join(_mean(of[measure]) for of in by_mode) for measure in shortly])
    return markdown.table(["model", "seeds", *heads, *shortly.values()], rows) + "\n"


def _distance(runs: pd.DataFrame, measure: str) -> str:
    return in_figures(over_seeds(runs.get(measure, pd.Series()), CONFIDENCE, on_logs=True))


def _mean(values: pd.Series) -> str:
    return "–" if values.isna().all() else f"{values.mean():.3g}"


def modes(history: pd.DataFrame) -> str:
    """Return a Markdown table of when all digits were there first, and when some were lost again.

    Of the averaged weights, by seed; of raw weights the end alone.

    Args:
        history: columns ``model``, ``seed``, ``step`` and, of both weights, ``raw_digits`` and
            ``ema_digits``.
    """
    rows = []
    for model, of_model in history.groupby("model", sort=False):
        won, lost, kept = _fates(of_model, "ema_digits")
        *_, raw = _fates(of_model, "raw_digits")
        ends = (f"{sum(whole)} of {len(whole)} seeds" for whole in (kept, raw))
        rows.append([names.model(model), _steps(won), _steps(lost), *ends])
    return markdown.table(["model", *MODES], rows) + "\n"


def by_compute(history: pd.DataFrame, models: Sequence[str]) -> str:
    """Return a Markdown table of distances after equal fractions of the compute.

    Geometric means over seeds with intervals of the logarithms, and on how many seeds the first
    model is nearer; a fraction that falls between two measurements has what a straight line
    between the logarithms of theirs has there.

    Args:
        history: columns ``model``, ``seed``, ``step`` and ``ema_frechet_distance``.
        models: those of equal compute, in the order of the rows; without rows they have no row.
    """
    heads = [f"{100 * fraction:g} %" for fraction in FRACTIONS]
    after = history.groupby(["model", "seed"])[list(history)].apply(_after)
    first, rows = after.loc[models[0]], []
    for model in (name for name in models if name in after.index):
        distances = after.loc[model]
        cells = [
            in_figures(over_seeds(distances[fraction], CONFIDENCE, on_logs=True))
            for fraction in FRACTIONS
        ]
        if model != models[0]:
            seeds = first.index.intersection(distances.index)
            nearer = (first.loc[seeds] < distances.loc[seeds].fillna(np.inf)).sum()
            cells = [f"{text}, {n}/{len(seeds)}" for text, n in zip(cells, nearer, strict=True)]
        rows.append([names.model(model), *cells])
    return markdown.table(["model", *heads], rows) + "\n"


def _after(run: pd.DataFrame) -> pd.Series:
    """Return the distance of a run after each of the fractions."""
    at = np.array(FRACTIONS) * run.step.max()
    logarithms = np.interp(at, run.step, np.log(run.ema_frechet_distance))
    return pd.Series(np.exp(logarithms), FRACTIONS)


def _fates(runs: pd.DataFrame, digits: str) -> tuple[Sequence[Any], ...]:
    """Return, by seed, when a run had all digits first, when it lacked some, and how it ended."""
    each = (
        dict(zip(run.step, run[digits] == DIGITS, strict=True)) for _, run in runs.groupby("seed")
    )
    return tuple(zip(*map(_won_and_lost, each), strict=True))


def _won_and_lost(whole: Mapping[int, bool]) -> tuple[int | None, int | None, bool]:
    """Return when a run had all digits first, when it lacked some after, and how it ended."""
    won = next((step for step, all_there in whole.items() if all_there), None)
    lost = next((step for step, there in whole.items() if won and step > won and not there), None)
    return won, lost, whole[max(whole)]


def _steps(found: Sequence[int | None]) -> str:
    """Return steps in order, a dash for a run without."""
    there = sorted(step for step in found if step is not None)
    return ", ".join([*map(str, there), *["–"] * found.count(None)])
