"""Known iterations for the spectral projector, behind one interface.

The paper's corrector is McWeeny's purification and has sixty years of peers. Each is a generator
that takes K and what it has to know of the spectrum beforehand, and yields one iterate after the
other, each an approximation of the projector P. `SCHEMES` lists them with what a step costs.

K has real eigenvalues; with X = 2K − I those above ½ become positive, and schemes for the matrix
sign function work on X. Layout: (b, n, n), one `Spectrum` for the whole batch.

Source: section 2.1 for the paper's correctors; otherwise beside each scheme.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from idem.rule.corrector import add_to_diagonal, trace

Iterates = Iterator[Tensor]


@dataclass(frozen=True)
class Spectrum:
    """What is known of the eigenvalues of K before the first step."""

    lowest: float
    highest: float
    gap: float
    """Least distance of an eigenvalue to ½."""
    rank: int
    """Number of eigenvalues above ½."""

    @property
    def reach(self) -> float:
        """The largest |2λ − 1|."""
        return max(2 * self.highest - 1, 1 - 2 * self.lowest)


@dataclass(frozen=True)
class Scheme:
    """A named iteration, what a step of it costs, and what it has to know."""

    iterate: Callable[[Tensor, Spectrum], Iterates]
    products: int
    """Matrix products a step."""
    knows: str
    """What it uses of the spectrum: "nothing", "bounds and gap" or "bounds and rank"."""
    source: str
    inverses: int = 0
    """Matrix inverses a step."""


def mcweeny(K: Tensor, spectrum: Spectrum) -> Iterates:
    """Yield K' = 3K² − 2K³, the paper's corrector (equation 5)."""
    while True:
        square = K @ K
        K = torch.baddbmm(square, square, K, beta=3, alpha=-2)
        yield K


def smoothstep_2(K: Tensor, spectrum: Spectrum) -> Iterates:
    """Yield K' = K³(10 − 15K + 6K²), the corrector of order 2: cubic convergence."""
    while True:
        square = K @ K
        factor = add_to_diagonal(6 * square - 15 * K, 10)
        K = K @ square @ factor
        yield K


def smoothstep_3(K: Tensor, spectrum: Spectrum) -> Iterates:
    """Yield K' = K⁴(35 − 84K + 70K² − 20K³), the corrector of order 3: quartic convergence."""
    while True:
        square = K @ K
        factor = torch.baddbmm(70 * square - 84 * K, square, K, alpha=-20)
        K = square @ square @ add_to_diagonal(factor, 35)
        yield K


def degree_4(K: Tensor, spectrum: Spectrum) -> Iterates:
    """Yield K' = K²(4K − 3K²) + c K²(I − K)², c tuned in every step so that tr K' is the rank.

    The paper's family of order 1 and degree 4, at the two products of degree 3. Where no c in
    [0, 6] keeps the trace, a step of degree 2 moves it.
    """
    K = _within_unit(K, spectrum)
    while True:
        square = K @ K
        first = 4 * K - 3 * square
        second = add_to_diagonal(square - 2 * K, 1)
        gained = (spectrum.rank - _inner(square, first)) / _inner(square, second)
        c = gained.nan_to_num(nan=3.0)[:, None, None]  # 0/0 at a projector: McWeeny's
        inside = square @ (first + c * second)
        K = torch.where(c > 6, 2 * K - square, torch.where(c < 0, square, inside))
        yield K


def sp2(K: Tensor, spectrum: Spectrum) -> Iterates:
    """Yield K' = K² or 2K − K², whichever brings the trace closer to the rank."""
    K = _within_unit(K, spectrum)
    while True:
        square = K @ K
        low, high = trace(square), 2 * trace(K) - trace(square)
        lower = (low - spectrum.rank).abs() < (high - spectrum.rank).abs()
        K = torch.where(lower[:, None, None], square, 2 * K - square)
        yield K


def canonical(K: Tensor, spectrum: Spectrum) -> Iterates:
    """Yield Palser and Manolopoulos' K', of degree 3 and with the trace of K at every step."""
    n, rank = K.shape[-1], spectrum.rank
    mean = (trace(K) / n)[:, None, None]
    up, down = (1 - rank / n) / (spectrum.highest - mean), (rank / n) / (mean - spectrum.lowest)
    slope = torch.minimum(up, down)
    K = slope * add_to_diagonal(K.clone(), -mean[..., 0])
    K = add_to_diagonal(K, rank / n)
    while True:
        square = K @ K
        cube = square @ K
        c = (trace(square) - trace(cube)) / (trace(K) - trace(square))
        c = c.nan_to_num(nan=0.5).clamp(0, 1)[:, None, None]  # 0/0 at a projector: McWeeny's
        lower = ((1 - 2 * c) * K + (1 + c) * square - cube) / (1 - c)
        K = torch.where(c <= 0.5, lower, ((1 + c) * square - cube) / c)
        yield K


def scaled_newton_schulz(K: Tensor, spectrum: Spectrum) -> Iterates:
    """Yield X' = ρX(3 − ρ²X²)/2 with ρ chosen so that the ends of the spectrum fall together."""
    X, low = _sign_form(K, spectrum)
    while True:
        rho = math.sqrt(3 / (1 + low + low**2))
        X = torch.baddbmm(X, X, X @ X, beta=1.5 * rho, alpha=-0.5 * rho**3)
        low = rho * low * (3 - (rho * low) ** 2) / 2
        yield _projector_form(X)


