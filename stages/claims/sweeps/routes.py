"""Q1, which the paper leaves open: do the rules travel different routes in the loss landscape?

They differ if the whole interval of the ratio, of the distance between the rules to the largest of
one rule's from itself, is above the least effect, and do not if it is below. A single run has no
interval.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from stages.claims.verdict import LONGEST, OPEN, Evidence, Verdict, evidence, number, told
from stages.common import params

Study = Mapping[str, Any]
EQUAL_RATES, OWN_RATES = "at equal rates", "at a rate each"
DIFFER, ALIKE = "differ", "do not differ"
ANSWERS = {DIFFER: "yes", ALIKE: "no", OPEN: OPEN}


def judge(found: Mapping[str, Any], section: params.Claims) -> Verdict:
    """Answer Q1 from trajectory.json, network by network.

    The answer names runs and steps of the study with the fewest where they are too few.
    """
    studies, by_network = found["studies"], {}
    for study in studies.values():
        by_network.setdefault(study["network"], []).append(study)
    answers = (
        f"{network}: {rests_on(of, section).marked(by_rates(of, section))}"
        for network, of in by_network.items()
    )
    shown = {name: _shown(study, section) for name, study in studies.items()}
    names = {name: name.replace("_best", " best rates") for name in shown}
    ratios = (f"{names[name]} ×{of['ratio']:.2g}" for name, of in shown.items())
    ours = f"distance / own scatter: {', '.join(ratios)}"
    rests, text = rests_on(list(studies.values()), section), told("Q1", studies=shown)
    briefs = [
        rests.short(
            "; ".join(f"{network}: {say(of, section)}" for network, of in by_network.items())
        )
        for say in (in_short, in_shortest)
    ]
    brief = next((words for words in briefs if len(words) <= LONGEST), briefs[-1])
    return Verdict("Q1", "; ".join(answers), ours, text, brief=brief, lacking=rests.lacking)


def rests_on(studies: Sequence[Study], section: params.Claims) -> Evidence:
    """Return what an answer from some studies rests on, that of the fewest runs and steps."""
    runs, steps = (min(study[name] for study in studies) for name in ("runs", "steps"))
    return evidence(runs, "run", section.least_runs, steps, section.least_steps)


def compared(study: Study, section: params.Claims) -> str:
    """Return DIFFER, ALIKE or OPEN for the routes of one study."""
    low, high = (number(study["distances"]["function_routes"][key]) for key in ("low", "high"))
    if low > section.least_effect:
        return DIFFER
    return ALIKE if high <= section.least_effect else OPEN


def by_rates(studies: Sequence[Study], section: params.Claims) -> str:
    """Return the answer of the studies of one network, by their rates where these disagree."""
    words = [ANSWERS[compared(study, section)] for study in studies]
    if len(set(words)) == 1:
        return words[0]
    equal = [len(set(study["learning_rates"].values())) == 1 for study in studies]
    places = [EQUAL_RATES if e else OWN_RATES for e in equal]
    return ", ".join(f"{word} {place}" for word, place in zip(words, places, strict=True))


def in_short(studies: Sequence[Study], section: params.Claims) -> str:
    """Return `by_rates` in fewer words: of two answers the first is the one at equal rates."""
    words = by_rates(studies, section).replace(f" {EQUAL_RATES}", "")
    return words.replace(OWN_RATES, "at best rates")


def in_shortest(studies: Sequence[Study], section: params.Claims) -> str:
    """Return the answers of the studies of one network without saying which is whose."""
    return " or ".join(dict.fromkeys(ANSWERS[compared(study, section)] for study in studies))


def _shown(study: Study, section: params.Claims) -> dict[str, Any]:
    distances = study["distances"]["function_routes"]
    ratio, low, high = (10 ** number(distances[key]) for key in ("log10_ratio", "low", "high"))
    word = rests_on([study], section).marked(compared(study, section))
    return {
        "ratio": ratio,
        "limits": "one run" if math.isnan(low) else f"[{low:.2g}, {high:.2g}]",
        "word": word,
        "cosine": number(study["gradients"]["cosine_at_start"]),
    }
