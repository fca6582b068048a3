"""A colour has one meaning, and what it tells apart is told apart in grey print too."""

import math

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from idem.figures import style
from tests.idem.figures.drawing import curves, words


def test_modified_ordinary_and_ign_have_a_colour_to_themselves():
    families = [
        {to_rgb(look["color"]) for name, look in style.looks(style.MODEL_NAMES).items() if of(name)}
        for of in (
            lambda name: name.startswith("modified"),
            lambda name: name == "ordinary",
            lambda name: name.startswith("ign"),
        )
    ]
    assert not families[0] & families[1] and not families[1] & families[2]
    for red, green, blue in (to_rgb(look["color"]) for look in style.looks("abc").values()):
        assert red == green == blue, "a model of no family is grey"


def test_every_model_has_a_marker_of_its_own_and_the_families_differ_in_grey():
    looks = style.looks(style.MODEL_NAMES)
    assert len({look["marker"] for look in looks.values()}) == len(looks)
    greys = [np.dot(to_rgb(looks[name]["color"]), (0.299, 0.587, 0.114)) for name in looks]
    modified, ordinary = greys[0], greys[list(looks).index("ordinary")]
    assert abs(modified - ordinary) > 0.15


def test_rules_are_named_as_rules_and_models_by_their_training():
    names = []
    for explain in (style.rules_legend, lambda of: style.legend(of, style.RULE_STYLES)):
        figure = Figure()
        explain(figure)
        names.append([text.get_text() for text in figure.legends[0].get_texts()])
    assert names[0] == ["Modified rule", "Ordinary rule"]
    assert names[1] == ["Our training, modified rule", "Our training, ordinary rule"]


def test_what_diverged_lies_above_all_numbers_and_is_named():
    axes = Figure().subplots()
    shown = style.with_lost(axes, pd.Series([0.0, 1e-3, 1.0, math.inf]))
    assert shown.tolist()[:3] == [style.SMALLEST_SHOWN, 1e-3, 1.0]
    assert 1.0 < shown[3] < math.inf
    assert words(axes) == "diverged"
    assert not words(other := Figure().subplots())
    assert style.with_lost(other, pd.Series([1.0, 2.0])).tolist() == [1.0, 2.0]
    assert not other.texts


def test_all_diverged_is_still_drawn():
    figure = Figure()
    axes = figure.subplots()
    assert np.isfinite(style.with_lost(axes, pd.Series([math.inf] * 3))).all()
    drawn_by_itself(axes)


def test_lines_are_medians_with_a_band_over_all_runs():
    table = pd.DataFrame({"rule": "modified", "x": [1, 1, 1, 2, 2, 2], "y": [1, 2, 9, 3, 4, 5.0]})
    axes = Figure().subplots()
    style.lines(axes, table, "x", "y")
    assert curves(axes) == [[(1, 2), (2, 4)]]
    (band,) = axes.collections
    heights = np.asarray(band.get_paths()[0].vertices)[:, 1]
    assert (heights.min(), heights.max()) == (1, 9)


def test_lines_and_dots_keep_labels_and_scales():
    table = pd.DataFrame({"rule": "ordinary", "x": [1.0, 1.0], "y": [1.0, 100.0]})
    axes = Figure().subplots()
    style.logarithmic(axes)
    axes.set_ylabel("error")
    style.dots(axes, table, "x", "y")
    style.lines(axes, table, "x", "y")
    assert np.ravel(curves(axes)) == pytest.approx([1, 10]), "of two runs, in logarithms"
    assert axes.get_xscale() == axes.get_yscale() == "log"
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("", "error")


def test_a_theme_is_left_behind_with_the_figure():
    before = dict(matplotlib.rcParams)
    figure = style.themed(lambda: _with_axes())()
    assert dict(matplotlib.rcParams) == before
    assert {label.get_fontsize() for label in figure.axes[0].get_xticklabels()} == {
        style.THEME["xtick.labelsize"]
    }
    assert style.THEME["xtick.labelsize"] >= 7


def _with_axes() -> Figure:
    figure = Figure()
    figure.subplots()
    return figure


@pytest.mark.parametrize(
    ("values", "written"),
    [
        ((0.01, 300), ["0.01", "0.1", "1", "10", "100"]),
        ((1e-6, 1), [r"$10^{-6}$", r"$10^{-3}$", r"$10^{0}$"]),
        ((3e12, 2e13), [r"$10^{13}$", "$4⋅10^{12}$"]),
    ],
)
def test_numbers_are_plain_where_that_is_short(values: tuple[float, float], written: list[str]):
    axes = Figure().subplots()
    style.logarithmic(axes, "x")
    axes.set_xlim(values)
    drawn_by_itself(axes)
    both = [*axes.get_xticklabels(), *axes.get_xticklabels(minor=True)]
    assert set(written) <= {label.get_text() for label in both}


def drawn_by_itself(axes: Axes) -> None:
    axes.get_figure(root=True).draw_without_rendering()  # pyright: ignore


def test_a_count_is_in_words():
    assert (style.counted(1, "run"), style.counted(2, "run")) == ("1 run", "2 runs")


def test_names_are_kept_where_they_are_far_from_all_before():
    assert style.spaced([0.5, 0.45, 0.3, 0.35, 0.1], 0.1) == [0, 2, 4]
    assert style.spaced([], 0.1) == []
