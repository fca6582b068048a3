"""Means over seeds with their intervals, which cover as often as they say."""

import math

import numpy as np
import pytest
from scipy import stats

from stages.text.estimates import UNKNOWN, in_figures, over_seeds

SEEDS = [10.0, 100.0, 1000.0]


def test_intervals_cover_the_mean_as_often_as_they_say():
    rng = np.random.default_rng(0)
    found = [over_seeds(sample, 0.9) for sample in rng.normal(3.0, 2.0, (4000, 4))]
    covered = np.mean([low <= 3.0 <= high for _, low, high in found])
    assert covered == pytest.approx(0.9, abs=0.02)  # a bootstrap of four covers 0.75 or so


def test_logarithms_are_averaged_where_asked():
    half = stats.t.ppf(0.975, 2) / math.sqrt(3)  # of logarithms to 10, whose deviation is 1
    expected = [100.0, 10 ** (2 - half), 10 ** (2 + half)]
    assert over_seeds(SEEDS, 0.95, on_logs=True) == pytest.approx(expected)
    assert over_seeds(SEEDS, 0.95).mean == pytest.approx(370.0)


@pytest.mark.parametrize("values", [[], [1.0, math.inf], [math.nan], [1.0, 0.0], [-1.0]])
def test_what_has_no_mean_is_unknown(values):
    assert over_seeds(values, 0.95, on_logs=True) is UNKNOWN
    assert in_figures(UNKNOWN) == "–"


def test_one_seed_has_no_interval():
    single = over_seeds([5.0], 0.95, on_logs=True)
    assert single.mean == pytest.approx(5.0) and math.isnan(single.low) and math.isnan(single.high)
    assert in_figures(single) == "5"


def test_intervals_end_where_a_measurement_does():
    assert over_seeds([1.0, 9.0], 0.95).within(0.0, 10.0) == (5.0, 0.0, 10.0)
    assert math.isnan(over_seeds([5.0], 0.95).within(0.0, 10.0).low)


def test_figures_are_three_and_whole_from_a_thousand():
    assert in_figures(over_seeds([1230.0, 1250.0], 0.5)) == "1240 [1230, 1250]"
    assert in_figures(over_seeds([0.12345], 0.95)) == "0.123"
