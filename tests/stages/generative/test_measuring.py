"""What a network is measured by on its way, against the measures themselves."""

from types import SimpleNamespace
from typing import Any, cast

import torch
from torch import Generator, Tensor, nn
from torch.nn.functional import mse_loss

from idem.evaluation import metrics
from stages.generative.measuring import Measurement
from stages.generative.scoring import Scorer


class Sides:
    """A scorer that tells the side of images and their darkest border."""

    section = SimpleNamespace(batch_size=3)

    def score(self, images: Tensor) -> dict[str, float]:
        border = images.clone()
        border[..., 2:-2, 2:-2] = -1
        side, mean = images.shape[-1], float(images[..., 2:-2, 2:-2].mean())
        return {"frechet_distance": side + float(border.amax()), "digits": mean}


def normal(count: int, side: int, seed: int) -> Tensor:
    return torch.randn(count, 1, side, side, generator=Generator().manual_seed(seed))


def measured(twice: bool) -> tuple[dict[str, Any], nn.Module, Tensor, Tensor]:
    f, z, x = nn.Conv2d(1, 1, 3, padding=1), normal(6, 4, 0), normal(3, 4, 1)
    nn.init.constant_(f.weight, 0.1)
    found = Measurement(cast(Scorer, Sides()), z, x, side=8, twice=twice)(f)
    return found, f, z, x


@torch.no_grad()
def test_errors_are_those_of_f_applied_twice_on_noise_and_on_data():
    found, f, z, x = measured(twice=True)
    for start, given in (("", z), ("valid_", x)):
        y = f(given)
        assert found[f"{start}relative_error"] == float(metrics.relative_error(y, f(y)))
        assert found[f"{start}absolute_error"] == float(metrics.absolute_error(y, f(y)))
    assert found["reconstruction_error"] == float(mse_loss(f(x), x))
    assert found["displacement"] == metrics.displacement(z, f(z))


@torch.no_grad()
def test_small_images_are_scored_with_black_around_them_and_f_of_f_too():
    found, f, z, _ = measured(twice=True)
    assert found["frechet_distance"] == found["frechet_distance_2"] == 7  # a side of 8, a border -1
    torch.testing.assert_close(found["digits"], float(f(z).mean()))
    torch.testing.assert_close(found["digits_2"], float(f(f(z)).mean()))


def test_what_is_not_asked_for_is_not_measured():
    found, *_ = measured(twice=False)
    asked = ["relative_error", "valid_relative_error", "reconstruction_error", "displacement"]
    assert list(found) == [*asked, "frechet_distance", "digits"]
