from itertools import product

import numpy as np
import pandas as pd

from idem.figures.peers import figure_peers
from tests.idem.figures.drawing import drawn


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
    assert len(figure.axes) == 4
    costs, distances = figure.axes[:2], figure.axes[2:]
    assert [len(axes.lines) for axes in costs] == [4, 4]
    assert [len(axes.lines) for axes in distances] == [5, 5]
    assert all(axes.get_xlim()[0] > axes.get_xlim()[1] for axes in figure.axes)
    assert all(axes.get_xscale() == "log" for axes in figure.axes)


def test_the_peers_are_told_apart_without_colour():
    lines = drawn(figure_peers(peers())).axes[2].lines
    assert len({str(line.get_marker()) for line in lines if line.get_label() != "project"}) == 4
    widths = {line.get_label(): line.get_linewidth() for line in lines}
    assert max(widths, key=lambda name: widths[name]) == "project"
    told = {line.get_linestyle() for line in lines if line.get_label() != "project"}
    assert len(told) == 3


def test_the_legend_of_the_peers_says_what_each_is_told():
    legend = drawn(figure_peers(peers())).legends[0]
    names = [text.get_text() for text in legend.get_texts()]
    assert names[:2] == ["told nothing:", "project"]
    assert names[names.index("SP2") - 1] == "told bounds and rank:"
    assert names[names.index("Newton") - 1] == "told bounds and gap:"
