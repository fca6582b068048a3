"""What stage latent measures of one network, apart from what is made of it."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from torch import Generator, Tensor, nn

from idem.checkpoint import Checkpoint
from idem.data.datasets import DATASETS, to_unit
from idem.generative.udcgan import UDCGAN
from stages.common.params import Generative, Latent
from stages.evaluation.latent_measures import KINDS, clouds, codes, jacobians, orbit, paths
from stages.generative import networks, weights

MODES = ("eval", "train")
UNTRAINED = "untrained"
RUN = ["model", "seed", "mode"]


@dataclass(frozen=True)
class Given:
    """What is measured: a network, images, noise, and a classifier where images have classes."""

    f: UDCGAN
    x: Tensor
    z: Tensor
    classifier: nn.Module | None


@dataclass
class NetworkTables:
    """What one network contributes; codes and images of the first seed alone, in the mode shown."""

    run: dict[str, Any] = field(default_factory=dict)  # that whose codes and images these are
    clouds: list[dict] = field(default_factory=list)
    jacobians: list[dict] = field(default_factory=list)
    paths: list[dict] = field(default_factory=list)
    eigenvalues: list[dict] = field(default_factory=list)
    codes: dict[str, np.ndarray] = field(default_factory=dict)
    images: dict[str, np.ndarray] = field(default_factory=dict)


def measured(
    everything: Generative, dataset: str, model: str, seed: int, checkpoint: Checkpoint
) -> dict[str, Any]:
    """Return the parts of NetworkTables of one run, in both modes."""
    section, found = everything.latent, NetworkTables()
    given = _given(everything, dataset, model, seed)
    for mode in MODES:
        shown = mode == section.shown_mode and seed == everything.train.seeds[0]
        run = dict(zip(RUN, (model, seed, mode), strict=True))
        _measure(section, given, run, found, shown)
    return vars(found)


def _given(everything: Generative, dataset: str, model: str, seed: int) -> Given:
    section, training = everything.latent, everything.train
    images = networks.some(dataset, "test", 2 * section.images)
    shape, rng = images.shape[1:], Generator(images.device).manual_seed(section.seed)
    settings = training.models.get(model) or next(iter(training.models.values()))
    noise = networks.noise(training, settings, dataset, shape)
    if model == UNTRAINED:
        f = networks.network(training, settings, shape, Generator().manual_seed(seed))
        networks.recalibrate(f, training, settings, dataset, noise, seed)
    else:
        f = weights.restored(everything, dataset, model, seed, section.weights)
    labelled = DATASETS[dataset].known == "labels"
    classifier = networks.classifier(dataset) if labelled else None
    return Given(f, to_unit(images), noise.sample(section.images, rng), classifier)


def _measure(
    section: Latent, given: Given, run: dict[str, Any], found: NetworkTables, shown: bool
) -> None:
    """Add what one mode contributes."""
    f, mode = given.f, run["mode"]
    of_images = codes(f, given.x, given.z, mode)
    found.clouds += [run | row for row in clouds(section, of_images)]
    points = orbit(f, given.z[: section.batch_size], section.applications, mode)
    rows, spectra = jacobians(section, f, points, mode)
    found.jacobians += [run | row for row in rows]
    if shown:
        found.eigenvalues += _eigenvalue_rows(run, spectra)
    if run["model"] == UNTRAINED:
        return
    rows, images = paths(section, f, points[1], mode, given.classifier)
    found.paths += [run | row for row in rows]
    if shown:
        found.run, found.images = run, images
        found.codes = {k: of_images[k][: section.embedded].cpu().numpy() for k in KINDS}


def _eigenvalue_rows(run: dict[str, Any], spectra: dict[int, Tensor]) -> list[dict]:
    return [
        run
        | {
            "application": application,
            "point": point,
            "rank": rank,
            "real": float(value.real),
            "imaginary": float(value.imag),
        }
        for application, values in spectra.items()
        for point, of_point in enumerate(values)
        for rank, value in enumerate(of_point)
    ]
