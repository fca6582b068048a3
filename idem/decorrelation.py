"""Batch normalisation that also takes the correlations out: every batch leaves with the same ones.

BatchNorm gives every channel of any batch the same mean and variance, and leaves open how channels
vary together: a batch of a few kinds of item passes it as well as one of many. With a group of
channels h, (s, N) over the N items and places of a batch, mean m and covariance C,

    C + (eps tr(C) / s + tiny) I = L L^T,        h' = gain * L^-1 (h - m) + bias

has the identity as its covariance, whatever came in, up to the ridge eps. On the code of an
autoencoder this gives the codes of noise and those of data the same second moments within a group,
in every batch of training mode.

Groups are small, as a covariance of s channels needs more than s items.

Source: Huang, Yang, Lang and Deng, "Decorrelated Batch Normalization", CVPR 2018, arXiv 1804.08450
(the groups); Siarohin, Sangineto and Sebe, "Whitening and Coloring Batch Transform for GANs", ICLR
2019, arXiv 1806.00420 (the Cholesky factor, in a generator).
"""

import torch
from torch import Tensor, nn

GROUP = 16  # at most so many channels are decorrelated with each other
RIDGE = 1e-3  # eps, in units of the mean variance of a group


class DecorrelatedBatchNorm2d(nn.BatchNorm2d):
    """Normalise the mean and the covariance of groups of channels by those of the batch.

    In evaluation mode by running ones. It is a BatchNorm for all that looks for one: momentum,
    running statistics, `reset_running_stats`; but its ``running_var`` holds covariances,
    ``(channels / s, s, s)``, s being the largest divisor of `channels` up to `GROUP`.

    Args:
        channels: of the input, ``(B, channels, H, W)``.

    Raises:
        ValueError: in training mode, for an input with one value a channel.

    Example:
        >>> norm = DecorrelatedBatchNorm2d(4)
        >>> x = torch.randn(100, 1, 1, 1) + 0.1 * torch.randn(100, 4, 1, 1)
        >>> round(float(norm(x).flatten(1).T.corrcoef()[0, 1].abs()), 1)
        0.0
    """

    def __init__(self, channels: int) -> None:
        super().__init__(channels)
        size = max(s for s in range(1, GROUP + 1) if channels % s == 0)
        self.register_buffer("running_var", torch.eye(size).repeat(channels // size, 1, 1))

    def reset_running_stats(self) -> None:
        """Forget the running statistics."""
        super().reset_running_stats()
        if self.running_var is not None and self.running_var.dim() == 3:  # once it is made
            self.running_var.copy_(torch.eye(self.running_var.shape[-1]))

    def forward(self, input: Tensor) -> Tensor:
        """Return the normalised input, in its dtype; computed in float32 at least."""
        self._check_input_dim(input)
        assert self.running_mean is not None and self.running_var is not None
        with torch.autocast(input.device.type, enabled=False):
            x = input.to(torch.promote_types(input.dtype, torch.float32))
            if self.training:
                mean, covariance = self.statistics(x)
                self._move(mean.detach(), covariance.detach(), x.numel() // x.shape[1])
            else:
                mean, covariance = self.running_mean, self.running_var
            grouped = self._grouped(x - mean[:, None, None])
            white = torch.linalg.solve_triangular(_factor(covariance), grouped, upper=False)
            b, c, h, w = x.shape
            result = white.reshape(c, b, h, w).transpose(0, 1)
            result = result * self.weight[:, None, None] + self.bias[:, None, None]
        return result.to(input.dtype)

    def statistics(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return what a batch is normalised by: means, ``(channels,)``, and covariances.

        Raises:
            ValueError: for one value a channel.
        """
        count = x.numel() // x.shape[1]
        if count < 2:
            raise ValueError(
                f"input: expected more than 1 value per channel in training mode, got {x.shape}"
            )
        mean = x.mean((0, 2, 3))
        centred = self._grouped(x - mean[:, None, None])
        return mean, centred @ centred.mT / count

    def _grouped(self, x: Tensor) -> Tensor:
        """Return ``(groups, s, B H W)`` of ``(B, C, H, W)``."""
        assert self.running_var is not None
        groups, size, _ = self.running_var.shape
        return x.transpose(0, 1).reshape(groups, size, -1)

    def _move(self, mean: Tensor, covariance: Tensor, count: int) -> None:
        """Move the running statistics as `nn.BatchNorm2d` does, towards unbiased ones."""
        assert self.running_mean is not None and self.running_var is not None
        assert self.num_batches_tracked is not None
        self.num_batches_tracked.add_(1)
        share = 1 / float(self.num_batches_tracked) if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean.to(self.running_mean), share)
        unbiased = covariance * (count / (count - 1))
        self.running_var.lerp_(unbiased.to(self.running_var), share)


def _factor(covariance: Tensor) -> Tensor:
    """Return the Cholesky factor of covariances, (groups, s, s), above their ridge.

    NaN where there is none, as of numbers that are not finite, which the loss then shows.
    """
    size = covariance.shape[-1]
    ridge = RIDGE * covariance.diagonal(dim1=-2, dim2=-1).mean(-1) + 1e-5
    identity = torch.eye(size, dtype=covariance.dtype, device=covariance.device)
    factor, fault = torch.linalg.cholesky_ex(covariance + ridge[:, None, None] * identity)
    return torch.where((fault > 0)[:, None, None], torch.nan, factor)
