"""What the generative networks make of noise (Figure 5) and of corrupted images."""

from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from idem.figures import style
from idem.figures.generative.pictures import WHITE, Images, gallery, images_of, paired

_SAMPLES, _MODELS = 5, 4  # that there is room for: beside each other, and beside other images
_CORRUPTIONS = ("none", "noise", "mask", "sketch", "shift")
_GIVEN = {"input": "Given image", "nearest_image": "Nearest training image"}


@style.themed
def figure_5(samples: pd.DataFrame, distances: pd.DataFrame, note: str = "") -> Figure:
    """Draw what each model makes of noise z, and how far its samples are from the data.

    A panel a mode of BatchNorm with a sample a column, f(z) and f(f(z)) side by side; noise, the
    same in both modes, stands above the models that share it. What a model has no image of stays
    white. Beside them the Fréchet distance in both modes, with intervals over seeds.

    Args:
        samples: columns ``model``, ``seed``, ``mode``, ``sample``, ``application`` (0 the noise, 1
            f(z), 2 f(f(z))) and the pixels of `images_of`. Of several seeds, and of more than five
            samples, the first are drawn, models in the order of `idem.figures.style.MODEL_NAMES`.
        distances: columns ``model``, ``mode``, ``mean``, ``low`` and ``high``; of other models
            nothing is drawn.
        note: what the reader has to know of the data, below the images.

    Raises:
        ValueError: if the pixels are not those of a square image of 1 or 3 channels.

    Source:
        Jensen and Vicary, Figure 5.
    """
    rows = samples[samples["seed"] == samples["seed"].min()]
    rows = rows[rows["sample"].isin(sorted(set(rows["sample"]))[:_SAMPLES])]
    panels = {mode: _strips(rows[rows["mode"] == mode]) for mode in style.MODES}
    height = 0.185 * len(panels["train"]) + 1.0
    figure = Figure(figsize=(style.WIDTH, height), layout="constrained")
    *galleries, beside = figure.subplots(1, len(panels) + 1, sharey=True, width_ratios=[9, 9, 5])
    for axes, (mode, strips) in zip(galleries, panels.items(), strict=True):
        names = [style.model_name(model) if model else "Noise z" for model, _ in strips]
        pictures = [images for _, images in strips]
        places = gallery(axes, list(zip(names, pictures, strict=True)), group=2)
        axes.set_title(style.MODES[mode])
        axes.set_aspect("auto")
        axes.set_xticks(places, ["f", "f²"] * (len(places) // 2))
    middles = dict(zip((m for m, _ in panels["train"]), galleries[0].get_yticks(), strict=True))
    _draw_distances(beside, distances[distances.model.isin(set(middles))], middles)
    modes = [style.grey("training mode", marker="o")]
    modes += [style.grey("eval mode", marker="o", markerfacecolor="white")]
    figure.legend(handles=modes, loc="outside lower right", ncols=2)
    if note:
        figure.supxlabel(note, x=0.01, horizontalalignment="left", fontsize="medium")
    return figure


@style.themed
def figure_neighbours(neighbours: pd.DataFrame) -> Figure:
    """Draw samples of the first models above the training images nearest to them.

    Args:
        neighbours: columns model, seed, sample, picture (``sample`` or ``nearest``) and the pixels
            of `images_of`. Of several seeds the first is drawn.
    """
    rows = style.first(neighbours[neighbours.seed == neighbours.seed.min()], _MODELS)
    strips = []
    for model in style.in_order(rows["model"]):
        names = {"sample": style.model_name(model), "nearest": "nearest in training"}
        for picture, name in names.items():
            chosen = rows[(rows.model == model) & (rows.picture == picture)]
            strips.append((name, images_of(chosen)))
    figure = Figure(figsize=(style.WIDTH, 0.55 * len(strips)), layout="constrained")
    gallery(figure.subplots(), strips, group=len(strips[0][1]))
    return figure


@style.themed
def figure_restoration(restored: pd.DataFrame) -> Figure:
    """Draw every image as it was, as given, and as f returns it.

    A column is an image under a corruption; beside what the first four networks make of it stands
    the training image nearest to the given one.

    Args:
        restored: columns ``model``, ``corruption``, ``application`` (0 for `input`, the given
            image, and `nearest_image`; 1 for f; others are left out), ``image`` and the pixels of
            `images_of`. Corruption `none` of `input` is the original. Other baselines are left out.
    """
    numbers = sorted(restored.image.unique())
    table = restored[restored.application < 2].set_index(["model", "corruption", "image"])
    models = style.in_order(restored.model[restored.application > 0])[:_MODELS]
    original = images_of(table.loc[list(product(["input"], ["none"], numbers))])
    strips = [("Original", np.concatenate([original] * len(_CORRUPTIONS)))]
    for model in (*_GIVEN, *models):
        images = images_of(table.loc[list(product([model], _CORRUPTIONS, numbers))])
        strips.append((_GIVEN.get(model) or style.model_name(model), images))
    figure = Figure(figsize=(style.WIDTH, 0.5 * len(strips) + 0.3), layout="constrained")
    axes = figure.subplots()
    places = gallery(axes, strips, group=len(numbers)).reshape(-1, len(numbers)).mean(axis=1)
    axes.set_xticks(places, ["Unchanged", *(name.capitalize() for name in _CORRUPTIONS[1:])])
    axes.tick_params(labeltop=True, labelbottom=False)
    return figure


def _strips(table: pd.DataFrame) -> list[tuple[str, Images]]:
    """Return a model and pairs of images a row, and above those that share it the noise."""
    strips, shown = [], np.empty(0, np.uint8)
    for model in style.in_order(table["model"]):
        rows = table[table["model"] == model]
        noise, once, twice = (_images(table, rows, application) for application in range(3))
        if (noise != WHITE).any() and not np.array_equal(noise, shown):
            strips.append(("", paired(noise, np.full_like(noise, WHITE))))
            shown = noise
        strips.append((model, paired(once, twice)))
    return strips


def _images(table: pd.DataFrame, rows: pd.DataFrame, application: int) -> Images:
    """Return one image a sample of `table`, white where `rows` have none."""
    pixels = [name for name in map(str, table) if name[0] == "p" and name[1:].isdigit()]
    found = rows[rows["application"] == application].set_index("sample")[pixels]
    return images_of(found.reindex(sorted(set(table["sample"])), fill_value=WHITE))


def _draw_distances(axes: Axes, rows: pd.DataFrame, places: dict[str, float]) -> None:
    """Draw the distances beside the rows of their models; open marks are of eval mode."""
    style.logarithmic(axes, "x")
    shown = rows[["low", "mean", "high"]].to_numpy(float)
    shown = shown[shown > 0]
    if shown.size:
        axes.set_xlim(0.8 * shown.min(), 1.25 * shown.max())
    for row in rows.to_dict("records"):
        place = places[row["model"]] + (-0.12 if row["mode"] == "train" else 0.12)
        look: dict[str, Any] = {"color": style.looks([row["model"]])[row["model"]]["color"]}
        face = look["color"] if row["mode"] == "train" else "white"
        axes.plot([row["low"], row["high"]], [place] * 2, linewidth=0.8, **look)
        axes.plot([row["mean"]], [place], marker="o", markerfacecolor=face, **look)
    axes.set_xlabel("Fréchet distance")
    low, high = axes.get_xlim()
    round_ones = [n * 10.0**power for power in range(-12, 13) for n in (1, 2, 3, 5)]
    there = [number for number in round_ones if low <= number <= high]
    axes.set_xticks(style.far_apart(there, max(1.4, (high / low) ** 0.25)))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.tick_params(axis="y", length=0, labelleft=False)
