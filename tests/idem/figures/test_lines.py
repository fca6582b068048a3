import math
from functools import cache

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.lines import Line2D

from idem.figures.lines import figure_lines
from tests.idem.figures.drawing import drawn, words
from tests.idem.figures.test_published import curves_of, lines_of


@cache
def panels() -> list[list[Axes]]:
    """Return the panels by row; the ordinary rule was not run on B3."""
    lines = lines_of(("fixed",))
    lines = lines[(lines.network == "B2") | (lines.rule == "modified")]
    axes = drawn(figure_lines(lines, curves_of())).axes
    return [axes[row : row + 2] for row in (0, 2, 4)]


def dots(axes: Axes, marker: str) -> list[Line2D]:
    return [line for line in axes.get_lines() if line.get_marker() == marker]


def test_a_column_is_a_network_with_its_runs():
    assert [axes.get_title() for axes in panels()[0]] == ["B2 (3 runs)", "B3 (3 runs)"]
    lines = lines_of(("fixed",))
    lines["runs"] = np.where(lines.rule == "modified", 4, 3)
    assert figure_lines(lines, curves_of()).axes[0].get_title() == "B2 (3 to 4 runs)"


def test_ours_are_marks_of_their_rule_at_their_epochs():
    for marker in ("o", "s"):
        found = np.concatenate([line.get_xydata() for line in dots(panels()[0][0], marker)])
        assert {(10.0, 0.07 / 11), (10.0, 0.22 / 11)} <= {(float(x), float(y)) for x, y in found}
        assert set(found[:, 0]) == {10.0, 100.0}, "from the first epoch that is printed"
    assert not dots(panels()[0][1], "s")


def test_theirs_are_lines_pale_where_they_were_not_run_here():
    pale = []
    for axes in panels()[0]:
        lines = dots(axes, "None")
        assert len(lines) == 6
        pale.append(sum(line.get_alpha() is not None for line in lines))
        assert all(len(set(to_rgb(line.get_color()))) > 1 for line in lines), "of a rule's colour"
    assert pale == [2, 4]


def test_the_higher_a_rate_the_darker_its_line():
    lightness = [sum(to_rgb(line.get_color())) for line in dots(panels()[0][0], "o")]
    assert lightness[0] > lightness[1], "in the order of the rates"


def test_below_are_ours_over_theirs_with_the_interval_and_new_inputs_over_trained():
    ratios, new = (row[0] for row in panels()[1:])
    _, *of_lines = ratios.get_lines()  # the first is the line at 1
    assert [np.asarray(line.get_xydata()).tolist() for line in of_lines] == [[[10.0, 1.25]]] * 4
    bands = [path for band in ratios.collections for path in band.get_paths()]
    assert not any(np.isfinite(path.vertices).any() for path in bands), "of three runs"
    _, *of_lines = new.get_lines()
    np.testing.assert_allclose([np.asarray(line.get_ydata()) for line in of_lines], 2.0)


def test_intervals_of_enough_runs_are_bands_at_the_highest_rate():
    ratios = figure_lines(lines_of(("fixed",)).assign(runs=5), curves_of()).axes[2]
    paths = [path for band in ratios.collections for path in band.get_paths()]
    ends = [np.asarray(path.vertices)[:, 1] for path in paths]
    drawn_ones = [of for of in ends if np.isfinite(of).any()]
    assert len(drawn_ones) == 2, "one a rule"
    for of in drawn_ones:
        np.testing.assert_allclose(sorted(of[[1, -2]]), [1.25 * 0.9, 1.25 * 1.1])


def test_networks_share_the_scales_of_what_is_a_ratio_alone():
    errors, ratios, new = panels()
    for left, right in (ratios, new):
        assert left.get_ylim() == right.get_ylim()
    assert {line.axes.get_yscale() for line in errors[0].get_lines() if line.axes} == {"log"}


def test_the_highest_rates_are_named_and_of_lines_that_end_close_together_one():
    assert words(panels()[0][1]) == "0.22 0.07"
    both = words(panels()[0][0])  # of both rules, whose lines end at the same place here
    assert both == "0.22 0.07"


def test_a_line_without_an_interval_or_any_published_value_is_drawn_all_the_same():
    lines = lines_of(("fixed",)).assign(low=math.nan, high=math.nan, ratio=math.nan, label=0.5)
    figure = drawn(figure_lines(lines, curves_of()))
    assert dots(figure.axes[0], "o")
