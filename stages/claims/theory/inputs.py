"""L6, which the draft leaves open: on inputs with a mean, does the rule return to a projection?"""

from collections.abc import Mapping
from typing import Any

from stages.claims.verdict import NO, OPEN, YES, Verdict
from stages.common import params


def judge(found: Mapping[str, Any], section: params.Claims) -> Verdict:
    """Judge L6 from flow.json: linear layers near a projection, on inputs of several means.

    No where some are left and theory said which; yes where none is; undecided where theory is wrong
    about more than one in ten. Without a mean there is nothing to be left.
    """
    leaving = found["leaving"]
    means, starts = leaving["by_mean"], leaving["starts"]
    layers = starts * len(means)
    left, agree = (sum(of[name] for of in means.values()) for name in ("worse", "agree"))
    verdict = YES if not left else NO
    if agree < section.as_predicted_from * layers:
        verdict = OPEN
    ours = f"{left} of {layers} layers are left; as predicted {agree}"
    each = (f"mean {mean}: {of['worse']} of {starts}" for mean, of in means.items())
    measured = (
        "linear layers next to an oblique projection, trained in steps small enough for all that "
        f"decays, whose error does not fall: {'; '.join(each)}. Theory tells which are left at "
        f"whatever rate, rightly on {agree} of {layers}; the ordinary rule leaves none (D.5)"
    )
    return Verdict("L6", verdict, ours, measured)
