"""Networks trained on as one map: samples before and after, and their distance by step."""

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
    "modified": ("Our training, then modified rule", "modified"),
    "modified_alone": ("… without matching", "alone"),
    "ordinary": ("… then ordinary rule", "ordinary"),
    "none": ("… then no rule", "denoiser"),
    "denoiser": ("Starts without a rule", "autoencoder"),
    "ign": ("IGN, our code and noise", "ign_ours"),
}
PICTURED = ("modified", "modified_alone", "denoiser", "ign")
_SAMPLES = 4


@style.themed
def figure_frozen(shown: Mapping[str, NDArray[np.uint8]], rows: pd.DataFrame) -> Figure:
    """Draw samples of networks before and after they are trained on, and their distance by step.

    A way to train on is a line, medians over seeds with a band from the lowest to the highest;
    some are a row of samples too, f(z) and f(f(z)) side by side.

    Args:
        shown: by way uint8 ``(2, 3, samples, C, H, W)``: before and after, z, f(z) and f(f(z)).
        rows: columns ``way``, ``seed``, ``step`` and ``frechet_distance``; other ways than those
            of `WAYS` are left out.

    Raises:
        ValueError: if none of the ways whose samples are drawn is there.
    """
    ways = [way for way in WAYS if way in set(rows.way)]
    pictured = [way for way in PICTURED if way in shown]
    if not pictured:
        raise ValueError(f"shown: expected one of {', '.join(PICTURED)}, got {', '.join(shown)}")
    figure = Figure(figsize=(style.WIDTH, 0.36 * (len(pictured) + 1) + 1.2), layout="constrained")
    before, after, beside = figure.subplots(1, 3)
    for axes, moment, title in ((before, 0, "Before"), (after, 1, "After")):
        places = gallery(axes, _strips(shown, pictured, moment), group=2)
        axes.set_title(title)
        axes.set_xticks(places, ["f", "f²"] * (len(places) // 2))
    after.tick_params(axis="y", labelleft=False)
    _draw_distances(beside, rows[rows.way.isin(ways)])
    looks = style.looks(look for _, look in WAYS.values())
    handles = [Line2D([], [], label=WAYS[way][0], **looks[WAYS[way][1]]) for way in ways]
    figure.legend(handles=handles, loc="outside lower center", ncols=3)
    return figure


def _strips(
    shown: Mapping[str, NDArray[np.uint8]], ways: list[str], moment: int
) -> list[tuple[str, Images]]:
    """Return the noise of the first way, and of each the pairs of f(z) and f(f(z))."""
    noise = in_colour(shown[ways[0]][moment][0][:_SAMPLES])
    strips = [("Noise z", paired(noise, np.full_like(noise, WHITE)))]
    for way in ways:
        once, twice = (in_colour(images[:_SAMPLES]) for images in shown[way][moment][1:])
        strips.append((WAYS[way][0].partition(",")[0], paired(once, twice)))
    return strips


def _draw_distances(axes: Axes, rows: pd.DataFrame) -> None:
    look = rows.way.map({way: look for way, (_, look) in WAYS.items()})
    style.logarithmic(axes, "y")
    axes.set(xlabel="steps in eval mode", title="Fréchet distance of f(z)")
    options: dict[str, Any] = {"by": "look", "markersize": 4}
    style.lines(axes, rows.assign(look=look), "step", "frechet_distance", **options)
