"""Batch normalisation that also decorrelates the channels of small groups.

BatchNorm gives every channel of any batch the same mean and variance, and leaves open how channels
vary together: a batch of a few kinds of item passes it as well as one of many. With a group of
channels h, (s, N) over the N items and places of a batch, mean m and covariance C,

    C + (ridge tr(C) / s + eps) I = L L^T,        white = L^-1 (h - m)

has the identity as its covariance, whatever came in, up to the ridge; a gain and a bias a channel
follow, as in BatchNorm. On the code of an autoencoder this gives the codes of noise and those of
data the same second moments within a group, in every batch of training mode.

Groups are small, as a covariance of s channels needs more than s items. With larger batches the
channels may be decorrelated as a whole, so that no two of them vary together in any batch.

Source: Huang, Yang, Lang and Deng, "Decorrelated Batch Normalization", CVPR 2018, arXiv 1804.08450
(the groups); Siarohin, Sangineto and Sebe, "Whitening and Coloring Batch Transform for GANs", ICLR
2019, arXiv 1806.00420 (the Cholesky factor, in a generator).
"""

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase

GROUP = 16  # at most so many channels are decorrelated with each other, unless said otherwise
RIDGE = 1e-3  # in units of the mean variance of a group


def group_size(channels: int, most: int | None = GROUP, name: str = "channels") -> int:
    """Return how many channels a group has: the largest divisor of `channels` up to `most`.

    Args:
        channels: of all groups together.
        most: None for one group, of all channels.
        name: that the caller knows the channels by.

    Raises:
        ValueError: where that is 1, so that nothing would be decorrelated.
    """
    most = channels if most is None else most
    size = max((size for size in range(1, most + 1) if channels % size == 0), default=1)
    if size == 1:
        raise ValueError(
            f"{name}: expected a number with a divisor from 2 to {most}, got {channels}; take "
            "another, or BatchNorm"
        )
    return size


class DecorrelatedBatchNorm2d(_NormBase):
    """Normalise the mean and the covariance of groups of channels by those of the batch.

    In evaluation mode by running ones. It has what a BatchNorm has, momentum, running statistics
    and `reset_running_stats`; but ``running_var`` holds covariances, ``(channels / s, s, s)``, s
    from `group_size`. `torch.nn.SyncBatchNorm.convert_sync_batchnorm` leaves it as it is: several
    processes normalise by a whole batch within `idem.generative.distributed.synchronized`.

    Args:
        channels: of the input, ``(B, channels, H, W)``.
        most: channels that are decorrelated with each other, at most, see `group_size`; None is
            all of them. A batch needs more values a channel, twice as many at least.

    Raises:
        ValueError: for channels that fall into no groups, an input of others, and in training mode
            for one value a channel.

    Example:
        >>> norm = DecorrelatedBatchNorm2d(4)
        >>> x = torch.randn(100, 1, 1, 1) + 0.1 * torch.randn(100, 4, 1, 1)
        >>> round(float(norm(x).detach().flatten(1).T.corrcoef()[0, 1].abs()), 1)
        0.0
    """

    def __init__(self, channels: int, most: int | None = GROUP) -> None:
        super().__init__(channels)
        self.size = group_size(channels, most)
        covariances = torch.eye(self.size).repeat(channels // self.size, 1, 1)
        self.register_buffer("running_var", covariances)

    def reset_running_stats(self) -> None:
        """Forget the running statistics."""
        super().reset_running_stats()
        if self.running_var is not None and self.running_var.dim() == 3:  # once it is made
            self.running_var.copy_(torch.eye(self.size))

    def forward(self, input: Tensor) -> Tensor:
        """Return the normalised input, in its dtype; computed in float32 at least."""
        if input.dim() != 4 or input.shape[1] != self.num_features:
            raise ValueError(
                f"input: expected (B, {self.num_features}, H, W), got {tuple(input.shape)}"
            )
        with torch.autocast(input.device.type, enabled=False):
            x = input.to(torch.promote_types(input.dtype, torch.float32))
            if self.training or self.running_mean is None or self.running_var is None:
                mean, covariance, centred, count = self._of_batch(x)
                move_statistics(self, mean.detach(), covariance.detach(), count)
            else:
                mean, covariance = self.running_mean.to(x), self.running_var.to(x)
                centred = self._grouped(x - mean[:, None, None])
            white = torch.linalg.solve_triangular(self._factor(covariance), centred, upper=False)
            b, c, h, w = x.shape
            white = white.reshape(c, b, h, w).transpose(0, 1)
            result = white * self.weight[:, None, None] + self.bias[:, None, None]
        return result.to(input.dtype)

    def statistics(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return what a batch is normalised by: means, ``(channels,)``, and covariances.

        Raises:
            ValueError: for one value a channel.
        """
        return self._of_batch(x)[:2]

    def _of_batch(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, float | Tensor]:
        mean = x.mean((0, 2, 3))
        centred = self._grouped(x - mean[:, None, None])
        count = centred.shape[-1]
        if count < 2:
            raise ValueError(
                "input: expected more than 1 value per channel in training mode, "
                f"got {tuple(x.shape)}"
            )
        return mean, centred @ centred.mT / count, centred, count

    def _grouped(self, x: Tensor) -> Tensor:
        """Return ``(groups, s, B H W)`` of ``(B, C, H, W)``."""
        return x.transpose(0, 1).reshape(x.shape[1] // self.size, self.size, -1)

    def _factor(self, covariance: Tensor) -> Tensor:
        """Return the Cholesky factor of covariances, (groups, s, s), above their ridge.

        NaN where there is none, as of numbers that are not finite, which the loss then shows.
        """
        ridge = RIDGE * covariance.diagonal(dim1=-2, dim2=-1).mean(-1) + self.eps
        identity = torch.eye(self.size, dtype=covariance.dtype, device=covariance.device)
        factor, fault = torch.linalg.cholesky_ex(covariance + ridge[:, None, None] * identity)
        return torch.where((fault > 0)[:, None, None], torch.nan, factor)


def move_statistics(
    layer: _NormBase, mean: Tensor, variance: Tensor, count: float | Tensor
) -> None:
    """Move the running statistics of a layer, if it has any, as `nn.BatchNorm2d` does: unbiased.

    Args:
        layer: whose statistics, momentum and count of batches.
        mean: of the batch, without a graph.
        variance: of the batch, or covariances, as the layer has them; biased.
        count: of values a channel in the batch.
    """
    if layer.running_mean is None or layer.running_var is None:
        return
    assert layer.num_batches_tracked is not None
    layer.num_batches_tracked.add_(1)
    fraction = 1 / float(layer.num_batches_tracked) if layer.momentum is None else layer.momentum
    layer.running_mean.lerp_(mean.to(layer.running_mean), fraction)
    unbiased = variance * (count / (count - 1))
    layer.running_var.lerp_(unbiased.to(layer.running_var), fraction)


# What normalises by batches, and has statistics for evaluation mode.
BATCH_NORMS = (nn.BatchNorm2d, nn.SyncBatchNorm, DecorrelatedBatchNorm2d)
