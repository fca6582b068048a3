"""Readings that agree are one verdict; those that do not are named."""

import pytest

from stages.claims.generative.readings import in_short, in_words
from stages.claims.verdict import CONVENTION, NOT, OPEN, PARTLY, REPRODUCED


@pytest.mark.parametrize(
    ("train", "evaluation", "words", "short"),
    [
        ((NOT, NOT), (NOT, NOT), NOT, NOT),
        (
            (REPRODUCED, REPRODUCED),
            (OPEN, OPEN),
            "training mode reproduced; eval mode undecided",
            "reproduced (train), undecided (eval)",
        ),
        (
            (NOT, REPRODUCED),
            (NOT, NOT),
            "depends on a convention: training mode not reproduced (raw), reproduced (best); eval "
            "mode not reproduced",
            CONVENTION,
        ),
        (
            (OPEN, REPRODUCED),
            (OPEN, REPRODUCED),
            "undecided (raw), reproduced (best)",
            "undecided in 2 of 4 readings, else reproduced",
        ),
        (
            (NOT, OPEN),
            (OPEN, OPEN),
            "training mode not reproduced (raw), undecided (best); eval mode undecided",
            "undecided in 3 of 4 readings, else not reproduced",
        ),
        (
            (NOT, OPEN),
            (PARTLY, PARTLY),
            "training mode not reproduced (raw), undecided (best); eval mode reproduced at some "
            "reconstruction errors",
            OPEN,  # all of it would be too long
        ),
    ],
)
def test_readings_are_named_where_they_disagree(train, evaluation, words: str, short: str):
    outcomes: dict[str, dict[str, str]] = {
        mode: dict(zip(("raw", "best"), of, strict=True))
        for mode, of in (("train", train), ("eval", evaluation))
    }
    assert in_words(outcomes) == words
    assert in_short(outcomes) == [short]
