"""The generative networks in numbers: applied again and again, collapse over time, compute."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from idem.figures import style
from idem.figures.facets import facets

_INPUTS = {"test": "test images", "noise": "noise", "corrupted": "corrupted images"}
_CHANGE = "change by one more f"
_WEIGHTS = {"raw": "raw weights", "ema": "their average (EMA)"}
_DISTANCE = "Fréchet distance, validation"
_VALIDATED = {"frechet_distance": _DISTANCE, "digits": "digits found"}
_MODELS = 5  # that a panel has room for
_COLUMNS = {"train": "ema_frechet_distance", "eval": "eval_frechet_distance"}
# Whose compute is shown; others are in the tables.
_SHOWN = ("modified_plain", "modified", "modified_tight", "ordinary", "ign", "ign_ours", "dcgan")


@style.themed
def figure_drift(drift: pd.DataFrame) -> Figure:
    """Draw ‖f^(k+1)(x) − f^k(x)‖ / ‖f^k(x)‖ by k, a column a kind of input, a row a mode.

    Of the first five models: medians over seeds, bands from the lowest to the highest; values of
    exactly 0 lie at the bottom.

    Args:
        drift: columns model, seed, weights, mode, input, application and drift; of one kind of
            weights.
    """
    shown = style.first(drift.assign(drift=style.lifted(drift.drift)), _MODELS)
    modes = {mode: f"{_CHANGE},\n{words}" for mode, words in style.MODES.items()}
    figure, panels = facets(shown, ("input", _INPUTS), ("mode", modes), "applications of f")
    for axes, rows in panels:
        style.logarithmic(axes, "y")
        style.lines(axes, rows, "application", "drift", by="model")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    style.legend(figure, shown["model"], columns=3)
    return figure


@style.themed
def figure_collapse(history: pd.DataFrame) -> Figure:
    """Draw how samples fare during training, a row a measure, a column a kind of weights.

    Of the first five models: medians over seeds, bands from the lowest to the highest. BatchNorm is
    in training mode.

    Args:
        history: columns model, seed, step and, for ema and raw, such as ``ema_frechet_distance``
            and, where there are classes, ``ema_digits``.
    """
    shown = style.first(history, _MODELS)
    names = {f"{kind}_{measure}": (kind, measure) for kind in _WEIGHTS for measure in _VALIDATED}
    table = shown.melt(["model", "step"], [n for n in names if n in shown], "name")
    table[["kind", "measure"]] = [names[name] for name in table.name]
    seeds = style.counted(history.seed.nunique(), "seed")
    weights = {kind: f"{words}, {seeds}" for kind, words in _WEIGHTS.items()}
    figure, panels = facets(table, ("kind", weights), ("measure", _VALIDATED), "step", sharey="row")
    for axes, rows in panels:
        if (rows.measure == "digits").all():
            axes.set_ylim(0, 10.5)
        else:
            style.logarithmic(axes, "y")
        style.lines(axes, rows, "step", "value", by="model", markevery=0.2)
    style.legend(figure, shown["model"], columns=3)
    return figure


@style.themed
def figure_compute(history: pd.DataFrame, operations: Mapping[str, float]) -> Figure:
    """Draw the distance of the averaged weights' samples over compute, a panel a mode.

    Medians over seeds, bands from the lowest to the highest.

    Args:
        history: columns ``model``, ``seed``, ``step``, ``ema_frechet_distance`` and, where that
            was measured, ``eval_frechet_distance``, of a model without it not numbers.
        operations: of every model's whole run; models without are left out.
    """
    history = history[history.model.isin(_SHOWN) & history.model.isin(list(operations))]
    part = history.step / history.groupby("model").step.transform("max")
    history = history.assign(operations=part * history.model.map(dict(operations)))
    names = {column: style.MODES[mode] for mode, column in _COLUMNS.items() if column in history}
    table = history.melt(["model", "operations"], list(names), "measure").dropna()
    figure, panels = facets(
        table, ("measure", names), xlabel="floating-point operations", ylabel=_DISTANCE, height=2.4
    )
    for axes, rows in panels:
        style.logarithmic(axes)
        style.lines(axes, rows, "operations", "value", by="model")
    style.legend(figure, history["model"], columns=4)
    return figure
