"""N: does the rule improve a map that is almost idempotent, and does it better than ordinary?"""

import re
from collections.abc import Mapping
from typing import Any

from stages.claims.intervals import LOWER, ratio
from stages.claims.sweeps.by_case import Compared, estimate, figure
from stages.claims.verdict import NOT, Evidence, Verdict, evidence, number, told
from stages.common import params

_RATIO = "modified_over_ordinary"  # in near.json, each rule at its own best rate


def judge(found: Mapping[str, Mapping[str, Any]], section: params.Claims) -> Verdict:
    """Judge N from near.json, each rule at its own best rate, all on new inputs.

    A case is improved where the relative error falls, by default 10-fold, to `perfected_below` of
    that at the start under the modified rule and the outputs still spread: nothing has shrunk or
    collapsed. How near to idempotent it is then depends on the start.
    """
    fell = f"falls {1 / section.perfected_below:.3g}-fold"
    improved = [in_words(name) for name, case in found.items() if _is_improved(case, section)]
    ratios = {in_words(name): estimate(case[_RATIO]) for name, case in found.items()}
    compared = Compared(ratios, section.least_effect)
    if not improved:
        wordings = [NOT]
    else:
        answer = "yes" if len(improved) == len(found) else f"{fell} on {', '.join(improved)}"
        count = f"{fell} in {len(improved)} of {len(found)} cases"
        below = f"below ordinary in {len(compared.which(LOWER))}"
        wordings = [f"{answer}; {compared.listed}", f"{count}, {below}"]
    shown = {
        in_words(n): dict(case) | {"ratio": ratio(ratios[in_words(n)], figure)}
        for n, case in found.items()
    }
    text = told("N", cases=shown, fold=fell, least=f"{section.perfected_below:g}")
    return Verdict.of("N", wordings, _rests_on(found, section), compared.ends, text)


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


def runs(found: Mapping[str, Mapping[str, Any]]) -> int:
    """Return the runs of the case of which there are fewest."""
    return min(case[_RATIO]["runs"] for case in found.values())


def _rests_on(found: Mapping[str, Mapping[str, Any]], section: params.Claims) -> Evidence:
    return evidence(runs(found), "run", section.least_runs)
