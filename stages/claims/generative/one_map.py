"""R2, our own goal: does a network generate in eval mode, where f is a map of single images?

Asked of a training with the modified rule, with one set of BatchNorm's statistics for data and
noise, by the average of the weights at the last step: f(z) shows all digits and is nearer to the
data than a limit, f(f(z)) is no farther than f(z), the relative error on noise and the
reconstruction error are below limits, and IGN, trained on in the same way, is farther. The limits
stood in the section `claims` before a network was trained for this.

It is judged on networks that are trained on with their statistics frozen (stage `frozen`), five
seeds on the split `test`: yes if a way with the rule has all of it on every seed. One of the seeds
was not fresh: the ways were chosen by its validation images. The leads of the search, one seed or
two on validation images, are told beside it.
"""

from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd

from stages.claims.verdict import NOT, NOT_RUN, REPRODUCED, Verdict, evidence, told
from stages.common import params

PREFIX = "eval_"  # of measurements in eval mode, by the EMA weights, in a search
PEER = "ign"  # the way that others must be nearer than


def judge(
    frozen: pd.DataFrame | None,
    tried: pd.DataFrame | None,
    ways: Collection[str],
    leads: Collection[str],
    section: params.StudyClaims,
) -> Verdict:
    """Judge R2.

    Args:
        frozen: columns ``way``, ``seed``, ``step`` and measurements in eval mode.
        tried: columns ``setting``, ``seed``, ``step`` and such measurements behind `PREFIX`.
        ways: those of `frozen` with the modified rule.
        leads: the settings of `tried` with the modified rule.
        section: the thresholds.

    Either table may be None, and none of its runs may be there: what has not been run.
    """
    runs, searched = last(frozen, "way", ways), last(tried, "setting", leads)
    peers = last(frozen, "way", [PEER])
    if runs.empty or peers.empty or set(searched.setting) < set(leads):
        return Verdict("R2", NOT_RUN, "–", "not every lead was tried yet")
    peer = peers.set_index("seed").frechet_distance
    holds = each(runs, section) | {"nearer than IGN": runs.frechet_distance < runs.seed.map(peer)}
    counts = pd.DataFrame(holds).groupby(runs.way, sort=False).sum()
    seeds = runs.groupby("way", sort=False).size()
    distances = np.log(runs.frechet_distance).groupby(runs.way).mean()
    best = str(distances.idxmin())
    of_best = runs[runs.way == best]
    worst = of_best[["frechet_distance", "relative_error"]].max()
    text = told(
        "R2",
        way=best,
        counts=counts.loc[best].to_dict(),
        seeds=int(seeds[best]),
        least=of_best.min(numeric_only=True),
        most=of_best.max(numeric_only=True),
        peer=peer,
        others={way: _ends(runs, way) for way in counts.index if way != best},
        searched=_searched(searched, section),
        limits=section.one_map,
    )
    distance, error = worst.frechet_distance, worst.relative_error
    limits = section.one_map
    ours = f"f(z) within {distance:.3g} ({limits.frechet_distance:g} asked), "
    ours += f"relative error {error:.2g} ({limits.relative_error:g})"
    whole = counts.eq(seeds, axis=0).all(axis=1)
    rests = evidence(int(seeds.min()), "seed", section.least_runs)
    return Verdict.of("R2", [REPRODUCED if whole.any() else NOT], rests, ours, text)


def last(table: pd.DataFrame | None, name: str, chosen: Collection[str]) -> pd.DataFrame:
    """Return the last measurement of every run of these, names of columns without `PREFIX`.

    One that diverged is infinitely far.

    Args:
        table: columns ``seed``, ``step``, that which tells runs apart, and measurements.
        name: of that column.
        chosen: its values.
    """
    if table is None:
        return pd.DataFrame(columns=[name, "seed"])
    of = table[table[name].isin(chosen)].sort_values("step")
    ends = of.groupby([name, "seed"], sort=False).tail(1).sort_index().reset_index(drop=True)
    if any(column.startswith(PREFIX) for column in ends):
        kept = {c: c.removeprefix(PREFIX) for c in ends if c.startswith(PREFIX)}
        ends = ends[[name, "seed", *kept]].rename(columns=kept)
    return ends.fillna({"frechet_distance": np.inf})


def each(runs: pd.DataFrame, section: params.StudyClaims) -> dict[str, pd.Series]:
    """Return for each thing that is asked of a run alone whether the runs have it."""
    limits, distance = section.one_map, runs.frechet_distance
    return {
        "all digits": runs.digits >= section.least_digits,
        "near": distance <= limits.frechet_distance,
        "f(f(z)) as near": runs.frechet_distance_2 <= distance,
        "idempotent": runs.relative_error <= limits.relative_error,
        "reconstructs": runs.reconstruction_error <= limits.reconstruction_error,
    }


def _ends(runs: pd.DataFrame, way: str) -> Mapping[str, float]:
    """Return the least and the greatest distance and relative error of a way."""
    of = runs[runs.way == way][["frechet_distance", "relative_error"]]
    return {f"{end}_{name}": value for end in ("min", "max") for name, value in of.agg(end).items()}


def _searched(runs: pd.DataFrame, section: params.StudyClaims) -> Mapping[str, object]:
    """Return what the leads of the search came to."""
    if runs.empty:
        return {"settings": 0}
    met = pd.DataFrame(each(runs, section))
    return {
        "settings": runs.setting.nunique(),
        "whole": int(met.all(axis=1).sum()),
        "nearest": runs.frechet_distance.min(),
        "least_error": runs.relative_error.min(),
    }
