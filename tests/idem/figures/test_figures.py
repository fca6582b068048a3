import math
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.image import imread
from matplotlib.patches import Rectangle

from idem.figures import (
    figure_1,
    figure_2,
    figure_3,
    figure_4,
    figure_fair,
    figure_peers,
    figure_scales,
    figure_wall_time,
)
from stages.common.files import write_figure

RATES = (0.1, 0.5)


def drawn(figure: Figure) -> Figure:
    """Draw it for real: warnings, as of an empty log axis, are errors."""
    FigureCanvasAgg(figure).draw()
    return figure


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


def logged(diverged_at: int | None = None) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "network": "B2",
            "rule": rule,
            "learning_rate": rate,
            "run": run,
            "step": step,
            "absolute_error": 1 / (1 + step),
            "diverged": step == diverged_at and rate == RATES[-1],
        }
        for rule, rate, run, step in product(("modified", "ordinary"), RATES, (0, 1), (0, 5, 10))
    )


def scalar_map() -> pd.DataFrame:
    rows = [
        ("curve", -0.7, 1.7),
        ("curve", 1.7, -0.7),
        ("attracting", 0, 0),
        ("attracting", 1, 1),
        ("repelling", 0.5, 0.5),
        ("immediate", -0.366, 0.5),
        ("immediate", 1.366, 0.5),
        ("escape", -0.618, 1.618),
        ("escape", 1.618, -0.618),
        ("cobweb from 0.4", 0.4, 0.4),
        ("cobweb from 0.4", 0.4, 0.352),
        ("cobweb from 0.4", 0.352, 0.352),
        ("cobweb from 0.4", 0.352, 0.2845),
        ("cobweb from 0.4", 0.2845, 0.2845),
    ]
    return pd.DataFrame(rows, columns=["kind", "lambda", "image"])


def test_figure_1_draws_curve_fixed_points_cobwebs_and_ends():
    axes, _ = drawn(figure_1(scalar_map())).axes
    labels = {text.get_text() for text in axes.get_legend().get_texts()}  # pyright: ignore
    assert {"attracting fixed point", "repelling fixed point", "escapes"} < labels
    (cycle,) = (line for line in axes.lines if str(line.get_label()).startswith("2-cycle"))
    assert set(np.asarray(cycle.get_xdata()).tolist()) == {-0.618, 1.618}
    assert len(axes.texts) == 2  # the arrows of the two lines that are long enough


def test_figure_1_shows_below_where_real_points_go_without_a_gap():
    _, strip = drawn(figure_1(scalar_map())).axes
    spans = [patch for patch in strip.patches if isinstance(patch, Rectangle)]
    starts, ends = zip(*sorted((s.get_x(), s.get_x() + s.get_width()) for s in spans), strict=True)
    np.testing.assert_allclose(starts, [-0.7, -0.618, -0.366, 0.5, 1.366, 1.618])
    np.testing.assert_allclose(ends, [*starts[1:], 1.7])


def planes(count: int) -> dict[str, np.ndarray]:
    """Return quarters that hold 1 in the first row, near the real axis, and escape in the other."""
    codes = np.array([[1, 1, 0], [1, -3, -12]], dtype=np.int16)
    return {
        "gammas": np.arange(1, count + 1) / 4,
        "spacing": np.full(count, 0.2),
        "immediate": np.full(count, 0.8),
        "escape": np.full(count, 1.05),
        "codes": np.stack([codes] * count),
    }


def test_figure_2_mirrors_its_quarters_and_swaps_the_basins():
    """Left of ½ what goes to 1 goes to 0, black; escape stays, the later the darker a grey."""
    image = np.asarray(drawn(figure_2(planes(1))).axes[0].images[0].get_array())
    assert image.shape == (4, 6, 3)
    near, far = image[2], image[3]
    assert near[2].tolist() == [0, 0, 0]
    assert near[3].tolist() == near[0].tolist() != near[5].tolist()
    assert near[3][0] > near[3][2]
    assert far[4].tolist() == far[1].tolist() == [far[4][0]] * 3
    assert far[5][0] < far[4][0]
    np.testing.assert_array_equal(image[:2], image[:1:-1])


