"""Ratios that decide are told, by where they lie; the rest is named."""

import math

import pytest

from stages.claims.intervals import EQUAL, HIGHER, LOWER
from stages.claims.sweeps.by_case import Compared, estimate
from stages.claims.verdict import OPEN

RATIOS = {
    "a": (-2.0, -2.5, -1.5),
    "b": (-1.0, -1.2, -0.8),
    "c": (0.0, -0.05, 0.05),
    "d": (3.0, 2.0, 4.0),
    "e": (1.6, -0.4, 3.6),
    "f": (math.nan, math.nan, math.nan),
}


def test_every_case_is_somewhere_and_named_there():
    found = Compared(RATIOS, 0.1)
    assert {where: found.which(where) for where in (LOWER, EQUAL, HIGHER, OPEN)} == {
        LOWER: ["a", "b"],
        EQUAL: ["c"],
        HIGHER: ["d"],
        OPEN: ["e", "f"],
    }
    assert found.listed == (
        "below ordinary on a, b, level with it on c, above it on d, undecided on e, f"
    )


@pytest.mark.parametrize(
    ("names", "ends"),
    [
        ("abcdef", "×0.01 to ×0.1 or ×1000 of ordinary's error"),
        ("bcef", "×0.1 of ordinary's error"),
        ("de", "×1000 of ordinary's error"),
        ("cef", "lower or higher in no case"),
    ],
)
def test_ratios_that_are_undecided_are_no_ends(names: str, ends: str):
    assert Compared({name: RATIOS[name] for name in names}, 0.1).ends == ends


def test_an_estimate_that_lacks_a_number_is_none():
    found = estimate({"log10_ratio": None, "low": None, "high": None})
    assert all(map(math.isnan, found))
