"""G3 at equal reconstruction: every verdict follows from the ratios, whichever way they point."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

from stages.claims.generative import fair
from stages.claims.verdict import CONVENTION, NOT, OPEN, PARTLY, REPRODUCED
from tests.stages.claims.studies import SECTION

LEVELS = (0.02, 0.04)
SEEDS = 5


def table(ratios: Sequence[float], spread: float = 0.02, **others: float) -> pd.DataFrame:
    """Return errors whose ratio, modified over ordinary, is one a level; `others` by mode."""
    rows = []
    for mode in ("train", "eval"):
        for images in ("noise", "data"):
            for error in fair.ERRORS:
                for level, ratio in zip(LEVELS, ratios, strict=True):
                    for seed in range(SEEDS):
                        scatter = 10 ** (spread * (seed - 2))
                        both = {"modified": 0.3 * others.get(mode, ratio) * scatter}
                        rows.append(
                            {"mode": mode, "images": images, "error": error, "seed": seed}
                            | {"reconstruction": level, "ordinary": 0.3}
                            | both
                        )
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("ratios", "spread", "expected"),
    [
        ((0.5, 0.6), 0.02, REPRODUCED),
        ((0.5, 0.9), 0.01, PARTLY),
        ((0.9, 1.5), 0.01, NOT),
        ((0.9, 1.5), 0.5, OPEN),
        ((0.5, 10**-0.1), 0.02, OPEN),
    ],
)
def test_lower_is_lower_at_every_reconstruction(ratios, spread, expected: str):
    found = fair.judge(table(ratios, spread), 800, SECTION)
    assert found.verdict == expected
    assert found.id == "G3"


def test_the_mode_that_differs_is_named_and_all_ratios_told():
    found = fair.judge(table((0.5, 0.6), eval=2.0), 800, SECTION)
    assert found.verdict == f"{CONVENTION}: training mode {REPRODUCED}; eval mode {NOT}"
    assert found.brief == CONVENTION
    assert found.ours == "at equal reconstruction: ×0.55 (train), ×2 (eval)"
    assert "relative error on noise ×0.5 [" in found.measured and "at 0.02" in found.measured
    assert "5 seeds of 800 steps" in found.measured


def test_curves_that_do_not_overlap_decide_nothing():
    whole = table((0.5, 0.6))
    found = fair.judge(whole[whole["mode"] == "train"], 800, SECTION)
    assert found.verdict == f"training mode {REPRODUCED}; eval mode {OPEN}"
    assert found.ours.endswith("no overlap (eval)")


def test_noise_decides_nothing():
    rng, words = np.random.default_rng(0), []
    for _ in range(60):
        drawn = {("noise", 1.0): -0.1 + rng.normal(0, 0.3, SEEDS)}
        ratios = {
            key: fair.intervals.of_mean(sample, SECTION.confidence) for key, sample in drawn.items()
        }
        words.append(fair.outcome(ratios, SECTION.least_effect))
    assert words.count(OPEN) >= 54
