"""What a training step minimises: reconstruct data, and be idempotent on noise (paper, 3.1).

With data x and noise z, the loss of a step is

    mean((f(x) - x)^2)  +  weight * idempotency_loss(f, z)          at the scale ``mean``,

nothing else: no discriminator and no tightness term. As a denoiser, f starts from data that noise
is blended into, f((1 - a) x + a z'), in the place of f(x). The rule ``none`` leaves the second term
out: an autoencoder, the control that shows what the network and its BatchNorm do without any rule.
The objective of Idempotent Generative Networks, tightness included, is the published baseline, see
`idem.generative.ign`.

All passes run in training mode, so that BatchNorm normalises each of x, z, f(z), f(f(z)) by its own
batch. For f to be one map in evaluation mode too,

    ...  +  align * disagreement

draws the statistics of the passes over x and z together, see `idem.generative.alignment`.

Source: Jensen and Vicary, section 3.1 and equation 10; denoising: Vincent et al., ICML 2008.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss

from idem.generative.alignment import first_inputs
from idem.generative.ign import IGN, ign_loss
from idem.generative.noise import Noise
from idem.rule.loss import idempotency_loss

Rule = str | Sequence[float] | IGN
PARTS = ("reconstruction", "idempotency", "tightness")  # of a loss, each before its weight


@dataclass(frozen=True)
class Objective:
    """The loss of a step and what it is measured on.

    Attributes:
        rule: ``"modified"``, ``"ordinary"``, ``"transposed"`` or the coefficients of another
            corrector, see `idem.rule.loss.idempotency_loss`, ``"none"``, or the settings of
            `idem.generative.ign.ign_loss`.
        weight: of the idempotency loss beside the reconstruction loss.
        gamma: the step of rules that substitute, see `idem.rule.loss.idempotency_loss`.
        target: what these apply to f(z): the ``"raw"`` weights, or their average, ``"ema"``.
        data_noise: the largest fraction a of noise that is blended into the data before they are
            reconstructed, 0 to 1, drawn uniformly for every image; 0 is the paper's training.
        align: weight of the penalty on statistics of data and noise that disagree; 0 is the paper's
            training.

    Raises:
        ValueError: for an unknown target, a data_noise outside [0, 1], a negative align, or a gamma
            or target beside a rule that would not heed it. An unknown rule is refused at the first
            step.
    """

    rule: Rule = "modified"
    weight: float = 1.0
    gamma: float = 1.0
    target: str = "raw"
    data_noise: float = 0.0
    align: float = 0.0

    def __post_init__(self) -> None:
        if self.target not in ("raw", "ema"):
            raise ValueError(f"target: expected raw or ema, got {self.target!r}")
        if not 0 <= self.data_noise <= 1:
            raise ValueError(f"data_noise: expected 0 to 1, got {self.data_noise}")
        if not self.align >= 0:
            raise ValueError(f"align: expected 0 or more, got {self.align}")
        substitutes = not isinstance(self.rule, IGN) and self.rule not in ("ordinary", "none")
        if not substitutes and (self.gamma != 1 or self.target != "raw"):
            raise ValueError(
                f"gamma, target: expected 1 and raw with the {self.name} rule, which substitutes "
                f"nothing, got {self.gamma:g} and {self.target}"
            )

    @property
    def name(self) -> str:
        """The rule in a word."""
        if isinstance(self.rule, str):
            return self.rule
        return "ign" if isinstance(self.rule, IGN) else "substituting"

    @property
    def parts(self) -> Sequence[str]:
        """Names of the parts of the loss."""
        return PARTS if isinstance(self.rule, IGN) else PARTS[:2]

    def losses(
        self, f: nn.Module, x: Tensor, given: Tensor, z: Tensor, ema: nn.Module | None = None
    ) -> Sequence[Tensor]:
        """Return the loss of a step and its parts before their weights; ``none`` has one part.

        Args:
            f: the network, in training mode.
            x: a batch of data, ``(B, C, H, W)``.
            given: what f reconstructs `x` from, of its shape: itself, or see `blended`.
            z: a batch of noise, ``(B', C, H, W)``.
            ema: the network with averaged weights, for the target ``"ema"``.
        """
        if not self.align:
            return self._of_outputs(f, x, given, z, ema)
        with first_inputs(f) as inputs:
            loss, *parts = self._of_outputs(f, x, given, z, ema)
            if self.rule == "none":
                f(z)  # which nothing but the penalty asks for
        return loss + self.align * inputs.disagreement(), *parts

    def _of_outputs(
        self, f: nn.Module, x: Tensor, given: Tensor, z: Tensor, ema: nn.Module | None
    ) -> Sequence[Tensor]:
        """Return the loss without the penalty on statistics, and its parts."""
        if isinstance(self.rule, IGN):
            return ign_loss(f, x, z, self.rule, given=given, idempotency_weight=self.weight)
        reconstruction = mse_loss(f(given), x)
        if self.rule == "none":
            return reconstruction, reconstruction
        idempotency = idempotency_loss(
            f,
            z,
            self.rule,
            "mean",
            gamma=self.gamma,
            target=ema if self.target == "ema" else None,
            running_statistics="all",
            check_finite=False,
        )
        return reconstruction + self.weight * idempotency, reconstruction, idempotency


def blended(x: Tensor, noise: Noise, most: float, generator: torch.Generator) -> Tensor:
    """Return data with a fraction of noise, another for every image, up to `most`."""
    z = noise.sample(len(x), generator)
    fraction = most * torch.rand(len(x), 1, 1, 1, generator=generator, device=x.device)
    return torch.lerp(x, z, fraction)
