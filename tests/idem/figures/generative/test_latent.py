from itertools import product

import numpy as np
import pandas as pd
import pytest

from idem.figures.generative.latent import figure_interpolation, figure_jacobian, figure_latent
from tests.idem.figures.drawing import drawn

MODELS = ("modified", "ordinary")
KINDS = ("data", "noise", "f(z)", "f(f(z))")
PATHS = ("code, straight", "code, great circle", "pixels", "f of pixels")
RUN = {"seed": 0, "mode": "eval"}


def test_every_kind_of_code_has_a_marker_of_its_own():
    keys = list(product(MODELS, KINDS, range(3)))
    table = pd.DataFrame(keys, columns=["model", "kind", "item"]).assign(**RUN)
    places = {name: np.arange(len(keys)) + i for i, name in enumerate(("pca_1", "pca_2"))}
    table = table.assign(**places, tsne_1=0.5, tsne_2=0.5)
    figure = drawn(figure_latent(table))
    assert len(figure.axes) == 4
    above = figure.axes[1].lines
    assert [np.asarray(line.get_xdata()).tolist() for line in above] == [
        [12 + 3 * kind + item for item in range(3)] for kind in range(4)
    ]
    assert len({str(line.get_marker()) for line in above}) == 4


@pytest.fixture
def paths() -> pd.DataFrame:
    keys = product(MODELS, (0, 1), PATHS, (0.0, 0.5, 1.0))
    table = pd.DataFrame(list(keys), columns=["model", "seed", "path", "fraction"])
    return table.assign(mode="eval", relative_error=table.fraction + table.seed, confidence=0.5)


def strips(channels: int) -> dict[str, np.ndarray]:
    images = np.arange(3, dtype=np.uint8)[:, None, None, None] + np.zeros((3, channels, 4, 4))
    return {f"{model}, {path}": images.astype(np.uint8) for model in MODELS for path in PATHS}


@pytest.mark.parametrize("channels", [1, 3])
def test_strips_run_along_the_path_and_lines_are_means_over_seeds(
    paths: pd.DataFrame, channels: int
):
    figure = drawn(figure_interpolation(strips(channels), paths))
    assert len(figure.axes) == 2 * (4 + 2)
    strip = np.asarray(figure.axes[0].images[0].get_array())
    assert strip.shape[:2] == (4, 12)
    assert strip.reshape(4, 12, -1)[0, ::4, 0].tolist() == [0, 1, 2]
    errors = figure.axes[8].lines
    assert [np.asarray(line.get_ydata()).tolist() for line in errors] == [[0.5, 1.0, 1.5]] * 4


def test_without_classes_there_is_no_panel_of_them(paths: pd.DataFrame):
    figure = drawn(figure_interpolation(strips(3), paths.drop(columns="confidence")))
    assert len(figure.axes) == 2 * (4 + 1)


def test_all_eigenvalues_are_in_view_and_ranked_by_their_moduli():
    keys = product(MODELS, (1, 20), range(3), range(2))
    table = pd.DataFrame(list(keys), columns=["model", "application", "point", "rank"])
    real = np.where(table["rank"] == 0, -3.0, 0.2)
    table = table.assign(real=real, imaginary=np.where(table["rank"] == 0, 4.0, 0.0), **RUN)
    figure = drawn(figure_jacobian(table))
    assert len(figure.axes) == 2 * 3
    ranked = figure.axes[0].lines[-1]
    assert np.asarray(ranked.get_xdata()).tolist() == [1, 2]
    assert np.asarray(ranked.get_ydata()).tolist() == pytest.approx([5.0, 0.2])
    for axes in (figure.axes[1], figure.axes[5]):
        assert axes.get_xlim()[0] < -3
        assert axes.get_ylim()[1] > 4
