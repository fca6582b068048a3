"""L6, which the draft leaves open: on inputs with a mean, does the rule return to a projection?"""

from collections.abc import Mapping
from typing import Any

from stages.claims.verdict import NO, OPEN, YES, Verdict
from stages.common import params

DEPENDS = "depends on the mean"


def judge(found: Mapping[str, Any], section: params.Claims) -> Verdict:
    """Judge L6 from flow.json: linear layers near a projection, on inputs of several means.

    Undecided where theory is wrong about more of them than `as_predicted_from` allows; else yes if
    theory says that the rule leaves none, no if all, and if some it depends on the mean. Layers on
    inputs without a mean are told of, and do not count.
    """
    starts, every = found["leaving"]["starts"], found["leaving"]["by_mean"]
    means = [of for mean, of in every.items() if float(mean)]
    layers = starts * len(means)
    predicted, away, half, diverged, agree = (
        sum(of[name] for of in means)
        for name in ("predicted", "not_returned", "at_half", "diverged", "agree")
    )
    verdict = YES if not predicted else NO if predicted == layers else DEPENDS
    if agree < section.as_predicted_from * layers:
        verdict = OPEN
    right = f"all {agree}" if agree == layers else agree
    ours = f"{away} of {layers} layers do not; theory is right on {right}"
    each = (f"{of['not_returned']} of {starts} at mean {mean}" for mean, of in every.items())
    measured = (
        "linear layers that begin next to an oblique projection; those that do not return: "
        f"{', '.join(each)}. Of those on inputs with a mean {half} end at a fixed point with an "
        f"eigenvalue ½ and {diverged} diverge. Theory says of {agree} of {layers} whether they "
        "return (appendix D.5)"
    )
    return Verdict("L6", verdict, ours, measured)
