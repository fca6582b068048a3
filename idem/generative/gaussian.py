"""A Gaussian fitted to vectors, to draw more of them: the simplest model of an autoencoder's codes.

Drawn codes, decoded, are the least that any generator built on the same autoencoder has to beat.

Source: Ghosh et al., arXiv 1903.12436, section 4, who fit densities to codes after training.
"""

import torch
from torch import Tensor


class Gaussian:
    """The normal distribution of a mean and a full covariance.

    Args:
        mean: ``(n,)``.
        root: ``(n, n)``, with ``root @ root.T`` the covariance, which may be singular.

    Raises:
        ValueError: if the shapes do not belong together.
    """

    def __init__(self, mean: Tensor, root: Tensor) -> None:
        if mean.dim() != 1 or root.shape != (len(mean), len(mean)):
            raise ValueError(
                "mean, root: expected (n,) and (n, n), "
                f"got {tuple(mean.shape)} and {tuple(root.shape)}"
            )
        self.mean, self.root = mean, root

    @classmethod
    def fit(cls, vectors: Tensor) -> "Gaussian":
        """Fit mean and unbiased covariance, in float64, to the rows of ``(B, n)``.

        Raises:
            ValueError: for anything but a matrix of two or more rows.
        """
        if vectors.dim() != 2 or len(vectors) < 2:
            raise ValueError(
                f"vectors: expected (B, n) with two or more rows, got {tuple(vectors.shape)}"
            )
        covariance = torch.atleast_2d(vectors.double().T.cov())
        values, basis = torch.linalg.eigh(covariance)
        return cls(vectors.double().mean(0), basis * values.clamp_min(0).sqrt())

    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        """Return `count` vectors, ``(count, n)`` float32, on the generator's device."""
        shape = (count, len(self.mean))
        white = torch.randn(
            shape, generator=generator, device=generator.device, dtype=self.mean.dtype
        )
        return (self.mean + white @ self.root.T).float()
