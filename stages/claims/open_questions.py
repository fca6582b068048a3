"""C and Q1, which the draft leaves open: stages autodiff and trajectory have the verdicts."""

import math
from collections.abc import Mapping
from typing import Any

from stages.claims.printed import CLAIMS
from stages.claims.verdict import NOT, Verdict, number


def differentiation(found: Mapping[str, Any]) -> Verdict:
    """Judge C from autodiff.json."""
    graphs, gradient, points = (
        found[key] for key in ("graphs", "gradient_of_a_loss", "not_idempotent")
    )
    text = (
        f"the code is the closed form to 10^{found['C']['log10_largest_difference']:.1f}; "
        f"{graphs['modified']['nodes']} nodes of autograd's graph against "
        f"{graphs['ordinary']['nodes']}. It is the gradient of a loss {_where(gradient)} "
        f"(the least asymmetry of its Jacobian elsewhere is "
        f"{gradient['least_asymmetry_elsewhere']:.2g}); {points['confirmed']} of "
        f"{points['examples']} examples stand still without being idempotent"
    )
    verdict = found["C"]["verdict"]
    measured = "the numbers are in autodiff.json" if verdict == NOT else text
    return Verdict("C", CLAIMS["C"], verdict, measured)


def _where(gradient: Mapping[str, Any]) -> str:
    if gradient["modified_in_general"]:
        return "in all cases tried"
    on_symmetric = gradient["modified_on_symmetric_matrices"]
    return "for symmetric matrices alone" if on_symmetric else "nowhere tried"


def routes(found: Mapping[str, Any]) -> Verdict:
    """Answer Q1 from trajectory.json."""
    words = []
    for name, study in found["studies"].items():
        distances = study["distances"]["function_routes"]
        ratio, low, high = (10 ** number(distances[key]) for key in ("log10_ratio", "low", "high"))
        limits = "one run" if math.isnan(low) else f"[{low:.2g}, {high:.2g}]"
        words.append(
            f"{name.replace('_', ', ')}: ×{ratio:.2g} {limits}, {found['Q1']['routes'][name]}, "
            "gradients at the start at a cosine of "
            f"{number(study['gradients']['cosine_at_start']):.2f}"
        )
    text = (
        "distance between the rules' routes over the largest of one rule's to its own on other "
        "data or at another rate, by outputs: "
    )
    return Verdict("Q1", CLAIMS["Q1"], found["Q1"]["verdict"], text + "; ".join(words))
