"""What stage latent measures of one network in one mode: clouds of codes, Jacobians and paths.

In training mode BatchNorm makes f a map of batches. Codes and orbits are those of whole batches
then; Jacobians and paths are of the map of single images that it is while the statistics of the
batch f(z), or of a later one of its orbit, are held.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from idem.evaluation import latent, metrics
from idem.evaluation.samples import frechet_distance
from idem.generative.udcgan import UDCGAN
from idem.landscape.spectrum import (
    distance_from_projector,
    effective_rank,
    fixed_dimension,
)
from stages.common.params import Latent
from stages.evaluation import pictures
from stages.generative import networks

KINDS = ("data", "noise", "f(z)", "f(f(z))")
REFERENCE = "other data"  # the floor: as many other images of the same split
PATHS = ("code, straight", "code, great circle", "pixels", "f of pixels")
Rows = list[dict[str, Any]]


def single_image_map(f: UDCGAN, x: Tensor, mode: str) -> UDCGAN:
    """Return f in evaluation mode, or the map that training mode is while `x` is the batch."""
    if mode == "train":
        return latent.with_held_statistics(f, x)
    networks.in_mode(f, "eval")
    return f


def orbit(f: UDCGAN, z: Tensor, applications: int, mode: str) -> list[Tensor]:
    """Return z, f(z), f(f(z)), … in this mode, `applications` of f in all."""
    networks.in_mode(f, mode)
    points = [z]
    with torch.no_grad():
        for _ in range(applications):
            points.append(f(points[-1]))
    return points


def codes(f: UDCGAN, x: Tensor, z: Tensor, mode: str) -> dict[str, Tensor]:
    """Return the codes of every kind of image, (B, k) each; `x` holds twice as many as `z`."""
    batches = {"data": x[: len(z)], REFERENCE: x[len(z) :]}
    batches |= dict(zip(KINDS[1:], orbit(f, z, 2, mode), strict=True))
    with torch.no_grad():
        return {kind: latent.encoded(f, batch) for kind, batch in batches.items()}


def clouds(section: Latent, found: dict[str, Tensor]) -> Rows:
    """Return size, dimension and distance from the data of every cloud of codes.

    The distance is the squared Fréchet distance over the total variance of the codes of data.
    """
    data = found["data"]
    variance = float(data.double().var(0).sum())
    return [
        {
            "kind": kind,
            "dimension": latent.principal_dimension(cloud, section.variance_fraction),
            "variance": float(cloud.double().var(0).sum()) / variance,
            "distance": 0.0 if cloud is data else frechet_distance(data, cloud) / variance,
        }
        for kind, cloud in found.items()
    ]


def jacobians(
    section: Latent, f: UDCGAN, points: list[Tensor], mode: str
) -> tuple[Rows, dict[int, Tensor]]:
    """Return what the Jacobian is at f(z) and far along its orbit, and the eigenvalues there.

    Medians over the points, in float64 from the two factors on. That J(f(y)) J(y) = J(y), which an
    idempotent f has at every output, is measured at f(z) if asked for: it takes another Jacobian.
    """
    rows, spectra = [], {}
    for application in (1, section.applications):
        y = points[application]
        g = single_image_map(f, y, mode)
        with torch.no_grad():
            moved = torch.linalg.vector_norm((g(y) - y).flatten(1), dim=1)
        J = _jacobian(g, y[: section.points])
        values = J.eigenvalues()
        measured = {
            "relative_change": moved / torch.linalg.vector_norm(y.flatten(1), dim=1),
            "trace": values.real.sum(1),
            "near_one": latent.fraction_near(values, 1, section.tolerance),
            "near_zero": latent.fraction_near(values, 0, section.tolerance),
            "fixed_dimension": fixed_dimension(values).double(),
            "largest_modulus": values.abs().amax(1),
            "distance_from_projector": distance_from_projector(values),
            "effective_rank": effective_rank(J.compressed()),
            "largest_singular_value": torch.linalg.svdvals(J.compressed())[:, 0],
            "departure": J.departure(),
        }
        if section.composition and application == 1:
            with torch.no_grad():
                u = g(y[: section.points])
            measured["composition"] = J.composition_departure(_jacobian(g, u))
        medians = {name: float(by_item.median()) for name, by_item in measured.items()}
        rows.append({"application": application} | medians)
        spectra[application] = values
    return rows, spectra


def _jacobian(g: UDCGAN, y: Tensor) -> latent.CodeJacobian:
    found = latent.code_jacobian(g, y)
    return latent.CodeJacobian(found.out.double(), found.into.double())


def paths(
    section: Latent, f: UDCGAN, y: Tensor, mode: str, classifier: nn.Module | None
) -> tuple[Rows, dict[str, np.ndarray]]:
    """Return what is measured along the paths between samples, and the images of the first pair.

    Every path begins and ends at f of two samples. Errors are in units of the spread of samples,
    as in `idem.evaluation.metrics.relative_error`, and with the rest means over pairs.

    Args:
        section: how many pairs and steps.
        f: the network.
        y: samples f(z), the batch whose statistics are held in training mode.
        mode: of BatchNorm.
        classifier: returns logits; None where the images have no classes.
    """
    g = single_image_map(f, y, mode)
    spread = float(metrics.output_spread(y)) * y[0].numel() ** 0.5
    with torch.no_grad():
        drawn = _drawn(section, g, y)
        rows = []
        for name, path in drawn.items():
            even = float(latent.evenness(path).nanmean())
            for fraction, images in zip(latent.fractions(section.steps), path, strict=True):
                moved = torch.linalg.vector_norm((g(images) - images).flatten(1), dim=1)
                row = {
                    "path": name,
                    "fraction": fraction,
                    "relative_error": float(moved.mean()) / spread,
                }
                rows.append(row | _classes(classifier, images) | {"evenness": even})
    return rows, {name: pictures.levels(path[:, 0]) for name, path in drawn.items()}


def _drawn(section: Latent, g: UDCGAN, y: Tensor) -> dict[str, Tensor]:
    """Return the images along every path, (steps, pairs, C, H, W)."""
    a, b = y[: section.pairs], y[section.pairs : 2 * section.pairs]
    ends = latent.encoded(g, a), latent.encoded(g, b)
    pixels = latent.linear_path(g(a), g(b), section.steps)

    def each(function: Callable[[Tensor], Tensor], points: Tensor) -> Tensor:
        return torch.stack([function(at_fraction) for at_fraction in points])

    straight = latent.linear_path(*ends, section.steps)
    circle = latent.spherical_path(*ends, section.steps)
    found = (
        each(lambda c: latent.decoded(g, c), straight),
        each(lambda c: latent.decoded(g, c), circle),
        pixels,
        each(g, pixels),
    )
    return dict(zip(PATHS, found, strict=True))


def _classes(classifier: nn.Module | None, images: Tensor) -> dict[str, float]:
    if classifier is None:
        return {}
    p = classifier(images).double().softmax(1)
    return {
        "confidence": float(p.amax(1).mean()),
        "class_entropy": float(torch.special.entr(p).sum(1).mean()),
    }
