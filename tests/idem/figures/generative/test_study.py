"""The figures show every run, mark what was best, and put numbers where they are."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from idem.figures import (
    figure_classes,
    figure_collapse,
    figure_drift,
    figure_neighbours,
    figure_size,
)
from tests.idem.figures.drawing import drawn

MODELS = ("ign", "modified", "other", "ordinary")
NAMES = ["Modified rule", "Ordinary rule", "IGN", "Other"]  # in the order of all figures


def labels(figure: Figure) -> list[str]:
    return [text.get_text() for legend in figure.legends for text in legend.get_texts()]


def drift(models: tuple[str, ...] = MODELS) -> pd.DataFrame:
    keys = product(models, (0, 1), ("train", "eval"), ("test", "noise"), (1, 2, 3))
    rows = [
        {"model": m, "seed": s, "mode": b, "input": i, "application": k, "drift": (s + 1.0) / k}
        for m, s, b, i, k in keys
    ]
    return pd.DataFrame(rows)


def test_drift_has_a_panel_an_input_and_mode_with_means_and_single_seeds():
    figure = drawn(figure_drift(drift()))
    assert len(figure.axes) == 4
    assert labels(figure) == [*NAMES, "single seeds (2)"]
    lines = figure.axes[0].get_lines()
    assert len(lines) == 4 * 3
    assert np.asarray(lines[2].get_ydata()) == pytest.approx([1.5, 0.75, 0.5])


def test_drift_of_exactly_zero_is_still_drawn():
    figure = drawn(figure_drift(drift(("modified",)).assign(drift=0.0)))
    assert np.all(np.asarray(figure.axes[0].get_lines()[0].get_ydata()) > 0)


def history() -> pd.DataFrame:
    rows = []
    for model, seed in product(("ordinary", "modified"), (0, 1)):
        for step, distance in ((100, 50.0), (200, 30.0), (300, 40.0)):
            row = {"model": model, "seed": seed, "step": step}
            for kind, factor in (("ema", 1), ("raw", 2)):
                row |= {f"{kind}_frechet_distance": factor * distance, f"{kind}_digits": 10 - seed}
            rows.append(row)
    return pd.DataFrame(rows)


def rings(axes: Axes) -> list[list[tuple[float, float]]]:
    """Return the points of every ring of a panel: one a run, none where nothing is best."""
    found = [line for line in axes.get_lines() if line.get_markersize() == 8]
    return [list(map(tuple, np.asarray(line.get_xydata()).tolist())) for line in found]


def test_collapse_rings_the_step_of_the_least_distance_in_every_panel():
    figure = drawn(figure_collapse(history()))
    assert [axes.get_title() for axes in figure.axes[:2]] == NAMES[:2]
    for axes, heights in zip(figure.axes, [(30, 30), (30, 30), (10, 9), (10, 9)], strict=True):
        assert rings(axes) == [[(200, height)] for height in heights]


def test_collapse_shows_errors_where_they_were_history():
    table = history().assign(ema_relative_error=0.3, raw_relative_error=0.4)
    figure = drawn(figure_collapse(table))
    assert len(figure.axes) == 6
    assert figure.axes[4].get_ylabel() == "relative error on noise"
    assert figure.axes[4].get_ylim()[0] == 0


def test_collapse_leaves_out_digits_where_there_are_none_and_rings_where_nothing_was_finite():
    table = history().drop(columns=["ema_digits", "raw_digits"])
    table.loc[table.model == "ordinary", "ema_frechet_distance"] = np.nan
    figure = drawn(figure_collapse(table))
    modified, ordinary = figure.axes
    assert modified.get_ylabel() == "Fréchet distance, validation"
    assert rings(modified) == [[(200, 30)], [(200, 30)]] and rings(ordinary) == [[], []]
    assert len(ordinary.get_lines()) == len(modified.get_lines()) == 2 * 3


def test_classes_shows_means_of_one_setting_beside_real_fractions():
    keys = product(("modified", "ign"), (0, 1), ("best", "raw"), ("train", "eval"), range(10))
    rows = [
        {"model": m, "seed": s, "weights": w, "mode": b, "class": c}
        | {"fraction": (0.1 if w == "best" and b == "train" else 9) + 0.02 * s}
        for m, s, w, b, c in keys
    ]
    real = [
        {
            "model": "real",
            "seed": "all",
            "weights": "none",
            "mode": "none",
            "class": c,
            "fraction": 1,
        }
        for c in range(10)
    ]
    figure = drawn(figure_classes(pd.DataFrame(rows + real), "best", "train"))
    assert [axes.get_title() for axes in figure.axes] == ["Modified rule", "IGN"]
    heights = [bar.get_height() for bar in figure.axes[0].patches]  # pyright: ignore
    assert heights == pytest.approx([0.11] * 10)
    dots, steps = figure.axes[0].get_lines()
    assert len(np.asarray(dots.get_xdata())) == 20
    assert list(np.asarray(steps.get_ydata())) == [1] * 10


def test_size_is_a_line_in_its_inverse_that_ends_where_samples_do_not():
    rows = [
        {"model": m, "seed": s, "size": n, "frechet_distance": d, "fitted": f}
        for m, s in (("real", "all"), ("modified", 0), ("modified", 1))
        for n, d, f in ((np.inf, np.nan, 7.0), (10.0, 9.0, 9.0), (20.0, 8.0, 8.0))
    ]
    figure = drawn(figure_size(pd.DataFrame(rows)))
    axes = figure.axes[0]
    assert [text.get_text() for text in axes.get_xticklabels()] == ["∞", "20", "10"]
    points, line = axes.get_lines()[:2]
    assert np.asarray(line.get_xdata()) == pytest.approx([0.1, 0.05, 0])
    assert np.asarray(line.get_ydata()) == pytest.approx([9, 8, 7])
    assert np.isnan(np.asarray(points.get_ydata())).sum() == 1
    assert len(axes.get_lines()) == 6
    assert "fit, a seed (2 seeds)" in labels(figure)


def test_neighbours_puts_samples_of_the_first_seed_above_what_is_nearest():
    keys = product(("ordinary", "modified"), (3, 4), range(2), ("sample", "nearest"))
    rows = [
        {"model": m, "seed": s, "sample": i, "picture": p}
        | {f"p{k}": 10 * s + i + 100 * (p == "nearest") for k in range(4)}
        for m, s, i, p in keys
    ]
    figure = drawn(figure_neighbours(pd.DataFrame(rows)))
    names = [axes.get_ylabel() for axes in figure.axes]
    assert names == ["Modified rule", "nearest", "Ordinary rule", "nearest"]
    strips = [np.asarray(axes.get_images()[0].get_array())[..., 0] for axes in figure.axes]
    assert strips[0].tolist() == [[30, 30, 31, 31]] * 2
    assert strips[1].tolist() == [[130, 130, 131, 131]] * 2
