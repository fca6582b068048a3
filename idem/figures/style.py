"""How all figures look: the colours of the rules, marks for what is no number, plain axes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FuncFormatter, LogFormatter

ORANGE, BLUE, ESCAPED = "#f28e1c", "#2f6db3", "0.88"
RULE_STYLES: dict[str, dict[str, Any]] = {
    "modified": {"color": "black", "marker": "o", "linestyle": "-", "markersize": 4},
    "ordinary": {"color": ORANGE, "marker": "s", "linestyle": "--", "markersize": 4},
}


RULE_NAMES = {"modified": "Modified", "ordinary": "Ordinary", "none": "Reconstruction only"}


MODEL_NAMES = {  # of the generative study, in the order they are shown
    "modified": "Modified rule",
    "modified_degree_4": "Modified, degree 4",
    "ordinary": "Ordinary rule",
    "ign": "IGN",
    "autoencoder": "Autoencoder",
    "dcgan": "DCGAN",
}


SMALLEST_SHOWN = 1e-12


CROSS: dict[str, Any] = {"marker": "x", "linestyle": "", "markersize": 6, "markeredgewidth": 1.4}


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
