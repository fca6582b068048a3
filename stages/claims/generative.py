"""G1 and G3: the U-DCGAN on MNIST, with chosen weights and BatchNorm in training mode."""

import math
from collections.abc import Iterable
from typing import Any

from stages.claims.printed import CLAIMS
from stages.claims.verdict import NOT, OPEN, REPRODUCED, Verdict, marked, number
from stages.common import params

SHOWN = "weights chosen on held-out images, BatchNorm in training mode"
LAST = "with the averaged weights of the last step"
REFERENCE = "IGN"


def judge(found: dict[str, Any], section: params.Judging) -> list[Verdict]:
    """Judge G1 and G3 from generative.json.

    The modified rule has to be better than the ordinary one at its own weight and, in G1, than raw
    noise. IGN, the published reference, and the last weights are stated beside, and decide nothing.
    """
    chosen, last = _models(found, "chosen"), _models(found, "averaged")
    return [_digits(chosen, last, found["controls"], section), _errors(chosen, last, section)]


def judge_photographs(found: dict[str, Any], section: params.GenerativeClaims) -> list[Verdict]:
    """Judge G2 and G3 from generative.json of images without classes.

    G2 asks for what G1 does, and in the place of digits for the share of real images that have a
    sample near them.
    """
    chosen, last = _models(found, "chosen"), _models(found, "averaged")
    return [_photographs(chosen, found["controls"], section), _errors(chosen, last, section)]


def _models(found: dict[str, Any], weights: str) -> dict[str, Any]:
    return {model: found[model][weights]["train"] for model in ("modified", "ordinary", "ign")}


def _digits(
    models: dict[str, Any], last: dict[str, Any], controls: dict[str, Any], section: params.Judging
) -> Verdict:
    seeds = models["modified"]["seeds"]
    distances = _by_seed(models["modified"], seeds)
    bars = {
        "ordinary": _by_seed(models["ordinary"], seeds),
        "raw noise": dict.fromkeys(seeds, number(controls["raw_noise"]["frechet_distance"])),
    }
    below = all(distances[seed] < bar[seed] for bar in bars.values() for seed in seeds)
    known = [*distances.values(), *(d for bar in bars.values() for d in bar.values())]
    digits = [f"{of_seed['digits']:g}" for of_seed in seeds.values()]
    least = min(of_seed["digits"] for of_seed in seeds.values())
    verdict = REPRODUCED if below and least >= section.least_digits else NOT
    verdict = verdict if all(map(math.isfinite, known)) else OPEN
    floor = number(controls["real"]["frechet_distance"])
    shown = {"modified": distances} | bars | {REFERENCE: _by_seed(models["ign"], seeds)}
    ends = last["modified"]["seeds"].values()
    last_digits = [f"{of_seed['digits']:g}" for of_seed in ends]
    text = (
        f"{SHOWN}: digits among the samples, by seed, {', '.join(digits)} of 10; "
        "classifier Fréchet distance, by seed, "
        + "; ".join(f"{name} {_listed(values.values())}" for name, values in shown.items())
        + f"; the samples are {_listed(d / floor for d in distances.values())} times as far from "
        f"real images as other real images are ({floor:.3g}); {LAST} "
        f"{', '.join(last_digits)} digits, distance "
        + _listed(number(of_seed["frechet_distance"]) for of_seed in ends)
    )
    verdict = marked(verdict, len(seeds), "seed", section.least_runs)
    return Verdict("G1", CLAIMS["G1"], verdict, text)


def _photographs(
    models: dict[str, Any], controls: dict[str, Any], section: params.GenerativeClaims
) -> Verdict:
    seeds = models["modified"]["seeds"]
    distances = _by_seed(models["modified"], seeds)
    noise, floor = (number(controls[name]["frechet_distance"]) for name in ("raw_noise", "real"))
    ordinary = _by_seed(models["ordinary"], seeds)
    below = all(distances[seed] < min(ordinary[seed], noise) for seed in seeds)
    covered = [number(of_seed["coverage"]) for of_seed in seeds.values()]
    verdict = REPRODUCED if below and min(covered) >= section.least_coverage else NOT
    known = (*distances.values(), *ordinary.values(), *covered, noise)
    verdict = verdict if all(map(math.isfinite, known)) else OPEN
    text = (
        f"{SHOWN}: Fréchet distance in the features of EfficientNet-Lite0, by seed, modified "
        f"{_listed(distances.values())}; ordinary {_listed(ordinary.values())}; raw noise "
        f"{noise:.3g}; {REFERENCE} {_listed(_by_seed(models['ign'], seeds).values())}; other real "
        f"images {floor:.3g}; share of real images with a sample near them (coverage) "
        f"{_listed(covered)}"
    )
    verdict = marked(verdict, len(seeds), "seed", section.least_runs)
    return Verdict("G2", CLAIMS["G2"], verdict, text)


def _by_seed(found: dict[str, Any], seeds: Iterable[str]) -> dict[str, float]:
    """Return the distance of a model by seed, the mean of all its seeds where it lacks that one."""
    mean = found["frechet_distance"]["mean"]
    of_seeds = {seed: row["frechet_distance"] for seed, row in found["seeds"].items()}
    return {seed: number(of_seeds.get(seed, mean)) for seed in seeds}


def _listed(values: Iterable[float]) -> str:
    """Return numbers in a row, those that are all the same but once."""
    return ", ".join(dict.fromkeys(f"{value:.3g}" for value in values))


def _errors(models: dict[str, Any], last: dict[str, Any], section: params.Judging) -> Verdict:
    kinds = {"noise": "noise", "test": "held-out data"}
    errors = {kind: _relative(models, kind) for kind in kinds}
    effects = [math.log10(e["modified"] / e["ordinary"]) for e in errors.values()]
    verdict = REPRODUCED if max(effects) < -section.least_effect else NOT
    verdict = verdict if all(map(math.isfinite, effects)) else OPEN
    shown = [
        f"{e['modified']:.2g} against {e['ordinary']:.2g} on {kinds[kind]} "
        f"({REFERENCE} {e['ign']:.2g})"
        for kind, e in errors.items()
    ]
    ends = [_relative(last, kind) for kind in kinds]
    text = (
        f"{SHOWN}: relative error, modified against ordinary at its own weight, "
        + "; ".join(shown)
        + f"; {LAST} "
        + " and ".join(f"{e['modified']:.2g} against {e['ordinary']:.2g}" for e in ends)
    )
    verdict = marked(verdict, len(models["modified"]["seeds"]), "seed", section.least_runs)
    return Verdict("G3", CLAIMS["G3"], verdict, text)


def _relative(models: dict[str, Any], kind: str) -> dict[str, float]:
    return {name: number(of[f"{kind}_relative_error"]["mean"]) for name, of in models.items()}
