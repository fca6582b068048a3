"""Matrices with a prescribed spectrum and obliqueness, and the exact projector to compare with."""

import math

import numpy as np
import torch
from scipy.linalg import schur, solve_sylvester
from torch import Tensor


def with_gap(size: int, gap: float, norm: float, count: int, seed: int) -> Tensor:
    """Draw matrices whose eigenvalues keep a distance from 1/2 and whose projector has a norm.

    Half of the eigenvalues is uniform between 1/2 + gap and 1, half between 0 and 1/2 - gap, and
    both ends at the gap are taken. With A and B symmetric and T = [[I, X], [0, I]], the matrix is
    T diag(A, B) T^-1 in a random orthonormal basis, and its projector has the norm sqrt(1 + |X|^2).

    Returns:
        (count, size, size), float64; exactly symmetric if norm is 1.
    """
    draw = torch.Generator().manual_seed(seed)
    upper = size // 2
    uniform = torch.rand(count, size, generator=draw, dtype=torch.float64)
    spread = gap + (0.5 - gap) * uniform
    spread[:, [0, upper]] = gap
    values = torch.cat([0.5 + spread[:, :upper], 0.5 - spread[:, upper:]], 1)
    basis = orthonormal(count, size, draw)
    K = torch.diag_embed(values)
    K[:, :upper, :upper] = _rotated(K[:, :upper, :upper], draw)
    K[:, upper:, upper:] = _rotated(K[:, upper:, upper:], draw)
    shear = torch.zeros_like(K)
    X = torch.randn(count, upper, size - upper, generator=draw, dtype=torch.float64)
    X *= math.sqrt(norm**2 - 1) / torch.linalg.matrix_norm(X, 2, keepdim=True)
    shear[:, :upper, upper:] = X
    identity = torch.eye(size, dtype=torch.float64)
    K = basis @ (identity + shear) @ K @ (identity - shear) @ basis.mT
    return (K + K.mT) / 2 if norm == 1 else K


def gaussian(count: int, size: int, scale: float, draw: torch.Generator) -> Tensor:
    """Draw Ginibre matrices: independent entries of standard deviation scale / sqrt(size)."""
    return scale / math.sqrt(size) * torch.randn(count, size, size, generator=draw).double()


def orthogonal_projectors(count: int, size: int, rank: int, draw: torch.Generator) -> Tensor:
    """Draw symmetric idempotent matrices of a given rank, uniform in direction."""
    basis = orthonormal(count, size, draw)[..., :rank]
    return basis @ basis.mT


def orthonormal(count: int, size: int, draw: torch.Generator) -> Tensor:
    """Draw orthonormal bases, as columns."""
    return torch.linalg.qr(torch.randn(count, size, size, generator=draw, dtype=torch.float64))[0]


def oblique_basis(size: int, draw: torch.Generator) -> Tensor:
    """Draw a basis near the identity, neither orthonormal nor ill-conditioned."""
    noise = torch.randn(size, size, generator=draw, dtype=torch.float64)
    return torch.eye(size, dtype=torch.float64) + 0.5 / math.sqrt(size) * noise


def exact_projector(K: Tensor) -> Tensor:
    """Return the spectral projector of the eigenvalues right of Re = 1/2, without any recurrence.

    From the Schur form with these eigenvalues first, [[A, C], [0, B]], the projector there is
    [[I, Y], [0, 0]] with A Y - Y B = C.

    Source: Golub and Van Loan, Matrix Computations, section 7.6.
    """
    return torch.stack([torch.from_numpy(_riesz(matrix.double().numpy())) for matrix in K])


def _riesz(K: np.ndarray) -> np.ndarray:
    triangle, basis, rank = schur(K, output="complex", sort=lambda value: value.real > 0.5)
    projector = np.zeros_like(triangle)
    projector[:rank, :rank] = np.eye(rank)
    if 0 < rank < len(K):
        blocks = triangle[:rank, :rank], -triangle[rank:, rank:], triangle[:rank, rank:]
        projector[:rank, rank:] = solve_sylvester(*blocks)
    return (basis @ projector @ basis.conj().T).real


def _rotated(K: Tensor, draw: torch.Generator) -> Tensor:
    basis = orthonormal(len(K), K.shape[-1], draw)
    return basis @ K @ basis.mT
