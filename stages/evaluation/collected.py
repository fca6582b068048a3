"""What one network is in evaluation mode, by what BatchNorm's statistics were collected on."""

from collections.abc import Iterable, Iterator
from typing import Any

import pandas as pd
import torch
from torch import Generator, Tensor, nn

from idem.checkpoint import Checkpoint
from idem.data.datasets import draw
from idem.generative.alignment import disagreement, first_inputs
from idem.generative.decorrelation import BATCH_NORMS
from idem.generative.noise import Noise
from stages.common.params import Generative
from stages.evaluation import measures
from stages.generative import networks, weights
from stages.generative.scoring import load_scorer

EACH, BOTH, NOISE, DATA = "each batch", "both", "noise", "data"
MEASURED = {
    "frechet_distance": "frechet_distance",
    "frechet_distance_2": "frechet_distance_2",
    "relative_error": "noise_relative_error",
    "reconstruction_error": "reconstruction_error",
}
Tables = dict[str, pd.DataFrame]


def network(
    everything: Generative, dataset: str, model: str, seed: int, kind: str, checkpoint: Checkpoint
) -> Tables:
    """Return what one run is under every kind of statistics, and how data and noise differ.

    Returns:
        ``statistics``, a row for each of `EACH` (training mode), `BOTH` (what stage train left),
        `NOISE` and `DATA`, with `MEASURED`, on the test split; and ``layers``, a row a layer that
        is normalised, in order: ``disagreement`` of the statistics of data and noise, by
        `idem.generative.alignment`, in the first pass over a batch of either.
    """
    scorer, training = load_scorer(everything.score, dataset, "test"), everything.train
    settings, images = training.models[model], networks.images(dataset, "train")
    z = networks.noise(training, settings, dataset, images.shape[1:])
    given = measures.inputs(everything.evaluate, training, dataset, settings)
    run = {"model": model, "seed": seed}
    rows: list[dict[str, Any]] = []
    for of in (EACH, BOTH, NOISE, DATA):
        f = weights.restored(everything, dataset, model, seed, kind)
        batches = 2 * training.calibration_batches, training.of(settings).batch_size
        if of in (NOISE, DATA):
            collect(f, passes(of, images, z, *batches, seed))
        f = networks.in_mode(f, "train" if of == EACH else "eval")
        found, _ = measures.network(f, given, scorer, everything.evaluate)
        kept = {name: found[column] for name, column in MEASURED.items()}
        rows.append(run | {"statistics": of} | kept)
    f, x = weights.restored(everything, dataset, model, seed, kind), given["data"]
    layers = [run | row for row in by_layer(f, x, given["noise"][: len(x)])]
    return {"statistics": pd.DataFrame(rows), "layers": pd.DataFrame(layers)}


def collect(f: nn.Module, inputs: Iterable[Tensor]) -> None:
    """Measure BatchNorm's statistics anew over these passes, as means of their batches' own.

    As `idem.generative.calibration.recalibrate` does, which takes data and noise in equal parts.

    Args:
        f: changed in place; left in training mode.
        inputs: batches, (B, C, H, W).
    """
    layers = [m for m in f.modules() if isinstance(m, BATCH_NORMS)]
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None  # a cumulative average
    f.train()
    with torch.no_grad():
        for batch in inputs:
            f(batch)
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum


def passes(
    of: str, images: Tensor, z: Noise, batches: int, batch_size: int, seed: int
) -> Iterator[Tensor]:
    """Yield batches of `DATA`, images (N, C, H, W), uint8, or of `NOISE`."""
    generator = Generator(images.device).manual_seed(seed)
    for _ in range(batches):
        alone = draw(images, batch_size, generator) if of == DATA else None
        yield z.sample(batch_size, generator) if alone is None else alone


def by_layer(f: nn.Module, x: Tensor, z: Tensor) -> list[dict[str, Any]]:
    """Return how far the statistics of data x and noise z are apart, a row a normalised layer."""
    f.train()
    with torch.no_grad(), first_inputs(f) as found:
        f(x)
        f(z)
    names = {layer: name for name, layer in f.named_modules()}
    return [
        {"place": place, "layer": names[layer], "disagreement": float(disagreement(layer, *two))}
        for place, (layer, two) in enumerate(found.of.items(), 1)
    ]