def test_figure_2_keeps_black_orange_and_escape_apart_in_grey_print():
    image = np.asarray(figure_2(planes(1)).axes[0].images[0].get_array())
    grey = image @ (0.299, 0.587, 0.114)
    orange, last_to_escape = grey[2, 3], grey[3, 5]
    assert orange > 0.5
    assert last_to_escape > orange + 0.08


def test_figure_2_has_a_panel_a_step_size_and_names_both_ends():
    figure = drawn(figure_2(planes(3)))
    panels = [axes for axes in figure.axes if axes.images]
    assert [axes.get_title() for axes in panels] == [
        rf"$\gamma = {gamma}$" for gamma in ("0.25", "0.5", "0.75")
    ]
    labels = " ".join(text.get_text() for text in figure.legends[0].get_texts())
    for name in ("goes to 0", "goes to 1", "real end of the basin", "real end of bounded orbits"):
        assert name in labels
    for panel in panels:
        marked = [np.asarray(line.get_xdata()) for line in panel.lines[:2]]
        np.testing.assert_allclose(marked, [[0.8, 0.2], [1.05, -0.05]])
        assert panel.get_aspect() == 1


def test_figure_2_is_drawn_to_the_pixel(tmp_path: Path):
    """A panel of 1200×800 points has each of them as one pixel of the file."""
    quarter = planes(1) | {"codes": np.ones((1, 400, 600), dtype=np.int16)}
    quarter["codes"][0, 300::2, ::2] = -4  # a chequered pattern, which any resampling would blur
    write_figure(tmp_path / "figure.png", figure_2(quarter), to_the_pixel=True)
    image = imread(tmp_path / "figure.png")[:, :, :3]
    codes = quarter["codes"][0, ::-1]
    shown = (image[:, :, 0] - image[:, :, 2] < 0.1).astype(int)  # grey, not orange
    left, top = 190 + 600, 90
    found = shown[top + 5 : top + 95, left + 5 : left + 595]
    np.testing.assert_array_equal(found, codes[5:95, 5:595] == -4)


def words(axes: Axes) -> str:
    return " ".join(text.get_text() for text in axes.texts)


def crosses(axes: Axes) -> list[float]:
    marked = [line for line in axes.lines if line.get_marker() == "x"]
    return sorted(np.concatenate([np.asarray(line.get_xdata()) for line in marked]).tolist())


def test_figure_3_has_a_column_a_network_and_collapse_below_the_errors():
    figure = drawn(figure_3(summary(), 1e-8))
    assert len(figure.axes) == 8
    assert [a.get_title() for a in figure.axes[:2]] == ["B1, 3 runs", "B2, 3 runs"]
    assert all(axes.get_yscale() == "log" for axes in figure.axes)
    shown = [np.asarray(axes.lines[0].get_ydata()).tolist() for axes in figure.axes[::2]]
    assert shown == [[2e-3] * 2, [1e-3] * 2, [0.1] * 2, [4] * 2]
    assert not words(figure.axes[0]) and not crosses(figure.axes[0])


@pytest.mark.parametrize("changes", [ZERO, DIVERGED, SOME_DIVERGED])
def test_figure_3_draws_zeros_and_diverged_runs(changes: dict[str, float]):
    table = summary()
    columns = table.columns.intersection(list(changes))
    table[columns] = table[columns].astype(float)
    table.loc[table.learning_rate == RATES[-1], list(changes)] = list(changes.values())
    drawn(figure_3(table, 1e-8))


def test_figure_3_marks_what_the_paper_discards():
    mean = drawn(figure_3(summary(improved=2, discarded=1), 1e-8)).axes[0]
    assert words(mean).split() == ["−1"] * 4
    gone = drawn(figure_3(summary(**DIVERGED), 1e-8)).axes[0]
    assert crosses(gone) == sorted(RATES * 2)


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


@pytest.mark.parametrize("rates", [(0.1,), tuple(np.geomspace(0.001, 8, 20))])
def test_figure_3_has_room_for_one_rate_and_for_twenty(rates: tuple[float, ...]):
    axes = drawn(figure_3(summary(rates), 1e-8)).axes[-1]
    assert [float(t.get_text()) for t in axes.get_xticklabels()] == pytest.approx(rates, rel=0.01)


def test_figure_4_has_a_curve_a_rate_and_a_column_a_rule():
    left, right = drawn(figure_4(logged())).axes
    assert (left.get_title(), right.get_title()) == ("B2, modified", "B2, ordinary")
    assert len(left.lines) == len(RATES)
    assert np.asarray(left.lines[0].get_ydata()).tolist() == [1, 1 / 6, 1 / 11]


