import math

import numpy as np
import pytest
import scipy.linalg
import torch
from torch import Generator, Tensor

from idem.data.datasets import to_unit
from idem.evaluation import samples


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
    with pytest.raises(ValueError, match=r"expected two or more items .* \(1, 4\)"):
        samples.pairwise_distance(torch.ones(1, 4))


def test_parts_of_every_size_are_disjoint_and_all_of_them_count():
    a, b = features(1), features(2)
    halves = [samples.frechet_distance(a[:40], b), samples.frechet_distance(a[40:], b)]
    whole = samples.frechet_distance(a[:79], b)
    found = samples.frechet_by_size(a, b, [40, 79])
    assert found == pytest.approx([sum(halves) / 2, whole])


def test_small_sets_look_further_away():
    a, b = normal(400, 6), normal(400, 6, seed=1)
    found = samples.frechet_by_size(a, b, [20, 50, 100, 400])
    assert found == sorted(found, reverse=True)


@pytest.mark.parametrize("size", [1, 81])
def test_sizes_there_are_no_parts_of_are_refused(size):
    with pytest.raises(ValueError, match=f"expected 2 to 80, got {size}"):
        samples.frechet_by_size(features(1), features(2), [size])


def test_the_end_of_a_line_in_the_inverse_of_the_size_is_found():
    sizes = [10, 20, 40]
    assert samples.at_infinite_size(sizes, [3 + 7 / n for n in sizes]) == pytest.approx((3, 7))


def test_the_end_is_that_of_least_squares():
    sizes, distances = [250, 500, 1000], [9.0, 7.5, 7.0]
    slope, end = np.polyfit(1 / np.array(sizes), distances, 1)
    assert samples.at_infinite_size(sizes, distances) == pytest.approx((end, slope))


def test_the_end_of_samples_is_nearer_to_the_truth_than_any_of_them():
    a, b = normal(2000, 6), normal(4000, 6, seed=1)
    found = samples.frechet_by_size(a, b, [50, 100, 200])
    end, _ = samples.at_infinite_size([50, 100, 200], found)
    assert abs(end) < min(found) / 3


def test_one_size_has_no_line():
    with pytest.raises(ValueError, match="two or more that differ"):
        samples.at_infinite_size([5, 5], [1.0, 2.0])


def images(count: int) -> Tensor:
    rng = Generator().manual_seed(0)
    return torch.randint(0, 256, (count, 2, 4, 4), generator=rng, dtype=torch.uint8)


def test_nearest_equals_all_distances_sorted(monkeypatch):
    monkeypatch.setattr(samples, "_CHUNK", 7)
    found, y = images(30), normal(9, 2, 4, 4)
    table = torch.cdist(y.flatten(1), (found.double() / 127.5 - 1).flatten(1))
    expected = table.sort(1)
    distances, places = samples.nearest(y, found, 3)
    assert torch.allclose(distances, expected.values[:, :3])
    assert torch.equal(places, expected.indices[:, :3])


def test_a_copy_is_at_distance_zero():
    found = images(20)
    distances, places = samples.nearest(to_unit(found[[4, 11]]), found, 2)
    assert places[:, 0].tolist() == [4, 11]
    assert distances[:, 0].tolist() == [0, 0]
    assert (distances[:, 1] > 1).all()


@pytest.mark.parametrize(("count", "shape"), [(0, (2, 4, 4)), (6, (2, 4, 4)), (1, (1, 4, 4))])
def test_neighbours_that_are_not_there_are_refused(count, shape):
    with pytest.raises(ValueError, match="images: expected"):
        samples.nearest(torch.zeros(1, *shape), images(5), count)


def test_features_that_are_not_finite_are_named():
    good, bad = torch.zeros(5, 4), torch.full((5, 4), math.nan)
    with pytest.raises(ValueError, match="b: expected finite features"):
        samples.frechet_distance(good, bad)


@pytest.mark.parametrize(
    "logits",
    [torch.zeros(0, 3), torch.zeros(4, 3, 2)]
    + [torch.tensor([[bad, 0.0], [0.0, 1.0]]) for bad in (math.nan, math.inf)],
)
def test_logits_that_are_no_classes_are_refused(logits: Tensor):
    with pytest.raises(ValueError, match=r"logits: expected numbers \(B, classes\)"):
        samples.class_shares(logits)


def test_a_confidence_in_percent_is_refused():
    with pytest.raises(ValueError, match="confidence: expected 0 to 1, got 95"):
        samples.class_shares(torch.zeros(4, 3), 95)


@pytest.mark.parametrize("shares", [[1.0], [-1.0, 2.0], [math.inf, 1.0], [[1.0, 2.0]]])
def test_shares_without_entropy_are_refused(shares: list):
    with pytest.raises(ValueError, match="shares: expected two or more of 0 or above"):
        samples.share_entropy(torch.tensor(shares))


def test_shares_of_half_precision_are_summed_without_overflow():
    assert samples.share_entropy(torch.full((10,), 7000.0).half()) == pytest.approx(1)


def test_items_of_one_number_have_distances_and_complex_ones_are_refused():
    assert samples.pairwise_distance(torch.tensor([0.0, 3.0])) == 3
    with pytest.raises(ValueError, match="y: expected two or more items of real numbers"):
        samples.pairwise_distance(torch.tensor([[0j], [5j]]))
