"""What is measured of one network in one mode of BatchNorm, and of images that no network made.

The kinds of input:

    data        images it was trained on
    test        images it has not seen
    noise       of the kind it was trained on
    corrupted   images it has not seen, corrupted in the ways of `idem.evaluation.corruptions` in
                turn: every batch holds all of them in equal parts
"""

import contextlib
import io
from collections.abc import Callable

import joblib
import torch
from prdc import compute_prdc
from torch import Generator, Tensor
from torch.nn.functional import mse_loss

from idem.data.datasets import to_unit
from idem.evaluation import metrics, samples
from idem.evaluation.corruptions import CORRUPTIONS
from stages.common.engine import device
from stages.common.params import Evaluate, Model, Train
from stages.generative import networks
from stages.generative.scoring import Scorer, batched

Row = dict[str, float]
Map = Callable[[Tensor], Tensor]


def inputs(section: Evaluate, training: Train, dataset: str, model: Model) -> dict[str, Tensor]:
    """Return the inputs by kind, in the order they are reported in."""
    data, test = (
        to_unit(networks.some(dataset, split, section.images)) for split in ("train", "test")
    )
    count = max(section.samples, *section.sizes)
    noise = networks.noise(training, model, dataset, data.shape[1:])
    rng = Generator(device()).manual_seed(section.seed)
    return {
        "data": data,
        "test": test,
        "noise": noise.sample(count, rng),
        "corrupted": corrupted(test, section.seed),
    }


def corrupted(x: Tensor, seed: int) -> Tensor:
    """Return images corrupted in turn: the first in the first way, the second in the second, …."""
    result = x.clone()
    for i, corrupt in enumerate(CORRUPTIONS.values()):
        of_kind = x[i :: len(CORRUPTIONS)]
        if len(of_kind):
            result[i :: len(CORRUPTIONS)] = corrupt(of_kind, Generator().manual_seed(seed))
    return result


def network(
    f: Map, given: dict[str, Tensor], scorer: Scorer, section: Evaluate
) -> tuple[Row, Tensor]:
    """Return what is measured of f in the mode it is in, and f(z)."""
    given = given | {"noise": given["noise"][: section.samples]}
    size = scorer.section.batch_size
    once = {kind: batched(f, x, size) for kind, x in given.items()}
    twice = {kind: batched(f, y, size) for kind, y in once.items()}
    row: Row = {"reconstruction_error": float(mse_loss(once["test"], given["test"]))}
    for kind, y in once.items():
        row[f"{kind}_absolute_error"] = float(metrics.absolute_error(y, twice[kind]))
        row[f"{kind}_relative_error"] = float(metrics.relative_error(y, twice[kind]))
    y, u = once["noise"], twice["noise"]
    row["displacement"] = metrics.displacement(given["noise"], y)
    row["frechet_distance_2"] = samples.frechet_distance(scorer.features(u), scorer.reference)
    return row | sample_quality(y, scorer, section.nearest_k), y


def sample_quality(images: Tensor, scorer: Scorer, nearest_k: int) -> Row:
    """Return the scores of images, and how their features cover those of as many real ones.

    Source:
        Kynkäänniemi et al., arXiv 1904.06991 (precision, recall); Naeem et al., ICML 2020 (density,
        coverage).
    """
    order = torch.randperm(len(scorer.reference), generator=Generator().manual_seed(0))
    real = scorer.reference[order[: len(images)].to(scorer.reference.device)]
    made = scorer.features(images)
    arrays = (features.double().cpu().numpy() for features in (real, made))
    # As many threads as it would start change the order of sums; what it prints is of no use.
    with joblib.parallel_config("sequential"), contextlib.redirect_stdout(io.StringIO()):
        found = compute_prdc(*arrays, nearest_k=nearest_k)
    scores = scorer.score_features(images, made)
    return scores | {name: float(value) for name, value in found.items()}


def neighbours(y: Tensor, dataset: str) -> tuple[Row, Tensor]:
    """Return how far images are from the training images nearest to them, and these.

    A blurred image is near to many others: what a copy alone has is one neighbour that is far
    nearer than the second, `neighbour_ratio` well below that of test images.
    """
    training = networks.images(dataset, "train")
    distances, places = samples.nearest(y, training, 2)
    ratios = distances[:, 0] / distances[:, 1].clamp_min(torch.finfo(distances.dtype).tiny)
    row = {
        "neighbour_distance": float(distances[:, 0].mean()),
        "neighbour_ratio": float(ratios.mean()),
    }
    return row, to_unit(training[places[:, 0]])
