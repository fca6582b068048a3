"""Stage evaluate: how idempotent are the trained U-DCGANs, and what do they generate?

BatchNorm makes two maps of one network. In mode ``train`` every batch is normalised by its own
statistics, as during training: what noise becomes depends on the noise beside it. In mode ``eval``
it is normalised by statistics measured after training, over equal parts data and noise: a map of
single images. Both are measured, and the column `mode` says which.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd
import torch
from torch import Generator, Tensor
from torch.nn.functional import mse_loss

from idem import metrics, samples
from idem.classifier import Classifier
from idem.datasets import to_unit
from stages import generative, params
from stages.engine import run_units
from stages.files import write_csv, write_json
from stages.params import Evaluate, Params

RUN = ["rule", "seed", "weights", "mode"]
KINDS = ("raw", "averaged")
MODES = ("train", "eval")
HEADLINE = [
    "frechet_distance",
    "frechet_distance_2",
    "digits",
    "class_entropy",
    "pairwise_distance",
    "displacement",
    "reconstruction_error",
    "noise_absolute_error",
    "noise_relative_error",
    "data_absolute_error",
    "data_relative_error",
    "last_drift",
]
PER_SEED = ["frechet_distance", "digits", "noise_relative_error", "data_relative_error"]


@dataclass
class Judge:
    """The classifier, and the features of the test images to compare with."""

    classifier: Classifier
    reference: Tensor
    section: Evaluate

    def score(self, images: Tensor) -> dict[str, float]:
        """Return how the images compare with the test images, and which digits are among them."""
        features = batched(self.classifier.features, images, self.section.batch_size)
        logits = self.classifier.head(features)
        sure = samples.class_shares(logits, self.section.confidence)
        shares = samples.class_shares(logits)
        return {
            "frechet_distance": samples.frechet_distance(features, self.reference),
            "digits": int((sure > self.section.least_share).sum()),
            "class_entropy": samples.share_entropy(shares),
            "confident_share": float(sure.sum()),
            "pairwise_distance": samples.pairwise_distance(images[: self.section.drift_samples]),
        } | {f"class_{digit}": float(share) for digit, share in enumerate(shares)}


def main() -> None:
    """Write all measurements, their headline, the drift curves and the samples of Figure 5."""
    args = params.arguments("evaluate on one data set", dataset="name of the data set")
    everything, name = params.read(args.params), generative.data_set(args.dataset)
    judge = _judge(everything.evaluate, name)
    found = run_units(_evaluate_unit, _units(everything, name, judge), f"evaluate {name}")
    controls = _controls(everything, name, judge)
    table = pd.DataFrame([row for unit in found for row in unit.rows])
    drift = pd.DataFrame([row for unit in found for row in unit.drift])
    shown = pd.concat([unit.samples for unit in found])
    write_csv(args.metrics / f"generative_{name}.csv", table)
    write_csv(args.metrics / f"drift_{name}.csv", drift)
    write_csv(args.metrics / f"samples_{name}.csv", shown)
    write_json(args.metrics / f"generative_{name}.json", controls | headline(table, drift))


def headline(table: pd.DataFrame, drift: pd.DataFrame) -> dict[str, Any]:
    """Return {rule: {weights: {mode: means over seeds, and the telling ones of each seed}}}."""
    last = drift[drift.application == drift.application.max()].set_index(RUN).drift
    table = table.join(last.rename("last_drift"), on=RUN)
    result: dict[str, Any] = {}
    for keys, runs in table.groupby(["rule", "weights", "mode"]):
        rule, weights, mode = map(str, keys)
        found = dict(runs[HEADLINE].mean().items())
        found["seeds"] = runs.set_index("seed")[PER_SEED].to_dict(orient="index")
        result.setdefault(rule, {}).setdefault(weights, {})[mode] = found
    return result


def batched(f: Any, x: Tensor, size: int) -> Tensor:
    """Return ``f(x)``, computed `size` items at a time, without a graph."""
    with torch.no_grad():
        return torch.cat([f(chunk) for chunk in x.split(size)])


def measure(f: Any, x: Tensor, z: Tensor, judge: Judge) -> tuple[dict[str, float], Tensor, Tensor]:
    """Return all that is measured of `f` on data `x` and noise `z`, and f(z) and f(f(z))."""
    size = judge.section.batch_size
    y, r = batched(f, z, size), batched(f, x, size)
    u, s = batched(f, y, size), batched(f, r, size)
    measured = {
        "reconstruction_error": float(mse_loss(r, x)),
        "data_absolute_error": float(metrics.absolute_error(r, s)),
        "data_relative_error": float(metrics.relative_error(r, s)),
        "noise_absolute_error": float(metrics.absolute_error(y, u)),
        "noise_relative_error": float(metrics.relative_error(y, u)),
        "displacement": metrics.displacement(z, y),
        "frechet_distance_2": judge.score(u)["frechet_distance"],
    }
    return measured | judge.score(y), y, u


@dataclass
class Found:
    """What one unit contributes to the three tables."""

    rows: list[dict]
    drift: list[dict]
    samples: pd.DataFrame


def _units(everything: Params, dataset: str, judge: Judge) -> Iterator[tuple]:
    for rule in everything.train.idempotency_weight:
        for seed in everything.train.seeds:
            for kind in KINDS:
                yield everything, dataset, judge, rule, seed, kind


def _evaluate_unit(
    everything: Params, dataset: str, judge: Judge, rule: str, seed: int, kind: str
) -> Found:
    section = everything.evaluate
    x = to_unit(generative.images(dataset, "test")[: section.samples])
    z = _noise(everything, dataset, x)
    f = generative.trained_network(everything.train, dataset, x.shape[1:], rule, seed, kind)
    found = Found([], [], pd.DataFrame())
    for mode in MODES:
        run = dict(zip(RUN, (rule, seed, kind, mode), strict=True))
        measured, y, u = measure(generative.in_mode(f, mode), x, z, judge)
        found.rows.append(run | measured)
        curve = metrics.power_drift(f, z[: section.drift_samples], section.applications)
        found.drift += [run | {"application": i, "drift": d} for i, d in enumerate(curve, 1)]
        if (kind, mode) == (section.shown_weights, section.shown_mode):
            found.samples = _shown(rule, seed, [z, y, u], section.shown_samples)
    return found


def _noise(everything: Params, dataset: str, like: Tensor) -> Tensor:
    section = everything.evaluate
    noise = generative.noise(everything.train, dataset, like.shape[1:])
    return noise.sample(section.samples, Generator(like.device).manual_seed(section.seed))


def _judge(section: Evaluate, dataset: str) -> Judge:
    test = to_unit(generative.images(dataset, "test"))
    classifier = generative.classifier(dataset)
    return Judge(classifier, batched(classifier.features, test, section.batch_size), section)


def _controls(everything: Params, dataset: str, judge: Judge) -> dict[str, Any]:
    """Score what no network made: real training images, raw noise, one constant image."""
    count = everything.evaluate.samples
    real = to_unit(generative.images(dataset, "train")[:count])
    sets = {
        "real": real,
        "raw_noise": _noise(everything, dataset, real),
        "constant": real.mean(0, keepdim=True).expand_as(real),
    }
    scores = {name: judge.score(images) for name, images in sets.items()}
    kept = ("frechet_distance", "digits", "class_entropy", "pairwise_distance")
    return {"controls": {name: {key: score[key] for key in kept} for name, score in scores.items()}}


def _shown(rule: str, seed: int, stages: list[Tensor], count: int) -> pd.DataFrame:
    tables = []
    for application, images in enumerate(stages):
        pixels = ((images[:count].clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).flatten(1)
        table = pd.DataFrame(pixels.cpu().numpy()).add_prefix("p")
        keys = {"rule": rule, "seed": seed, "sample": range(count), "application": application}
        tables.append(pd.concat([pd.DataFrame(keys), table], axis=1))
    return pd.concat(tables)


if __name__ == "__main__":
    main()
