"""G3 at equal reconstruction: is the idempotent error lower under the modified rule?

Both rules were trained at many weights, and are compared where they reconstruct equally well
(`stages.generative.fair`), seed by seed, in either mode of BatchNorm, on noise and on data, by the
relative error and by the absolute one, which the paper measures. By one kind of error and mode the
claim is

- reproduced, where the whole interval over seeds lies below, at every level of reconstruction and
  on either kind of images;
- not reproduced, where it lies below nowhere, and somewhere as a whole not below;
- reproduced at some reconstruction errors, where both happen;
- undecided else, and where the curves of the rules do not overlap.
"""

import numpy as np
import pandas as pd

from stages.claims import intervals
from stages.claims.generative.readings import MODES, in_short, in_words
from stages.claims.intervals import Estimate
from stages.claims.verdict import NOT, OPEN, PARTLY, REPRODUCED, Verdict, evidence, told
from stages.common import params

ERRORS = ("relative", "absolute")


def judge(found: pd.DataFrame, steps: int, section: params.Judging) -> Verdict:
    """Judge G3.

    Args:
        found: columns ``mode``, ``images``, ``error``, ``reconstruction``, ``seed``, ``modified``
            and ``ordinary``.
        steps: that every run made.
        section: the thresholds.
    """
    ratios = {
        (mode, error): _ratios(found, mode, error, section.confidence)
        for mode in MODES
        for error in ERRORS
    }
    outcomes = {
        mode: {error: outcome(ratios[mode, error], section.least_effect) for error in ERRORS}
        for mode in MODES
    }
    shown = {
        mode: {
            f"{error} error on {images}": [
                f"{intervals.ratio(estimate)} at {level:.2g}"
                for (kind, level), estimate in ratios[mode, error].items()
                if kind == images
            ]
            for error in ERRORS
            for images in ("noise", "data")
        }
        for mode in MODES
    }
    seeds = int(found.seed.nunique())
    ours = "at equal reconstruction: " + ", ".join(
        f"{_typical(ratios[mode, 'relative'])} ({mode})" for mode in MODES
    )
    words = [in_words(outcomes), *in_short(outcomes)]
    rests = evidence(seeds, "seed", section.least_runs)
    text = told("G3_at_equal_reconstruction", shown=shown, modes=MODES, steps=steps, seeds=seeds)
    return Verdict.of("G3", words, rests, ours, text)


def outcome(ratios: dict[tuple[str, float], Estimate], least: float) -> str:
    """Return the verdict by one kind of error in one mode, from log10 of ratios with limits."""
    lower = [high < -least for *_, high in ratios.values()]
    refuted = [low > -least for _, low, _ in ratios.values()]
    if not ratios or not (any(lower) or any(refuted)):
        return OPEN
    if all(lower):
        return REPRODUCED
    if any(refuted):
        return PARTLY if any(lower) else NOT
    return OPEN


def _ratios(
    found: pd.DataFrame, mode: str, error: str, confidence: float
) -> dict[tuple[str, float], Estimate]:
    """Return log10 of modified's error over ordinary's, by kind of images and reconstruction."""
    rows = found[(found["mode"] == mode) & (found.error == error)]
    return {
        (images, level): intervals.of_mean(
            (intervals.log10(of.modified) - intervals.log10(of.ordinary)).to_numpy(), confidence
        )
        for (images, level), of in rows.groupby(["images", "reconstruction"], sort=False)
    }


def _typical(ratios: dict[tuple[str, float], Estimate]) -> str:
    if not ratios:
        return "no overlap"
    return f"×{10 ** np.mean([mean for mean, *_ in ratios.values()]):.2g}"
