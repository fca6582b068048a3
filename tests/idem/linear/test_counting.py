"""`Counter`: what counts, what does not, and that nothing is changed."""

import pytest
import torch

from idem.linear.counting import Counter

K = torch.randn(3, 4, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
OUT = torch.empty_like(K)


@pytest.mark.parametrize(
    ("work", "products", "inverses"),
    [
        (lambda: K[0] @ K[1], 1, 0),
        (lambda: K @ K, 3, 0),
        (lambda: K @ K[0], 3, 0),
        (lambda: K[0] @ K, 3, 0),
        (lambda: torch.bmm(K, K, out=OUT), 3, 0),
        (lambda: torch.addmm(K[0], K[1], K[2]), 1, 0),
        (lambda: torch.baddbmm(K, K, K, beta=3, alpha=-2), 3, 0),
        (lambda: K.clone().baddbmm_(K, K), 3, 0),
        (lambda: torch.linalg.matrix_power(K, 4), 6, 0),
        (lambda: torch.linalg.inv(K), 0, 3),
        (lambda: torch.linalg.inv_ex(K[0]), 0, 1),
        (lambda: torch.linalg.inv(K @ K[:, None]), 9, 9),
        (lambda: K @ K[..., :2], 0, 0),
        (lambda: K[..., :2].clone().baddbmm_(K, K[..., :2]), 0, 0),
        (lambda: K[..., :2, :] @ K, 0, 0),
        (lambda: K[..., :2] @ K[..., :2, :], 0, 0),
        (lambda: K @ K[0, 0], 0, 0),
        (lambda: K * K + torch.linalg.matrix_norm(K)[:, None, None], 0, 0),
        (lambda: torch.linalg.solve(K, K), 0, 0),
    ],
)
@pytest.mark.parametrize("inference", [False, True])
def test_square_products_and_inverses_count_by_item(work, products, inverses, inference):
    with torch.inference_mode(inference), Counter() as count:
        work()
    assert (count.products, count.inverses) == (products, inverses)


def test_results_are_those_without_a_counter():
    with Counter():
        counted = torch.linalg.inv(K @ K)
    assert torch.equal(counted, torch.linalg.inv(K @ K))


def test_nothing_counts_outside_and_the_backward_pass_counts_inside():
    A = K.clone().requires_grad_()
    with Counter() as count:
        (A @ A).sum().backward()
    _ = K @ K
    assert count.products == 3 * (1 + 2)


def test_counters_may_be_nested():
    with Counter() as outer:
        _ = K[0] @ K[0]
        with Counter() as inner:
            _ = K[0] @ K[0]
    assert (outer.products, inner.products) == (2, 1)
