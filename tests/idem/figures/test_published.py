import math
from functools import cache
from itertools import product

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from idem.figures.published import figure_published
from tests.idem.figures.drawing import drawn, words
from tests.idem.figures.test_newdata import table_of

EPOCHS = (0, 1, 10, 100)
EACH = {"B2": 10.0, "B3": 0.25}


def lines_of(data: tuple[str, ...] = ("fixed", "fresh")) -> pd.DataFrame:
    keys = product(("B2", "B3"), data, ("modified", "ordinary"), (0.07, 0.22), EPOCHS)
    rows = pd.DataFrame(keys, columns=["network", "data", "rule", "label", "epoch"])
    error = rows.label / (1 + rows.epoch)
    return rows.assign(
        runs=3,
        error=error,
        low=0.9 * error,
        high=1.1 * error,
        new_error=2 * error,
        ratio=np.where(rows.epoch == 10, 1.25, math.nan),
    )


def curves_of() -> pd.DataFrame:
    keys = product(("B2", "B3"), ("modified", "ordinary"), (0.07, 0.22, 0.37), (0, 10, 100))
    rows = pd.DataFrame(keys, columns=["network", "rule", "learning_rate", "epoch"])
    return rows.assign(error=3 * rows.learning_rate / (1 + rows.epoch))


@cache
def panels(data: tuple[str, ...] = ("fixed", "fresh")) -> list[Axes]:
    return drawn(figure_published(lines_of(data), curves_of(), table_of(), EACH)).axes


def points(axis: Axes, marker: str) -> set[tuple[float, float]]:
    return {
        (float(x), float(y))
        for line in axis.get_lines()
        if line.get_marker() == marker
        for x, y in np.asarray(line.get_xydata())
    }


def test_a_column_is_a_network_with_the_ratio_below_and_new_inputs_beside():
    axes = panels()
    assert [axis.get_title() for axis in axes[:3]] == [
        "B2 (3 runs)",
        "B3 (3 runs)",
        "new inputs, equal steps",
    ]
    assert points(axes[3], "o") == points(axes[3], "s") == {(10.0, 1.25)}
    assert axes[3].get_ylim() == axes[4].get_ylim()


def test_theirs_are_lines_named_where_they_were_run_here():
    axis = panels()[0]
    assert words(axis) == "0.07 0.22 0.07 0.22"
    widths = [line.get_linewidth() for line in axis.get_lines() if line.get_linestyle() != "None"]
    assert len(widths) == 6 and widths.count(min(widths)) == 2, "two rates were not run here"


def test_ours_are_marks_at_their_epochs_and_none_covers_another():
    axis = panels()[0]
    trained, fresh = points(axis, "o"), points(axis, "x")
    assert {(10.0, 0.07 / 11), (10.0, 0.14 / 11)} <= trained  # a run, and it on new inputs
    assert {x for x, _ in trained} == {x for x, _ in fresh} == {1.0, 10.0, 100.0}
    sizes = {
        (line.get_marker() == "x", line.get_fillstyle()): line.get_markersize()
        for line in axis.get_lines()
        if line.get_linestyle() == "None"
    }
    assert sizes[False, "full"] < sizes[False, "none"] < sizes[True, "full"]


def test_marks_are_drawn_at_epochs_that_are_far_enough_apart():
    lines = lines_of()
    closer = lines[lines.epoch == 100].assign(epoch=60)
    figure = drawn(figure_published(pd.concat([lines, closer]), curves_of(), table_of(), EACH))
    assert {x for x, _ in points(figure.axes[0], "o")} == {1.0, 10.0, 100.0}


def test_another_reading_has_its_ratio_alone_open_and_named():
    lines = lines_of(("fixed",))
    other = lines[lines.network == "B2"].assign(data="96 inputs", ratio=lines.ratio / 1.25)
    figure = drawn(figure_published(pd.concat([lines, other]), curves_of(), table_of(), EACH))
    above, below, b3 = (figure.axes[place] for place in (0, 3, 4))
    assert points(above, "o") == points(panels(("fixed",))[0], "o")
    assert points(below, "o") == points(below, "s") == {(10.0, 1.25)}
    assert points(below, "D") == {(10.0, 1.0)}
    assert words(below) == "0.22", "of dots alone, which all end in one place"
    assert points(b3, "o") == {(10.0, 1.25)}
    faces = {line.get_markerfacecolor() == "white" for line in below.get_lines()[1:]}
    assert faces == {True, False}
    assert "ours, 96 inputs" in [text.get_text() for text in figure.legends[0].get_texts()]


def test_bands_of_the_ratio_are_the_interval_over_the_published_error():
    (low, high) = np.asarray(panels()[3].collections[0].get_paths()[0].vertices)[:, 1][[1, -2]]
    assert sorted([low, high]) == [1.25 * 0.9, 1.25 * 1.1]


def test_without_fresh_batches_there_are_no_crosses():
    axis = panels(("fixed",))[0]
    assert points(axis, "o")
    assert not points(axis, "x")


def test_without_new_data_there_are_two_columns_and_without_an_interval_no_band():
    lines = lines_of().assign(low=math.nan, high=math.nan)
    figure = drawn(figure_published(lines, curves_of()))
    assert [axis.get_title() for axis in figure.axes] == ["B2 (3 runs)", "B3 (3 runs)", "", ""]
    assert points(figure.axes[2], "o") == {(10.0, 1.25)}
    for band in figure.axes[2].collections:
        assert not np.isfinite(band.get_datalim(figure.axes[2].transData).get_points()).all()
