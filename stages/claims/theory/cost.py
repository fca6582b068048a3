"""T1: does a step cost exponentially much in the depth?"""

from collections.abc import Mapping
from typing import Any

from stages.claims.verdict import CORRECTED, NOT, REPRODUCED, Verdict, told
from stages.common import params


def judge(found: Mapping[str, Any], section: params.Claims) -> Verdict:
    """Judge T1 from cost.json.

    Operations and memory that are linear under both rules refute it. Where those of the ordinary
    loss grow faster, the exponents between neighbouring depths tell: those of a power law settle,
    those of an exponential go on growing.
    """
    largest = max(max(_each(of_rule)) for of_rule in found["exponents"].values())
    pairs = (_each(found[key]["ordinary"]) for key in ("exponents", "exponents_before"))
    growing = (last - max(1, before) for last, before in zip(*pairs, strict=True))
    verdict = CORRECTED
    if largest <= 1 + section.linear_exponent_tolerance:
        verdict = NOT
    elif any(more > section.linear_exponent_tolerance for more in growing):
        verdict = REPRODUCED
    widest = max(found["ordinary_over_modified"].items(), key=lambda of: int(of[0].split("_")[1]))
    ratios = widest[1]
    ours = (
        f"as depth^{largest:.2f}; ordinary takes ×{ratios['flops_ratio']:.2f} operations, "
        f"×{ratios['saved_bytes_ratio']:.2g} bytes"
    )
    text = "the numbers are in cost.json"
    if verdict == NOT:
        text = told("T1", found=found, largest=largest, ratios=ratios)
    return Verdict("T1", verdict, ours, text)


def _each(of_rule: Mapping[str, Mapping[str, float]]) -> list[float]:
    """Return the exponents of all widths and measures of one rule."""
    return [exponent for of_width in of_rule.values() for exponent in of_width.values()]
