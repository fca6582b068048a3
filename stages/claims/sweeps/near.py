"""N: does the rule improve a map that is almost idempotent, and does it better than ordinary?"""

import math
import re
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

    A case is improved where the relative error falls, by default 10-fold, to `perfected_below` of
    that at the start under the modified rule and the outputs still spread: nothing has shrunk or
    collapsed. How near to idempotent it is then depends on the start.
    """
    fell = f"falls {1 / section.perfected_below:.3g}-fold"
    improved = [in_words(name) for name, case in found.items() if _is_improved(case, section)]
    words = {name: _compared(case, section) for name, case in found.items()}
    by_word = {w: [in_words(n) for n, own in words.items() if own == w] for w in _WORDS}
    compared = ", ".join(f"{_WORDS[w]} {', '.join(names)}" for w, names in by_word.items() if names)
    if not improved:
        wordings = [NOT]
    else:
        answer = "yes" if len(improved) == len(found) else f"{fell} on {', '.join(improved)}"
        count = f"{fell} in {len(improved)} of {len(found)} cases"
        wordings = [f"{answer}; {compared}", f"{count}, below ordinary in {len(by_word[LOWER])}"]
    means = [estimate(case)[0] for case in found.values()]
    finite = [mean for mean in means if math.isfinite(mean)]
    ends = dict.fromkeys(f"×{figure(10**of)}" for of in sorted(finite)[:: max(1, len(finite) - 1)])
    ours = f"relative error, modified / ordinary: {' to '.join(ends) or 'not measurable'}"
    shown = {
        in_words(n): dict(case) | {"ratio": ratio(estimate(case), figure)}
        for n, case in found.items()
    }
    text = told("N", cases=shown, fold=fell, least=f"{section.perfected_below:g}")
    return Verdict.of("N", wordings, _rests_on(found, section), ours, text)


def figure(value: float) -> str:
    """Return two figures, and no power of ten of a large number."""
    return f"{value:.2g}" if value < 100 else f"{round(value, -1):.0f}"


def in_words(case: str) -> str:
    """Return the name of a case as ``n20 (noise 0.05)``."""
    width, _, others = case.partition("_")
    others = re.sub(r"_(\d+)_(\d+)", r" \1.\2", others)
    others = re.sub(r"_(\d)", r" \1", others).replace("_", ", ").replace("adam", "Adam")
    return f"{width} ({others.replace('null', 'lost dimensions')})" if others else width


def _is_improved(case: Mapping[str, Any], section: params.Claims) -> bool:
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
