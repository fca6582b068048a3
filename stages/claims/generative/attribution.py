"""R3, our own question: is it the corrector, or merely that the outer weights have no gradient?

Our training, with something else in the place of the rule's gradient, none of which moves the
weights of the outer application either: IGN's inner gradient, which passes through it, and f(y) or
2 f(y) − f(f(y)) in the place of the corrector's target, which stop there. Compared are the
distances of f(z) from the validation split at the last step, EMA weights, in pairs of one seed, in
either mode of BatchNorm. By mode it is the corrector where its distance is lower than with each of
these by the whole interval, it is not where with one of these it is as low or lower, and undecided
else. The transposed rule and no rule at all are told beside them. This stood here when two runs of
one stand-in were known.
"""

import pandas as pd

from stages.claims import intervals
from stages.claims.generative.readings import MODES, in_short, in_words
from stages.claims.intervals import EQUAL, HIGHER, LOWER, Estimate
from stages.claims.verdict import NOT, NOT_RUN, OPEN, REPRODUCED, Verdict, evidence, told
from stages.common import params

RULE = "rule"
STAND_INS = ("inner_only", "substitute_f_y", "substitute_2_f_y")
BESIDE = ("transposed", "no_rule")
DISTANCES = {"train": "ema_frechet_distance", "eval": "eval_frechet_distance"}
NOTHING = pd.DataFrame(columns=["setting", "seed", "step", *DISTANCES.values()])


def judge(rows: pd.DataFrame, section: params.Judging) -> Verdict:
    """Judge R3; each stand-in on the seeds of which its runs and the rule's are done.

    Args:
        rows: columns ``setting``, ``seed``, ``step`` and `DISTANCES`, as validated; may be empty.
        section: the thresholds.
    """
    last = rows[rows.step == rows.step.max()]
    by_mode = {mode: _distances(last, column) for mode, column in DISTANCES.items()}
    shared = by_mode["train"].reindex(columns=[RULE, *STAND_INS]).dropna()
    if shared.empty:
        return Verdict("R3", NOT_RUN, "–", "no seed has the rule and every stand-in yet")
    ratios = {mode: _ratios(table, section.confidence) for mode, table in by_mode.items()}
    outcomes = {
        mode: {"ema": _outcome(of_mode, section.least_effect)} for mode, of_mode in ratios.items()
    }
    ours = ", ".join(f"{_ends(of_mode)} ({mode})" for mode, of_mode in ratios.items())
    text = told(
        "R3",
        steps=int(last.step.max()),
        ratios={
            MODES[mode]: {name: intervals.ratio(estimate) for name, estimate in of_mode.items()}
            for mode, of_mode in ratios.items()
        },
    )
    rests = evidence(len(shared), "seed", section.least_runs)
    words = [in_words(outcomes), *in_short(outcomes)]
    return Verdict.of("R3", words, rests, f"rule / others: {ours}", text)


def _distances(last: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return log10 of distances, a row a seed and a column a setting."""
    logs = last.assign(log=intervals.log10(last[column].astype(float)))
    return logs.pivot(index="seed", columns="setting", values="log")


def _ratios(table: pd.DataFrame, confidence: float) -> dict[str, Estimate]:
    """Return log10 of the rule's distance over that of each other setting there is."""
    return {
        name: intervals.of_mean((table[RULE] - table[name]).dropna().to_numpy(), confidence)
        for name in (*STAND_INS, *BESIDE)
        if name in table
    }


def _outcome(ratios: dict[str, Estimate], least: float) -> str:
    words = {intervals.word(*ratios[name][1:], least) for name in STAND_INS}
    if words == {LOWER}:
        return REPRODUCED
    return NOT if words & {EQUAL, HIGHER} else OPEN


def _ends(ratios: dict[str, Estimate]) -> str:
    means = [ratios[name][0] for name in STAND_INS]
    return f"×{10 ** min(means):.2g} to ×{10 ** max(means):.2g}"