def test_figure_4_ends_a_curve_where_its_first_run_diverged():
    """Run 0 diverges at step 5 and leaves no later row; what survives is no mean of all runs."""
    table = logged(diverged_at=5)
    gone = (table.learning_rate == RATES[-1]) & (table.run == 0) & (table.step > 5)
    table.loc[table.run == 1, "diverged"] = False
    left, _ = drawn(figure_4(table[~gone])).axes
    curves = [line for line in left.lines if line.get_marker() != "x"]
    assert [len(np.asarray(line.get_xdata())) for line in curves] == [3, 1]


def test_figure_4_marks_where_a_run_diverged_and_says_where_one_always_did():
    table = logged(diverged_at=5)
    left, _ = drawn(figure_4(table)).axes
    assert crosses(left) == [0]
    assert not words(left)
    table["diverged"] = table.step == 5
    left, right = drawn(figure_4(table)).axes
    assert words(left) == words(right) == "a run diverged at every rate"


def test_figure_4_draws_runs_that_diverged_before_the_first_step():
    table = logged()
    drawn(figure_4(table[table.step == 0].assign(diverged=True, absolute_error=math.inf)))


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


def fair(diverged: Sequence[str] = ()) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Three runs a lane, whose error halves every step; those of some rules diverge at the end."""
    keys = product(("modified", "ordinary"), (0.1, 0.2, 0.4), range(3), range(4))
    rows = pd.DataFrame(keys, columns=["rule", "learning_rate", "run", "step"])
    price = rows.rule.map({"modified": 4.0, "ordinary": 5.0})
    lost = rows.rule.isin(diverged) & (rows.step == 3)
    error = (0.5**rows.step).where(~lost, math.inf)
    rows = rows.assign(network="B1", absolute_error=error, forward_equivalents=rows.step * price)
    training = rows[rows.learning_rate == rows.rule.map({"modified": 0.2, "ordinary": 0.4})]
    ends = rows[rows.step == 3].assign(first_update_norm=rows.learning_rate * 3, initial_error=1.0)
    return training, ends


def test_the_fair_comparison_is_by_step_by_compute_and_by_update():
    steps, compute, norms = drawn(figure_fair(*fair())).axes
    assert steps.get_title() == "B1, best rates: modified 0.2, ordinary ≥ 0.4"
    thick = [line for line in steps.lines if line.get_linewidth() == 2]
    assert [np.asarray(line.get_ydata()).tolist() for line in thick] == [[1, 0.5, 0.25, 0.125]] * 2
    ends = [max(np.asarray(line.get_xdata())) for line in compute.lines]
    assert {12, 15} <= set(ends)
    equal = compute.lines[-1]
    assert np.asarray(equal.get_xdata()).tolist() == [12, 12]
    medians = [line for line in norms.lines if line.get_markersize() == 4]
    np.testing.assert_allclose(np.asarray(medians[0].get_xdata()), [0.3, 0.6, 1.2])


@pytest.mark.parametrize("diverged", [["modified"], ["modified", "ordinary"]])
def test_the_fair_comparison_of_diverged_rules_says_so(diverged: list[str]):
    steps, compute, norms = drawn(figure_fair(*fair(diverged))).axes
    assert "modified none" in steps.get_title()
    for rule in diverged:
        assert f"{rule}: at every rate at least half diverged" in words(steps)
        assert f"{rule}: all runs diverged" in words(norms)
    assert words(compute) == words(steps)
    assert len(crosses(norms)) == 9 * len(diverged)


def test_the_wall_time_has_a_panel_a_network_and_seconds_along_it():
    training, _ = fair()
    rows = pd.concat(
        training.assign(network=name, seconds=training.step * second)
        for name, second in (("B1", 0.5), ("B2", 2.0))
    )
    panels = drawn(figure_wall_time(rows)).axes
    assert [axes.get_title().partition("\n")[0] for axes in panels] == ["B1, 3 runs", "B2, 3 runs"]
    assert [max(max(np.asarray(line.get_xdata())) for line in axes.lines) for axes in panels] == [
        1.5,
        6,
    ]
    assert all("seconds" in axes.get_xlabel() for axes in panels)
