"""The figures show medians over seeds of the models there is room for."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from idem.figures import figure_collapse, figure_compute, figure_drift
from tests.idem.figures.drawing import curves, drawn, named

MODELS = ("ign", "modified", "other", "ordinary")
NAMES = [
    "Our training, modified rule",
    "Our training, ordinary rule",
    "IGN",
    "Other",
]  # in the order of all figures


def drift(models: tuple[str, ...] = MODELS) -> pd.DataFrame:
    keys = product(models, (0, 1), ("train", "eval"), ("test", "noise"), (1, 2, 3))
    rows = [
        {"model": m, "seed": s, "mode": b, "input": i, "application": k, "drift": (s + 1.0) / k}
        for m, s, b, i, k in keys
    ]
    return pd.DataFrame(rows)


def test_drift_has_a_panel_an_input_and_mode_with_medians_over_seeds():
    figure = drawn(figure_drift(drift()))
    assert len(figure.axes) == 4
    assert named(figure) == NAMES
    found = curves(figure.axes[0])
    assert [[y for _, y in points] for points in found] == [
        pytest.approx([2**0.5, 2**0.5 / 2, 2**0.5 / 3])
    ] * 4


def test_of_more_models_than_there_is_room_for_the_first_are_drawn():
    many = ("modified", "modified_plain", "ordinary", "ign", "ign_published", "autoencoder", "x")
    assert len(named(drawn(figure_drift(drift(many))))) == 5


def test_drift_of_exactly_zero_is_still_drawn():
    table = drift(("modified",))
    table["drift"] *= table.application < 3
    figure = drawn(figure_drift(table))
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
    assert [y for _, y in raw] == pytest.approx([100, 60, 80])
    assert [y for _, y in ema] == pytest.approx([50, 30, 40])
    assert digits == [(100, 9.5), (200, 9.5), (300, 9.5)]


def test_collapse_leaves_out_digits_where_there_are_none():
    figure = drawn(figure_collapse(history().drop(columns=["ema_digits", "raw_digits"])))
    assert len(figure.axes) == 2
    assert figure.axes[0].get_ylabel() == "Fréchet distance, validation"


def compute() -> pd.DataFrame:
    keys = product(("modified", "ign", "dcgan", "unknown"), ((0, 1.0), (1, 4.0)), (50, 100))
    rows = [
        {"model": model, "seed": seed, "step": step}
        | {"ema_frechet_distance": factor * 1e4 / step}
        | {"eval_frechet_distance": factor * 9e3 / step if model != "dcgan" else np.nan}
        for model, (seed, factor), step in keys
    ]
    return pd.DataFrame(rows)


OPERATIONS = {"modified": 1e12, "ign": 2e12, "dcgan": 4e12}


def test_a_curve_is_the_median_over_seeds_at_the_operations_made_by_then():
    train, evaluated = drawn(figure_compute(compute(), OPERATIONS)).axes
    assert len(curves(evaluated)) == 2, "a DCGAN is not measured in eval mode"
    found = {points[-1][0]: points for points in curves(train)}
    assert set(found) == set(OPERATIONS.values())
    assert np.ravel(found[2e12]) == pytest.approx([1e12, 400, 2e12, 200])
    assert train.get_title() == "BatchNorm in training mode"


def test_without_eval_mode_there_is_one_panel():
    given = compute().drop(columns="eval_frechet_distance")
    (axes,) = drawn(figure_compute(given, OPERATIONS)).axes
    assert axes.get_xscale() == axes.get_yscale() == "log"
