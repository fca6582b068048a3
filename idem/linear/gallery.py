"""Test matrices for projectors: prescribed spectra, oblique, with Jordan blocks, and random.

Each function draws `count` matrices (count, size, size) from a generator, real float64 unless said
otherwise. Those with a prescribed spectrum keep every eigenvalue at least `gap` from the line
Re λ = ½ that separates the basins of 0 and 1, half of them on each side.

Source: the constructions are standard; Higham, Functions of Matrices, SIAM 2008, chapter 5, for
why gap and ‖P‖ are what a sign iteration feels.
"""

import math

import torch
from torch import Tensor


def oblique(count: int, size: int, gap: float, norm: float, draw: torch.Generator) -> Tensor:
    """Draw matrices with real eigenvalues in [0, 1] whose projector has a prescribed 2-norm.

    The eigenvalues are uniform in [0, ½ − gap] and [½ + gap, 1], and both ends at the gap are
    taken. With A and B symmetric and T = [[I, X], [0, I]], the matrix is T diag(A, B) T⁻¹ in a
    random orthonormal basis, and its projector has the norm √(1 + ‖X‖²).

    Returns:
        (count, size, size); exactly symmetric if norm is 1.
    """
    upper = size // 2
    spread = gap + (0.5 - gap) * _uniform(draw, count, size)
    spread[:, [0, upper]] = gap
    A, B = (
        _conjugated(torch.diag_embed(values), orthonormal(count, values.shape[-1], draw))
        for values in (0.5 + spread[:, :upper], 0.5 - spread[:, upper:])
    )
    X = torch.randn(count, upper, size - upper, generator=draw, dtype=torch.float64)
    X *= math.sqrt(norm**2 - 1) / torch.linalg.matrix_norm(X, 2, keepdim=True)
    # T diag(A, B) T⁻¹ = [[A, XB − AX], [0, B]]
    K = torch.zeros(count, size, size, dtype=torch.float64)
    K[:, :upper, :upper], K[:, upper:, upper:] = A, B
    K[:, :upper, upper:] = X @ B - A @ X
    K = _conjugated(K, orthonormal(count, size, draw))
    return (K + K.mT) / 2 if norm == 1 else K


def normal(count: int, size: int, gap: float, draw: torch.Generator) -> Tensor:
    """Draw normal matrices, complex128, with eigenvalues uniform in discs around 0 and 1.

    The discs have the radius ½ − gap, so the eigenvalues are complex, and K Kᴴ = Kᴴ K.
    """
    radius = (0.5 - gap) * _uniform(draw, count, size).sqrt()
    offset = torch.polar(radius, 2 * math.pi * _uniform(draw, count, size))
    offset[:, : size // 2] += 1
    basis = torch.randn(count, size, size, generator=draw, dtype=torch.complex128)
    return _conjugated(torch.diag_embed(offset), torch.linalg.qr(basis)[0])


def jordan(count: int, size: int, block: int, draw: torch.Generator) -> Tensor:
    """Draw matrices of Jordan blocks over 1, then over 0, in a basis near the identity.

    Blocks have `block` rows and ones above the diagonal; what is left over on either side has the
    eigenvalue alone. K is not diagonalisable for block > 1.
    """
    upper = size // 2
    position = torch.arange(size)
    within = torch.where(position < upper, position, position - upper) % block
    K = torch.diag((position < upper).double())
    joined = (within[1:] > 0).double()
    K = K + torch.diag(joined, 1)
    basis = oblique_basis(count, size, draw)
    return basis @ K @ torch.linalg.inv(basis)


def ginibre(count: int, size: int, scale: float, draw: torch.Generator) -> Tensor:
    """Draw matrices of independent normal entries of standard deviation scale / √size."""
    noise = torch.randn(count, size, size, generator=draw, dtype=torch.float64)
    return scale / math.sqrt(size) * noise


def near_idempotent(
    count: int, size: int, rank: int, scale: float, draw: torch.Generator
) -> Tensor:
    """Draw K = P + D, P an orthogonal projector of a given rank, D as `ginibre` (definition 1)."""
    P = orthogonal_projectors(count, size, rank, draw)
    return P + ginibre(count, size, scale, draw)


def orthogonal_projectors(count: int, size: int, rank: int, draw: torch.Generator) -> Tensor:
    """Draw symmetric idempotent matrices of a given rank, uniform in direction."""
    basis = orthonormal(count, size, draw)[..., :rank]
    return basis @ basis.mT


def orthonormal(count: int, size: int, draw: torch.Generator) -> Tensor:
    """Draw orthonormal bases, as columns."""
    return torch.linalg.qr(torch.randn(count, size, size, generator=draw, dtype=torch.float64))[0]


def oblique_basis(count: int, size: int, draw: torch.Generator) -> Tensor:
    """Draw bases near the identity, neither orthonormal nor ill-conditioned, as columns."""
    return torch.eye(size, dtype=torch.float64) + ginibre(count, size, 0.5, draw)


def _uniform(draw: torch.Generator, *shape: int) -> Tensor:
    return torch.rand(*shape, generator=draw, dtype=torch.float64)


def _conjugated(K: Tensor, unitary: Tensor) -> Tensor:
    return unitary @ K @ unitary.mH