def polar_express(K: Tensor, spectrum: Spectrum) -> Iterates:
    """Yield X' = X(a + bX² + cX⁴), in every step the odd quintic that is nearest to 1."""
    X, low = _sign_form(K, spectrum)
    high = 1.0
    while True:
        a, b, c = best_quintic(low, high)
        square = X @ X
        X = torch.baddbmm(X, X, torch.baddbmm(square, square, square, beta=b, alpha=c), beta=a)
        low = min(low * (a + low**2 * (b + c * low**2)), 1.0)
        high = 2 - low
        yield _projector_form(X)


def newton(K: Tensor, spectrum: Spectrum) -> Iterates:
    """Yield X' = (μX + (μX)⁻¹)/2, with μ that centres the moduli of the spectrum (Byers, Xu)."""
    X = add_to_diagonal(2 * K, -1)
    low, high = 2 * spectrum.gap, spectrum.reach
    while True:
        mu = 1 / math.sqrt(low * high)
        X = (mu * X + torch.linalg.inv(X) / mu) / 2
        low, high = 1.0, (mu * high + 1 / (mu * high)) / 2
        yield _projector_form(X)


def best_quintic(low: float, high: float) -> tuple[float, float, float]:
    """Return a, b, c of the odd quintic ax + bx³ + cx⁵ nearest to 1 on [low, high], by Remez.

    The error alternates at four points, the two ends and the extrema between them; each round
    solves for polynomial and error there, and moves the two points to the new extrema.

    Raises:
        ValueError: not 0 < low ≤ high.

    Source: Amsel et al., arXiv 2505.16932 (2025), section 3.
    """
    if not 0 < low <= high:
        raise ValueError(f"expected 0 < low <= high, got {low} and {high}")
    if high - low < 1e-3 * high:  # a Taylor polynomial then, within 1e-9 of the best
        centre = (low + high) / 2
        return 15 / 8 / centre, -10 / 8 / centre**3, 3 / 8 / centre**5
    inner = np.array([0.75 * low + 0.25 * high, 0.25 * low + 0.75 * high])
    signs = np.array([1.0, -1, 1, -1])
    a = b = c = 0.0
    for _ in range(50):
        x = np.array([low, *inner, high])
        a, b, c, _ = np.linalg.solve(np.stack([x, x**3, x**5, signs], 1), np.ones(4))
        root = math.sqrt(max(9 * b * b - 20 * a * c, 0))
        moved = np.sqrt(np.array([-3 * b - root, -3 * b + root]) / (10 * c))
        if np.abs(moved - inner).max() < 1e-14 * high:
            break
        inner = moved
    return float(a), float(b), float(c)


def _inner(A: Tensor, B: Tensor) -> Tensor:
    """Return tr(AB), without the product."""
    return (A * B.mT).sum((-2, -1))


def _within_unit(K: Tensor, spectrum: Spectrum) -> Tensor:
    """Map the bounds of the spectrum to 0 and 1."""
    width = spectrum.highest - spectrum.lowest
    return add_to_diagonal(K / width, -spectrum.lowest / width)


def _sign_form(K: Tensor, spectrum: Spectrum) -> tuple[Tensor, float]:
    """Return X = (2K − I)/reach, and the least modulus of its eigenvalues; the largest is 1."""
    reach = spectrum.reach
    return add_to_diagonal(2 * K / reach, -1 / reach), 2 * spectrum.gap / reach


def _projector_form(X: Tensor) -> Tensor:
    return add_to_diagonal(X / 2, 0.5)


_PURIFICATION = "McWeeny, Rev. Mod. Phys. 32, 335 (1960)"

SCHEMES: dict[str, Scheme] = {
    "McWeeny": Scheme(mcweeny, 2, "nothing", _PURIFICATION),
    "smoothstep 2": Scheme(smoothstep_2, 3, "nothing", "Jensen and Vicary, appendix A"),
    "smoothstep 3": Scheme(smoothstep_3, 4, "nothing", "Jensen and Vicary, appendix A"),
    "degree 4, tuned": Scheme(
        degree_4,
        2,
        "bounds and rank",
        "Niklasson, Tymczak and Challacombe, J. Chem. Phys. 118, 8611 (2003)",
    ),
    "SP2": Scheme(sp2, 1, "bounds and rank", "Niklasson, Phys. Rev. B 66, 155115 (2002)"),
    "canonical": Scheme(
        canonical, 2, "bounds and rank", "Palser and Manolopoulos, Phys. Rev. B 58, 12704 (1998)"
    ),
    "scaled Newton-Schulz": Scheme(
        scaled_newton_schulz,
        2,
        "bounds and gap",
        "Chen and Chow, A stable scaling of Newton-Schulz, ANL/MCS-P5059-0114 (2014)",
    ),
    "Polar Express": Scheme(
        polar_express, 3, "bounds and gap", "Amsel et al., arXiv 2505.16932 (2025)"
    ),
    "Newton": Scheme(
        newton,
        0,
        "bounds and gap",
        "Byers and Xu, SIAM J. Matrix Anal. Appl. 30, 822 (2008)",
        inverses=1,
    ),
}
