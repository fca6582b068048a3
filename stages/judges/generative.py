"""G1 and G3: the U-DCGAN on MNIST, with averaged weights and BatchNorm in training mode."""

import math
from typing import Any

from stages import params
from stages.judges.verdict import NOT, OPEN, REPRODUCED, Verdict, marked, number
from stages.printed import CLAIMS

SHOWN = "averaged weights, BatchNorm in training mode"


def judge(found: dict[str, Any], section: params.Claims) -> list[Verdict]:
    """Judge G1 and G3 from generative_mnist.json."""
    rules = {r: found[r]["averaged"]["train"] for r in ("modified", "ordinary", "none")}
    return [_digits(rules, found["controls"], section), _errors(rules, section)]


def _digits(rules: dict[str, Any], controls: dict[str, Any], section: params.Claims) -> Verdict:
    seeds = rules["modified"]["seeds"].values()
    others = {
        "real images": controls["real"],
        "ordinary": rules["ordinary"],
        "reconstruction only": rules["none"],
        "raw noise": controls["raw_noise"],
    }
    distances = [number(seed["frechet_distance"]) for seed in seeds]
    bars = [number(other["frechet_distance"]) for other in others.values()]
    text = (
        f"{SHOWN}: classifier Fréchet distance, by seed, "
        + ", ".join(f"{d:.3g}" for d in distances)
        + f" ({', '.join(f'{n} {b:.3g}' for n, b in zip(others, bars, strict=True))}); "
        f"digits among the samples, by seed, {', '.join(str(s['digits']) for s in seeds)} of 10"
    )
    verdict = REPRODUCED if max(distances) < min(bars[1:]) else NOT
    verdict = marked(verdict, len(distances), "seed", section.least_runs)
    return Verdict("G1", CLAIMS["G1"], verdict, text)


def _errors(rules: dict[str, Any], section: params.Claims) -> Verdict:
    errors = {
        kind: {rule: number(found[f"{kind}_relative_error"]) for rule, found in rules.items()}
        for kind in ("noise", "data")
    }
    effects = [math.log10(e["modified"] / e["ordinary"]) for e in errors.values()]
    verdict = REPRODUCED if max(effects) < -section.least_effect else NOT
    verdict = verdict if all(map(math.isfinite, effects)) else OPEN
    shown = [
        f"{e['modified']:.2g} against {e['ordinary']:.2g} on {kind} "
        f"(without any rule {e['none']:.2g})"
        for kind, e in errors.items()
    ]
    text = f"{SHOWN}: relative error, modified against ordinary at its own weight, " + "; ".join(
        shown
    )
    verdict = marked(verdict, len(rules["modified"]["seeds"]), "seed", section.least_runs)
    return Verdict("G3", CLAIMS["G3"], verdict, text)
