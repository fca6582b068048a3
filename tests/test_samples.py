import math

import numpy as np
import pytest
import scipy.linalg
import torch
from torch import Generator, Tensor

from idem import samples


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=Generator().manual_seed(seed), dtype=torch.float64)


def features(seed: int, rows: int = 80, width: int = 6) -> Tensor:
    return normal(rows, width, seed=seed) @ normal(width, width, seed=seed + 100) + seed


def test_frechet_distance_equals_the_formula_with_a_matrix_root():
    a, b = features(1), features(2)
    ca, cb = np.cov(a.numpy().T), np.cov(b.numpy().T)
    root = np.real(np.asarray(scipy.linalg.sqrtm(ca @ cb)))
    expected = ((a - b).mean(0).square().sum()).item() + np.trace(ca + cb - 2 * root)
    assert samples.frechet_distance(a, b) == pytest.approx(expected, rel=1e-10)


def test_frechet_distance_of_a_set_to_itself_is_zero():
    assert samples.frechet_distance(features(1), features(1)) == pytest.approx(0, abs=1e-10)


def test_frechet_distance_is_symmetric():
    a, b = features(1), features(2)
    assert samples.frechet_distance(a, b) == pytest.approx(samples.frechet_distance(b, a))


def test_frechet_distance_of_a_shift_is_its_square():
    a = features(1)
    shift = torch.arange(6.0, dtype=torch.float64)
    assert samples.frechet_distance(a, a + shift) == pytest.approx(float(shift.square().sum()))


def test_frechet_distance_does_not_depend_on_a_rotation():
    a, b = features(1), features(2)
    q = torch.linalg.qr(normal(6, 6)).Q
    assert samples.frechet_distance(a @ q, b @ q) == pytest.approx(samples.frechet_distance(a, b))


def test_frechet_distance_bears_singular_covariances():
    constant = torch.zeros(10, 6)
    b = features(2)
    expected = float(b.mean(0).square().sum() + b.T.cov().trace())
    assert samples.frechet_distance(constant, b) == pytest.approx(expected)
    assert samples.frechet_distance(b[:, :1], b[:, :1]) == pytest.approx(0, abs=1e-10)


@pytest.mark.parametrize("b", [torch.zeros(5, 3), torch.zeros(1, 6), torch.zeros(5, 6, 1)])
def test_features_that_do_not_fit_are_refused(b):
    with pytest.raises(ValueError, match="expected feature matrices"):
        samples.frechet_distance(features(1), b)


def test_class_shares_sum_to_one_and_count_the_winners():
    shares = samples.class_shares(torch.eye(4)[[0, 0, 1, 3]])
    assert shares.tolist() == [0.5, 0.25, 0, 0.25]


def test_unsure_items_fall_out_of_the_class_shares():
    logits = torch.tensor([[9.0, 0.0], [0.1, 0.0]])
    assert samples.class_shares(logits, confidence=0.7).tolist() == [0.5, 0]


def test_entropy_is_one_for_balance_and_zero_for_collapse():
    assert samples.share_entropy(torch.full((10,), 0.1)) == pytest.approx(1)
    assert samples.share_entropy(torch.eye(10)[3]) == 0
    assert samples.share_entropy(torch.zeros(10)) == 0


def test_entropy_of_two_classes_out_of_four_is_one_half():
    assert samples.share_entropy(torch.tensor([2.0, 2, 0, 0])) == pytest.approx(0.5)


def test_pairwise_distance_is_zero_after_collapse_and_that_of_a_pair():
    assert samples.pairwise_distance(torch.ones(5, 1, 3, 3)) == 0
    assert samples.pairwise_distance(torch.tensor([[0.0, 0.0], [3.0, 4.0]])) == pytest.approx(5)


def test_pairwise_distance_equals_a_double_loop():
    y = normal(7, 2, 3)
    pairs = [float((y[i] - y[j]).norm()) for i in range(7) for j in range(i)]
    assert samples.pairwise_distance(y) == pytest.approx(math.fsum(pairs) / len(pairs))


def test_one_item_has_no_pairwise_distance():
    with pytest.raises(ValueError, match="expected two or more items, got 1"):
        samples.pairwise_distance(torch.ones(1, 4))
