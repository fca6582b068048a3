r"""Matrices with rows of very different size: brought to one scale, then split by size.

How to find a spectral projector where rounding of the large entries drowns the small ones? In the
norm of diag(1e7, 0.9, 0.1) an error of float32 is about 1, and decides nothing about 0.9 and 0.1;
entry by entry they are as exact as any number. Two things that change no eigenvalue help:

1. Balancing. K' = D⁻¹KD with a diagonal D of powers of two, exact in binary arithmetic, makes
   every row as large as the column that it meets (Osborne). Then P = D P' D⁻¹, and an error in the
   norm of P' is one in each entry of P, in units of d_i/d_j. Entries below 1 are left alone, as ½
   sets a scale.
2. Splitting. With A the larger rows and columns of [[A, B], [C, D]], the equations

       C + DZ = Z(A + BZ)        (A + BZ)W − W(D − ZB) = −B

   have small solutions, found by repeated division by A. With L = [[I, 0], [Z, I]] and
   U = [[I, W], [0, I]] then K = LU diag(A + BZ, D − ZB) U⁻¹L⁻¹: two smaller problems, each of its
   own size.

Whether it went well is asked entry by entry, of the balanced matrices: a P with entries wrong by a
relative ε, or by ε, satisfies |PK − KP| ≤ ε ((|P| + 1)|K| + |K|(|P| + 1)).

Layout: (b, n, n) for a batch, (n, n) for one matrix.

Source: Osborne, J. ACM 7, 338 (1960); Golub and Van Loan, Matrix Computations, 7.5.7 and 7.6.3;
Higham, Accuracy and Stability of Numerical Algorithms, 7.1, for errors entry by entry.
"""

from collections.abc import Callable

import torch
from torch import Tensor

_ALIKE = 64  # sizes within this factor are one scale: so many units of rounding are lost there
_APART = 8  # a factor between sizes at which it is worth to try a split
_SWEEPS, _DIVISIONS = 100, 100  # many more than are needed


def is_badly_scaled(K: Tensor) -> Tensor:
    """Tell of (b, n, n) which have rows or columns of very different size, (b,)."""
    sizes = K.abs()
    rows, columns = (sizes.amax(d).clamp(min=1) for d in (-1, -2))
    size = torch.maximum(rows, columns)
    ratios = (rows / columns).amax(-1), (columns / rows).amax(-1), size.amax(-1) / size.amin(-1)
    return torch.stack(ratios).amax(0) > _ALIKE


def balance(K: Tensor) -> Tensor:
    """Return the diagonals of D, powers of two, for which the D⁻¹KD are balanced, (b, n).

    Entries below 1 count as none, so that a triangular matrix, whose entries could be made as small
    as one likes, has its own too.

    Args:
        K: (b, n, n), float64 or complex128.
    """
    A = K.abs()
    A.diagonal(dim1=-2, dim2=-1).zero_()
    D = A.new_ones(A.shape[:-1])
    for _ in range(_SWEEPS):
        settled = True
        for i in range(A.shape[-1]):
            row, column = (part.amax(-1).clamp(min=1) for part in (A[:, i], A[:, :, i]))
            factor = torch.exp2(((row.log2() - column.log2()) / 2).trunc())
            if (factor != 1).any():
                settled = False
                A[:, i] /= factor[:, None]
                A[:, :, i] *= factor[:, None]
                D[:, i] *= factor
        if settled:
            break
    return D


def limit_by_sizes(
    K: Tensor, limit: Callable[[Tensor], tuple[Tensor, int, int]]
) -> tuple[Tensor, int, int]:
    """Return what `limit` does of a balanced (n, n), from the parts into which it can be split.

    Args:
        K: (n, n), float64 or complex128.
        limit: returns P, steps and outcome of a matrix of one scale, 0 for success.

    Returns:
        P, the most steps of a part, and the first outcome that is no success.
    """
    parts = _split(K)
    if parts is None:
        return limit(K)
    big, small, Z, W, matrices = parts
    (P1, *one), (P2, *two) = (limit_by_sizes(part, limit) for part in matrices)
    M = W @ P2 - P1 @ W
    top = P1 - M @ Z
    P = torch.empty_like(K)
    P[big[:, None], big], P[big[:, None], small] = top, M
    P[small[:, None], big], P[small[:, None], small] = Z @ top - P2 @ Z, Z @ M + P2
    if torch.equal(K, K.mH):
        P = (P + P.mH) / 2
    return P, max(one[0], two[0]), one[1] or two[1]


def commutes(P: Tensor, K: Tensor, unit: float) -> Tensor:
    """Tell of balanced (b, n, n) which P commute with K in every entry, to within `unit`, (b,).

    An error of P itself counts in units of its entries, and of 1.
    """
    error, size = (P @ K - K @ P).abs(), P.abs() + 1
    return (error <= unit * (size @ K.abs() + K.abs() @ size)).flatten(1).all(-1)


def _split(
    K: Tensor,
) -> tuple[Tensor, Tensor, Tensor, Tensor, tuple[Tensor, Tensor]] | None:
    """Return larger and smaller rows, Z, W and the two matrices; None where sizes are alike."""
    size = K.abs().clamp(min=1)
    size, order = torch.maximum(size.amax(-1), size.amax(-2)).sort(descending=True)
    if not size[0] > _ALIKE * size[-1]:
        return None
    ratio = size[:-1] / size[1:]
    cut = int(ratio.argmax()) + 1
    if not ratio[cut - 1] > _APART:
        return None
    big, small = order[:cut], order[cut:]
    A, B, C, D = (K[rows[:, None], columns] for rows in (big, small) for columns in (big, small))
    inverse = torch.linalg.inv_ex(A)[0]
    Z = _fixed_point(lambda Z: (C + D @ Z - Z @ B @ Z) @ inverse, torch.zeros_like(C))
    if Z is None:
        return None
    first, second = A + B @ Z, D - Z @ B
    inverse = torch.linalg.inv_ex(first)[0]
    W = _fixed_point(lambda W: inverse @ (W @ second - B), torch.zeros_like(B))
    return None if W is None else (big, small, Z, W, (first, second))


def _fixed_point(step: Callable[[Tensor], Tensor], Z: Tensor) -> Tensor | None:
    """Return Z = step(Z) to within rounding, or None where repeating it does not lead there."""
    for _ in range(_DIVISIONS):
        before, Z = Z, step(Z)
        if not torch.isfinite(Z).all():
            return None
        if ((Z - before).abs() <= 4 * torch.finfo(Z.dtype).eps * Z.abs().amax()).all():
            return Z
    return None
