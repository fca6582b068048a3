"""The convolutional network of the paper's generative experiment (section 3.1): a U-DCGAN.

The discriminator of a DCGAN up to a 1x1 bottleneck, followed by its generator, so that the output
has the shape of the input. A skip hands the features of an encoder level to the decoder at the
same resolution; skips at every level make the network a U-Net. Layout: images ``(B, C, H, W)`` in
[-1, 1], with H = W. Level i works at resolution ``H / 2^(i+1)``.

Source: Radford et al., arXiv 1511.06434 (DCGAN); Shocher et al., arXiv 2311.01462 (both halves
joined); Ronneberger et al., arXiv 1505.04597 (skips).
"""

from collections.abc import Callable, Collection, Sequence
from functools import partial

import torch
from torch import Generator, Tensor, nn

from idem.generative.decorrelation import (
    BATCH_NORMS,
    GROUP,
    DecorrelatedBatchNorm2d,
    group_size,
)

GROUP_CHANNELS = 16  # at most so many channels share one mean and variance of GroupNorm

Norm = Callable[[int], nn.Module]  # of so many channels


class UDCGAN(nn.Module):
    """Map images to images of the same shape through a narrow bottleneck.

    Every level is a 4x4 convolution of stride 2; encoder levels end in LeakyReLU 0.2, decoder
    levels in ReLU, the last one in Tanh. All but the first encoder level and the output are
    normalised, the code too: by default so that in every batch of training mode codes of noise have
    the mean, the spread and, within groups, the covariance of codes of data, see
    `idem.generative.decorrelation`. With BatchNorm there, which leaves the covariance open, the
    rule loses modes late in training (README.md).

    Args:
        image_shape: channels, height, width; ``(1, 32, 32)`` for padded MNIST, ``(3, 64, 64)`` for
            CelebA. Height and width are equal and divisible by 2 to the number of levels.
        channels: the channels of each encoder level, from the image inwards; mirrored in the
            decoder.
        bottleneck: channels of the 1x1 code.
        skips: the levels whose encoder features are handed to the decoder; none by default, because
            with all of them most classes are missing among the samples (README.md).
        normalization: of the image layers: ``"batch"``, ``"group"`` or ``"none"``.
        code_normalization: of the code: ``"decorrelated"`` or one of these; None is
            ``"decorrelated"`` beside ``"batch"``, and `normalization` elsewhere. With ``"group"``
            in the image layers and a decorrelated code nothing but the code depends on the batch.
        code_group: channels of a decorrelated code that are decorrelated with each other, at most;
            None is the code as a whole.
        generator: source of the initial weights, N(0, 0.02); without one, the global source.

    Raises:
        ValueError: for a shape, channels, a bottleneck, skips or normalizations that do not fit.

    Example:
        >>> f = UDCGAN((1, 32, 32), channels=(32, 64, 128), bottleneck=64)
        >>> f(torch.zeros(2, 1, 32, 32)).shape
        torch.Size([2, 1, 32, 32])
    """

    def __init__(
        self,
        image_shape: Sequence[int],
        channels: Sequence[int],
        bottleneck: int,
        skips: Sequence[int] = (),
        normalization: str = "batch",
        code_normalization: str | None = None,
        code_group: int | None = GROUP,
        generator: Generator | None = None,
    ) -> None:
        super().__init__()
        check_network(image_shape, channels, bottleneck, normalization)
        _check_skips(skips, len(channels))
        if code_normalization is None:
            code_normalization = "decorrelated" if normalization == "batch" else normalization
        check_name(CODE_NORMALIZATIONS, code_normalization, "code_normalization")
        code_norm = CODE_NORMALIZATIONS[code_normalization]
        if code_normalization == "decorrelated":
            group_size(bottleneck, code_group, "bottleneck")
            code_norm = partial(DecorrelatedBatchNorm2d, most=code_group)
        self.image_shape = tuple(image_shape)
        self.skips = frozenset(skips)
        norm = NORMALIZATIONS[normalization]
        inner = image_shape[1] >> len(channels)
        self.encoder = nn.ModuleList(encoder_levels(image_shape[0], channels, norm))
        self.squeeze = squeeze(channels[-1], bottleneck, inner, code_norm)
        self.expand = expand(bottleneck, channels[-1], inner, norm)
        self.decoder = nn.ModuleList(decoder_levels(image_shape[0], channels, self.skips, norm))
        initialize(self, generator)

    def encode(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Return the code, ``(B, bottleneck, 1, 1)``, and the features of every encoder level."""
        if x.dim() != 4 or tuple(x.shape[1:]) != self.image_shape:
            raise ValueError(
                f"x: expected images of shape (B, {', '.join(map(str, self.image_shape))}), "
                f"got {tuple(x.shape)}"
            )
        features = []
        for level in self.encoder:
            x = level(x)
            features.append(x)
        return self.squeeze(x), features

    def decode(self, code: Tensor, features: Sequence[Tensor] = ()) -> Tensor:
        """Return images from codes and, where the network has skips, the encoder's features.

        Raises:
            ValueError: if features that a skip needs are not given.
        """
        if self.skips and len(features) != len(self.decoder):
            raise ValueError(
                f"features: expected those of all {len(self.decoder)} levels, which encode returns "
                f"beside the code, as the network has skips, got {len(features)}"
            )
        x = self.expand(code)
        for i in reversed(range(len(self.decoder))):
            x = torch.cat([x, features[i]], dim=1) if i in self.skips else x
            x = self.decoder[i](x)
        return x

    def forward(self, x: Tensor) -> Tensor:
        """Return ``f(x)``, the shape of `x`, in [-1, 1]."""
        return self.decode(*self.encode(x))


def initialize(model: nn.Module, generator: Generator | None = None) -> None:
    """Draw convolutions from N(0, 0.02) and normalisation gains from N(1, 0.02); zero the biases.

    Source:
        Radford et al., arXiv 1511.06434, section 4, and its reference implementation.
    """
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(layer.weight, 0.0, 0.02, generator=generator)
        elif isinstance(layer, (*BATCH_NORMS, nn.GroupNorm)):
            nn.init.normal_(layer.weight, 1.0, 0.02, generator=generator)
        else:
            continue
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)


def _group_norm(channels: int) -> nn.Module:
    groups = max(1, channels // GROUP_CHANNELS)
    return nn.GroupNorm(groups if channels % groups == 0 else 1, channels)


def no_norm(channels: int) -> nn.Module:
    """Return a layer that leaves its input as it is."""
    return nn.Identity()


NORMALIZATIONS: dict[str, Norm] = {
    "batch": nn.BatchNorm2d,
    "group": _group_norm,
    "none": no_norm,
}
CODE_NORMALIZATIONS = NORMALIZATIONS | {"decorrelated": DecorrelatedBatchNorm2d}


def squeeze(channels: int, bottleneck: int, side: int, norm: Norm) -> nn.Sequential:
    """Return what makes a code of features ``(B, channels, side, side)``."""
    down = nn.Conv2d(channels, bottleneck, side, bias=norm is no_norm)
    return nn.Sequential(down, norm(bottleneck))


def expand(bottleneck: int, channels: int, side: int, norm: Norm) -> nn.Sequential:
    """Return what makes features ``(B, channels, side, side)`` of a code."""
    up = nn.ConvTranspose2d(bottleneck, channels, side, bias=norm is no_norm)
    return nn.Sequential(up, norm(channels), nn.ReLU())


def encoder_levels(image_channels: int, channels: Sequence[int], norm: Norm) -> list[nn.Module]:
    """Return the levels from the image inwards, each of half the resolution of the one before."""
    levels: list[nn.Module] = []
    for i, (n, m) in enumerate(zip([image_channels, *channels], channels, strict=False)):
        bias = i == 0 or norm is no_norm
        layers = [nn.Conv2d(n, m, 4, stride=2, padding=1, bias=bias)]
        layers += [norm(m)] if i > 0 else []
        levels.append(nn.Sequential(*layers, nn.LeakyReLU(0.2)))
    return levels


def decoder_levels(
    image_channels: int, channels: Sequence[int], skips: Collection[int], norm: Norm
) -> list[nn.Module]:
    """Return the levels that mirror `encoder_levels`, in its order: to be applied last to first.

    Those in `skips` take the features of the encoder's level beside their own input.
    """
    levels: list[nn.Module] = []
    for i, (m, n) in enumerate(zip([image_channels, *channels], channels, strict=False)):
        inputs = 2 * n if i in skips else n
        bias = i == 0 or norm is no_norm
        up = nn.ConvTranspose2d(inputs, m, 4, stride=2, padding=1, bias=bias)
        tail = [nn.Tanh()] if i == 0 else [norm(m), nn.ReLU()]
        levels.append(nn.Sequential(up, *tail))
    return levels


def check_network(
    image_shape: Sequence[int], channels: Sequence[int], bottleneck: int, normalization: str
) -> None:
    """Refuse what no network of these levels can be made of.

    Raises:
        ValueError: naming what does not fit.
    """
    if len(channels) < 1 or min(channels) < 1:
        raise ValueError(f"channels: expected one or more, each at least 1, got {list(channels)}")
    step = 2 ** len(channels)
    if len(image_shape) != 3 or min(image_shape) < 1 or image_shape[1] != image_shape[2]:
        raise ValueError(
            f"image_shape: expected (channels, side, side), each at least 1, got {image_shape}"
        )
    if image_shape[1] % step:
        raise ValueError(
            f"image_shape: expected a side divisible by 2^{len(channels)} = {step} for "
            f"{len(channels)} levels, got {image_shape[1]}; pad the images or use fewer channels"
        )
    if bottleneck < 1:
        raise ValueError(f"bottleneck: expected at least 1, got {bottleneck}")
    check_name(NORMALIZATIONS, normalization, "normalization")


def check_name(known: Collection[str], name: str, what: str) -> None:
    """Refuse a name that is not known.

    Raises:
        ValueError: listing those that are.
    """
    if name not in known:
        raise ValueError(f"{what}: expected one of {', '.join(known)}, got {name!r}")


def _check_skips(skips: Sequence[int], levels: int) -> None:
    if not set(skips) <= set(range(levels)):
        raise ValueError(f"skips: expected levels 0 to {levels - 1}, got {list(skips)}")
