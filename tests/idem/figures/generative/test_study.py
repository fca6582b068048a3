"""The figures show means over seeds of the models there is room for, and numbers as they are."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from idem.figures import figure_collapse, figure_drift, figure_neighbours
from tests.idem.figures.drawing import curves, drawn, named

MODELS = ("ign", "modified", "other", "ordinary")
NAMES = ["Modified rule", "Ordinary rule", "IGN", "Other"]  # in the order of all figures


def drift(models: tuple[str, ...] = MODELS) -> pd.DataFrame:
    keys = product(models, (0, 1), ("train", "eval"), ("test", "noise"), (1, 2, 3))
    rows = [
        {"model": m, "seed": s, "mode": b, "input": i, "application": k, "drift": (s + 1.0) / k}
        for m, s, b, i, k in keys
    ]
    return pd.DataFrame(rows)


def test_drift_has_a_panel_an_input_and_mode_with_means_over_seeds():
    figure = drawn(figure_drift(drift()))
    assert len(figure.axes) == 4
    assert named(figure) == NAMES
    found = curves(figure.axes[0])
    assert [[y for _, y in points] for points in found] == [pytest.approx([1.5, 0.75, 0.5])] * 4


def test_of_more_models_than_there_is_room_for_the_first_are_drawn():
    many = ("modified", "modified_plain", "ordinary", "ign", "ign_published", "autoencoder", "x")
    assert len(named(drawn(figure_drift(drift(many))))) == 5


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


def test_collapse_has_a_row_a_measure_and_a_column_a_kind_of_weights():
    figure = drawn(figure_collapse(history()))
    titles = ["raw weights, 2 seeds", "their average (EMA), 2 seeds"]
    assert [axes.get_title() for axes in figure.axes[:2]] == titles
    assert named(figure) == NAMES[:2]
    raw, ema, _, digits = (curves(axes)[0] for axes in figure.axes)
    assert raw == [(100, 100), (200, 60), (300, 80)]
    assert ema == [(100, 50), (200, 30), (300, 40)]
    assert digits == [(100, 9.5), (200, 9.5), (300, 9.5)]


def test_collapse_leaves_out_digits_where_there_are_none():
    figure = drawn(figure_collapse(history().drop(columns=["ema_digits", "raw_digits"])))
    assert len(figure.axes) == 2
    assert figure.axes[0].get_ylabel() == "Fréchet distance, validation"


def test_neighbours_puts_samples_of_the_first_seed_above_what_is_nearest():
    keys = product(("ordinary", "modified"), (3, 4), range(2), ("sample", "nearest"))
    rows = [
        {"model": m, "seed": s, "sample": i, "picture": p}
        | {f"p{k}": 10 * s + i + 100 * (p == "nearest") for k in range(4)}
        for m, s, i, p in keys
    ]
    figure = drawn(figure_neighbours(pd.DataFrame(rows)))
    names = [[label.get_text() for label in axes.get_yticklabels()] for axes in figure.axes]
    nearest = "nearest in training"
    assert names == [["Modified rule", nearest], ["Ordinary rule", nearest]]
    for axes in figure.axes:
        picture = np.asarray(axes.get_images()[0].get_array())[..., 0]
        assert picture.tolist() == [[30, 30, 31, 31]] * 2 + [[130, 130, 131, 131]] * 2
