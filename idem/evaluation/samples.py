"""How good is a set of generated samples: its distance from real data, its classes, its diversity.

Whether they are copies is told by their nearest neighbours among the training images.

Kept apart from `idem.evaluation.metrics`, so that a new measurement of images reruns no sweep.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from idem.data.datasets import to_unit

_CHUNK = 2000  # images searched at once


def frechet_distance(a: Tensor, b: Tensor) -> float:
    """Return the squared Fréchet distance between Gaussians fitted to two sets of features.

        d^2 = ||m_a - m_b||^2 + tr(C_a) + tr(C_b) - 2 tr((C_a^{1/2} C_b C_a^{1/2})^{1/2})

    in float64, by symmetric eigendecompositions. Zero for equal means and covariances; two finite
    samples of one distribution give a positive floor that shrinks with their size: report it.
    Where features span less than all n dimensions, as those of fewer than n items, rounding hides
    distances below some 1e-7 of the traces, and 0 may stand for them. The name FID is reserved for
    features of an Inception network.

    Args:
        a: features, ``(B, n)`` with at least two rows.
        b: features, ``(B', n)`` with at least two rows.

    Raises:
        ValueError: for other shapes, or features that are not finite.

    Source:
        Dowson and Landau (1982); Heusel et al., arXiv 1706.08500.
    """
    if a.dim() != 2 or b.dim() != 2 or a.shape[1] != b.shape[1] or min(len(a), len(b)) < 2:
        raise ValueError(
            "a, b: expected feature matrices (B, n) of one width and two or more rows, "
            f"got {tuple(a.shape)} and {tuple(b.shape)}"
        )
    for name, features in (("a", a), ("b", b)):
        if not bool(features.isfinite().all()):
            raise ValueError(f"{name}: expected finite features, got NaN or infinity")
    a, b = a.double(), b.double()
    mean = (a.mean(0) - b.mean(0)).square().sum()
    cov_a, cov_b = torch.atleast_2d(a.T.cov()), torch.atleast_2d(b.T.cov())
    root = _symmetric_root(cov_a)
    cross = torch.linalg.eigvalsh(root @ cov_b @ root).clamp_min(0).sqrt().sum()
    return float((mean + cov_a.trace() + cov_b.trace() - 2 * cross).clamp_min(0))


def _symmetric_root(matrix: Tensor) -> Tensor:
    values, vectors = torch.linalg.eigh(matrix)
    return (vectors * values.clamp_min(0).sqrt()) @ vectors.T


def frechet_by_size(features: Tensor, reference: Tensor, sizes: Sequence[int]) -> list[float]:
    """Return the mean Fréchet distance of as many disjoint parts of each size as there are.

    It falls with the size, as small sets look further away than they are.

    Args:
        features: ``(B, n)``.
        reference: ``(B', n)``, whole in every comparison.
        sizes: from 2 to B.

    Raises:
        ValueError: for a size outside that range.

    Example:
        >>> x = torch.randn(400, 2)
        >>> len(frechet_by_size(x[:200], x[200:], [50, 100]))
        2
    """
    found = []
    for size in sizes:
        if not 2 <= size <= len(features):
            raise ValueError(f"sizes: expected 2 to {len(features)}, got {size}")
        parts = features[: len(features) // size * size].split(size)
        found.append(math.fsum(frechet_distance(part, reference) for part in parts) / len(parts))
    return found


def at_infinite_size(sizes: Sequence[int], distances: Sequence[float]) -> tuple[float, float]:
    """Return a and b of the least-squares line a + b / size: a is the distance without end.

    The first-order bias of the Fréchet distance is proportional to 1 / size. What the finite
    reference adds stays in a.

    Args:
        sizes: two or more that differ.
        distances: one a size.

    Raises:
        ValueError: for fewer sizes.

    Source:
        Chong and Forsyth, Effectively unbiased FID, CVPR 2020, arXiv 1911.07023.

    Example:
        >>> [round(value, 6) for value in at_infinite_size([1, 2, 4], [7.0, 5.0, 4.0])]
        [3.0, 4.0]
    """
    if len(set(sizes)) < 2:
        raise ValueError(f"sizes: expected two or more that differ, got {list(sizes)}")
    inverse = 1 / torch.tensor(sizes, dtype=torch.float64)
    design = torch.stack([torch.ones_like(inverse), inverse], 1)
    values = torch.tensor(distances, dtype=torch.float64)[:, None]
    a, b = torch.linalg.lstsq(design, values).solution.flatten().tolist()
    return a, b


def class_shares(logits: Tensor, confidence: float = 0.0) -> Tensor:
    """Return the fraction of items that a classifier puts in each class with this confidence.

    Sums to 1 at confidence 0, and to less where items stay unrecognised.

    Args:
        logits: ``(B, classes)``.
        confidence: the least probability of the winning class, in [0, 1].

    Raises:
        ValueError: for another shape, no items, NaN or infinity, or a confidence out of range.
    """
    if logits.dim() != 2 or logits.numel() == 0:
        raise ValueError(
            f"logits: expected numbers (B, classes), at least one, got shape {tuple(logits.shape)}"
        )
    if not 0 <= confidence <= 1:
        raise ValueError(f"confidence: expected 0 to 1, got {confidence}")
    probability, winner = logits.softmax(1).max(1)
    if bool(probability.isnan().any()):
        raise ValueError("logits: expected numbers (B, classes), got NaN or infinity among them")
    kept = winner[probability >= confidence]
    return torch.bincount(kept, minlength=logits.shape[1]).double() / len(logits)


def share_entropy(shares: Tensor) -> float:
    """Return the entropy of class fractions as a part of its maximum: 1 balanced, 0 one class.

    Args:
        shares: ``(classes,)``, at least two, none negative; scaled to sum to 1. All zero gives 0.

    Raises:
        ValueError: for another shape, or shares that are negative or not finite.
    """
    p = shares.double()
    if p.dim() != 1 or len(p) < 2 or not bool(((p >= 0) & p.isfinite()).all()):
        raise ValueError(
            f"shares: expected two or more of 0 or above, (classes,), got {shares.tolist()}"
        )
    total = p.sum()
    if total == 0:
        return 0.0
    p = p / total
    return float(torch.special.entr(p).sum() / math.log(len(shares)))


def pairwise_distance(y: Tensor) -> float:
    """Return the mean Euclidean distance between two different items: 0 exactly after collapse.

    Args:
        y: real, ``(B, ...)`` with at least two items.

    Raises:
        ValueError: for fewer than two items, or complex numbers.
    """
    if y.dim() == 0 or len(y) < 2 or y.is_complex():
        raise ValueError(
            f"y: expected two or more items of real numbers, got {y.dtype} {tuple(y.shape)}"
        )
    return float(torch.nn.functional.pdist(y.reshape(len(y), -1).double()).mean())


def nearest(y: Tensor, images: Tensor, count: int = 1) -> tuple[Tensor, Tensor]:
    """Return the Euclidean distances of each item to the images nearest to it, and which these are.

    Args:
        y: ``(B, C, H, W)`` in [-1, 1], floating point.
        images: uint8 ``(N, C, H, W)``; a few are converted at a time.
        count: how many neighbours, at most N.

    Returns:
        Distances, ascending, and indices into `images`, both ``(B, count)``.

    Raises:
        ValueError: for images of another shape, or fewer than `count`.

    Example:
        >>> images = torch.tensor([0, 255], dtype=torch.uint8).view(2, 1, 1, 1)
        >>> nearest(torch.full((1, 1, 1, 1), 0.5), images)
        (tensor([[0.5000]]), tensor([[1]]))
    """
    if y.shape[1:] != images.shape[1:] or not 1 <= count <= len(images):
        raise ValueError(
            f"images: expected {count} or more of shape {tuple(y.shape[1:])}, "
            f"got {tuple(images.shape)}"
        )
    flat = y.flatten(1)
    best = flat.new_full((len(y), count), math.inf)
    places = torch.zeros_like(best, dtype=torch.int64)
    for start in range(0, len(images), _CHUNK):
        others = to_unit(images[start : start + _CHUNK]).to(y.dtype).flatten(1)
        order = others.square().sum(1) - 2 * flat @ others.T  # the square, less that of y
        found = torch.arange(start, start + len(others), device=y.device).expand_as(order)
        best, kept = torch.cat([best, order], 1).topk(count, largest=False)
        places = torch.cat([places, found], 1).gather(1, kept)
    pairs = [flat - to_unit(images[place]).to(y.dtype).flatten(1) for place in places.T]
    distances, kept = torch.stack([pair.norm(dim=1) for pair in pairs], 1).sort(1)
    return distances, places.gather(1, kept)
