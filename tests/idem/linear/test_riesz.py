"""The direct methods against the construction: what they are compared with elsewhere is right."""

import pytest
import torch
from torch import Tensor

from idem.linear import gallery
from idem.linear.riesz import eigen_projector, exact_projector

METHODS = [exact_projector, eigen_projector]


def drawn(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def built(values: list[complex], seed: int = 0) -> tuple[Tensor, Tensor]:
    """A matrix with these eigenvalues and its projector, both from the same oblique basis."""
    spectrum = torch.tensor(values, dtype=torch.complex128)
    basis = gallery.oblique_basis(1, len(values), drawn(seed))[0].to(spectrum.dtype)
    inverse = torch.linalg.inv(basis)
    kept = torch.diag((spectrum.real > 0.5).to(spectrum.dtype))
    return basis @ torch.diag(spectrum) @ inverse, basis @ kept @ inverse


@pytest.mark.parametrize("method", METHODS)
def test_real_matrices(method):
    K, P = (matrix.real for matrix in built([0.1, 0.49, 0.51, 2.0, -3.0]))
    found = method(K)
    assert found.dtype == torch.float64
    assert torch.allclose(found, P, atol=1e-11)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("values", [[0.1, 0.3, 0.9], [0.1, 0.8, 0.9], [0.3, 0.9]])
def test_rank_one_and_all_but_one(method, values):
    K, P = (matrix.real for matrix in built(values))
    assert torch.allclose(method(K), P, atol=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_complex_matrices(method):
    K, P = built([0.1 + 2j, 0.4 - 1j, 0.6 + 1j, 1.2, 0.9 - 0.1j])
    found = method(K)
    assert found.dtype == torch.complex128
    assert torch.allclose(found, P, atol=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_real_matrices_with_complex_pairs_that_straddle_neither_side(method):
    K = torch.tensor([[0.9, -2, 0.3], [2, 0.9, 0.1], [0, 0, 0.2]], dtype=torch.float64)
    P = method(K)
    assert torch.allclose(P @ P, P, atol=1e-13)
    assert torch.allclose(P @ K, K @ P, atol=1e-13)
    assert float(P.trace()) == pytest.approx(2)
    assert torch.allclose(P[:2, :2], torch.eye(2).double(), atol=1e-13)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("side", [0.0, 1.0])
@pytest.mark.parametrize("size", [1, 4])
def test_a_spectrum_on_one_side_gives_0_or_the_identity(method, side, size):
    K = gallery.oblique_basis(1, size, drawn())
    K = K @ torch.diag(side + 0.1 * torch.arange(size).double()) @ torch.linalg.inv(K)
    assert torch.allclose(method(K), side * torch.eye(size).double(), atol=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_a_batch_equals_its_items(method):
    K = gallery.oblique(6, 5, 0.1, 3.0, drawn()).reshape(2, 3, 5, 5)
    found = method(K)
    assert found.shape == K.shape
    for index in ((0, 0), (1, 2)):
        assert torch.allclose(found[index], method(K[index]), atol=1e-12)


def test_ordered_schur_stands_jordan_blocks_that_the_eigendecomposition_does_not():
    basis = gallery.oblique_basis(1, 8, drawn())[0]
    J = torch.block_diag(*(torch.full((4,), v).double().diag() for v in (1.0, 0.0)))
    J = J + torch.diag(torch.tensor([1.0, 1, 1, 0, 1, 1, 1]).double(), 1)
    K, inverse = basis @ J @ torch.linalg.inv(basis), torch.linalg.inv(basis)
    P = basis @ torch.diag(torch.tensor([1.0] * 4 + [0.0] * 4).double()) @ inverse
    assert torch.allclose(exact_projector(K), P, atol=1e-12)
    assert not torch.allclose(eigen_projector(K), P, atol=1e-12)


def test_single_precision_is_computed_in_double():
    K = gallery.oblique(1, 6, 0.1, 2.0, drawn()).float()
    assert exact_projector(K).dtype == torch.float64
    assert torch.equal(exact_projector(K), exact_projector(K.double()))
    assert eigen_projector(K).dtype == torch.float32
