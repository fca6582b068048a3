"""Gaussian noise with the mean and the covariance of a set of images, pixel by pixel.

What a network with one set of statistics is given should look to its first layers as data do:
this noise has the first two moments of the images, so that whatever is linear in its input has the
same means and covariances on both. Of `idem.generative.noise.FourierNoise` the mean is that of the
images, and the covariances are theirs on average over places. With m the mean, C the covariance and
S its symmetric root, S S = C,

    z = m + S w,        w white

S is unique, so that a seed gives the same noise on every CPU, up to rounding; a GPU draws others.
Its cost is the cube of the number of pixels: seconds for 32 x 32 grey ones, hours for 64 x 64 in
colour.
"""

from collections.abc import Sequence

import torch
from torch import Generator, Tensor

from idem.data.datasets import to_unit
from idem.generative.noise import CHUNK


class CovarianceNoise:
    """Gaussian noise with the first two moments of a set of images.

    Args:
        mean: ``(C, H, W)``.
        root: S, ``(C H W, C H W)``, symmetric.

    Raises:
        ValueError: if the shapes do not belong together.

    Example:
        >>> images = torch.randint(256, (50, 1, 4, 4), dtype=torch.uint8)
        >>> z = CovarianceNoise.fit(images).sample(10_000, Generator().manual_seed(0))
        >>> bool((z.mean(0) - to_unit(images).mean(0)).abs().max() < 0.05)
        True
    """

    def __init__(self, mean: Tensor, root: Tensor) -> None:
        pixels = mean.numel()
        if mean.dim() != 3 or root.shape != (pixels, pixels):
            raise ValueError(
                "mean, root: expected (C, H, W) and (C H W, C H W), "
                f"got {tuple(mean.shape)} and {tuple(root.shape)}"
            )
        self.mean, self.root = mean, root

    @property
    def image_shape(self) -> Sequence[int]:
        """Channels, height, width."""
        return tuple(self.mean.shape)

    @classmethod
    def fit(cls, images: Tensor) -> "CovarianceNoise":
        """Measure the moments of uint8 images ``(B, C, H, W)``: pass the training split only.

        Raises:
            ValueError: for anything but two or more uint8 images.
        """
        if images.dim() != 4 or len(images) < 2 or images.dtype != torch.uint8:
            raise ValueError(
                "images: expected two or more as uint8 (B, C, H, W), "
                f"got {images.dtype} {tuple(images.shape)}"
            )
        pixels, count = images[0].numel(), len(images)
        total = torch.zeros(pixels, dtype=torch.float64, device=images.device)
        products = total.new_zeros(pixels, pixels)
        for chunk in images.split(CHUNK):
            x = to_unit(chunk).flatten(1).double()
            total, products = total + x.sum(0), products + x.T @ x
        mean = total / count
        values, vectors = torch.linalg.eigh(products / count - mean.outer(mean))
        root = (vectors * values.clamp_min(0).sqrt()) @ vectors.T
        return cls(mean.float().view(images.shape[1:]), root.float())

    def sample(self, count: int, generator: Generator) -> Tensor:
        """Return `count` samples, ``(count, C, H, W)`` float32, on the generator's device."""
        white = torch.randn(count, len(self.root), generator=generator, device=generator.device)
        return (white @ self.root).view(count, *self.image_shape) + self.mean
