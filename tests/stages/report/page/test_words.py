"""Numbers as readers see them."""

import pytest

from stages.report.page import words


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (words.digits(0.0012345), "0.00123"),
        (words.digits(1234.5, 5), "1\u00a0234.5"),
        (words.whole(8393728), "8\u00a0393\u00a0728"),
        (words.percent(0.595), "60 %"),
        (words.off(1.0324), "3.2 %"),
        (words.factor(-3.3658), "0.00043"),
        (words.ratio({"log10_ratio": -2, "low": -3, "high": 0.301}), "×0.01 [0.001, 2]"),
        (words.inline("to 10^-15.5 < 1"), "to 10<sup>−15.5</sup> &lt; 1"),
        (
            words.inline("low (Figure 4; poster, Figure 5)"),
            "low (the paper’s Figure 4; the poster’s Figure 5)",
        ),
        (
            words.together("to 2 500 or 8 393 728, B3 100"),
            "to 2\u00a0500 or 8\u00a0393\u00a0728, B3\u00a0100",
        ),
        (words.together("5 [4, 6.5]"), "5 [4,\u00a06.5]"),
        (words.together("at n = 100 y = f(x)"), "at n\u00a0=\u00a0100 y = f(x)"),
    ],
)
def test_numbers_are_written_for_readers(shown: str, expected: str):
    assert shown == expected
