"""G1 and G3: the U-DCGAN on MNIST, with averaged weights and BatchNorm in training mode."""

import math
from collections.abc import Iterable
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
    seeds = rules["modified"]["seeds"]
    distances = {seed: number(of_seed["frechet_distance"]) for seed, of_seed in seeds.items()}
    digits = [of_seed["digits"] for of_seed in seeds.values()]
    bars = {
        "ordinary": _by_seed(rules["ordinary"], seeds),
        "reconstruction only": _by_seed(rules["none"], seeds),
        "raw noise": dict.fromkeys(seeds, number(controls["raw_noise"]["frechet_distance"])),
    }
    below = all(distances[seed] < bar[seed] for bar in bars.values() for seed in seeds)
    known = [*distances.values(), *(d for bar in bars.values() for d in bar.values())]
    verdict = REPRODUCED if below and min(digits) >= section.least_digits else NOT
    verdict = verdict if all(map(math.isfinite, known)) else OPEN
    floor = number(controls["real"]["frechet_distance"])
    shown = {"modified": distances} | bars
    text = (
        f"{SHOWN}: digits among the samples, by seed, {', '.join(map(str, digits))} of 10; "
        "classifier Fréchet distance, by seed, "
        + "; ".join(f"{name} {_listed(values.values())}" for name, values in shown.items())
        + f"; the samples are {_listed(d / floor for d in distances.values())} times as far from "
        f"real images as other real images are ({floor:.3g})"
    )
    verdict = marked(verdict, len(seeds), "seed", section.least_runs)
    return Verdict("G1", CLAIMS["G1"], verdict, text)


def _by_seed(found: dict[str, Any], seeds: Iterable[str]) -> dict[str, float]:
    """Return the distance of a control by seed, of all its seeds where it lacks that one."""
    return {seed: number(found["seeds"].get(seed, found)["frechet_distance"]) for seed in seeds}


def _listed(values: Iterable[float]) -> str:
    """Return numbers in a row, those that are all the same but once."""
    return ", ".join(dict.fromkeys(f"{value:.3g}" for value in values))


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
