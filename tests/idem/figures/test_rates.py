import math
from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.patches import Rectangle

from idem.figures.rates import figure_3, figure_scales
from tests.idem.figures.drawing import crosses, drawn, words

RATES = (0.1, 0.5)


def summary(rates: Sequence[float] = RATES, **changes: Any) -> pd.DataFrame:
    row = {
        "runs": 3,
        "improved": 3,
        "discarded": 0,
        "diverged": 0,
        "mean_error_of_improved": 2e-3,
        "mean_error_low": 1e-3,
        "mean_error_high": 4e-3,
        "geometric_mean_error": 1e-3,
        "geometric_mean_error_low": 1e-4,
        "geometric_mean_error_high": 1e-2,
        "median_output_spread": 0.1,
        "median_jacobian_rank": 4.0,
    }
    keys = product(("B1", "B2"), ("modified", "ordinary"), rates)
    names = ("network", "rule", "learning_rate")
    return pd.DataFrame([dict(zip(names, key, strict=True)) | row | changes for key in keys])


DIVERGED = {
    "improved": 0,
    "discarded": 3,
    "diverged": 3,
    "mean_error_of_improved": math.nan,
    "mean_error_low": math.nan,
    "mean_error_high": math.nan,
    "geometric_mean_error": math.inf,
    "geometric_mean_error_low": math.nan,
    "geometric_mean_error_high": math.nan,
    "median_output_spread": math.nan,
    "median_jacobian_rank": math.nan,
}
ZERO = {name: 0.0 for name in DIVERGED if "error" in name}
SOME_DIVERGED = DIVERGED | {"improved": 1, "discarded": 2, "diverged": 1}
SOME_DIVERGED |= {"mean_error_of_improved": 2e-3, "median_output_spread": 0.1}


def test_figure_3_has_a_column_a_network_and_collapse_below_the_errors():
    figure = drawn(figure_3(summary(), 1e-8))
    assert len(figure.axes) == 8
    assert [a.get_title() for a in figure.axes[:2]] == ["B1, 3 runs", "B2, 3 runs"]
    assert all(axes.get_yscale() == "log" for axes in figure.axes)
    shown = [np.asarray(axes.lines[0].get_ydata()).tolist() for axes in figure.axes[::2]]
    assert shown == [[2e-3] * 2, [1e-3] * 2, [0.1] * 2, [4] * 2]
    assert not words(figure.axes[0]) and not crosses(figure.axes[0])


@pytest.mark.parametrize(
    ("changes", "crossed"),  # which panels of a column have no value at the last rate
    [
        (ZERO, [False, False, False, False]),
        (DIVERGED, [True, True, True, True]),
        (SOME_DIVERGED, [False, True, False, True]),
    ],
)
def test_figure_3_draws_zeros_and_diverged_runs(changes: dict[str, float], crossed: list[bool]):
    table = pd.concat([summary(RATES[:1]), summary(RATES[1:], **changes)], ignore_index=True)
    figure = drawn(figure_3(table, 1e-8))
    for axes, is_crossed in zip(figure.axes[::2], crossed, strict=True):
        assert crosses(axes) == [RATES[-1]] * 2 * is_crossed
        lines = [np.asarray(line.get_xydata()) for line in axes.lines]
        curves = [line[:, 1] for line in lines if len(line) == 2]
        assert [bool(y[-1] > 0) for y in curves] == [not is_crossed] * 2
    assert words(figure.axes[0]).split() == ["−2"] * 2 * (changes is SOME_DIVERGED)


def test_figure_3_marks_what_the_paper_discards():
    mean = drawn(figure_3(summary(improved=2, discarded=1), 1e-8)).axes[0]
    assert words(mean).split() == ["−1"] * 4
    gone = drawn(figure_3(summary(**DIVERGED), 1e-8)).axes[0]
    assert crosses(gone) == sorted(RATES * 2)


@pytest.mark.parametrize("rates", [(0.1,), tuple(np.geomspace(0.001, 8, 20))])
def test_figure_3_has_room_for_one_rate_and_for_twenty(rates: tuple[float, ...]):
    axes = drawn(figure_3(summary(rates), 1e-8)).axes[-1]
    assert [float(t.get_text()) for t in axes.get_xticklabels()] == pytest.approx(rates, rel=0.01)


def test_figures_without_survivors_say_so():
    table = summary()
    gone = table[table.rule == "modified"].assign(**DIVERGED)
    half = drawn(figure_3(pd.concat([gone, table[table.rule == "ordinary"]]), 1e-8))
    assert {words(axes) for axes in half.axes} == {"modified: all runs diverged"}
    for axes in drawn(figure_3(summary(**DIVERGED), 1e-8)).axes:
        assert words(axes) == "modified: all runs diverged\nordinary: all runs diverged"


def test_a_rank_that_was_not_measured_is_not_taken_for_divergence():
    axes = drawn(figure_3(summary(median_jacobian_rank=math.nan), 1e-8)).axes[-1]
    assert words(axes) == "modified: not measured\nordinary: not measured"
    assert not crosses(axes)


def readings(**changes: Any) -> pd.DataFrame:
    table = summary(**changes).assign(width=10)
    bare = table.assign(
        reading="mean against bare",
        learning_rate=table.learning_rate * np.where(table.rule == "ordinary", 5, 1),
    )
    return pd.concat([table.assign(reading="matched"), bare], ignore_index=True)


def test_the_readings_stand_side_by_side_and_differ_in_their_rates_alone():
    figure = drawn(figure_scales(readings()))
    titles = [axes.get_title() for axes in figure.axes]
    assert titles[:2] == ["B1 (n = 10), matched", "B1 (n = 10), mean against bare"]
    matched, bare = (axes.lines for axes in figure.axes[:2])
    for own, relabelled, factor in ((matched[0], bare[0], 1), (matched[2], bare[2], 5)):
        assert np.asarray(own.get_ydata()).tolist() == np.asarray(relabelled.get_ydata()).tolist()
        rates = np.asarray(own.get_xdata()) * factor
        np.testing.assert_allclose(np.asarray(relabelled.get_xdata()), rates)


def test_the_readings_shade_the_labels_that_both_rules_have():
    matched, bare = drawn(figure_scales(readings())).axes[:2]
    (span,) = (patch for patch in bare.patches if isinstance(patch, Rectangle))
    assert (span.get_x(), span.get_width()) == pytest.approx((0.5, 0))
    assert not matched.patches
    apart = readings()
    apart.loc[(apart.reading != "matched") & (apart.rule == "ordinary"), "learning_rate"] += 10
    assert words(drawn(figure_scales(apart)).axes[1]) == "no label in common"


def test_the_readings_of_diverged_lanes_say_so():
    for axes in drawn(figure_scales(readings(**DIVERGED))).axes:
        assert words(axes).startswith("modified: all runs diverged")
