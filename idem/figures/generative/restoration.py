"""What trained networks make of corrupted images."""

from itertools import product

import pandas as pd
from matplotlib.figure import Figure

from idem.figures import style
from idem.figures.generative.pictures import gallery, images_of

_CORRUPTIONS = {
    "none": "Unchanged",
    "noise": "Noise",
    "mask": "Mask",
    "sketch": "Sketch",
    "shift": "Shift",
}
_BASELINES = {"input": "Given image", "nearest_image": "Nearest training image"}
_MODELS = 4  # that there is room for


@style.themed
def figure_restoration(restored: pd.DataFrame) -> Figure:
    """Draw every image as it was, as given, and as f returns it.

    A column is an image under a corruption; beside what the first four networks make of it stands
    the training image nearest to the given one.

    Args:
        restored: columns ``model``, ``corruption``, ``application`` (0 for `input`, the given
            image, and `nearest_image`; 1 for f; others are left out), ``image`` and the pixels of
            `images_of`. Corruption `none` of `input` is the original. Other baselines are left out.

    Raises:
        ValueError: if the pixels are not those of a square image of one or three channels.
    """
    count = restored.image.nunique()
    cells = list(product(_CORRUPTIONS, sorted(restored.image.unique())))
    table = restored[restored.application < 2].set_index(["model", "corruption", "image"])
    models = style.in_order(restored.model[restored.application > 0])[:_MODELS]
    rows = [("Original", "input"), *((words, name) for name, words in _BASELINES.items())]
    rows += [(style.model_name(model), model) for model in models]
    strips = []
    for name, model in rows:
        keys = [(model, "none" if name == "Original" else c, image) for c, image in cells]
        strips.append((name, images_of(table.loc[keys])))
    figure = Figure(figsize=(style.WIDTH, 0.5 * len(strips) + 0.3), layout="constrained")
    axes = figure.subplots()
    places = gallery(axes, strips, group=count).reshape(-1, count).mean(axis=1)
    axes.set_xticks(places, list(_CORRUPTIONS.values()))
    axes.tick_params(labeltop=True, labelbottom=False)
    return figure
