"""Score images: how far from real ones in a space of features, how many digits, how varied.

Used while training, on the split `valid`, to choose among weights, and afterwards on the
split `test`, to report. Data sets without labels have features, and no digits.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from idem.data.datasets import Split, to_unit
from idem.evaluation import samples
from stages.common.params import Score
from stages.generative import networks


@dataclass
class Scorer:
    """What images are compared with, and how.

    Attributes:
        extractor: of features, in eval mode; with a `head` if it classifies.
        reference: the features of the real images of a split.
        section: batch size and thresholds.
    """

    extractor: nn.Module
    reference: Tensor
    section: Score

    def features(self, images: Tensor) -> Tensor:
        """Return the features, ``(B, n)``, of images in [-1, 1]."""
        extract: Callable = self.extractor.features  # pyright: ignore[reportAssignmentType]
        return batched(extract, images, self.section.batch_size)

    def score(self, images: Tensor) -> dict[str, float]:
        """Return how images compare with the reference, and how they differ from each other."""
        return self.score_features(images, self.features(images))

    def score_features(self, images: Tensor, features: Tensor) -> dict[str, float]:
        """Return the same of images whose features are known."""
        found = {
            "frechet_distance": samples.frechet_distance(features, self.reference),
            "pairwise_distance": samples.pairwise_distance(images[: self.section.pairs]),
        }
        return found | self._classes(features)

    def _classes(self, features: Tensor) -> dict[str, float]:
        if not hasattr(self.extractor, "head"):
            return {}
        with torch.no_grad():
            logits = self.extractor.head(features)
        sure = samples.class_shares(logits, self.section.confidence)
        fractions = samples.class_shares(logits)
        return {
            "digits": int((sure > self.section.least_fraction).sum()),
            "least_digit_fraction": float(sure.min()),
            "class_entropy": samples.share_entropy(fractions),
            "confident_fraction": float(sure.sum()),
        } | {f"class_{digit}": float(f) for digit, f in enumerate(fractions)}


def load_scorer(section: Score, dataset: str, split: Split) -> Scorer:
    """Return a scorer that compares with the real images of a split."""
    found = Scorer(networks.feature_extractor(dataset), torch.empty(0), section)
    found.reference = found.features(to_unit(networks.images(dataset, split)))
    return found


def batched(f: Callable[[Tensor], Tensor], x: Tensor, size: int) -> Tensor:
    """Return ``f(x)``, computed `size` items at a time, without a graph."""
    with torch.no_grad():
        return torch.cat([f(chunk) for chunk in x.split(size)])


def scored(images: Tensor, scorer: Scorer) -> dict[str, float]:
    """Return the scores of what a network generates, also where training has broken it."""
    finite = bool(torch.isfinite(images).all())
    return scorer.score(images) if finite else {"frechet_distance": math.nan}
