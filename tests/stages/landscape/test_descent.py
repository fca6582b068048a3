"""The product of the modified update with the gradient, beside what it is a product of."""

import torch

from stages.landscape.descent import descent, loss, normal_matrices, product


def drawn(count: int = 60) -> torch.Tensor:
    generator = torch.Generator().manual_seed(3)
    return torch.randn(count, 5, 5, generator=generator, dtype=torch.float64) / 2


def test_normal_matrices_are_normal_and_have_the_eigenvalues_asked_for():
    values = torch.linalg.eigvals(drawn())
    K = normal_matrices(values)
    torch.testing.assert_close(K @ K.mT, K.mT @ K)
    found = torch.linalg.eigvals(K)
    for power in (1, 2, 3):
        torch.testing.assert_close(found.pow(power).sum(-1), values.pow(power).sum(-1))


def test_formula_and_product_agree_and_a_step_says_the_same():
    found = descent(drawn(), 1e-6)
    assert found["log10_difference"] < -12
    assert found["step_agrees"] == 1
    assert 0 < found["climbs"] <= found["climbing_mode"] < 1


def test_symmetric_matrices_are_never_climbed_at():
    K = drawn()
    found = descent((K + K.mT) / 2, 1e-6)
    assert found["climbing_mode"] == found["climbs"] == found["climbs_as_drawn"] == 0


def test_the_product_is_the_slope_of_the_loss_along_the_update():
    K = drawn(8)
    size = 1e-7
    update = 2 * K @ (K @ K - K) - (K @ K - K)
    slope = (loss(K + size * update) - loss(K - size * update)) / (2 * size)
    torch.testing.assert_close(product(K), slope, rtol=1e-5, atol=1e-6)
