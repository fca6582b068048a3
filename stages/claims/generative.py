"""G1 and G3: the U-DCGAN on MNIST, with the best weights and BatchNorm in training mode."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from stages.claims.verdict import NOT, OPEN, REPRODUCED, Verdict, marked, number, told
from stages.common import params

Found = Mapping[str, Any]
Models = Mapping[str, Any]
REFERENCE = "IGN"
KINDS = {"noise": "noise", "test": "test data"}  # of images, as G3 names them


def judge(found: Found, section: params.Judging) -> list[Verdict]:
    """Judge G1 and G3 from generative.json.

    The modified rule has to be better than the ordinary one at its own weight and, in G1, than raw
    noise. IGN, the published baseline, and the last weights are stated beside, and decide nothing.
    """
    chosen, last = _models(found, "best"), _models(found, "ema")
    return [_digits(chosen, last, found["controls"], section), _errors(chosen, last, section)]


def judge_photographs(found: Found, section: params.GenerativeClaims) -> list[Verdict]:
    """Judge G2 and G3 from generative.json of images without classes.

    G2 asks for what G1 does, and in the place of digits for the share of real images that have a
    sample near them.
    """
    chosen, last = _models(found, "best"), _models(found, "ema")
    return [_photographs(chosen, found["controls"], section), _errors(chosen, last, section)]


def _models(found: Found, weights: str) -> Models:
    return {model: found[model][weights]["train"] for model in ("modified", "ordinary", "ign")}


def _digits(models: Models, last: Models, controls: Found, section: params.Judging) -> Verdict:
    seeds = models["modified"]["seeds"]
    distances = _by_seed(models["modified"], seeds)
    bars = {
        "ordinary": _by_seed(models["ordinary"], seeds),
        "raw noise": dict.fromkeys(seeds, number(controls["raw_noise"]["frechet_distance"])),
    }
    below = all(distances[seed] < bar[seed] for bar in bars.values() for seed in seeds)
    known = [*distances.values(), *(d for bar in bars.values() for d in bar.values())]
    least = min(of_seed["digits"] for of_seed in seeds.values())
    verdict = REPRODUCED if below and least >= section.least_digits else NOT
    verdict = verdict if all(map(math.isfinite, known)) else OPEN
    floor = number(controls["real"]["frechet_distance"])
    shown = {"modified": distances} | bars | {REFERENCE: _by_seed(models["ign"], seeds)}
    ends = last["modified"]["seeds"].values()
    text = told(
        "G1",
        digits=[f"{of_seed['digits']:g}" for of_seed in seeds.values()],
        distances={name: _listed(values.values()) for name, values in shown.items()},
        times=_listed(d / floor for d in distances.values()),
        floor=floor,
        last_digits=[f"{of_seed['digits']:g}" for of_seed in ends],
        last_distances=_listed(number(of_seed["frechet_distance"]) for of_seed in ends),
    )
    farthest = max(distances.values())
    ours = f"{least:g} digits, distance {farthest:.3g}, at the worst; ordinary " + _nearest(bars)
    verdict = marked(verdict, len(seeds), "seed", section.least_runs)
    return Verdict("G1", verdict, ours, text)


def _photographs(models: Models, controls: Found, section: params.GenerativeClaims) -> Verdict:
    seeds = models["modified"]["seeds"]
    distances = _by_seed(models["modified"], seeds)
    noise, floor = (number(controls[name]["frechet_distance"]) for name in ("raw_noise", "real"))
    ordinary = _by_seed(models["ordinary"], seeds)
    below = all(distances[seed] < min(ordinary[seed], noise) for seed in seeds)
    covered = [number(of_seed["coverage"]) for of_seed in seeds.values()]
    verdict = REPRODUCED if below and min(covered) >= section.least_coverage else NOT
    known = (*distances.values(), *ordinary.values(), *covered, noise)
    verdict = verdict if all(map(math.isfinite, known)) else OPEN
    text = told(
        "G2",
        modified=_listed(distances.values()),
        ordinary=_listed(ordinary.values()),
        noise=noise,
        reference=_listed(_by_seed(models["ign"], seeds).values()),
        floor=floor,
        covered=_listed(covered),
    )
    farthest, worst = max(distances.values()), min(covered)
    ours = f"coverage {worst:.2g}, distance {farthest:.3g}, at the worst; ordinary "
    ours += _nearest({"ordinary": ordinary})
    verdict = marked(verdict, len(seeds), "seed", section.least_runs)
    return Verdict("G2", verdict, ours, text)


def _nearest(bars: Mapping[str, Mapping[str, float]]) -> str:
    """Return the least distance of the ordinary rule."""
    return f"{min(bars['ordinary'].values()):.3g}"


def _by_seed(found: Found, seeds: Iterable[str]) -> dict[str, float]:
    """Return the distance of a model by seed, the mean of all its seeds where it lacks that one."""
    mean = found["frechet_distance"]["mean"]
    of_seeds = {seed: row["frechet_distance"] for seed, row in found["seeds"].items()}
    return {seed: number(of_seeds.get(seed, mean)) for seed in seeds}


def _listed(values: Iterable[float]) -> str:
    """Return numbers in a row, those that are all the same but once."""
    return ", ".join(dict.fromkeys(f"{value:.3g}" for value in values))


def _errors(models: Models, last: Models, section: params.Judging) -> Verdict:
    errors = {kind: _relative(models, kind) for kind in KINDS}
    effects = [math.log10(e["modified"] / e["ordinary"]) for e in errors.values()]
    verdict = REPRODUCED if max(effects) < -section.least_effect else NOT
    verdict = verdict if all(map(math.isfinite, effects)) else OPEN
    shown = {place: errors[kind] for kind, place in KINDS.items()}
    text = told("G3", errors=shown, ends=[_relative(last, kind) for kind in KINDS])
    ours = ", ".join(
        f"{e['modified']:.2g} against {e['ordinary']:.2g} on {place.removeprefix('test ')}"
        for place, e in shown.items()
    )
    verdict = marked(verdict, len(models["modified"]["seeds"]), "seed", section.least_runs)
    return Verdict("G3", verdict, ours, text)


def _relative(models: Models, kind: str) -> dict[str, float]:
    return {name: number(of[f"{kind}_relative_error"]["mean"]) for name, of in models.items()}
