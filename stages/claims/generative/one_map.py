"""R2, our own goal: does a network generate in eval mode, where f is a map of single images?

Asked of a training with the modified rule, with one set of BatchNorm's statistics for data and
noise, by the EMA weights of the last step: f(z) shows all digits and is nearer to the data than a
limit, f(f(z)) is no farther than f(z), and the relative error on noise and the reconstruction error
are below limits. The limits stood in the section `claims` before a network was trained for this.

It was to be judged on five seeds of the best lead, on the test split and beside IGN. No lead came
near enough for that, so that it is judged on the leads themselves, each on one seed or two, on
validation images: this rule was written when their runs were known. A lead that has all of it on
every seed leaves the claim open; where none has, the answer is no.
"""

from collections.abc import Collection

import numpy as np
import pandas as pd

from stages.claims.verdict import NOT, NOT_RUN, OPEN, Verdict, evidence, told
from stages.common import params

PREFIX = "eval_"  # of measurements in eval mode, by the EMA weights


def judge(
    tried: pd.DataFrame | None, leads: Collection[str], section: params.StudyClaims
) -> Verdict:
    """Judge R2.

    Args:
        tried: columns ``setting``, ``seed``, ``step`` and measurements in eval mode; None if
            nothing was.
        leads: the settings with the modified rule.
        section: the thresholds.
    """
    runs = None if tried is None else last(tried[tried.setting.isin(leads)])
    if runs is None or runs.empty or set(runs.setting) < set(leads):
        return Verdict("R2", NOT_RUN, "–", "not every lead was tried yet")
    runs = runs.fillna({PREFIX + "frechet_distance": np.inf})  # of a run that diverged
    holds = each(runs, section)
    whole = holds.all(axis=1).groupby(runs.setting).all()
    nearest = runs.loc[runs[PREFIX + "frechet_distance"].idxmin()]
    limit, count = section.one_map.frechet_distance, len(whole)
    text = told(
        "R2",
        settings=count,
        runs=len(runs),
        met={name: int(of.sum()) for name, of in holds.items()},
        whole=[name.replace("_", " ") for name, of in whole.items() if of],
        nearest=nearest,
        least_error=runs[PREFIX + "relative_error"].min(),
        limits=section.one_map,
    )
    distance = nearest[PREFIX + "frechet_distance"]
    ours = f"f(z) at {distance:.3g} or farther, {limit:g} asked ({count} settings)"
    rests = evidence(int(runs.groupby("setting").seed.nunique().min()), "seed", section.least_runs)
    return Verdict.of("R2", [OPEN if whole.any() else NOT], rests, ours, text)


def last(tried: pd.DataFrame) -> pd.DataFrame:
    """Return the last measurement of every run."""
    ends = tried.sort_values("step").groupby(["setting", "seed"], sort=False).tail(1)
    return ends.reset_index(drop=True)


def each(runs: pd.DataFrame, section: params.StudyClaims) -> pd.DataFrame:
    """Return a column for each thing that is asked: whether a run has it."""
    limits, distance = section.one_map, runs[PREFIX + "frechet_distance"]
    return pd.DataFrame(
        {
            "all digits": runs[PREFIX + "digits"] >= section.least_digits,
            "near": distance <= limits.frechet_distance,
            "f(f(z)) as near": runs[PREFIX + "frechet_distance_2"] <= distance,
            "idempotent": runs[PREFIX + "relative_error"] <= limits.relative_error,
            "reconstructs": runs[PREFIX + "reconstruction_error"] <= limits.reconstruction_error,
        }
    )
