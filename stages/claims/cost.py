"""T1: stage cost has the verdict, these are its words."""

from typing import Any

from stages.claims.printed import CLAIMS
from stages.claims.verdict import NOT, Verdict

WORDS = (
    "operations and bytes saved for the backward pass grow linearly with depth under both "
    "rules (largest exponent {T1[largest_exponent]:.2f}, to {largest_depth} layers; "
    "{counts_equal_to_exact} of {counts} counts equal the exact ones); ordinary costs "
    "×{T1[flops_ratio]:.2f} the operations and ×{T1[saved_bytes_ratio]:.2g} the bytes. "
    "Only the paths of a gradient that is multiplied out grow exponentially, and under "
    "both rules: reverse mode never lists them"
)


def judge(found: dict[str, Any]) -> Verdict:
    """Judge T1 from cost.json."""
    verdict = found["T1"]["verdict"]
    measured = WORDS.format(**found) if verdict == NOT else "the numbers are in cost.json"
    return Verdict("T1", CLAIMS["T1"], verdict, measured)
