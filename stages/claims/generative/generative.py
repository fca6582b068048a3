"""G1, G4, G5, R1, G2, R4 and G3: does a U-DCGAN that is trained with the rule generate images?

The paper states neither which weights are shown (those of the last step, an average of them, the
best by validation images) nor how BatchNorm normalises (by a batch, or by collected statistics). So
each claim is judged under every such reading, and the readings are named where they disagree. A
generator

- generates, where every seed shows all digits, or covers enough of the real images, and is nearer
  to real images than every control by the whole interval over seeds;
- does not, where no seed of enough seeds does, or it is farther than a control likewise;
- is undecided else: one that is as near as something without a rule says nothing of the rule.

Controls are raw noise, an autoencoder's decoder on Gaussian codes, and every model of the same code
and data noise that has the ordinary rule or none.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from stages.claims import intervals
from stages.claims.generative.readings import MODES, WEIGHTS, in_short, in_words
from stages.claims.generative.study import Study, unanimous
from stages.claims.intervals import Estimate
from stages.claims.verdict import NOT, NOT_RUN, OPEN, REPRODUCED, Verdict, answered, told

PAPERS, OURS = "modified_plain", "modified"  # models, by whose training they have
TIGHT = {"G4": "modified_tight_published", "G5": "modified_tight"}  # as on the poster, and ours
TRAININGS = {
    PAPERS: "the paper's training, without anything of ours",
    OURS: "a training of ours, with a code decorrelated batch by batch and noise blended into the "
    "data",
    TIGHT["G4"]: "reconstruction, the rule and tightness, weights and clamp as published for IGN",
    TIGHT["G5"]: "our training with tightness, the best setting tried of the rule with tightness",
}
ERRORS = {"noise": "noise", "test": "data"}  # on what, as G3 names it


@dataclass(frozen=True)
class Asked:
    """What every seed of a generator must have: so much of a measurement."""

    measure: str
    least: float
    words: str


def of_digits(study: Study, least_digits: int) -> list[Verdict]:
    """Judge G1, R1 and G3 on images with ten classes."""
    return _of_images(study, "G1", "R1", Asked("digits", least_digits, "digits"))


def with_tightness(study: Study, least_digits: int) -> list[Verdict]:
    """Judge G4 and G5: tightness beside the rule, as on the poster, and in our training."""
    asked = Asked("digits", least_digits, "digits")
    return [generates(claim, study, model, asked, tuple(WEIGHTS)) for claim, model in TIGHT.items()]


def of_photographs(study: Study, least_coverage: float) -> list[Verdict]:
    """Judge G2, R4 and G3 on images without classes."""
    return _of_images(study, "G2", "R4", Asked("coverage", least_coverage, "covered"))


def _of_images(study: Study, papers: str, ours: str, asked: Asked) -> list[Verdict]:
    """Judge the claims on the paper's training and on ours, and the errors."""
    return [
        generates(papers, study, PAPERS, asked, tuple(WEIGHTS)),
        generates(ours, study, OURS, asked, ("ema",)),
        errors(study),
    ]


def generates(
    claim: str, study: Study, model: str, asked: Asked, weights: Sequence[str]
) -> Verdict:
    """Judge whether a model generates images, under every reading of weights and mode."""
    if not study.has(model):
        return Verdict(claim, NOT_RUN, "–", "no model was trained so here")
    outcomes = {m: {w: outcome(study, model, w, m, asked) for w in weights} for m in MODES}
    shown = {
        (m, w): {
            "outcome": answered(claim, outcomes[m][w]),
            "asked": _listed(study.of(model, w, m, asked.measure)),
            "distances": _listed(study.of(model, w, m, "frechet_distance")),
            "recall": _listed(study.of(model, w, m, "recall")),
            "ratios": _ratios(study, model, w, m),
        }
        for m in MODES
        for w in weights
    }
    floor = float(study.runs.loc[study.runs.model == "real", "frechet_distance"].iloc[0])
    text = told(
        "generates",
        training=TRAININGS[model],
        steps=study.steps(model),
        shown=shown,
        modes=MODES,
        names=WEIGHTS,
        asked=asked.words,
        floor=floor,
    )
    worst = f"{WEIGHTS[weights[-1]]}: " + ", ".join(
        _at_worst(study, model, weights[-1], m, asked) for m in MODES
    )
    words = [f"{in_words(outcomes)}; {study.steps(model)} steps", *in_short(outcomes)]
    return Verdict.of(claim, words, study.rests(model), worst, text)


