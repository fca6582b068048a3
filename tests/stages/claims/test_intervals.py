"""Student's intervals, alone and with a pooled variance, and what they say."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from stages.claims import intervals
from stages.claims.intervals import EQUAL, HIGHER, LOWER
from stages.claims.verdict import OPEN


def test_the_interval_of_a_mean_is_that_of_the_t_test():
    sample = np.array([0.3, -0.2, 0.5, 0.1])
    expected = stats.ttest_1samp(sample, 0.0).confidence_interval(0.9)
    found = intervals.of_mean(sample, 0.9)
    assert found == pytest.approx((sample.mean(), *expected))


def test_without_two_finite_values_there_is_no_interval():
    assert intervals.of_mean(np.array([0.5]), 0.95) == (0.5, -math.inf, math.inf)
    for sample in ([], [0.1, math.inf], [0.1, math.nan]):
        assert all(map(math.isnan, intervals.of_mean(np.array(sample), 0.95)))


def test_of_two_models_the_pooled_difference_is_that_of_the_two_sample_t_test():
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(4, 2)), columns=["a", "b"])
    found = intervals.of_means(table, 0.95)
    expected = stats.ttest_ind(table.a, table.b).confidence_interval(0.95)
    half = (expected.high - expected.low) / 2  # of a difference, which has twice the variance
    assert (found.high - found["mean"]).tolist() == pytest.approx([half / math.sqrt(2)] * 2)
    assert found["mean"].tolist() == pytest.approx(table.mean().tolist())


def test_pooling_leaves_missing_seeds_out_and_one_seed_open():
    table = pd.DataFrame({"a": [0.0, 1.0, 2.0], "b": [5.0, math.nan, math.nan]})
    found = intervals.of_means(table, 0.95)
    of_a = intervals.of_mean(table.a.to_numpy(), 0.95)
    assert tuple(found.loc["a"]) == pytest.approx(of_a)
    assert found["mean"]["b"] == 5
    assert found.high["b"] - 5 == pytest.approx(math.sqrt(3) * (of_a[2] - of_a[0]))
    alone = intervals.of_means(table.head(1), 0.95)
    assert (alone.low == -math.inf).all() and (alone.high == math.inf).all()


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (-0.3, -0.11, LOWER),
        (-0.3, -0.09, OPEN),
        (-0.09, 0.09, EQUAL),
        (-0.09, 0.11, OPEN),
        (0.09, 0.3, OPEN),
        (0.11, 0.3, HIGHER),
        (-math.inf, math.inf, OPEN),
        (math.nan, math.nan, OPEN),
    ],
)
def test_a_word_needs_the_whole_interval(low: float, high: float, expected: str):
    assert intervals.word(low, high, 0.1) == expected


@pytest.mark.parametrize("threshold", [-0.1, 0.1])
def test_noise_around_a_threshold_decides_nothing(threshold: float):
    draws = np.random.default_rng(1).normal(threshold, 0.3, size=(1000, 4))
    words = [intervals.word(*intervals.of_mean(d, 0.95)[1:], 0.1) for d in draws]
    assert words.count(OPEN) > 900


def test_a_ratio_has_its_interval():
    assert intervals.ratio((0.0, -1.0, 1.0)) == "×1 [0.1, 10]"
    assert intervals.ratio((1.0, -math.inf, math.inf)) == "×10, one run"
    assert intervals.ratio((math.nan, math.nan, math.nan)) == "not measurable"


def test_a_number_that_is_0_has_a_logarithm_far_below_all_others():
    found = intervals.log10(pd.Series([0.0, 100.0, math.inf, math.nan]))
    assert found.tolist()[:3] == [-12.0, 2.0, math.inf] and math.isnan(found[3])
