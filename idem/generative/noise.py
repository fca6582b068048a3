"""The inputs that a generative idempotent network turns into samples: Gaussian or Fourier noise.

Fourier noise has, at every spatial frequency, the mean and the variance of the real and of the
imaginary part of the training images' spectrum. The spectrum of a real image is Hermitian, so only
half of it is free: drawing all of it and keeping the real part of the inverse transform loses half
of the variance. Here the free half comes from the transform of real white noise, which is Hermitian
by construction, and is coloured frequency by frequency. With w real white noise of N pixels,
W = rfft2(w), and s_k^2 the number of random parts at frequency k (1 where k = -k, else 2):

    Z_k = mean_k + s_k (std(Re F_k) Re W_k + i std(Im F_k) Im W_k) / sqrt(N),   z = irfft2(Z)

Source: Shocher et al., arXiv 2311.01462, section 4 (the statistics; the symmetry is ours).
"""

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Generator, Tensor

from idem.data.datasets import to_unit

CHUNK = 4096  # images transformed at once


class Noise(Protocol):
    """Anything that samples the inputs of a network."""

    def sample(self, count: int, generator: Generator) -> Tensor:
        """Return `count` samples on the generator's device."""
        ...


class GaussianNoise:
    """Independent N(0, 1) pixels.

    Args:
        image_shape: channels, height, width.
    """

    def __init__(self, image_shape: Sequence[int]) -> None:
        self.image_shape = tuple(image_shape)

    def sample(self, count: int, generator: Generator) -> Tensor:
        """Return `count` samples, ``(count, C, H, W)`` float32, on the generator's device."""
        return _white((count, *self.image_shape), generator)


class FourierNoise:
    """Gaussian noise with the frequency statistics of a set of images.

    Args:
        mean: complex, ``(C, H, W // 2 + 1)``: the mean of the images' half spectra (`rfft2`).
        real_std: real, the same shape: standard deviations of their real parts.
        imaginary_std: real, the same shape: of their imaginary parts.
        width: W, which the half spectrum leaves open by one.

    Raises:
        ValueError: if the shapes differ or do not belong to images of this width.
    """

    def __init__(self, mean: Tensor, real_std: Tensor, imaginary_std: Tensor, width: int) -> None:
        if not mean.shape == real_std.shape == imaginary_std.shape:
            raise ValueError(
                f"real_std, imaginary_std: expected the shape of mean, {tuple(mean.shape)}, "
                f"got {tuple(real_std.shape)} and {tuple(imaginary_std.shape)}"
            )
        if mean.dim() != 3 or mean.shape[-1] != width // 2 + 1:
            raise ValueError(
                f"mean: expected a half spectrum (C, H, {width // 2 + 1}) for width {width}, "
                f"got {tuple(mean.shape)}"
            )
        self.image_shape = (*mean.shape[:2], width)
        self.mean, self.real_std, self.imaginary_std = mean, real_std, imaginary_std
        self._parts = _random_parts(*self.image_shape[1:]).to(real_std)

    @classmethod
    def fit(cls, images: Tensor) -> "FourierNoise":
        """Measure the statistics of uint8 images ``(B, C, H, W)``: pass the training split only.

        Raises:
            ValueError: for anything but two or more uint8 images.
        """
        if images.dim() != 4 or len(images) < 2 or images.dtype != torch.uint8:
            raise ValueError(
                "images: expected two or more as uint8 (B, C, H, W), "
                f"got {images.dtype} {tuple(images.shape)}"
            )
        total = square = torch.zeros((), dtype=torch.float64, device=images.device)
        for chunk in images.split(CHUNK):
            parts = torch.view_as_real(torch.fft.rfft2(to_unit(chunk).double()))
            total, square = total + parts.sum(0), square + parts.square().sum(0)
        mean = total / len(images)
        std = (square / len(images) - mean.square()).clamp_min(0).sqrt().float()
        return cls(torch.view_as_complex(mean.float()), std[..., 0], std[..., 1], images.shape[-1])

    def state_dict(self) -> dict[str, Tensor]:
        """Return the statistics as real tensors, for a file without pickle."""
        return {
            "mean": torch.view_as_real(self.mean),
            "real_std": self.real_std.contiguous(),
            "imaginary_std": self.imaginary_std.contiguous(),
        }

    @classmethod
    def from_state_dict(cls, state: dict[str, Tensor], width: int) -> "FourierNoise":
        """Rebuild the noise from `state_dict`."""
        mean = torch.view_as_complex(state["mean"].contiguous())
        return cls(mean, state["real_std"], state["imaginary_std"], width)

    def sample(self, count: int, generator: Generator) -> Tensor:
        """Return `count` samples, ``(count, C, H, W)`` float32, on the generator's device."""
        white = _white((count, *self.image_shape), generator)
        if count == 0:  # which the transform refuses
            return white
        spectrum = torch.fft.rfft2(white) * self._parts
        real, imaginary = self.real_std * spectrum.real, self.imaginary_std * spectrum.imag
        noise = torch.fft.irfft2(torch.complex(real, imaginary) + self.mean, s=white.shape[-2:])
        return noise.float()


def _white(shape: Sequence[int], generator: Generator) -> Tensor:
    """Draw independent N(0, 1) numbers, float32 whatever PyTorch's default is."""
    return torch.randn(shape, generator=generator, device=generator.device, dtype=torch.float32)


def _random_parts(height: int, width: int) -> Tensor:
    """Return s_k / sqrt(N), ``(H, W // 2 + 1)``: what makes each part of rfft2(w) a unit normal."""
    rows, columns = (torch.arange(size, device="cpu") for size in (height, width // 2 + 1))
    own_row, own_column = (2 * rows) % height == 0, (2 * columns) % width == 0
    own = own_row[:, None] & own_column[None, :]
    return torch.where(own, 1.0, 2.0).float().div(height * width).sqrt()