def outcome(study: Study, model: str, weights: str, mode: str, asked: Asked) -> str:
    """Return the verdict on one reading: REPRODUCED, NOT or OPEN."""
    section = study.section
    words = {
        intervals.word(low, high, section.least_effect)
        for _, low, high in distances(study, model, weights, mode).values()
    }
    enough = unanimous(
        study.of(model, weights, mode, asked.measure) >= asked.least, section.confidence
    )
    if enough is False or intervals.HIGHER in words:
        return NOT
    return REPRODUCED if enough and words == {intervals.LOWER} else OPEN


def distances(study: Study, model: str, weights: str, mode: str) -> dict[str, Estimate]:
    """Return log10 of the ratio of the distance from real images to every control's."""
    return {
        control: study.ratio(model, control, weights, mode, "frechet_distance")
        for control in study.controls(model)
    }


def _ratios(study: Study, model: str, weights: str, mode: str) -> list[str]:
    found = distances(study, model, weights, mode)
    return [f"{name.replace('_', ' ')} {intervals.ratio(of)}" for name, of in found.items()]


def _at_worst(study: Study, model: str, weights: str, mode: str, asked: Asked) -> str:
    """Return the least that a seed has, and the farthest that one is."""
    least = study.of(model, weights, mode, asked.measure).min()
    farthest = study.of(model, weights, mode, "frechet_distance").max()
    return f"{least:.2g} {asked.words}, {farthest:.3g} ({mode})"


def _listed(values: pd.Series) -> str:
    return ", ".join(f"{value:.3g}" for value in values)


def errors(study: Study) -> Verdict:
    """Judge G3: relative errors beside the ordinary rule's, of the best weights.

    Lower are those whose whole interval is, on noise and on data; one kind that is not lower
    refutes it.
    """
    found = {mode: ratios_of_errors(study, mode) for mode in MODES}
    outcomes = {
        mode: {"best": outcome_of_errors(list(of.values()), study.section.least_effect)}
        for mode, of in found.items()
    }
    means = {
        (mode, model, kind): study.of(model, "best", mode, f"{kind}_relative_error").mean()
        for mode in MODES
        for model in (OURS, "ordinary", "ign")
        for kind in ERRORS
    }
    shown = {m: {k: intervals.ratio(of) for k, of in kinds.items()} for m, kinds in found.items()}
    text = told("G3", shown=shown, means=means, modes=MODES, kinds=ERRORS, steps=study.steps(OURS))
    ours = "modified / ordinary: " + ", ".join(
        ", ".join(f"×{10 ** of[0]:.2g}" for of in kinds.values()) + f" ({mode})"
        for mode, kinds in found.items()
    )
    words = [in_words(outcomes), *in_short(outcomes)]
    return Verdict.of("G3", words, study.rests(OURS), ours, text)


def ratios_of_errors(study: Study, mode: str) -> dict[str, Estimate]:
    """Return log10 of the ratio of modified's relative error to ordinary's, by kind of images."""
    return {
        kind: study.ratio(OURS, "ordinary", "best", mode, f"{kind}_relative_error")
        for kind in ERRORS
    }


def outcome_of_errors(ratios: Sequence[Estimate], least: float) -> str:
    """Return REPRODUCED, NOT or OPEN, from log10 of the ratios with their limits."""
    if any(low > -least for _, low, _ in ratios):
        return NOT
    return REPRODUCED if all(high < -least for *_, high in ratios) else OPEN
