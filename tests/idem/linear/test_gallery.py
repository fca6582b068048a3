"""The gallery keeps what it promises: spectra, gaps, norms, normality, Jordan structure, rank."""

import pytest
import torch
from torch import Tensor

from idem.linear import gallery
from idem.linear.riesz import exact_projector
from idem.rule.corrector import matrix_residual


def drawn(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def norms(K: Tensor) -> Tensor:
    return torch.linalg.matrix_norm(K, 2)


@pytest.mark.parametrize("size", [8, 9])
@pytest.mark.parametrize("norm", [1.0, 2.0, 30.0])
@pytest.mark.parametrize("gap", [0.3, 1e-3])
def test_oblique_matrices_have_their_spectrum_and_their_projector_its_norm(size, norm, gap):
    K = gallery.oblique(4, size, gap, norm, drawn())
    assert K.shape == (4, size, size)
    assert K.dtype == torch.float64
    values = torch.linalg.eigvals(K)
    assert float(values.imag.abs().max()) < 1e-12
    assert values.real.min() > -1e-12
    assert values.real.max() < 1 + 1e-12
    for side in (values.real - 0.5, 0.5 - values.real):
        nearest = torch.where(side > 0, side, 1).amin(-1)
        assert torch.allclose(nearest, torch.full((4,), gap, dtype=torch.float64), rtol=1e-9)
    assert ((values.real > 0.5).sum(-1) == size // 2).all()
    assert torch.allclose(norms(exact_projector(K)), torch.tensor(norm).double(), rtol=1e-9)


def test_oblique_matrices_of_norm_1_are_exactly_symmetric_and_no_others():
    K = gallery.oblique(2, 6, 0.1, 1.0, drawn())
    assert torch.equal(K, K.mT)
    K = gallery.oblique(2, 6, 0.1, 1.1, drawn())
    assert not torch.allclose(K, K.mT)


def test_normal_matrices_commute_with_their_adjoint_and_keep_the_gap():
    K = gallery.normal(3, 10, 0.2, drawn())
    assert K.dtype == torch.complex128
    assert torch.allclose(K @ K.mH, K.mH @ K, atol=1e-13)
    values = torch.linalg.eigvals(K)
    distance = torch.minimum(values.abs(), (values - 1).abs())
    assert float(distance.max()) < 0.3 + 1e-12
    assert float(values.imag.abs().max()) > 0.05
    assert ((values.real > 0.5).sum(-1) == 5).all()


@pytest.mark.parametrize(("size", "block"), [(8, 1), (8, 3), (9, 2), (12, 6)])
def test_jordan_matrices_have_blocks_of_the_given_size(size, block):
    K = gallery.jordan(2, size, block, drawn())
    upper = size // 2
    identity = torch.eye(size, dtype=torch.float64)
    for value, rows in ((1.0, upper), (0.0, size - upper)):
        shifted = K - value * identity
        blocks = -(-rows // block)
        assert (torch.linalg.matrix_rank(shifted, rtol=1e-8) == size - blocks).all()
        nilpotent = torch.linalg.matrix_power(shifted, min(block, rows))
        assert (torch.linalg.matrix_rank(nilpotent, rtol=1e-8) == size - rows).all()
    assert (matrix_residual(K) > 0.1).all() == (block > 1)


def test_ginibre_matrices_have_independent_entries_of_the_given_deviation():
    K = gallery.ginibre(50, 20, 0.7, drawn())
    assert float(K.std()) == pytest.approx(0.7 / 20**0.5, rel=0.02)
    assert float(K.mean()) == pytest.approx(0, abs=0.01)
    assert float((K * K.mT).mean()) == pytest.approx(0.7**2 / 20 / 20, rel=0.2)


@pytest.mark.parametrize("rank", [0, 3, 8])
def test_near_idempotent_matrices_are_a_projector_of_the_rank_and_noise(rank):
    P = gallery.orthogonal_projectors(5, 8, rank, drawn())
    assert torch.allclose(P @ P, P, atol=1e-14)
    assert torch.allclose(P, P.mT, atol=1e-15)
    assert torch.allclose(P.diagonal(dim1=-2, dim2=-1).sum(-1), torch.tensor(rank).double())
    K = gallery.near_idempotent(5, 8, rank, 0.01, drawn())
    assert 0 < float(norms(K - P).max()) < 0.05


@pytest.mark.parametrize("size", [1, 7])
def test_bases_are_orthonormal_or_well_conditioned(size):
    Q = gallery.orthonormal(3, size, drawn())
    assert torch.allclose(Q.mT @ Q, torch.eye(size).double(), atol=1e-14)
    assert float(torch.linalg.cond(gallery.oblique_basis(3, size, drawn())).max()) < 100


def test_the_generator_alone_decides():
    first, second = (gallery.oblique(2, 6, 0.1, 3.0, drawn(1)) for _ in range(2))
    assert torch.equal(first, second)
    assert not torch.equal(first, gallery.oblique(2, 6, 0.1, 3.0, drawn(2)))
