import math
from itertools import product

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from idem.figures.published import figure_published
from tests.idem.figures.drawing import drawn

EPOCHS = (0, 1, 10, 100)


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


def points(axis: Axes, marker: str) -> set[tuple[float, float]]:
    return {
        (float(x), float(y))
        for line in axis.get_lines()
        if line.get_marker() == marker
        for x, y in np.asarray(line.get_xydata())
    }


def test_a_column_is_a_network_and_rule_with_the_ratio_below():
    axes = drawn(figure_published(lines_of(), curves_of())).axes
    titles = [axis.get_title() for axis in axes if axis.get_title()]
    assert titles == [f"{n}, {r} (3 runs)" for n in ("B2", "B3") for r in ("modified", "ordinary")]
    ratios = points(axes[4], "o")
    assert (10.0, 1.25) in ratios
    assert len({y for _, y in ratios if not math.isnan(y)}) == 1


def test_theirs_are_lines_ours_marks():
    axis = drawn(figure_published(lines_of(), curves_of())).axes[0]
    lines = [line for line in axis.get_lines() if line.get_linestyle() == "-"]
    assert len(lines) == 3  # one of a rate that was not run here
    assert sum(str(line.get_color()) == "0.85" for line in lines) == 1
    trained, fresh = points(axis, "o"), points(axis, "x")
    assert (10.0, 0.07 / 11) in trained & fresh
    assert (10.0, 0.14 / 11) in trained  # the same run on new inputs
    assert (10.0, 0.14 / 11) not in fresh
    assert not any(x == 0 for x, _ in trained | fresh)


def test_without_fresh_batches_there_are_no_crosses():
    axis = drawn(figure_published(lines_of(("fixed",)), curves_of())).axes[0]
    assert points(axis, "o")
    assert not points(axis, "x")
