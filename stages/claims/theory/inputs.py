"""L6, which the draft leaves open: on inputs with a mean, does the rule return to a projection?"""

from collections.abc import Mapping
from typing import Any

from stages.claims.verdict import NO, OPEN, YES, Verdict
from stages.common import params


def judge(found: Mapping[str, Any], section: params.Claims) -> Verdict:
    """Judge L6 from flow.json: linear layers near a projection, on inputs of several means.

    Undecided where theory is wrong about more of them than `as_predicted_from` allows; else no if
    theory says that the rule leaves some, and yes if it leaves none.
    """
    leaving = found["leaving"]
    means, starts = leaving["by_mean"], leaving["starts"]
    layers = starts * len(means)
    predicted, away, half, diverged, agree = (
        sum(of[name] for of in means.values())
        for name in ("predicted", "not_returned", "at_half", "diverged", "agree")
    )
    verdict = NO if predicted else YES
    if agree < section.as_predicted_from * layers:
        verdict = OPEN
    ours = f"{away} of {layers} layers do not; as predicted {agree}"
    each = (f"{of['not_returned']} of {starts} at mean {mean}" for mean, of in means.items())
    measured = (
        "linear layers that begin next to an oblique projection; those that do not return: "
        f"{', '.join(each)}. Of these {half} end at a fixed point with an eigenvalue ½ and "
        f"{diverged} diverge. Theory says of {agree} of {layers} whether they do (appendix D.5)"
    )
    return Verdict("L6", verdict, ours, measured)
