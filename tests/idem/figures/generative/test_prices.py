"""Errors over reconstruction: every rule in every panel, and what its markers are."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from idem.figures.generative.prices import figure_prices
from tests.idem.figures.drawing import curves, drawn


def points(rules: tuple[str, ...] = ("modified", "ordinary", "none")) -> pd.DataFrame:
    rows = [
        {"rule": rule, "weight": weight, "seed": seed, "mode": mode, "images": images}
        | {"error": error, "reconstruction": 0.05 * weight * 4**seed, "value": 0.3 / weight}
        for rule, seed, mode, images, error in product(
            rules, (0, 1), ("train", "eval"), ("noise", "data"), ("relative", "absolute")
        )
        for weight in ((0.5, 1.0, 2.0) if rule != "none" else (0.1,))
    ]
    return pd.DataFrame(rows)


def test_markers_are_geometric_means_over_seeds_in_the_order_of_weights():
    figure = drawn(figure_prices(points()))
    assert len(figure.axes) == 4
    for axes in figure.axes:
        _, ordinary, control = [line for line in axes.lines if line.get_marker() != "."]
        assert np.asarray(ordinary.get_xdata()) == pytest.approx([0.05, 0.1, 0.2])
        assert np.asarray(ordinary.get_ydata()) == pytest.approx([0.6, 0.3, 0.15])
        assert len(np.asarray(control.get_xdata())) == 1


def test_a_rule_without_runs_and_runs_that_broke_off_are_left_out():
    given = points(("modified",))
    given.loc[given.weight == 2.0, "value"] = np.inf
    figure = drawn(figure_prices(given))
    for axes in figure.axes:
        (points_of_weights,) = curves(axes)
        assert len(points_of_weights) == 2
