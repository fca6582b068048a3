import math
from itertools import product

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from idem.figures import figure_1, figure_2, figure_3, figure_4, figure_5

RATES = (0.1, 0.5)


def drawn(figure: Figure) -> Figure:
    """Draw it for real: warnings, as of an empty log axis, are errors."""
    FigureCanvasAgg(figure).draw()
    return figure


def summary(**changes: float) -> pd.DataFrame:
    row = {
        "runs": 3,
        "median_error": 1e-3,
        "lowest_error": 1e-4,
        "highest_error": 1e-2,
        "mean_error_of_improved": 2e-3,
        "median_output_spread": 0.1,
    }
    keys = product(("B1", "B2"), ("modified", "ordinary"), RATES)
    names = ("network", "rule", "learning_rate")
    return pd.DataFrame([dict(zip(names, key, strict=True)) | row | changes for key in keys])


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


def test_figure_1_draws_curve_fixed_points_and_cobwebs():
    kinds = ["curve", "curve", "attracting", "repelling", "cobweb from 0.4", "cobweb from 0.4"]
    table = pd.DataFrame({"kind": kinds, "lambda": np.linspace(0, 1, 6), "image": 0.5})
    (axes,) = drawn(figure_1(table)).axes
    labels = {text.get_text() for text in axes.get_legend().get_texts()}  # pyright: ignore
    assert {"attracting fixed point", "repelling fixed point"} < labels


def test_figure_2_mirrors_its_quarter_and_swaps_the_basins():
    """The quarter holds 1 at λ = ½ and beyond: left of ½ is then 0, black; escape stays grey."""
    quarter = pd.DataFrame({"imaginary": [0.0, 0.1], "0.5": [1, -3], "0.6": [1, -3]})
    axes = drawn(figure_2(quarter)).axes[0]
    image = np.asarray(axes.images[0].get_array())
    assert image.shape == (3, 3, 3)
    black, orange = image[1, 0], image[1, 2]
    assert black.tolist() == [0, 0, 0]
    assert orange[0] > orange[2]
    np.testing.assert_array_equal(image[0], image[2])
    np.testing.assert_array_equal(image[0, 0], image[0, 2])


def test_figure_3_has_a_column_a_network_and_both_rows():
    figure = drawn(figure_3(summary()))
    assert len(figure.axes) == 4
    assert [a.get_title() for a in figure.axes[:2]] == ["B1, 3 runs", "B2, 3 runs"]
    assert figure.axes[0].get_yscale() == "log"


@pytest.mark.parametrize(
    "changes",
    [
        {"median_error": 0.0, "lowest_error": 0.0},
        {"highest_error": math.inf},
        {"median_error": math.inf, "highest_error": math.inf, "mean_error_of_improved": math.nan},
    ],
)
def test_figure_3_draws_zeros_and_diverged_runs(changes: dict[str, float]):
    table = summary()
    table.loc[table.learning_rate == RATES[-1], list(changes)] = list(changes.values())
    drawn(figure_3(table))


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
    assert [len(np.asarray(line.get_xdata())) for line in left.lines] == [3, 1]


def samples(pixels: int) -> pd.DataFrame:
    keys = product(("modified", "ordinary"), (0, 1), range(10), (0, 1, 2))
    table = pd.DataFrame(keys, columns=["rule", "seed", "sample", "application"])
    values = np.arange(len(table))[:, None] % 255 + np.zeros(pixels, dtype=int)
    return pd.concat([table, pd.DataFrame(values).add_prefix("p")], axis=1)


def test_figure_5_shows_the_noise_and_each_application_of_each_rule_in_a_row():
    figure = drawn(figure_5(samples(16)))
    assert len(figure.axes) == 5
    assert np.asarray(figure.axes[0].images[0].get_array()).shape == (4, 40)


def test_figure_5_names_pixels_that_are_no_square():
    with pytest.raises(ValueError, match="expected the pixels of a square image, got 15"):
        figure_5(samples(15))
