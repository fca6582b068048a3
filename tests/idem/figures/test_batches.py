"""One batch for all steps, on it and on new inputs, beside fresh batches."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from idem.figures.batches import both_ways, figure_batches
from tests.idem.figures.drawing import drawn


def lines_of(*networks: str) -> pd.DataFrame:
    """Return errors 1 / epoch on the trained batch, 2 / epoch on new inputs, 3 / epoch on fresh."""
    return pd.DataFrame(
        {"network": network, "data": data, "rule": rule, "label": label, "epoch": epoch}
        | {"runs": 1 if network == "B3" else 3 if data == "fresh" else 10}
        | {"error": (1 if data == "fixed" else 3) * label / max(epoch, 0.1)}
        | {"new_error": (2 if data == "fixed" else 3) * label / max(epoch, 0.1)}
        for network in networks
        for data in ("fixed", "fresh")
        for rule in ("modified", "ordinary")
        for label in (0.07, 0.22 if rule == "modified" else 1.42)
        for epoch in (0, 1, 10)
    )


def panels_of(*networks: str) -> list[Axes]:
    return drawn(figure_batches(lines_of(*networks))).axes


def test_a_panel_is_a_network_with_the_highest_label_of_each_rule():
    titles = [axes.get_title() for axes in panels_of("B2", "B3")]
    assert titles == [
        f"{of}\nmodified 0.22, ordinary 1.42" for of in ("B2 (10 runs, fresh: 3)", "B3 (1 run)")
    ]


def test_a_rule_has_a_line_where_it_trains_one_on_new_inputs_and_one_on_fresh_batches():
    (axes,) = panels_of("B2")
    found = [np.asarray(line.get_xydata()) for line in axes.get_lines()]
    assert len(found) == 6
    levels = [factor * label for label in (0.22, 1.42) for factor in (1, 2, 3)]
    for points, level in zip(found, levels, strict=True):
        np.testing.assert_allclose(points, [[1, level], [10, level / 10]])
    looks = [(line.get_color(), line.get_linestyle()) for line in axes.get_lines()]
    assert len(set(looks)) == 6 and len({colour for colour, _ in looks}) == 2
    fresh = [line.get_marker() for line in axes.get_lines()][2::3]
    assert fresh[0] != fresh[1], "in grey too"


def test_labels_count_that_end_at_one_epoch_both_ways():
    lines = lines_of("B2")
    cut = (lines.data == "fresh") & (lines.label == 0.22) & (lines.epoch == 10)
    found = both_ways(lines[~(cut & (lines.rule == "modified"))])
    kept = set(zip(found.rule, found.label, strict=True))
    assert kept == {("modified", 0.07), ("ordinary", 0.07), ("ordinary", 1.42)}
    assert both_ways(lines[lines.data == "fixed"]).empty
