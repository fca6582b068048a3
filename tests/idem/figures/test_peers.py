from itertools import product

import numpy as np
import pandas as pd

from idem.figures.peers import figure_peers
from tests.idem.figures.drawing import curves, drawn, named


def peers() -> pd.DataFrame:
    known = {"McWeeny": "nothing", "SP2": "bounds and rank", "Newton": "bounds and gap"}
    known |= {"project": "nothing", "eigendecomposition": "nothing"}
    cells = product(known, (2.0, 30.0), (0.1, 1e-3, 1e-6))
    table = pd.DataFrame(cells, columns=["scheme", "norm", "gap"])
    direct = table.scheme == "eigendecomposition"
    costs = np.where(direct, np.nan, 10.0 - np.log10(table.gap))
    columns = {"knows": table.scheme.map(known), "equivalents": costs, "log10_distance": -12.0}
    return table.assign(**columns)


def test_the_peers_have_cost_above_distance_and_a_column_a_norm():
    figure = drawn(figure_peers(peers()))
    costs, distances = figure.axes[:2], figure.axes[2:]
    found = [np.isfinite(np.concatenate(curves(axes))).all(1).sum() for axes in figure.axes]
    assert found == [4 * 3, 4 * 3, 5 * 3, 5 * 3], "a direct method has no cost in products"
    assert costs[0].get_xlim() == costs[1].get_xlim() and costs[0].get_xlim()[0] == 0
    assert distances[0].get_xlim() == distances[1].get_xlim()


def test_every_scheme_has_a_row_and_the_cheapest_is_at_the_top():
    table = peers()
    table.loc[table.scheme == "project", "equivalents"] = 1.0
    axes = drawn(figure_peers(table)).axes[0]
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert sorted(names) == sorted(
        ["McWeeny", "SP2 †", "Newton ‡", "project", "eigendecomposition"]
    )
    assert names[0] == "project" and names[-1] == "eigendecomposition"
    assert axes.get_ylim()[0] > axes.get_ylim()[1]


def test_the_legend_of_the_peers_says_what_each_is_told():
    assert named(drawn(figure_peers(peers()))) == [
        "gap 0.1",
        "gap 0.001",
        "gap 1e-06",
        "† told bounds and rank",
        "‡ told bounds and gap",
    ]
