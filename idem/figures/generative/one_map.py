"""Networks trained from the start as one map: samples, and what they are by step."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from idem.figures import style
from idem.figures.generative.pictures import WHITE, Images, gallery, in_colour, paired

# What a way is called, and whose look of `idem.figures.style` it has; as they are shown.
WAYS = {
    "modified": ("Modified rule", "modified"),
    "ordinary": ("Ordinary rule", "ordinary"),
    "none": ("No rule", "denoiser"),
    "ign_lighter": ("IGN, lighter weights", "ign_lighter"),
    "ign": ("IGN", "ign_ours"),
}
PANELS = {
    "frechet_distance": "Fréchet distance of f(z)",
    "relative_error": "Relative error on noise",
}
_BY_ORDERS = "frechet_distance"  # spans orders of magnitude, unlike the other
_SAMPLES = 8


@style.themed
def figure_one_map(shown: Mapping[str, NDArray[np.uint8]], rows: pd.DataFrame) -> Figure:
    """Draw samples of networks trained from the start as one map, and what they are by step.

    A way to train is a row of samples, f(z) and f(f(z)) side by side, and in either panel a line,
    medians over seeds with a band from the lowest to the highest.

    Args:
        shown: by way uint8 ``(3, samples, C, H, W)``: z, f(z) and f(f(z)) at the end.
        rows: columns ``way``, ``seed``, ``step`` and those of `PANELS`.

    Raises:
        ValueError: if samples or rows of a way of `WAYS` are all that there is of it, or of none
            there is anything.
    """
    ways = [way for way in WAYS if way in shown]
    if not ways or ways != [way for way in WAYS if way in set(rows.way)]:
        raise ValueError(
            f"shown, rows: expected the same of {', '.join(WAYS)} in both, got {', '.join(shown)} "
            f"and {', '.join(rows.way.unique())}"
        )
    figure = Figure(figsize=(style.WIDTH, 0.32 * (len(ways) + 1) + 2.6), layout="constrained")
    layout: list[list[Any]] = [["samples"] * len(PANELS), [*PANELS]]
    axes = figure.subplot_mosaic(layout, height_ratios=[0.32 * (len(ways) + 1), 2.0])
    places = gallery(axes["samples"], _strips(shown, ways), group=2)
    axes["samples"].set_xticks(places, ["f", "f²"] * (len(places) // 2))
    looks = {way: look for way, (_, look) in WAYS.items()}
    by_look = rows[rows.way.isin(ways)].assign(look=lambda of: of.way.map(looks))
    for measure, title in PANELS.items():
        _draw(axes[measure], by_look, measure, title)
    drawn = style.looks(looks.values())
    handles = [Line2D([], [], label=WAYS[way][0], **drawn[looks[way]]) for way in ways]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(ways))
    return figure


def _strips(shown: Mapping[str, NDArray[np.uint8]], ways: list[str]) -> list[tuple[str, Images]]:
    """Return the noise, and of each way the pairs of f(z) and f(f(z))."""
    noise = in_colour(shown[ways[0]][0][:_SAMPLES])
    strips = [("Noise z", paired(noise, np.full_like(noise, WHITE)))]
    for way in ways:
        once, twice = (in_colour(images[:_SAMPLES]) for images in shown[way][1:])
        strips.append((WAYS[way][0], paired(once, twice)))
    return strips


def _draw(axes: Axes, rows: pd.DataFrame, measure: str, title: str) -> None:
    if measure == _BY_ORDERS:
        style.logarithmic(axes, "y")
    axes.set(xlabel="steps", title=title)
    options: dict[str, Any] = {"by": "look", "markersize": 4}
    style.lines(axes, rows, "step", measure, **options)
    if measure != _BY_ORDERS:
        axes.set_ylim(bottom=0)
