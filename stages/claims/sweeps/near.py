"""N: does the rule perfect a map that is almost idempotent, and does it better than ordinary?"""

import math
from collections.abc import Mapping
from typing import Any

from stages.claims.intervals import EQUAL, HIGHER, LOWER, Estimate, ratio, word
from stages.claims.verdict import NOT, OPEN, Evidence, Verdict, evidence, number, told
from stages.common import params

_WORDS = {
    LOWER: "below ordinary on",
    EQUAL: "level with it on",
    HIGHER: "above it on",
    OPEN: f"{OPEN} on",
}


def judge(found: Mapping[str, Mapping[str, Any]], section: params.Claims) -> Verdict:
    """Judge N from near.json, each rule at its own best rate, all on new inputs.

    A case is perfected where the modified rule leaves at most `perfected_below` of the relative
    error at the start and the outputs still spread: nothing has shrunk or collapsed.
    """
    perfected = [name for name, case in found.items() if _is_perfected(case, section)]
    words = {name: _compared(case, section) for name, case in found.items()}
    by_word = {w: [n for n, own in words.items() if own == w] for w in _WORDS}
    compared = ", ".join(f"{_WORDS[w]} {', '.join(names)}" for w, names in by_word.items() if names)
    if not perfected:
        wordings = [NOT]
    else:
        answer = "yes" if len(perfected) == len(found) else f"on {', '.join(perfected)}"
        count = f"{len(perfected)} of {len(found)} perfected"
        wordings = [f"{answer}; {compared}", f"{count}, {len(by_word[LOWER])} below ordinary"]
    means = [estimate(case)[0] for case in found.values()]
    finite = [mean for mean in means if math.isfinite(mean)]
    ends = f"×{10 ** min(finite):.2g} to ×{10 ** max(finite):.3g}" if finite else "not measurable"
    ours = f"relative error, modified / ordinary: {ends}"
    shown = {name: dict(case) | {"ratio": ratio(estimate(case))} for name, case in found.items()}
    return Verdict.of("N", wordings, _rests_on(found, section), ours, told("N", cases=shown))


def _is_perfected(case: Mapping[str, Any], section: params.Claims) -> bool:
    modified = case["modified"]
    left = 10 ** number(modified["log10_relative_error"]) / case["start"]
    return left <= section.perfected_below and modified["spread_kept"] >= section.spread_from


def _compared(case: Mapping[str, Any], section: params.Claims) -> str:
    _, low, high = estimate(case)
    return word(low, high, section.least_effect)


def estimate(case: Mapping[str, Any]) -> Estimate:
    """Return log10 of modified / ordinary, each at its own best rate, and its limits over runs."""
    of = case["modified_over_ordinary"]
    mean, low, high = (number(of[name]) for name in ("log10_ratio", "low", "high"))
    return mean, low, high


def runs(found: Mapping[str, Mapping[str, Any]]) -> int:
    """Return the runs of the case of which there are fewest."""
    return min(case["modified_over_ordinary"]["runs"] for case in found.values())


def _rests_on(found: Mapping[str, Mapping[str, Any]], section: params.Claims) -> Evidence:
    return evidence(runs(found), "run", section.least_runs)
