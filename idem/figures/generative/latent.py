"""The latent space of the generative networks: codes and Jacobians."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from idem.figures import style
from idem.figures.facets import facets

_MODELS = 3  # beside each other
_CURVES = 5  # in a panel
_CODES: dict[str, dict[str, Any]] = {  # f(z) in the colour of its model
    "data": {"marker": "+", "color": "0.7", "markersize": 3.5},
    "noise": {"marker": "x", "color": "black", "markersize": 2},
    "f(z)": {"marker": "o", "markersize": 2.5},
    "f(f(z))": {"marker": ".", "color": "black", "markersize": 2},
}
_KINDS = {"noise": ("data", "noise"), "f(z)": ("data", "f(z)", "f(f(z))")}


@style.themed
def figure_latent(codes: pd.DataFrame) -> Figure:
    """Draw the codes of noise, f(z) and f(f(z)) among those of data, of the first three models.

    All in the plane of the two first principal components of the codes of data, on equal axes:
    above the noise, below what f makes of it, in the colour of the model.

    Args:
        codes: of one run a model; columns model, seed, mode, kind, pca_1 and pca_2.
    """
    codes = style.first(codes, _MODELS)
    names = {model: style.model_name(model) for model in style.in_order(codes["model"])}
    rows = dict.fromkeys(_KINDS, "2nd component")
    figure, panels = facets(
        codes, ("model", names), ("kind", rows), "1st component of the data", height=2.0
    )
    for axes, part in panels:
        model = part["model"].iloc[0]
        for kind in _KINDS[part.kind.iloc[0]]:
            own = codes[(codes.model == model) & (codes.kind == kind)]
            look: dict[str, Any] = {"color": style.looks([model])[model]["color"]} | _CODES[kind]
            axes.plot(own.pca_1, own.pca_2, linestyle="", **look)
    _title(figure, codes)
    words = {"noise": "noise z", "f(z)": "f(z), in the colour of its model"}
    more = {words.get(kind, kind): look for kind, look in _CODES.items()}
    style.legend(figure, (), more)
    return figure


@style.themed
def figure_jacobian(eigenvalues: pd.DataFrame) -> Figure:
    """Draw the moduli of the Jacobian's eigenvalues by rank, which a projection has at 0 or 1.

    A panel a number of applications of f, the first five models in each: medians over points, bands
    from the first to the third quartile.

    Args:
        eigenvalues: of one run a model, those that pass through the code; columns model, seed,
            mode, application (1 for f(z)), point, rank, real and imaginary.
    """
    rows = style.first(eigenvalues, _CURVES)
    rows = rows.assign(modulus=np.hypot(rows.real, rows.imaginary), place=rows["rank"] + 1)
    places = {
        k: "at f(z)" if k == 1 else rf"at $f^{{{k}}}$(z)" for k in sorted(set(rows.application))
    }
    figure, panels = facets(
        rows, ("application", places), xlabel="rank", ylabel=r"$|\lambda|$", height=2.4
    )
    for axes, part in panels:
        for level in (0, 1):
            axes.axhline(level, color="0.5", linewidth=0.8, linestyle="--", zorder=1)
        style.lines(axes, part, "place", "modulus", by="model", errorbar=("pi", 50), markevery=6)
    _title(figure, rows)
    style.legend(figure, rows["model"], columns=3)
    return figure


def _title(figure: Figure, rows: pd.DataFrame) -> None:
    figure.suptitle(f"{style.MODES[rows['mode'].iloc[0]]}, seed {rows.seed.iloc[0]}")
