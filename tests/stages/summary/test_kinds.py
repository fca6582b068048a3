"""Kinds of number: what spread.json says of each."""

import math
import statistics

import pytest

from stages.summary.kinds import Chaotic, Exact, Rounded


def test_an_exact_number_has_no_width():
    assert Exact().entry([1.0]) == {"kind": "exact"}


def test_a_rounded_number_has_the_widths_it_was_given():
    assert Rounded(absolute=0.7).entry([1.0]) == {"kind": "rounded", "absolute": 0.7}
    both = Rounded(absolute=0.1, relative=1e-3).entry([])
    assert both == {"kind": "rounded", "absolute": 0.1, "relative": 1e-3}


def test_a_chaotic_number_is_as_wide_as_its_seeds_are_apart():
    values = [1.0, 2.0, 4.0]
    entry = Chaotic(least=0.1).entry(values)
    spread = pytest.approx(statistics.stdev(values))
    assert entry == {"kind": "chaotic", "spread": spread, "over": "3 seeds"}


@pytest.mark.parametrize("values", [[1.0, 1.0], [1.0, 1.01], [3.0]])
def test_few_seeds_that_agree_by_chance_make_no_number_narrow(values: list[float]):
    assert Chaotic(least=0.1).entry(values)["spread"] == 0.1


def test_the_spread_of_what_is_not_finite_is_not_a_number():
    assert math.isnan(Chaotic(least=0.1).entry([1.0, math.nan])["spread"])
