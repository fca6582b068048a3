"""The Gaussian of codes against closed forms."""

import pytest
import torch
from torch import Generator

from idem.generative.gaussian import Gaussian


def correlated(count: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return vectors of a known mean and covariance, of rank 2 in 3 dimensions."""
    mean = torch.tensor([1.0, -2.0, 0.5]).double()
    mixing = torch.tensor([[1.0, 0.0], [0.8, 0.6], [2.0, 1.0]]).double()
    white = torch.randn(count, 2, generator=Generator().manual_seed(0), dtype=torch.float64)
    return mean + white @ mixing.T, mean, mixing @ mixing.T


def test_the_root_squares_to_the_covariance_even_where_that_is_singular():
    vectors, _, _ = correlated(50)
    gaussian = Gaussian.fit(vectors)
    torch.testing.assert_close(gaussian.mean, vectors.mean(0))
    torch.testing.assert_close(gaussian.root @ gaussian.root.T, vectors.T.cov())
    assert torch.linalg.matrix_rank(vectors.T.cov()) == 2


def test_samples_have_the_mean_and_the_covariance_of_what_was_fitted():
    vectors, mean, covariance = correlated(20_000)
    found = Gaussian.fit(vectors).sample(20_000, Generator().manual_seed(1))
    assert found.dtype == torch.float32
    torch.testing.assert_close(found.double().mean(0), mean, atol=0.06, rtol=0)
    torch.testing.assert_close(found.double().T.cov(), covariance, atol=0.15, rtol=0)


def test_samples_are_those_of_the_generator():
    gaussian = Gaussian.fit(correlated(50)[0])
    first, second = (gaussian.sample(4, Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(first, second)


def test_a_constant_comes_back_as_itself():
    gaussian = Gaussian.fit(torch.ones(5, 2))
    assert torch.equal(gaussian.sample(3, Generator().manual_seed(0)), torch.ones(3, 2))


def test_one_dimension_is_a_dimension():
    gaussian = Gaussian.fit(torch.arange(5.0)[:, None])
    torch.testing.assert_close(gaussian.root.abs(), torch.tensor([[2.5]]).double().sqrt())


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"expected \(B, n\) with two or more rows, got \(1, 3\)"):
        Gaussian.fit(torch.zeros(1, 3))
    with pytest.raises(ValueError, match=r"expected \(n,\) and \(n, n\), got \(3,\) and \(3, 2\)"):
        Gaussian(torch.zeros(3), torch.zeros(3, 2))
