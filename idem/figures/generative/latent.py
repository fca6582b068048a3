"""The latent space of the generative networks: codes, what lies between samples, Jacobians."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from idem.figures.style import BLUE, ORANGE, batchnorm_in, model_name, model_styles

_KINDS: dict[str, dict[str, Any]] = {  # of codes: what tells them apart in grey is the marker
    "data": {"marker": "s", "color": "0.7", "markersize": 3.5},
    "noise": {"marker": "x", "color": BLUE, "markersize": 4},
    "f(z)": {"marker": "o", "color": ORANGE, "markersize": 4.5, "markerfacecolor": "none"},
    "f(f(z))": {"marker": ".", "color": "black", "markersize": 3.5},
}
_PATHS: dict[str, dict[str, Any]] = {
    "code, straight": {"color": "black", "marker": "o", "linestyle": "-"},
    "code, great circle": {"color": BLUE, "marker": "^", "linestyle": "--"},
    "pixels": {"color": ORANGE, "marker": "s", "linestyle": ":"},
    "f of pixels": {"color": "0.5", "marker": "x", "linestyle": "-."},
}
_PLANES = {"pca": "principal component of data", "tsne": "t-SNE"}
_MEASURES = {
    "relative_error": "‖f(y) − y‖ / spread",
    "confidence": "confidence",
    "class_entropy": "class entropy (nats)",
}


def figure_latent(codes: pd.DataFrame) -> Figure:
    """Draw the codes of data, noise, f(z) and f(f(z)) in two dimensions, a column a model.

    Above in the plane of the two first principal components of the codes of data; below by t-SNE of
    all kinds together, whose axes have no unit and whose distances between clusters mean nothing.

    Args:
        codes: of one run a model; columns model, seed, mode, kind, pca_1, pca_2, tsne_1 and tsne_2.
    """
    models = list(dict.fromkeys(codes.model))
    figure = Figure(figsize=(3.4 * len(models), 7.2), layout="constrained")
    grid = figure.subplots(2, len(models), squeeze=False)
    for column, model in zip(grid.T, models, strict=True):
        column[0].set_title(model_name(model))
        rows = codes[codes.model == model]
        for axes, (plane, meaning) in zip(column, _PLANES.items(), strict=True):
            for kind, style in _KINDS.items():
                of_kind = rows[rows.kind == kind]
                axes.plot(of_kind[f"{plane}_1"], of_kind[f"{plane}_2"], linestyle="", **style)
            axes.set_xlabel(f"1st {meaning}" if plane == "pca" else "")
        column[1].set(xticks=[], yticks=[])
    grid[0, 0].set_ylabel("2nd principal component of data")
    grid[1, 0].set_ylabel("t-SNE of all codes")
    _title(figure, codes)
    names = {"noise": "noise z"}
    handles = [
        Line2D([], [], linestyle="", label=f"code of {names.get(kind, kind)}", **style)
        for kind, style in _KINDS.items()
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=4, frameon=False)
    return figure


def figure_interpolation(images: Mapping[str, np.ndarray], paths: pd.DataFrame) -> Figure:
    """Draw what lies between two samples: the images of the first pair, and means over all pairs.

    A column a model: a strip of images a path, then, over the fraction of the way, how far f moves
    the images and, where there are classes, how sure a classifier is of them. Lines are means over
    pairs and seeds, bands reach from the lowest to the highest seed.

    Args:
        images: by ``"model, path"``, uint8 (steps, C, H, W), C of 1 or 3.
        paths: columns model, seed, mode, path, fraction, relative_error and, where there are
            classes, confidence and class_entropy; of one mode.
    """
    models = list(dict.fromkeys(paths.model))
    measures = [name for name in _MEASURES if name in paths]
    steps = len(next(iter(images.values())))
    ratios = [1.0] * len(_PATHS) + [4.0] * len(measures)
    width = 0.36 * steps
    figure = Figure(figsize=(width * len(models) + 1, 0.36 * sum(ratios) + 2), layout="constrained")
    options: dict[str, Any] = {"squeeze": False, "height_ratios": ratios}
    grid = figure.subplots(len(ratios), len(models), **options)
    for column, model in zip(grid.T, models, strict=True):
        column[0].set_title(model_name(model))
        for axes, path in zip(column, _PATHS, strict=False):
            _strip(axes, images[f"{model}, {path}"])
        for axes, measure in zip(column[len(_PATHS) :], measures, strict=True):
            _along(axes, paths[paths.model == model], measure)
        column[-1].set_xlabel("fraction of the way")
    for row, measure in zip(grid[len(_PATHS) :], measures, strict=True):
        top = max(axes.get_ylim()[1] for axes in row)
        for axes in row:
            axes.set_ylim(0, 1 if measure == "confidence" else top)
        row[0].set_ylabel(_MEASURES[measure])
    for axes, path in zip(grid[:, 0], _PATHS, strict=False):
        axes.set_ylabel(path, rotation=0, ha="right", va="center", fontsize=8)
    figure.suptitle(batchnorm_in(paths["mode"].iloc[0]), fontsize="medium")
    handles = [Line2D([], [], label=path, markersize=4, **s) for path, s in _PATHS.items()]
    figure.legend(handles=handles, loc="outside lower center", ncols=4, frameon=False)
    return figure


def figure_jacobian(eigenvalues: pd.DataFrame) -> Figure:
    """Draw the eigenvalues of the Jacobian that pass through the code, a row a number of f.

    First their moduli by rank: medians over points, bands from the first to the third quartile;
    then, a panel a model, all of them in the complex plane with the unit circle, 0 and 1 marked.

    Args:
        eigenvalues: of one run a model; columns model, seed, mode, application (1 for f(z)),
            point, rank, real and imaginary.
    """
    models = list(dict.fromkeys(eigenvalues.model))
    applications = sorted(set(eigenvalues.application))
    size = (4 + 2.6 * len(models), 0.8 + 2.3 * len(applications))
    figure = Figure(figsize=size, layout="constrained")
    options: dict[str, Any] = {"squeeze": False, "width_ratios": [1.5, *[1.0] * len(models)]}
    grid = figure.subplots(len(applications), 1 + len(models), **options)
    real, imaginary = eigenvalues.real, eigenvalues.imaginary.abs()
    right, left, up = max(1.2, real.max()), min(-1.2, real.min()), max(1.2, imaginary.max())
    highest = np.hypot(real, imaginary).max()
    for row, application in zip(grid, applications, strict=True):
        rows = eigenvalues[eigenvalues.application == application]
        _moduli(row[0], rows, models)
        row[0].set_ylim(-0.05, 1.05 * highest)
        row[0].set_ylabel(rf"$|\lambda|$ at {_place(application)}")
        for axes, model in zip(row[1:], models, strict=True):
            _complex_plane(axes, rows[rows.model == model])
            axes.set(xlim=(1.05 * left, 1.05 * right), ylim=(-1.05 * up, 1.05 * up))
    for axes, model in zip(grid[0, 1:], models, strict=True):
        axes.set_title(model_name(model))
    for row in grid:
        row[1].set_ylabel(r"Im $\lambda$")
    grid[-1, 0].set_xlabel("rank")
    for axes in grid[-1, 1:]:
        axes.set_xlabel(r"Re $\lambda$")
    grid[0, 0].legend(frameon=False, fontsize="small")
    _title(figure, eigenvalues)
    return figure


def _title(figure: Figure, rows: pd.DataFrame) -> None:
    mode, seed = rows["mode"].iloc[0], rows.seed.iloc[0]
    figure.suptitle(f"{batchnorm_in(mode)}, seed {seed}", fontsize="medium")


def _place(application: int) -> str:
    return "f(z)" if application == 1 else rf"$f^{{{application}}}$(z)"


def _strip(axes: Axes, images: np.ndarray) -> None:
    strip = np.concatenate(list(images.transpose(0, 2, 3, 1)), axis=1)
    axes.imshow(strip.squeeze(-1) if strip.shape[2] == 1 else strip, cmap="gray", vmin=0, vmax=255)
    axes.set(xticks=[], yticks=[])


def _along(axes: Axes, rows: pd.DataFrame, measure: str) -> None:
    for path, style in _PATHS.items():
        by_seed = rows[rows.path == path].groupby(["fraction", "seed"])[measure].mean().unstack()
        low, high = by_seed.min(axis=1), by_seed.max(axis=1)
        axes.fill_between(by_seed.index, low, high, color=style["color"], alpha=0.15, linewidth=0)
        axes.plot(by_seed.index, by_seed.mean(axis=1), markersize=3, **style)
    half = 0.5 / (rows.fraction.nunique() - 1)  # a fraction stands below the middle of its image
    axes.set_xlim(-half, 1 + half)


def _moduli(axes: Axes, rows: pd.DataFrame, models: list[str]) -> None:
    moduli = rows.assign(modulus=np.hypot(rows.real, rows.imaginary))
    for level in (0, 1):
        axes.axhline(level, color="0.8", linewidth=0.8, zorder=0)
    for model, style in model_styles(models).items():
        line = {key: style[key] for key in ("color", "linestyle")}
        by_rank = moduli[moduli.model == model].groupby("rank").modulus
        low, middle, high = (by_rank.quantile(q) for q in (0.25, 0.5, 0.75))
        place = middle.index + 1
        axes.fill_between(place, low, high, color=style["color"], alpha=0.15, linewidth=0)
        axes.plot(place, middle, label=model_name(model), **line)
    axes.set_xlim(1, rows["rank"].max() + 1)


def _complex_plane(axes: Axes, rows: pd.DataFrame) -> None:
    angle = np.linspace(0, 2 * np.pi, 200)
    axes.plot(np.cos(angle), np.sin(angle), color="0.7", linewidth=0.8)
    axes.axhline(0, color="0.9", linewidth=0.8, zorder=0)
    axes.plot([0, 1], [0, 0], "|", color=BLUE, markersize=24, zorder=1)
    axes.plot(rows.real, rows.imaginary, ".", color="black", markersize=2, alpha=0.5)
    axes.set_aspect("equal")
