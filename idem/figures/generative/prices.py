"""What a lower idempotent error costs in reconstruction, under either rule and without one."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from idem.figures import style
from idem.figures.facets import facets

_RULES = {"modified": "modified", "ordinary": "ordinary", "none": "denoiser"}  # drawn like models
_IMAGES = {"noise": "relative error on noise", "data": "relative error on images"}


@style.themed
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
    points = points.assign(rule=points.rule.map(_RULES))
    figure, panels = facets(
        points,
        ("mode", style.MODES),
        ("images", _IMAGES),
        "reconstruction error, validation",
        height=2.4,
        sharex="col",
        sharey="row",
    )
    for axes, rows in panels:
        style.logarithmic(axes)
        style.dots(axes, rows, "reconstruction", "value", alpha=0.35)
        keys = ["rule", "weight"]
        logs = rows.set_index(keys)[["reconstruction", "value"]].apply(np.log)
        means = logs.groupby(keys).mean().apply(np.exp).reset_index()
        style.lines(
            axes, means, "reconstruction", "value", estimator=None, errorbar=None, sort=False
        )
    style.legend(figure, points.rule, {"a seed": {"marker": "o", "markersize": 3, "alpha": 0.35}})
    return figure
