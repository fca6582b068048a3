"""C and Q1, which the draft leaves open: stages autodiff and trajectory have the verdicts."""

from collections.abc import Mapping
from typing import Any

from stages.judges.verdict import NOT, Verdict
from stages.printed import CLAIMS


def differentiation(found: Mapping[str, Any]) -> Verdict:
    """Judge C from autodiff.json."""
    graphs, gradient, points = (
        found[key] for key in ("graphs", "gradient_of_a_loss", "not_idempotent")
    )
    text = (
        f"the code is the closed form to 10^{found['C']['log10_largest_difference']:.1f}; "
        f"{graphs['modified']['nodes']} nodes of autograd's graph against "
        f"{graphs['ordinary']['nodes']}. It is the gradient of a loss for symmetric matrices"
        + (" alone" if not gradient["modified_in_general"] else " too")
        + f" (elsewhere its Jacobian's asymmetry is at least "
        f"{gradient['least_asymmetry_elsewhere']:.2g}); {points['confirmed']} of "
        f"{points['examples']} examples stand still without being idempotent"
    )
    verdict = found["C"]["verdict"]
    measured = "the numbers are in autodiff.json" if verdict == NOT else text
    return Verdict("C", CLAIMS["C"], verdict, measured)


def routes(found: Mapping[str, Any]) -> Verdict:
    """Answer Q1 from trajectory.json."""
    words = []
    for name, study in found["studies"].items():
        distances = study["distances"]["function_routes"]
        low, high = (10 ** distances[end] for end in ("low", "high"))
        words.append(
            f"{name.replace('_', ', ')}: ×{10 ** distances['log10_ratio']:.2g} "
            f"[{low:.2g}, {high:.2g}], {found['Q1']['routes'][name]}, gradients at the start at a "
            f"cosine of {study['gradients']['cosine_at_start']:.2f}"
        )
    text = "distance between the rules' routes over that between two streams of data, by outputs: "
    return Verdict("Q1", CLAIMS["Q1"], found["Q1"]["verdict"], text + "; ".join(words))
