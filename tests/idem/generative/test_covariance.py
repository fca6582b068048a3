"""Noise with the covariance of images: its moments, and that nothing else decides it."""

import pytest
import torch
from torch import Generator, Tensor

from idem.data.datasets import to_unit
from idem.generative.covariance import CovarianceNoise


def images() -> Tensor:
    """Return images whose pixels vary together, some of which never vary."""
    rng = Generator().manual_seed(0)
    found = torch.randint(0, 256, (300, 1, 4, 5), generator=rng).float()
    found[:, :, 1] = (found[:, :, 0] + found[:, :, 1]) / 2
    found[:, :, 3] = 7
    return found.byte()


def moments(x: Tensor) -> tuple[Tensor, Tensor]:
    flat = x.flatten(1).double()
    return flat.mean(0), torch.cov(flat.T, correction=0)


def test_its_root_squared_is_the_covariance_of_the_images():
    noise = CovarianceNoise.fit(images())
    mean, covariance = moments(to_unit(images()))
    assert torch.allclose(noise.mean.flatten().double(), mean, atol=1e-6)
    assert torch.allclose((noise.root @ noise.root).double(), covariance, atol=1e-5)
    assert torch.allclose(noise.root, noise.root.T, atol=1e-6)


def test_samples_have_the_moments_of_the_images():
    z = CovarianceNoise.fit(images()).sample(50_000, Generator().manual_seed(1))
    assert z.shape == (50_000, 1, 4, 5) and z.dtype == torch.float32
    for found, expected in zip(moments(z), moments(to_unit(images())), strict=True):
        assert torch.allclose(found, expected, atol=0.02)


def test_pixels_that_never_vary_stay_as_they_are():
    z = CovarianceNoise.fit(images()).sample(100, Generator().manual_seed(1))
    assert torch.allclose(z[:, :, 3], to_unit(images())[:100, :, 3], atol=1e-5)


def test_a_seed_decides_the_samples():
    noise = CovarianceNoise.fit(images())
    one, same, other = (noise.sample(3, Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert torch.equal(one, same) and not torch.equal(one, other)


def test_many_images_are_taken_in_parts():
    many = images().repeat(20, 1, 1, 1)
    assert torch.allclose(
        CovarianceNoise.fit(many).root, CovarianceNoise.fit(images()).root, atol=1e-5
    )


@pytest.mark.parametrize(
    "bad", [images()[:1], images().float(), images()[0]], ids=["one", "floats", "no batch"]
)
def test_anything_but_images_is_refused(bad: Tensor):
    with pytest.raises(ValueError, match="expected two or more as uint8"):
        CovarianceNoise.fit(bad)


def test_a_root_of_another_size_is_refused():
    with pytest.raises(ValueError, match=r"got \(1, 2, 2\) and \(3, 3\)"):
        CovarianceNoise(torch.zeros(1, 2, 2), torch.zeros(3, 3))
