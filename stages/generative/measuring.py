"""What is measured of a network while it is trained, on noise and on the split `valid`."""

from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn.functional import mse_loss

from idem.evaluation import metrics
from idem.generative.state import Row
from stages.generative import networks
from stages.generative.scoring import Scorer, batched, scored


@dataclass(frozen=True)
class Measurement:
    """Score f(z), and measure how far f is from idempotent and from the identity.

    Attributes:
        scorer: of images of the whole side.
        z: noise.
        x: images that nothing is trained on.
        side: of images as they are scored; smaller ones are padded.
        twice: whether to measure absolute errors, and to score f(f(z)), too.
    """

    scorer: Scorer
    z: Tensor
    x: Tensor
    side: int
    twice: bool

    def __call__(self, f: nn.Module) -> Row:
        """Return what is measured of f, in the mode it is in."""
        y, fx = self._of(f, self.z), self._of(f, self.x)
        fy, ffx = self._of(f, y), self._of(f, fx)
        row: Row = {
            "relative_error": float(metrics.relative_error(y, fy)),
            "valid_relative_error": float(metrics.relative_error(fx, ffx)),
            "reconstruction_error": float(mse_loss(fx, self.x)),
            "displacement": metrics.displacement(self.z, y),
        }
        row |= scored(self._whole(y), self.scorer)
        if self.twice:
            row["absolute_error"] = float(metrics.absolute_error(y, fy))
            row["valid_absolute_error"] = float(metrics.absolute_error(fx, ffx))
            again = scored(self._whole(fy), self.scorer)
            row |= {f"{k}_2": again[k] for k in ("frechet_distance", "digits") if k in again}
        return row

    def _of(self, f: nn.Module, x: Tensor) -> Tensor:
        return batched(f, x, self.scorer.section.batch_size)

    def _whole(self, images: Tensor) -> Tensor:
        return networks.padded(images, self.side)
