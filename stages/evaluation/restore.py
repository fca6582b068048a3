"""Stage restore: do the trained networks bring corrupted test images back?

Every image x is corrupted (`idem.evaluation.corruptions`) into x~; f(x~) and f(f(x~)) are compared
with x by PSNR and SSIM, images in [-1, 1]. Corruption `none` leaves x as it is: f(x) is the
reconstruction, the best that can be expected of f. Three baselines, application 0, say what a
number means: the corrupted image itself (`input`), the mean of the training images, and the
training image nearest to x~.

BatchNorm in training mode normalises a batch of images that are all corrupted alike by its own
statistics; in eval mode f is a map of single images. Both are measured.

Two tables: the scores, and the pixels of a few images. The latter stay in the data set's own folder
where its photographs may not be handed on.
"""

import operator
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor

from idem.checkpoint import Checkpoint
from idem.data.datasets import to_unit
from idem.evaluation import samples
from idem.evaluation.corruptions import CORRUPTIONS
from stages.common import params, resume
from stages.common.files import write_csv, write_json
from stages.common.params import Generative, Restore
from stages.evaluation import pictures
from stages.evaluation.labels import labelled, subset
from stages.generative import networks, runs, weights
from stages.generative.scoring import batched

SETTING = ["model", "weights", "mode", "corruption", "application"]
METRICS = ("psnr", "ssim")
SHOWN_WITH = ["model", "seed", "corruption", "application", "image", "psnr"]
BASELINES = ("input", "mean_image", "nearest_image")
MODULES = ("stages.evaluation.restore",)  # that decide the tables of a unit, training within
# A row an image: seed, the columns of SETTING, image, psnr and ssim; and pixels of the first.
Tables = tuple[pd.DataFrame, pd.DataFrame]
_HIGHEST_PSNR = 58.9  # dB; equal up to the rounding of a byte, as no interval has infinite ends
_CHUNK = 2000  # training images searched at once
_SCORED = 50  # images at once: SSIM is twice as fast where they fit into the cache


def main() -> None:
    """Write the scores with their intervals, their headline, and the pixels of a few images."""
    args = params.arguments("restore on one data set", dataset="name of the data set")
    everything, name = params.read(args.params, Generative), networks.data_set(args.dataset)
    keep = args.units if pictures.may_travel(name) else None  # as every unit has some

    def train_again(units: list[resume.Unit]) -> None:
        needed = [unit.arguments[3:5] for unit in units if unit.arguments[3:]]
        weights.provide(everything, name, needed, "restore")

    planned, label = plan(everything, name), f"restore {name}"
    with resume.completed(*planned, label=label, keep=keep, before=train_again) as found:
        scores, shown = _joined(found)
        table = summarize(scores, everything.restore)
        write_csv(args.metrics / f"restoration_{name}.csv", table)
        note = subset(args.metrics, name)
        write_json(args.metrics / f"restoration_{name}.json", labelled(headline(table), note))
        write_csv(pictures.path(args.metrics, name, "restored"), shown)


def plan(everything: Generative, dataset: str) -> resume.Plan:
    """Return how every run is measured, and the baselines."""
    section = everything.restore.model_dump(mode="json", exclude={"resamples", "confidence"})
    shared, first = (everything, dataset), everything.train.seeds[0]
    digest, of_runs = runs.data_digest(dataset, "test"), weights.keys(everything, dataset)
    key = [digest, section]
    units = [resume.Unit(f"restore_{dataset}_baselines", key, (_baselines, *shared))]
    for model, seed in product(everything.train.models, everything.train.seeds):
        for kind in everything.restore.weights:
            key = [of_runs[model, seed], section, kind, seed == first]
            label = f"restore_{dataset}_{model}_{seed}_{kind}"
            units.append(resume.Unit(label, key, (_restored, *shared, model, seed, kind)))
    return resume.Plan(operator.call, units, MODULES)


def corrupted(x: Tensor, seed: int) -> dict[str, Tensor]:
    """Return the images under every corruption, themselves under ``none``."""
    made = {name: f(x, Generator().manual_seed(seed)) for name, f in CORRUPTIONS.items()}
    return {"none": x} | made


def quality(y: Tensor, x: Tensor) -> dict[str, NDArray[Any]]:
    """Return PSNR, in dB, and SSIM of each image y, (B, C, H, W), against x."""
    # Not above: main scores nothing itself, and importing them takes as long as importing torch.
    from torchmetrics.functional.image.psnr import peak_signal_noise_ratio
    from torchmetrics.functional.image.ssim import structural_similarity_index_measure

    how: dict[str, Any] = {"data_range": 2.0, "reduction": "none"}
    psnr = peak_signal_noise_ratio(y, x, dim=(1, 2, 3), **how).clamp_max(_HIGHEST_PSNR)
    pairs = zip(y.split(_SCORED), x.split(_SCORED), strict=True)
    ssim: Any = [structural_similarity_index_measure(a, b, **how) for a, b in pairs]
    ssim = torch.cat(ssim)
    return {"psnr": psnr.cpu().numpy(), "ssim": ssim.cpu().numpy()}


