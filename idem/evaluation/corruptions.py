"""Images corrupted in four ways, for a map that should bring them back to where the images lie.

Layout everywhere: images (B, C, H, W), floating point, in [-1, 1] with -1 black. Each function
returns new images of the same shape, dtype and device. Random choices are made per image, on the
generator's device, so that a CPU generator corrupts images on every device alike.

    noise    + N(0, 1/4) per element, not clamped: 12.04 dB whatever the image
    mask     a square hole, a third of the side, anywhere in the image, filled with mid-grey, 0
    sketch   Sobel's edges of the mean over channels: the strongest edge white, no edge black
    shift    an eighth of the side along both axes, either way; what is uncovered is black

Source of the task: Shocher et al., Idempotent Generative Network, arXiv 2311.01462.
"""

from collections.abc import Callable

import torch
from torch import Generator, Tensor
from torch.nn.functional import conv2d, pad

NOISE_STD = 0.5
_BLACK, _GREY = -1.0, 0.0
_LEAST_SIDE = 8
_SOBEL = ((-1.0, 0.0, 1.0), (-2.0, 0.0, 2.0), (-1.0, 0.0, 1.0))


def add_noise(x: Tensor, generator: Generator) -> Tensor:
    """Return x plus Gaussian noise of standard deviation 0.5; values may leave [-1, 1].

    Args:
        x: (B, C, H, W) in [-1, 1].
        generator: of the noise.

    Raises:
        ValueError: x is no batch of floating-point images of a side of 8 or more.
    """
    _check(x)
    n = torch.randn(x.shape, generator=generator, device=generator.device, dtype=x.dtype)
    return x + NOISE_STD * n.to(x.device)


def mask(x: Tensor, generator: Generator) -> Tensor:
    """Return x with a grey square in each image, its side a third of the shorter side of x.

    Args:
        x: (B, C, H, W) in [-1, 1].
        generator: of the places, of which all where the square fits are equally likely.

    Raises:
        ValueError: x is no batch of floating-point images of a side of 8 or more.
    """
    _check(x)
    side = min(x.shape[2:]) // 3
    rows, columns = (_in_hole(x, length, side, generator) for length in x.shape[2:])
    return x.masked_fill(rows[:, None, :, None] & columns[:, None, None, :], _GREY)


def sketch(x: Tensor, generator: Generator) -> Tensor:
    """Return the edges of x: the magnitude of Sobel's gradient, scaled per image to [-1, 1].

    An image without an edge becomes black. All channels are alike.

    Args:
        x: (B, C, H, W) in [-1, 1].
        generator: not drawn from; here as every corruption takes one.

    Raises:
        ValueError: x is no batch of floating-point images of a side of 8 or more.

    Source: Sobel and Feldman (1968), in Duda and Hart, Pattern Classification and Scene Analysis.
    """
    _check(x)
    across = x.new_tensor(_SOBEL)
    kernels = torch.stack([across, across.mT])[:, None]
    grey = pad(x.mean(1, keepdim=True), (1, 1, 1, 1), mode="replicate")
    magnitude = conv2d(grey, kernels).norm(dim=1, keepdim=True)
    strongest = magnitude.amax((2, 3), keepdim=True)
    edges = magnitude / strongest.clamp_min(torch.finfo(x.dtype).eps)
    return (2 * edges - 1).expand_as(x).contiguous()


def shift(x: Tensor, generator: Generator) -> Tensor:
    """Return x moved by an eighth of its shorter side, up or down and left or right, not wrapped.

    Args:
        x: (B, C, H, W) in [-1, 1].
        generator: of the directions, of which the four diagonals are equally likely.

    Raises:
        ValueError: x is no batch of floating-point images of a side of 8 or more.
    """
    _check(x)
    (items, channels, height, width), distance = x.shape, min(x.shape[2:]) // 8
    signs = torch.randint(2, (items, 2), generator=generator, device=generator.device).to(x.device)
    starts = 2 * distance * signs
    rows = starts[:, :1] + torch.arange(height, device=x.device)
    columns = starts[:, 1:] + torch.arange(width, device=x.device)
    item = torch.arange(items, device=x.device)[:, None, None, None]
    channel = torch.arange(channels, device=x.device)[:, None, None]
    padded = pad(x, (distance,) * 4, value=_BLACK)
    return padded[item, channel, rows[:, None, :, None], columns[:, None, None, :]]


CORRUPTIONS: dict[str, Callable[[Tensor, Generator], Tensor]] = {
    "noise": add_noise,
    "mask": mask,
    "sketch": sketch,
    "shift": shift,
}


def _in_hole(x: Tensor, length: int, side: int, generator: Generator) -> Tensor:
    """Return which of `length` rows or columns the hole of each image covers, (B, length)."""
    start = torch.randint(
        length - side + 1, (len(x), 1), generator=generator, device=generator.device
    )
    place = torch.arange(length, device=x.device) - start.to(x.device)
    return (place >= 0) & (place < side)


def _check(x: Tensor) -> None:
    if x.ndim != 4 or not x.is_floating_point() or min(x.shape[2:]) < _LEAST_SIDE:
        raise ValueError(
            f"x: expected floating-point images (B, C, H, W) of a side of {_LEAST_SIDE} or more, "
            f"got {x.dtype} of shape {tuple(x.shape)}"
        )
