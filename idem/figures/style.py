"""How all figures look: the colours of the rules, marks for what is no number, plain axes."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FuncFormatter, LogFormatter

ORANGE, BLUE, ESCAPED = "#f28e1c", "#2f6db3", "0.88"
RULE_NAMES = {"modified": "Modified", "ordinary": "Ordinary", "none": "Reconstruction only"}


MODEL_NAMES = {  # of the generative study, in the order they are shown
    "modified": "Modified rule",
    "modified_plain": "Modified, as in the paper",
    "ordinary": "Ordinary rule",
    "ign": "IGN",
    "ign_published": "IGN, published tightness weight",
    "ign_decorrelated": "IGN, decorrelated code",
    "autoencoder": "Autoencoder",
    "denoiser": "Denoiser",
    "dcgan": "DCGAN",
}
_MODEL_STYLES: dict[str, dict[str, Any]] = {
    "modified": {"color": "black", "marker": "o", "linestyle": "-"},
    "ordinary": {"color": ORANGE, "marker": "s", "linestyle": "--"},
    "ign": {"color": BLUE, "marker": "^", "linestyle": "-."},
    "autoencoder": {"color": "0.5", "marker": "v", "linestyle": ":"},
    "untrained": {"color": "0.7", "marker": ".", "linestyle": "-"},
}
RULE_STYLES: dict[str, dict[str, Any]] = {
    rule: _MODEL_STYLES[rule] | {"markersize": 4} for rule in ("modified", "ordinary")
}
_MORE: list[dict[str, Any]] = [  # models without a style of their own
    {"color": color, "marker": marker, "linestyle": line}
    for color, marker, line in (
        ("#3a8f5c", "D", "-"),
        ("#8c5fa8", "P", "--"),
        ("#a0522d", "X", ":"),
        ("#c2487e", "*", "-."),
    )
]


SMALLEST_SHOWN = 1e-12


CROSS: dict[str, Any] = {"marker": "x", "linestyle": "", "markersize": 6, "markeredgewidth": 1.4}


def model_styles(models: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return the models that there are, in the order of all figures, with their styles.

    Of more models than there are styles, some share one.
    """
    names = in_order(models)
    others = iter(_MORE * len(names))
    return {name: _MODEL_STYLES.get(name) or next(others) for name in names}


def in_order(models: Iterable[str]) -> list[str]:
    """Return the models that there are, those of `MODEL_NAMES` first."""
    found = set(models)
    return [name for name in MODEL_NAMES if name in found] + sorted(found - set(MODEL_NAMES))


def batchnorm_in(mode: str) -> str:
    """Return in words that BatchNorm is in ``train`` or ``eval`` mode."""
    return f"BatchNorm in {'training' if mode == 'train' else mode} mode"


def model_name(model: str) -> str:
    """Return what a model is called in figures."""
    return MODEL_NAMES.get(model, model.replace("_", " ").capitalize())


def cross(axes: Axes, positions: pd.Series, height: float, rule: str) -> None:
    """Mark what has no finite value, at a height of the panel that is no value."""
    style = RULE_STYLES[rule] | CROSS
    place = {"transform": axes.get_xaxis_transform(), "zorder": 5}
    axes.plot(positions, [height] * len(positions), **style, **place)


def say(axes: Axes, words: Sequence[str]) -> None:
    """Write into a panel what it would else be empty of."""
    place: dict[str, Any] = {"fontsize": "small", "transform": axes.transAxes}
    box = {"color": "white", "alpha": 0.8, "pad": 2}
    if words:
        axes.text(0.04, 0.05, "\n".join(words), bbox=box, in_layout=False, **place)


def lifted(values: pd.Series) -> pd.Series:
    """Lift exact zeros to the bottom of a logarithmic axis."""
    return values.clip(lower=SMALLEST_SHOWN)


def shown(errors: pd.Series) -> pd.Series:
    """Leave out what is infinite, and lift exact zeros."""
    return lifted(errors.where(np.isfinite(errors)))


def plain(axis: Axis) -> None:
    """Write the numbers of a logarithmic axis as 20, not as 2 × 10¹."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(LogFormatter(labelOnlyBase=False, minor_thresholds=(1, 0.4)))


def counted(count: int, unit: str) -> str:
    """Return "1 run" or "2 runs"."""
    return f"{count} {unit}{'s' * (count != 1)}"
