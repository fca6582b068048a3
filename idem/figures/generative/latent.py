"""The latent space of the generative networks: codes, what lies between samples, Jacobians."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import seaborn
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from idem.figures.style import (
    WIDTH,
    batchnorm_in,
    first,
    grey,
    in_order,
    legend,
    lines,
    looks,
    model_name,
    themed,
)

_MODELS = 3  # beside each other
_PATHS: dict[str, dict[str, Any]] = {
    "code, straight": {"color": "black", "marker": "o", "linestyle": "-"},
    "code, great circle": {"color": "0.3", "marker": "^", "linestyle": "--"},
    "pixels": {"color": "0.5", "marker": "s", "linestyle": ":"},
    "f of pixels": {"color": "0.65", "marker": "X", "linestyle": "-."},
}
_DATA: dict[str, Any] = {"linestyle": "", "marker": "+", "color": "0.7", "markersize": 3.5}
_NOISE: dict[str, Any] = {"linestyle": "", "marker": "x", "color": "black", "markersize": 2.5}


@themed
def figure_latent(codes: pd.DataFrame) -> Figure:
    """Draw the codes of noise, f(z) and f(f(z)) among those of data, of the first three models.

    All in the plane of the two first principal components of the codes of data, on equal axes:
    above the noise, below what f makes of it, in the colour of the model.

    Args:
        codes: of one run a model; columns model, seed, mode, kind, pca_1 and pca_2.
    """
    codes = first(codes, _MODELS)
    models = in_order(codes["model"])
    figure = Figure(figsize=(WIDTH, 4.6), layout="constrained")
    grid = figure.subplots(2, len(models), sharex=True, sharey=True, squeeze=False)
    for (above, below), (model, style) in zip(grid.T, looks(models).items(), strict=True):
        above.set_title(model_name(model))
        once: dict[str, Any] = style | {"linestyle": "", "markerfacecolor": "none"}
        twice: dict[str, Any] = {"linestyle": "", "marker": ".", "color": "black", "markersize": 2}
        rows = codes[codes.model == model]
        for axes, kinds in (
            (above, {"data": _DATA, "noise": _NOISE}),
            (below, {"data": _DATA, "f(z)": once, "f(f(z))": twice}),
        ):
            for kind, look in kinds.items():
                of_kind = rows[rows.kind == kind]
                axes.plot(of_kind.pca_1, of_kind.pca_2, **look)
    for axes in grid[-1]:
        axes.set_xlabel("1st component of the data")
    for axes in grid[:, 0]:
        axes.set_ylabel("2nd component")
    _title(figure, codes)
    entries = [grey("data", **_DATA), grey("noise z", **_NOISE)]
    entries += [grey("f(z), in the colour of its model", marker="o", markerfacecolor="none")]
    entries += [grey("f(f(z))", marker=".", color="black", markersize=2)]
    figure.legend(handles=entries, loc="outside lower center", ncols=4)
    return figure


@themed
def figure_interpolation(images: Mapping[str, np.ndarray], paths: pd.DataFrame) -> Figure:
    """Draw what lies between two samples: the images of the first pair, and means over all pairs.

    A column a model, of the first three: a strip of images a path, and over the fraction of the way
    how far f moves the images. Lines are means over pairs and seeds, bands reach from the lowest to
    the highest.

    Args:
        images: by ``"model, path"``, uint8 (steps, C, H, W), C of 1 or 3.
        paths: columns model, seed, mode, path, fraction and relative_error; of one mode.
    """
    paths = first(paths, _MODELS)
    models = in_order(paths["model"])
    figure = Figure(figsize=(WIDTH, 2.9), layout="constrained")
    options: dict[str, Any] = {"sharey": "row", "squeeze": False, "height_ratios": [1, 2.4]}
    grid = figure.subplots(2, len(models), **options)
    for (above, below), model in zip(grid.T, models, strict=True):
        strips = [_strip(images[f"{model}, {path}"]) for path in _PATHS]
        above.imshow(np.vstack(strips), cmap="gray", vmin=0, vmax=255)
        above.set(title=model_name(model), xticks=[])
        side = len(strips[0])
        above.set_yticks(side * (np.arange(len(strips)) + 0.5), list(_PATHS))
        above.tick_params(length=0)
        above.grid(visible=False)
        _along(below, paths[paths.model == model])
        below.set_xlabel("fraction of the way")
    grid[1, 0].set_ylabel("‖f(y) − y‖ / spread")
    grid[1, 0].set_ylim(bottom=0)
    figure.suptitle(batchnorm_in(paths["mode"].iloc[0]), fontsize="medium")
    entries = [grey(path, **style) for path, style in _PATHS.items()]
    figure.legend(handles=entries, loc="outside lower center", ncols=4)
    return figure


@themed
def figure_jacobian(eigenvalues: pd.DataFrame) -> Figure:
    """Draw the moduli of the Jacobian's eigenvalues by rank, which a projection has at 0 or 1.

    A panel a number of applications of f, the first five models in each: medians over points, bands
    from the first to the third quartile.

    Args:
        eigenvalues: of one run a model, those that pass through the code; columns model, seed,
            mode, application (1 for f(z)), point, rank, real and imaginary.
    """
    rows = first(eigenvalues, 5)
    rows = rows.assign(modulus=np.hypot(rows.real, rows.imaginary), place=rows["rank"] + 1)
    applications = sorted(set(rows.application))
    figure = Figure(figsize=(WIDTH, 3.0), layout="constrained")
    panels = figure.subplots(1, len(applications), sharex=True, sharey=True, squeeze=False)[0]
    for axes, application in zip(panels, applications, strict=True):
        for level in (0, 1):
            axes.axhline(level, color="0.5", linewidth=0.8, linestyle="--", zorder=1)
        of_one = rows[rows.application == application]
        quartiles: dict[str, Any] = {"errorbar": ("pi", 50), "markevery": 6}
        lines(axes, of_one, "place", "modulus", by="model", **quartiles)
        place = "f(z)" if application == 1 else rf"$f^{{{application}}}$(z)"
        axes.set(title=f"at {place}", xlabel="rank")
    panels[0].set_ylabel(r"$|\lambda|$")
    _title(figure, rows)
    legend(figure, rows["model"], columns=3)
    return figure


def _title(figure: Figure, rows: pd.DataFrame) -> None:
    mode, seed = rows["mode"].iloc[0], rows.seed.iloc[0]
    figure.suptitle(f"{batchnorm_in(mode)}, seed {seed}", fontsize="medium")


def _strip(images: np.ndarray) -> np.ndarray:
    strip = np.concatenate(list(images.transpose(0, 2, 3, 1)), axis=1)
    return strip.squeeze(-1) if strip.shape[2] == 1 else strip


def _along(axes: Axes, rows: pd.DataFrame) -> None:
    for path, style in _PATHS.items():
        of_path = rows[rows.path == path]
        mean = of_path.groupby(["seed", "fraction"]).relative_error.mean().reset_index()
        options: dict[str, Any] = {"errorbar": ("pi", 100), "err_kws": {"linewidth": 0}}
        seaborn.lineplot(mean, x="fraction", y="relative_error", ax=axes, **options, **style)
    axes.set(xlabel="", ylabel="", xlim=(0, 1), xticks=(0, 0.5, 1))
