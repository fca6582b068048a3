"""The four corruptions: what they change, what they leave, and what they draw."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import scipy.ndimage
import torch
from torch import Generator, Tensor

from idem.evaluation.corruptions import CORRUPTIONS, NOISE_STD, add_noise, mask, shift, sketch

Corruption = Callable[[Tensor, Generator], Tensor]
every = pytest.mark.parametrize("corrupt", CORRUPTIONS.values(), ids=list(CORRUPTIONS))


def seeded(seed: int = 0) -> Generator:
    return torch.Generator().manual_seed(seed)


def images(items: int = 5, channels: int = 3, height: int = 24, width: int = 30) -> Tensor:
    """Return images of which no pixel is black or grey."""
    x = torch.rand(items, channels, height, width, generator=seeded(1), dtype=torch.float64)
    return 0.1 + 0.8 * x


@every
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_same_shape_and_type_and_the_input_is_left_alone(corrupt: Corruption, dtype: torch.dtype):
    x = images().to(dtype)
    before = x.clone()
    corrupted = corrupt(x, seeded())
    assert (corrupted.shape, corrupted.dtype) == (x.shape, dtype)
    assert torch.equal(x, before)
    assert not torch.equal(corrupted, x)


@every
def test_one_seed_gives_one_result(corrupt: Corruption):
    x = images()
    assert torch.equal(corrupt(x, seeded(3)), corrupt(x, seeded(3)))
    if corrupt is not sketch:
        assert not torch.equal(corrupt(x, seeded(3)), corrupt(x, seeded(4)))


@pytest.mark.parametrize("corrupt", [mask, sketch, shift])
def test_all_but_noise_stay_in_the_range_of_images(corrupt: Corruption):
    assert corrupt(images(), seeded()).abs().max() <= 1


def test_noise_has_the_stated_size_and_is_independent_of_the_image():
    x = images(40)
    n = add_noise(x, seeded()) - x
    torch.testing.assert_close(n, add_noise(x.neg(), seeded()) + x)
    error = 5 * NOISE_STD / math.sqrt(n.numel())
    assert abs(float(n.mean())) < error
    assert float(n.std()) == pytest.approx(NOISE_STD, abs=error)


def test_a_mask_is_one_grey_square_in_every_image():
    x = images(200)
    hole = mask(x, seeded()) == 0
    assert torch.equal(mask(x, seeded())[~hole], x[~hole])
    rows, columns = hole.all(1).any(2), hole.all(1).any(1)
    assert torch.equal(hole, (rows[:, None, :, None] & columns[:, None, None]).expand_as(x))
    assert set(rows.sum(1).tolist()) == set(columns.sum(1).tolist()) == {24 // 3}
    for lines, length in ((rows, 24), (columns, 30)):
        start = lines.int().argmax(1)
        assert (lines.diff(dim=1).sum(1) <= 2).all()
        assert set(start.tolist()) == set(range(length - 8 + 1)), "every place occurs"


def test_a_sketch_is_the_scaled_magnitude_of_sobels_gradient():
    x = images()
    for image, corrupted in zip(x.mean(1).numpy(), sketch(x, seeded()).numpy(), strict=True):
        slopes = [scipy.ndimage.sobel(image, axis, mode="nearest") for axis in (0, 1)]
        magnitude = np.hypot(*slopes)
        expected = 2 * magnitude / magnitude.max() - 1
        np.testing.assert_allclose(corrupted, np.stack([expected] * 3), atol=1e-14)


def test_a_sketch_of_a_plain_image_is_black():
    assert (sketch(torch.full((2, 1, 8, 8), 0.3), seeded()) == -1).all()


def test_a_shift_moves_every_image_along_a_diagonal_and_uncovers_black():
    x, distance = images(60), 24 // 8
    seen = set()
    for image, corrupted in zip(x, shift(x, seeded()), strict=True):
        matches = []
        for down, right in ((d, r) for d in (-1, 1) for r in (-1, 1)):
            move = (0, down * distance, right * distance)
            expected = scipy.ndimage.shift(image.numpy(), move, order=0, cval=-1)
            if np.array_equal(expected, corrupted.numpy()):
                matches.append((down, right))
        assert len(matches) == 1
        seen |= set(matches)
    assert len(seen) == 4


@every
@pytest.mark.parametrize(
    "wrong",
    [torch.zeros(1, 8, 8), torch.zeros(1, 1, 7, 8), torch.zeros(1, 1, 8, 8, dtype=torch.uint8)],
    ids=["three dimensions", "too small", "integers"],
)
def test_what_is_no_batch_of_images_is_refused(corrupt: Corruption, wrong: Tensor):
    with pytest.raises(ValueError, match=r"expected floating-point images .* got"):
        corrupt(wrong, seeded())
