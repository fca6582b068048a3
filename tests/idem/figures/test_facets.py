"""A panel has the rows of its values, and what is shared is labelled once."""

from itertools import product

import pandas as pd

from idem.figures.facets import facets

TABLE = pd.DataFrame(product("ab", "xyz"), columns=["row", "column"])
WORDS = {"z": "Z", "x": "X", "other": "O", "y": "Y"}


def test_panels_stand_in_the_order_of_the_words_with_their_rows():
    rows = ("row", {"b": "B", "a": "A"})
    figure, panels = facets(TABLE, ("column", WORDS), rows, xlabel="at")
    expected = [(row, column) for row in "ba" for column in "zxy"]
    assert [tuple(part.to_numpy()[0]) for _, part in panels] == expected
    assert [axes.get_title() for axes, _ in panels] == ["Z", "X", "Y", "", "", ""]
    labels = [(axes.xaxis.label, axes.yaxis.label) for axes in figure.axes]
    assert [y.get_text() for _, y in labels if y.get_visible()] == ["B", "A"]
    assert [x.get_text() for x, _ in labels if x.get_visible()] == ["at"] * 3


def test_panels_of_one_column_stand_in_a_row():
    figure, panels = facets(TABLE, ("column", WORDS), ylabel="error")
    assert len(panels) == len(figure.axes) == 3
    assert [len(part) for _, part in panels] == [2] * 3
    assert [axes.yaxis.label.get_visible() for axes in figure.axes] == [True, False, False]
    assert figure.axes[0].get_ylabel() == "error"
