"""Numbers in a text."""

import pytest

from stages.text.numbers import digits, plain, power, size


@pytest.mark.parametrize(
    ("log10", "shown"), [(-15.7, "$10^{-15}$"), (-3.1, "$10^{-3}$"), (-3.0, "0.001"), (0.0, "1")]
)
def test_a_rounding_error_is_a_power_of_ten_rounded_up(log10: float, shown: str):
    assert power(log10) == shown


@pytest.mark.parametrize(("value", "shown"), [(0.0, "0"), (3e-9, "$10^{-8}$"), (0.12345, "0.123")])
def test_a_small_number_is_a_power_of_ten(value: float, shown: str):
    assert size(value) == shown


def test_a_number_has_so_many_digits():
    assert (digits(2 / 3), digits(2 / 3, 2)) == ("0.667", "0.67")


@pytest.mark.parametrize(
    ("value", "shown"), [(0.12345, "0.123"), (999.4, "999"), (999.5, "1000"), (-23456.7, "-23457")]
)
def test_a_large_number_is_written_whole(value: float, shown: str):
    assert plain(value) == shown
    assert (plain(99.4, 2), plain(99.5, 2)) == ("99", "100")
