from functools import cache
from itertools import product

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from idem.figures.cost import figure_cost
from tests.idem.figures.drawing import curves, drawn

DEPTHS = (1, 2, 4)


def cost() -> pd.DataFrame:
    keys = product(("modified", "ordinary"), (64, 1024), DEPTHS)
    table = pd.DataFrame(keys, columns=["rule", "width", "depth"])
    passes = 5 + (table.rule == "ordinary") - 1 / table.depth
    saved = 1e3 * table.width * table.depth
    return table.assign(forward_equivalents=passes, saved_bytes=saved)


def training() -> pd.DataFrame:
    """Three runs a lane, whose error halves every step."""
    keys = product(("B1", "B2"), ("modified", "ordinary"), range(3), range(4))
    rows = pd.DataFrame(keys, columns=["network", "rule", "run", "step"])
    price = rows.rule.map({"modified": 4.0, "ordinary": 5.0})
    error = 0.5**rows.step
    return rows.assign(
        learning_rate=0.2,
        absolute_error=error,
        forward_equivalents=rows.step * price,
    )


@cache
def panels_of() -> list[Axes]:
    return drawn(figure_cost(cost(), training())).axes


def test_every_count_is_drawn_and_no_axis_of_operations_is_cut():
    work, memory, *_ = panels_of()
    assert work.get_ylim()[0] == 0 and work.get_yscale() == "linear"
    for rule, width in product(("modified", "ordinary"), (64, 1024)):
        rows = cost()[(cost().rule == rule) & (cost().width == width)]
        assert list(zip(rows.depth, rows.forward_equivalents, strict=True)) in curves(work)
        assert any(
            np.allclose([y for _, y in points], rows.saved_bytes / 1e6) for points in curves(memory)
        )


def test_the_error_is_drawn_by_what_it_costs():
    panels = panels_of()[2:]
    assert [axes.get_title()[:11] for axes in panels] == ["B1, 3 runs;", "B2, 3 runs;"]
    for axes in panels:
        thick = [line for line in axes.lines if line.get_linewidth() > 1.5]
        ends = [np.asarray(line.get_xydata())[-1].tolist() for line in thick]
        assert np.round(ends, 6).tolist() == [[12, 0.125], [15, 0.125]]
