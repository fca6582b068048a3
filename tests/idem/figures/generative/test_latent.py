from itertools import product

import numpy as np
import pandas as pd
import pytest

from idem.figures.generative.latent import figure_interpolation, figure_jacobian, figure_latent
from tests.idem.figures.drawing import curves, drawn

MODELS = ("modified", "ordinary")
KINDS = ("data", "noise", "f(z)", "f(f(z))")
PATHS = ("code, straight", "code, great circle", "pixels", "f of pixels")
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


@pytest.fixture
def paths() -> pd.DataFrame:
    keys = product(MODELS, (0, 1), PATHS, (0.0, 0.5, 1.0))
    table = pd.DataFrame(list(keys), columns=["model", "seed", "path", "fraction"])
    return table.assign(mode="eval", relative_error=table.fraction + table.seed)


def strips(channels: int) -> dict[str, np.ndarray]:
    images = np.arange(3, dtype=np.uint8)[:, None, None, None] + np.zeros((3, channels, 4, 4))
    return {f"{model}, {path}": images.astype(np.uint8) for model in MODELS for path in PATHS}


@pytest.mark.parametrize("channels", [1, 3])
def test_strips_run_along_the_path_and_lines_are_means_over_seeds(
    paths: pd.DataFrame, channels: int
):
    figure = drawn(figure_interpolation(strips(channels), paths))
    assert len(figure.axes) == 2 * 2
    strip = np.asarray(figure.axes[0].images[0].get_array())
    assert strip.shape[:2] == (4 * len(PATHS), 12)
    assert strip.reshape(16, 12, -1)[0, ::4, 0].tolist() == [0, 1, 2]
    assert curves(figure.axes[2]) == [[(0, 0.5), (0.5, 1.0), (1, 1.5)]] * 4


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
