"""Q2, which the draft leaves open: stage latent has the answer."""

from collections.abc import Mapping
from typing import Any

from stages.claims.printed import CLAIMS
from stages.claims.verdict import Verdict, marked, number
from stages.common import params
from stages.evaluation.latent_words import answer_in_words


def judge(found: Mapping[str, Any], section: params.Judging) -> Verdict:
    """Answer Q2 from latent_mnist.json."""
    answer = found["Q2"]
    verdict = marked(answer_in_words(answer), answer["seeds"], "seed", section.least_runs)
    shown = [_of_model(m, found["models"][m][answer["mode"]]) for m in answer["projection"]]
    control = found["models"]["untrained"][answer["mode"]]["jacobian"]["f^1"]
    text = (
        f"BatchNorm in mode {answer['mode']}, means over seeds, of a Jacobian J at f(z) and its "
        "eigenvalues through the code: "
        + "; ".join(shown)
        + f"; untrained: ‖J² − J‖ / ‖J‖ {number(control['departure']):.2g}"
    )
    return Verdict("Q2", CLAIMS["Q2"], verdict, text)


def _of_model(model: str, found: Mapping[str, Any]) -> str:
    J, clouds = found["jacobian"]["f^1"], found["clouds"]
    distances = [number(clouds[kind]["distance"]) for kind in ("noise", "f(z)", "f(f(z))")]
    return (
        f"{model}: ‖J² − J‖ / ‖J‖ {number(J['departure']):.2g}, "
        f"{number(J['near_one']):.0%} of the eigenvalues near 1 and "
        f"{number(J['near_zero']):.0%} near 0, trace {number(J['trace']):.1f}, Fréchet distance "
        "of codes from the data's, noise, f(z) and f(f(z)), "
        + ", ".join(f"{distance:.2g}" for distance in distances)
    )
