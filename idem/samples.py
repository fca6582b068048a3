"""How good is a set of generated samples: its distance from real data, its classes, its diversity.

Kept apart from `idem.metrics`, so that a new measurement of images reruns no sweep.
"""

import math

import torch
from torch import Tensor


def frechet_distance(a: Tensor, b: Tensor) -> float:
    """Return the squared Fréchet distance between Gaussians fitted to two sets of features.

        d^2 = ||m_a - m_b||^2 + tr(C_a) + tr(C_b) - 2 tr((C_a^{1/2} C_b C_a^{1/2})^{1/2})

    in float64, by symmetric eigendecompositions. Zero for equal means and covariances; two finite
    samples of one distribution give a positive floor that shrinks with their size: report it. The
    name FID is reserved for features of an Inception network.

    Args:
        a: features, ``(B, n)`` with at least two rows.
        b: features, ``(B', n)`` with at least two rows.

    Raises:
        ValueError: for other shapes.

    Source:
        Dowson and Landau (1982); Heusel et al., arXiv 1706.08500.
    """
    if a.dim() != 2 or b.dim() != 2 or a.shape[1] != b.shape[1] or min(len(a), len(b)) < 2:
        raise ValueError(
            "a, b: expected feature matrices (B, n) of one width and two or more rows, "
            f"got {tuple(a.shape)} and {tuple(b.shape)}"
        )
    a, b = a.double(), b.double()
    mean = (a.mean(0) - b.mean(0)).square().sum()
    cov_a, cov_b = torch.atleast_2d(a.T.cov()), torch.atleast_2d(b.T.cov())
    root = _symmetric_root(cov_a)
    cross = torch.linalg.eigvalsh(root @ cov_b @ root).clamp_min(0).sqrt().sum()
    return float((mean + cov_a.trace() + cov_b.trace() - 2 * cross).clamp_min(0))


def _symmetric_root(matrix: Tensor) -> Tensor:
    values, vectors = torch.linalg.eigh(matrix)
    return (vectors * values.clamp_min(0).sqrt()) @ vectors.T


def class_shares(logits: Tensor, confidence: float = 0.0) -> Tensor:
    """Return the share of items that a classifier puts in each class at this confidence or above.

    Sums to 1 at confidence 0, and to less where items stay unrecognised.

    Args:
        logits: ``(B, classes)``.
        confidence: the least probability of the winning class, in [0, 1].
    """
    probability, winner = logits.softmax(1).max(1)
    kept = winner[probability >= confidence]
    return torch.bincount(kept, minlength=logits.shape[1]).double() / len(logits)


def share_entropy(shares: Tensor) -> float:
    """Return the entropy of class shares as a part of its maximum: 1 balanced, 0 one class.

    Args:
        shares: ``(classes,)``, at least two, none negative; scaled to sum to 1. All zero gives 0.
    """
    total = shares.sum()
    if total == 0:
        return 0.0
    p = shares.double() / total
    return float(torch.special.entr(p).sum() / math.log(len(shares)))


def pairwise_distance(y: Tensor) -> float:
    """Return the mean Euclidean distance between two different items: 0 exactly after collapse.

    Args:
        y: ``(B, ...)`` with at least two items.

    Raises:
        ValueError: for fewer than two items.
    """
    if len(y) < 2:
        raise ValueError(f"y: expected two or more items, got {len(y)}")
    return float(torch.nn.functional.pdist(y.flatten(1).double()).mean())
