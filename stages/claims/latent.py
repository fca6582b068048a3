"""Q2, which the draft leaves open: is f a projection around its samples, and where do codes lie?

BatchNorm in eval mode is judged, as f is a map of single images there. Of every model trained
with a rule it is asked, with every seed, whether

- projection: ‖J² − J‖ / ‖J‖ at f(z) is at most `projection_below`;
- approach: codes of f(z) are nearer to those of data than codes of noise are, by `least_effect` in
  log10 of the distance at least.

Each is "yes", "no", or "undecided" where the seeds disagree.
"""

from collections.abc import Mapping
from typing import Any

from stages.claims.verdict import OPEN, Verdict, marked, number, told
from stages.common import params

MODE = "eval"
ASKED = {
    "projection": "projection around samples",
    "approach": "codes of f(z) nearer to the data's than those of noise",
}
Found = Mapping[str, Any]
Answers = dict[str, str]  # by model


def judge(found: Found, section: params.Judging) -> Verdict:
    """Answer Q2 from latent_mnist.json, or that of another data set."""
    models = {
        name: found["models"][name][MODE] for name, rule in found["rules"].items() if rule != "none"
    }
    asked = {
        "projection": {name: projects(of, section) for name, of in models.items()},
        "approach": {name: approaches(of, section) for name, of in models.items()},
    }
    seeds = min(of["seeds"] for of in models.values())
    verdict = "; ".join(_by_word(what, asked[what]) for what in asked)
    brief = " or ".join(_words(asked["projection"]))
    verdict, brief = (marked(v, seeds, "seed", section.least_runs) for v in (verdict, brief))
    control = number(found["models"]["untrained"][MODE]["jacobian"]["f^1"]["departure"])
    shown = {name: _shown(of) for name, of in models.items()}
    text = told("Q2", mode=MODE, models=shown, untrained=control)
    departures = [of["departure"] for of in shown.values()]
    ends = " to ".join(dict.fromkeys(f"{d:.2g}" for d in (min(departures), max(departures))))
    ours = f"‖J² − J‖ / ‖J‖ {ends}, untrained {control:.2g}"
    return Verdict("Q2", verdict, ours, text, brief=brief)


def projects(found: Found, section: params.Judging) -> str:
    """Say whether f is a projection around its samples, with every seed of a model."""
    return _all(number(s["departure"]) <= section.projection_below for s in _seeds(found))


def approaches(found: Found, section: params.Judging) -> str:
    """Say whether f takes codes of noise nearer to those of data, with every seed of a model."""
    least = 10**section.least_effect
    return _all(
        number(s["distance_of_noise"]) >= least * number(s["distance_of_samples"])
        for s in _seeds(found)
    )


def _seeds(found: Found) -> Any:
    return found["by_seed"].values()


def _all(each: Any) -> str:
    holds = list(each)
    return "yes" if all(holds) else OPEN if any(holds) else "no"


def _words(given: Answers) -> list[str]:
    return list(dict.fromkeys(given.values()))


def _by_word(what: str, given: Answers) -> str:
    words = _words(given)
    if len(words) == 1:
        return f"{ASKED[what]}: {words[0]}"
    models = {word: [m for m, of_model in given.items() if of_model == word] for word in words}
    shown = ", ".join(f"{word} ({', '.join(m)})" for word, m in models.items())
    return f"{ASKED[what]}: {shown}"


def _shown(found: Found) -> dict[str, Any]:
    J, clouds = found["jacobian"]["f^1"], found["clouds"]
    shown = {key: number(J[key]) for key in ("departure", "near_one", "near_zero", "trace")}
    kinds = ("noise", "f(z)", "f(f(z))")
    return shown | {"distances": [number(clouds[kind]["distance"]) for kind in kinds]}