def scored(y: Tensor, x: Tensor, keys: dict[str, Any], shown: int) -> Tables:
    """Score images y against x, under these keys, and keep the pixels of the first `shown`."""
    scores = pd.DataFrame(quality(y, x)).assign(image=range(len(y)), **keys)
    pixels = pictures.pixels(y[:shown])
    return scores, pd.concat([scores[SHOWN_WITH][:shown], pixels], axis=1)


def summarize(scores: pd.DataFrame, section: Restore) -> pd.DataFrame:
    """Return mean and bootstrap interval of every setting, for each seed and, `all`, over seeds.

    Over seeds both seeds and images are drawn anew, each independently of the other.

    Source: Owen, The pigeonhole bootstrap, Annals of Applied Statistics 1, 386 (2007).
    """
    rows = []
    same = (scores.model == "input") & (scores.corruption == "none")
    for key, group in scores[~same].groupby(SETTING, sort=False):
        tables = {name: group.pivot(index="seed", columns="image", values=name) for name in METRICS}
        seeds = list(tables["psnr"].index)
        for seed in dict.fromkeys(["all", *seeds]):
            row: dict[str, Any] = dict(zip(SETTING, key, strict=True)) | {"seed": seed}
            for name, table in tables.items():
                values = table.to_numpy() if seed == "all" else table.loc[[seed]].to_numpy()
                low, high = interval(values, section)
                row |= {name: values.mean(), f"{name}_low": low, f"{name}_high": high}
            rows.append(row)
    table = pd.DataFrame(rows)
    return table[["model", "seed", *table.columns.drop(["model", "seed"])]]


def interval(values: NDArray[Any], section: Restore) -> tuple[float, float]:
    """Return the percentile interval of the mean of values, (seeds, images), drawn anew by both."""
    seeds, images = (_drawn(count, section.resamples, section.seed) for count in values.shape)
    means = (images @ values.T * seeds).sum(1)
    tail = (1 - section.confidence) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return float(low), float(high)


@cache
def _drawn(count: int, resamples: int, seed: int) -> NDArray[np.float64]:
    """Return the fraction of each item in every sample with replacement, (resamples, count)."""
    rng = np.random.default_rng([seed, count])
    return rng.multinomial(count, np.full(count, 1 / count), resamples) / count


def headline(table: pd.DataFrame) -> dict[str, Any]:
    """Return {baselines or weights: {mode: {model: {corruption: scores over seeds}}}}."""
    result: dict[str, Any] = {"baselines": {}}
    for row in table[table.seed == "all"].to_dict("records"):
        place = result["baselines"]
        if row["application"]:
            place = result.setdefault(row["weights"], {}).setdefault(row["mode"], {})
        end = "_2" if row["application"] == 2 else ""
        scores = {f"{name}{end}": row[name] for name in METRICS}
        place.setdefault(row["model"], {}).setdefault(row["corruption"], {}).update(scores)
    return result


def _baselines(everything: Generative, dataset: str, checkpoint: Checkpoint) -> Tables:
    section, x = everything.restore, _originals(everything, dataset)
    training = networks.some(dataset, "train", section.training_images)
    mean = _mean(training).expand_as(x)
    keys: dict[str, Any] = {"seed": "all", "weights": "", "mode": "", "application": 0}
    given, found = corrupted(x, section.seed), []
    _, index = samples.nearest(torch.cat(list(given.values())), training)
    for (corruption, y), place in zip(given.items(), index[:, 0].split(len(x)), strict=True):
        outputs = (y, mean, to_unit(training[place]))
        for name, y in zip(BASELINES, outputs, strict=True):
            own = keys | {"model": name, "corruption": corruption}
            found.append(scored(y, x, own, section.shown_images))
    return _joined(found)


def _restored(
    everything: Generative, dataset: str, model: str, seed: int, kind: str, checkpoint: Checkpoint
) -> Tables:
    section, x = everything.restore, _originals(everything, dataset)
    f = weights.restored(everything, dataset, model, seed, kind)
    found = []
    for mode, (corruption, y) in product(section.modes, corrupted(x, section.seed).items()):
        run = {"model": model, "seed": seed, "weights": kind, "mode": mode}
        wanted = (everything.train.seeds[0], section.shown_weights, section.shown_mode)
        shown = section.shown_images if (seed, kind, mode) == wanted else 0
        for application in (1, 2):
            y = batched(networks.in_mode(f, mode), y, section.batch_size)
            keys = run | {"corruption": corruption, "application": application}
            found.append(scored(y, x, keys, shown))
    return _joined(found)


def _joined(found: list[Tables]) -> Tables:
    scores, shown = zip(*found, strict=True)
    return pd.concat(scores), pd.concat(shown)


def _originals(everything: Generative, dataset: str) -> Tensor:
    return to_unit(networks.some(dataset, "test", everything.restore.images))


def _mean(images: Tensor) -> Tensor:
    """Return the mean of uint8 images in [-1, 1], some of them at a time."""
    totals = [to_unit(chunk).double().sum(0) for chunk in images.split(_CHUNK)]
    return (torch.stack(totals).sum(0) / len(images)).float()


if __name__ == "__main__":
    main()
