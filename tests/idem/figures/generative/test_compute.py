"""Distance over compute: where the curves lie, in which panel."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

from idem.figures.generative.compute import figure_compute


def history() -> pd.DataFrame:
    runs = [
        pd.DataFrame(
            {"model": model, "seed": seed, "step": [50, 100]}
            | {"ema_frechet_distance": [100.0 * factor, 20.0 * factor]}
            | {"eval_frechet_distance": [200.0 * factor, 90.0] if model != "dcgan" else np.nan}
        )
        for model in ("modified", "ign", "dcgan", "unknown")
        for seed, factor in ((0, 1.0), (1, 4.0))
    ]
    return pd.concat(runs, ignore_index=True)


OPERATIONS = {"modified": 1e12, "ign": 2e12, "dcgan": 4e12}


def curves(axes: Axes) -> list[tuple[list[float], list[float]]]:
    """Return the lines of a panel that have points."""
    found = [(line.get_xdata(), line.get_ydata()) for line in axes.lines]
    pairs = [(np.asarray(x).tolist(), np.asarray(y).tolist()) for x, y in found]
    return [(x, y) for x, y in pairs if x]


def test_a_curve_is_the_median_over_seeds_at_the_operations_made_by_then():
    train, evaluated = figure_compute(history(), OPERATIONS).axes
    found = curves(train)
    assert len(found) == 3 and len(curves(evaluated)) == 2, "a DCGAN is not measured in eval mode"
    ends = {x[-1]: (x[0], y) for x, y in found}
    assert set(ends) == set(OPERATIONS.values())
    start, distances = ends[2e12]
    assert start == 1e12
    assert distances == pytest.approx([250.0, 50.0])
    assert curves(evaluated)[0][1] == pytest.approx([500.0, 90.0])
    assert train.get_title() == "BatchNorm in training mode"


def test_without_eval_mode_there_is_one_panel():
    given = history().drop(columns="eval_frechet_distance")
    (axes,) = figure_compute(given, OPERATIONS).axes
    assert axes.get_xscale() == axes.get_yscale() == "log"
