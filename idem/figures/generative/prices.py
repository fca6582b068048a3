"""What a lower idempotent error costs in reconstruction, under either rule and without one."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from idem.figures.style import WIDTH, batchnorm_in, grey, legend, looks, plain, themed

_RULES = {"modified": "modified", "ordinary": "ordinary", "none": "denoiser"}  # drawn like models
_MODES = ("train", "eval")
_IMAGES = {"noise": "on noise", "data": "on validation images"}


@themed
def figure_prices(points: pd.DataFrame) -> Figure:
    """Draw relative errors over reconstruction errors, a column a mode, a row a kind of image.

    A mark is the geometric mean over seeds at one weight of a rule, joined to the next weight;
    small dots are single seeds.

    Args:
        points: columns ``rule`` (``none`` for controls), ``weight``, ``seed``, ``mode``,
            ``images``, ``error``, ``reconstruction`` and ``value``.
    """
    finite = np.isfinite(points.value) & np.isfinite(points.reconstruction)
    points = points[finite & (points.error == "relative")]
    figure = Figure(figsize=(WIDTH, 5.4), layout="constrained")
    grid = figure.subplots(2, 2, sharex="col", sharey="row", squeeze=False)
    styles = looks(_RULES.values())
    for row, (images, words) in zip(grid, _IMAGES.items(), strict=True):
        for axes, mode in zip(row, _MODES, strict=True):
            of_panel = points[(points["mode"] == mode) & (points.images == images)]
            for rule, name in _RULES.items():
                _curve(axes, of_panel[of_panel.rule == rule], styles[name])
            axes.set(xscale="log", yscale="log")
            for axis in (axes.xaxis, axes.yaxis):
                plain(axis)
        row[0].set_ylabel(f"relative error {words}")
    for axes, mode in zip(grid[0], _MODES, strict=True):
        axes.set_title(batchnorm_in(mode))
    for axes in grid[-1]:
        axes.set_xlabel("reconstruction error, validation")
    legend(figure, _RULES.values(), grey("single seeds", marker=".", markersize=3))
    return figure


def _curve(axes: Axes, rows: pd.DataFrame, style: dict[str, Any]) -> None:
    if rows.empty:
        return
    axes.plot(rows.reconstruction, rows.value, ".", color=style["color"], alpha=0.35, markersize=3)
    means = rows.groupby("weight")[["reconstruction", "value"]].agg(_geometric_mean)
    axes.plot(means.reconstruction, means.value, **style)


def _geometric_mean(values: pd.Series) -> float:
    return float(np.exp(np.log(values).mean()))
