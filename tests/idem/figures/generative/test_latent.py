from itertools import product

import numpy as np
import pandas as pd

from idem.figures.generative.latent import figure_jacobian, figure_latent
from tests.idem.figures.drawing import curves, drawn

MODELS = ("modified", "ordinary")
KINDS = ("data", "noise", "f(z)", "f(f(z))")
RUN = {"seed": 0, "mode": "eval"}


def test_noise_stands_above_and_what_f_makes_of_it_below_on_equal_axes():
    keys = list(product(MODELS, KINDS, range(3)))
    table = pd.DataFrame(keys, columns=["model", "kind", "item"]).assign(**RUN)
    places = {name: np.arange(len(keys)) + i for i, name in enumerate(("pca_1", "pca_2"))}
    figure = drawn(figure_latent(table.assign(**places)))
    assert len(figure.axes) == 4
    assert len({(axes.get_xlim(), axes.get_ylim()) for axes in figure.axes}) == 1
    for axes, kinds in ((figure.axes[1], (0, 1)), (figure.axes[3], (0, 2, 3))):
        assert [[x for x, _ in points] for points in curves(axes)] == [
            [12 + 3 * kind + item for item in range(3)] for kind in kinds
        ]
        assert len({str(line.get_marker()) for line in axes.lines}) == len(kinds)


def test_the_moduli_of_all_eigenvalues_are_ranked_and_in_view():
    keys = product(MODELS, (1, 20), range(3), range(2))
    table = pd.DataFrame(list(keys), columns=["model", "application", "point", "rank"])
    real = np.where(table["rank"] == 0, -3.0, 0.2)
    table = table.assign(real=real, imaginary=np.where(table["rank"] == 0, 4.0, 0.0), **RUN)
    figure = drawn(figure_jacobian(table))
    assert [axes.get_title() for axes in figure.axes] == ["at f(z)", "at $f^{20}$(z)"]
    for axes in figure.axes:
        assert curves(axes)[-2:] == [[(1, 5.0), (2, 0.2)]] * 2
        assert axes.get_ylim()[1] > 5
