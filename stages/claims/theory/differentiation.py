"""C, which the draft leaves open: does the code send back what section 2.3 says, and no more?"""

import math
from collections.abc import Mapping
from typing import Any

from stages.claims.verdict import NOT, REPRODUCED, Verdict, counted, told
from stages.common import params


def judge(found: Mapping[str, Any], section: params.Claims) -> Verdict:
    """Judge C from autodiff.json: closed forms are met, and one pass through f is recorded."""
    worst = found["C"]["log10_largest_difference"]
    passes = found["graphs"]["modified"]["recorded_applications"]
    holds = worst <= math.log10(section.equality_tolerance) and passes == 1
    text = told("C", found=found, where=_where(found["gradient_of_a_loss"]))
    ours = f"equals its closed form to 10^{worst:.1f}; records {counted(passes, 'pass')} of f"
    measured = text if holds else "the numbers are in autodiff.json"
    return Verdict("C", REPRODUCED if holds else NOT, ours, measured)


def _where(gradient: Mapping[str, Any]) -> str:
    if gradient["modified_in_general"]:
        return "in all cases tried"
    on_symmetric = gradient["modified_on_symmetric_matrices"]
    return "at symmetric matrices with whitened inputs" if on_symmetric else "nowhere tried"
