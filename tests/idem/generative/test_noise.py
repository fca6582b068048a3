"""Noise: reproducible, real, and with the statistics of the images it was fitted to."""

import pytest
import torch
from torch import Generator, Tensor

from idem.data.datasets import to_unit
from idem.generative.noise import FourierNoise, GaussianNoise


def correlated_images(count: int, side: int) -> Tensor:
    """Smooth random images with a bright centre, uint8: far from white."""
    white = torch.randn(count, 1, side, side, generator=Generator().manual_seed(0))
    smooth = white + white.roll(1, -1) + white.roll(1, -2) + white.roll((1, 1), (-2, -1))
    centre = torch.hann_window(side, periodic=False)
    return (60 + 20 * smooth + 100 * torch.outer(centre, centre)).clamp(0, 255).to(torch.uint8)


def test_gaussian_noise_is_standard_normal():
    z = GaussianNoise((3, 8, 8)).sample(500, Generator().manual_seed(0))
    assert z.shape == (500, 3, 8, 8)
    assert z.dtype == torch.float32
    assert abs(z.mean()) < 0.01
    assert abs(z.std() - 1) < 0.01


@pytest.mark.parametrize("side", [8, 9])
def test_the_variance_per_pixel_is_that_of_the_images(side):
    images = correlated_images(4000, side)
    z = FourierNoise.fit(images).sample(4000, Generator().manual_seed(1))
    x = to_unit(images)
    ratio = z.var(0).mean() / x.var(0, unbiased=False).mean()
    assert abs(ratio - 1) < 0.02


@pytest.mark.parametrize("side", [8, 9])
def test_every_frequency_has_the_mean_and_the_spread_of_the_images(side):
    images = correlated_images(4000, side)
    z = FourierNoise.fit(images).sample(4000, Generator().manual_seed(1))
    of_images = torch.view_as_real(torch.fft.rfft2(to_unit(images)))
    of_noise = torch.view_as_real(torch.fft.rfft2(z))
    spread = of_images.std(0, unbiased=False)
    assert torch.allclose(of_noise.mean(0), of_images.mean(0), atol=float(0.1 * spread.max()))
    assert torch.allclose(of_noise.std(0), spread, rtol=0.08, atol=1e-3)


def test_taking_the_real_part_of_a_full_spectrum_would_lose_half_of_the_variance():
    images = correlated_images(4000, 8)
    spectrum = torch.fft.fft2(to_unit(images))
    std = torch.view_as_real(spectrum).std(0)
    generator = Generator().manual_seed(2)
    parts = torch.randn((4000, *std.shape), generator=generator) * std
    careless = torch.fft.ifft2(torch.view_as_complex(parts)).real
    assert abs(careless.var(0).mean() / to_unit(images).var(0).mean() - 0.5) < 0.05


def test_equal_generators_give_equal_noise():
    noise = FourierNoise.fit(correlated_images(50, 8))
    first, second = (noise.sample(5, Generator().manual_seed(7)) for _ in range(2))
    assert torch.equal(first, second)
    assert not torch.equal(first, noise.sample(5, Generator().manual_seed(8)))


def test_identical_images_give_that_image():
    image = correlated_images(1, 8)
    z = FourierNoise.fit(image.repeat(3, 1, 1, 1)).sample(2, Generator().manual_seed(0))
    assert torch.allclose(z, to_unit(image).expand(2, -1, -1, -1), atol=1e-3)


def test_the_statistics_survive_a_round_trip_through_tensors():
    noise = FourierNoise.fit(correlated_images(50, 9))
    again = FourierNoise.from_state_dict(noise.state_dict(), width=9)
    first, second = (n.sample(4, Generator().manual_seed(3)) for n in (noise, again))
    assert torch.equal(first, second)


def test_colour_images_keep_their_channels():
    images = correlated_images(30, 8).repeat(1, 3, 1, 1)
    assert FourierNoise.fit(images).sample(4, Generator().manual_seed(0)).shape == (4, 3, 8, 8)


@pytest.mark.parametrize(
    "images", [torch.zeros(5, 1, 8, 8), torch.zeros(5, 8, 8, dtype=torch.uint8)]
)
def test_anything_but_uint8_images_is_refused(images):
    with pytest.raises(ValueError, match=r"expected two or more as uint8 \(B, C, H, W\), got"):
        FourierNoise.fit(images)


def test_a_single_image_has_no_spread_and_is_refused():
    with pytest.raises(ValueError, match="two or more"):
        FourierNoise.fit(correlated_images(1, 8))


def test_a_spectrum_of_another_width_is_refused():
    state = FourierNoise.fit(correlated_images(5, 8)).state_dict()
    with pytest.raises(ValueError, match=r"expected a half spectrum \(C, H, 6\) for width 10"):
        FourierNoise.from_state_dict(state, width=10)


def test_spreads_of_another_shape_are_refused():
    mean, std = torch.zeros(1, 8, 5, dtype=torch.complex64), torch.zeros(1, 8, 4)
    with pytest.raises(ValueError, match="expected the shape of mean"):
        FourierNoise(mean, std, std, width=8)


def test_noise_is_of_single_precision_whatever_the_default():
    images = torch.randint(0, 255, (8, 1, 6, 6), generator=Generator().manual_seed(0)).to(
        torch.uint8
    )
    noises = [GaussianNoise((1, 6, 6)), FourierNoise.fit(images)]
    expected = [noise.sample(2, Generator().manual_seed(1)) for noise in noises]
    torch.set_default_dtype(torch.float64)
    try:
        found = [
            noise.sample(2, Generator().manual_seed(1))
            for noise in [noises[0], FourierNoise.fit(images)]
        ]
    finally:
        torch.set_default_dtype(torch.float32)
    torch.testing.assert_close(found, expected)


def test_no_samples_are_an_empty_batch():
    images = torch.randint(0, 255, (8, 1, 6, 6), generator=Generator().manual_seed(0)).to(
        torch.uint8
    )
    assert FourierNoise.fit(images).sample(0, Generator().manual_seed(1)).shape == (0, 1, 6, 6)
