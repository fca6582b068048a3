"""R2, our own goal: does a network generate in eval mode, where f is a map of single images?

With one set of statistics for data and noise, the EMA weights of the last step, on every seed:

- f(z) shows all digits, and is nearer to the test split than a limit;
- f(f(z)) is no farther than f(z);
- the relative error on noise, and the reconstruction error on the validation split, are below
  limits;

and in the mean over seeds it is nearer than each IGN in the same mode, by the whole interval. The
limits stood in the section `claims` before a network was trained for this. It holds where all of
that does, does not where no seed has one of them, and is undecided else.
"""

import pandas as pd

from stages.claims import intervals
from stages.claims.generative.study import Study, unanimous
from stages.claims.verdict import NOT, NOT_RUN, OPEN, REPRODUCED, Verdict, told
from stages.common import params

MODEL, PEERS = "one_map", ("ign", "ign_ours", "ign_one_map")
WEIGHTS, MODE = "ema", "eval"


def judge(study: Study, validation: pd.DataFrame, section: params.StudyClaims) -> Verdict:
    """Judge R2.

    Args:
        study: what was measured on the test split.
        validation: columns ``model``, ``seed``, ``step`` and ``eval_reconstruction_error``.
        section: the thresholds.
    """
    if not study.has(MODEL):
        return Verdict("R2", NOT_RUN, "–", "no setting of the search came near it on one seed")
    values = measured(study, validation)
    asked = {name: unanimous(holds, section.confidence) for name, holds in each(values, section)}
    peers = {p: study.ratio(MODEL, p, WEIGHTS, MODE, "frechet_distance") for p in _there(study)}
    words = {p: intervals.word(low, high, 0.0) for p, (_, low, high) in peers.items()}
    if all(asked.values()) and set(words.values()) <= {intervals.LOWER}:
        verdict = REPRODUCED
    elif False in asked.values() or intervals.HIGHER in words.values():
        verdict = NOT
    else:
        verdict = OPEN
    text = told(
        "R2",
        steps=study.steps(MODEL),
        asked={name: {True: "yes", False: "no", None: "some"}[of] for name, of in asked.items()},
        values={name: ", ".join(f"{v:.3g}" for v in of) for name, of in values.items()},
        ratios={name: intervals.ratio(estimate) for name, estimate in peers.items()},
    )
    farthest = values["frechet_distance"].max()
    ours = f"{values['digits'].min():.0f} digits, {farthest:.3g} (eval, EMA, the worst seed)"
    return Verdict.of("R2", [verdict], study.rests(MODEL), ours, text)


def measured(study: Study, validation: pd.DataFrame) -> dict[str, pd.Series]:
    """Return what is asked about, by seed."""
    of_model = validation[validation.model == MODEL]
    last = of_model[of_model.step == of_model.step.max()].set_index("seed")
    names = ("digits", "frechet_distance", "frechet_distance_2", "noise_relative_error")
    return {name: study.of(MODEL, WEIGHTS, MODE, name) for name in names} | {
        "reconstruction_error": last.eval_reconstruction_error
    }


def each(values: dict[str, pd.Series], section: params.StudyClaims) -> list[tuple[str, pd.Series]]:
    """Return what is asked of every seed, and whether it has it."""
    limits, distance = section.one_map, values["frechet_distance"]
    return [
        ("all digits", values["digits"] >= section.least_digits),
        ("near", distance <= limits.frechet_distance),
        ("f(f(z)) as near", values["frechet_distance_2"] <= distance),
        ("idempotent", values["noise_relative_error"] <= limits.relative_error),
        ("reconstructs", values["reconstruction_error"] <= limits.reconstruction_error),
    ]


def _there(study: Study) -> list[str]:
    return [peer for peer in PEERS if study.has(peer)]
