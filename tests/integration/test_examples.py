"""The examples do what their headers say: rules against the same training without one.

Limits are far from what was measured over three seeds, given beside each; images are made up.
"""

import torch
from torch import Tensor

from tests.examples import denoiser, fine_tuning, sorting


def strokes(count: int, seed: int) -> Tensor:
    """Draw two soft straight strokes on each image of 8x8 pixels, flattened, in [-1, 1]."""
    generator = torch.Generator().manual_seed(seed)
    start, end = torch.rand(2, count, 2, 1, 2, generator=generator)
    points = (start + (end - start) * torch.linspace(0, 1, 12)[:, None]).flatten(1, 2)
    axis = torch.linspace(-0.1, 1.1, 8)
    pixels = torch.cartesian_prod(axis, axis)
    nearest = torch.cdist(points, pixels.expand(count, -1, -1)).amin(1)
    return 2 * torch.exp(-nearest.square() / 0.02) - 1


def test_a_denoiser_leaves_its_output_alone():
    rows = denoiser.compare(strokes(4000, 0), strokes(1000, 1), noise=1.5)
    (none, psnr, _), (ordinary, psnr_ordinary, twice) = rows["none"], rows["ordinary"]
    assert ordinary < none / 2  # 3.1 to 3.4 times lower
    assert psnr_ordinary > psnr - 0.5  # lower by 0.13 dB
    assert twice > psnr_ordinary - 0.3  # the second application costs 0.10 to 0.13 dB
    assert rows["modified"][0] > 1.5 * ordinary  # 2.9 to 3.2 times higher


def test_a_sorter_keeps_what_it_sorted():
    rows = sorting.compare()
    (none, error, in_order), (ordinary, error_ordinary, in_order_ordinary) = (
        rows["none"],
        rows["ordinary"],
    )
    assert ordinary < none / 1.5  # 2.3 to 4.9 times lower
    assert error_ordinary < 1.3 * error  # 1.14 times, on all seeds
    assert in_order_ordinary > in_order - 0.01  # higher by 0.010 to 0.028
    assert rows["modified"][0] > 1.2 * ordinary  # 1.8 to 4.1 times higher


def test_fine_tuning_makes_an_autoencoder_leave_alone_what_it_makes_of_noise():
    rows = fine_tuning.compare(strokes(4000, 0), strokes(1000, 1))
    none, ordinary = rows["none"], rows["ordinary"]
    assert ordinary[0] < none[0] / 2  # 2.5 to 2.7 times lower
    assert ordinary[1] < none[1]  # 0.80 to 0.82 times
    assert ordinary[2] > none[2] / 2  # 0.69 to 0.71 times
    assert ordinary[3] > none[3] - 1  # lower by 0.45 to 0.54 dB
    assert rows["modified"][0] > 1.3 * ordinary[0]  # 2.1 to 2.2 times higher
