"""The spectral projector of a matrix, found quickly and with a certificate.

Round every eigenvalue to the nearer of 0 and 1: P = (S + I)/2 with S = sign(X), X = 2K − I, is the
spectral projector of the eigenvalues with Re λ > ½. It is where the paper's recurrence ends from
any spectrum in its immediate basins, and for symmetric K the nearest symmetric idempotent matrix.

McWeeny's recurrence is Newton-Schulz for S, X' = X(3 − X²)/2: near ½ it gains a factor 3/2 for two
products, so a gap of 1e-4 takes 26 steps. Two phases are faster and need to know no gap:

1. Newton's iteration X' = (μX + (μX)⁻¹)/2. No eigenvalue ever changes sides, whatever μ > 0; with
   1/μ the geometric mean of the extreme moduli, a ratio r of the largest to the smallest becomes
   about √r/2, so that an estimate of it at the start serves all steps (Byers and Xu).
   As X'² − I = (μX − (μX)⁻¹)²/4, a norm tells without a product when E = I − X² is below 1.
2. There (1 − E)^(-1/2) has a power series, and X' = X (1 + E/2 + 3E²/8 + 5E³/16 + 35E⁴/128) takes
   four products and leaves |E'| ≤ |E|⁵, half of that for small E; Newton-Schulz, two products,
   leaves |E'| ≤ |E|². ‖E‖, at hand in every step, is four times the residual ‖P² − P‖: the
   certificate comes free.

A matrix that is near-idempotent at the start needs the second phase only. One with rows of very
different size is first brought to one scale, in double precision: see `idem.linear.scaling`.

Source: Higham, Functions of Matrices, SIAM 2008, sections 5.3 to 5.6; Kenney and Laub, SIAM J.
Matrix Anal. Appl. 12, 273 (1991), for phase 2; Byers and Xu, the same 30, 822 (2008), for μ; Golub
and Van Loan, Matrix Computations, 9.4.
"""

import math
from typing import Any, Literal, NamedTuple, NoReturn

import torch
from torch import Tensor
from torch._C import _functorch  # pyright: ignore[reportAttributeAccessIssue]

from idem.linear import basins, scaling
from idem.rule.corrector import (
    add_to_diagonal,
    dtype_name,
    matrix_residual,
    require_square,
    trace,
    unrounded,
)

_WORKING_DTYPE = {torch.float16: torch.float32, torch.bfloat16: torch.float32}
_SETTLED, _UNDECIDED, _OVERFLOW, _OUTSIDE, _RANGE = range(5)
_IN_REACH = 0.9  # of ‖I − X²‖, for phase 2; below 1 is enough
_OBLIQUE = 100  # mean squared singular value of S, 1 for an orthogonal projector
_CACHED = 2**16  # entries of a batch worked on at once, to stay within a core's cache
_WITHIN_VMAP = (
    "K: expected a plain tensor, got one within torch.func.vmap; project takes batches (..., n, n) "
    "itself: call it on the whole batch"
)
_WIDE = {torch.float32: torch.float64, torch.complex64: torch.complex128}
_NEXT = {torch.float32: "float64", torch.complex64: "complex128"}
_ENTRYWISE = 64  # units of rounding, times n, within which the entries of a badly scaled K are met
_SERIES = (1.0, 1 / 2, 3 / 8, 5 / 16, 35 / 128)


class ProjectionError(ArithmeticError):
    """A matrix has no projector: an eigenvalue is on no side, or a number is out of range.

    Within rounding of the line between the half-planes, or outside the basins of the recurrence
    where these were asked for; or what is computed, or P in half precision, overflows.
    """


class Projection(NamedTuple):
    """What `project` found, each field with the batch shape (...) of its argument."""

    projector: Tensor
    """P, (..., n, n), in the dtype of the argument."""
    residual: Tensor
    """‖P² − P‖_F / max(1, ‖P‖_F), (...), real."""
    steps: Tensor
    """Steps of both phases, (...), int64; 0 where the eigendecomposition was used."""
    rank: Tensor
    """Rank of P, its trace, (...), int64; −1 where there is none."""


def project(
    K: Tensor,
    *,
    basin: Literal["half-plane", "recurrence"] = "half-plane",
    strict: bool = True,
) -> Projection:
    """Find the idempotent matrix with every eigenvalue of K rounded to the nearer of 0 and 1.

    Neither the gap to ½ nor the rank has to be known. Hermitian matrices go through their
    eigendecomposition, others through scaled Newton and Newton-Schulz steps, until the residual
    rests on the floor of rounding. float16 and bfloat16 are computed in float32 and rounded once.
    Rows of very different size, as in DKD⁻¹ or diag(1e7, 0.9, 0.1), cost no digits: P is right
    entry by entry, in units of d_i/d_j for a diagonal D that balances K, or there is a
    ProjectionError.

    Differentiable with respect to K, as often as wanted: every backward pass solves Sylvester
    equations, and a derivative grows like the inverse of the least distance between an eigenvalue
    on one side and one on the other; for a matrix without P it is 0. Waits for the device at every
    step.

    Args:
        K: matrices, (..., n, n), real or complex; each is treated as if it were alone.
        basin: which eigenvalues belong to 0 and to 1. "half-plane" takes all but Re λ = ½.
            "recurrence" takes those that repeating g(K) = 3K² − 2K³ sends to the nearer one
            (Figure 2; of the real axis −0.366 to 1.366 but ½, and intervals beyond), and costs the
            eigenvalues.
        strict: raise if one matrix of the batch has no such P; otherwise its P is NaN, its rank −1.

    Raises:
        TypeError: K is not a tensor, or not of a real or complex floating-point dtype; it is
            sparse, nested, without numbers (on the device meta), or within `torch.func.vmap`.
        ValueError: K is empty, not square, or holds NaN or infinity; basin is not one of the two.
        ProjectionError: an eigenvalue lies within rounding of the line Re λ = ½, or outside the
            basins of the recurrence if these were asked for; the message gives eigenvalues. Or the
            computation overflows, or P does in half precision; the message says where.

    Example:
        >>> project(torch.tensor([[0.9, 0.2], [0.1, 0.1]])).rank
        tensor(1)

    Source: section 2.2; Higham 2008, chapter 5.
    """
    _require_plain(K)
    require_square(K)
    if basin not in ("half-plane", "recurrence"):
        raise ValueError(f"basin: expected 'half-plane' or 'recurrence', got {basin!r}")
    if not all(torch.isfinite(end) for end in torch.aminmax(_reals(K))):
        raise ValueError("K: expected finite entries, got NaN or infinity")
    with unrounded(K):
        matrices = K.to(_WORKING_DTYPE.get(K.dtype, K.dtype)).reshape(-1, *K.shape[-2:])
        limits, residual, steps, outcome = _found(matrices)
        outcome = outcome.clone()
        lost = _outside(matrices.detach()) if basin == "recurrence" else {}
        outcome[list(lost)] = _OUTSIDE
        outcome[(outcome == _SETTLED) & _leaves(limits.detach(), K.dtype)] = _RANGE
        if (outcome != _SETTLED).any():
            if strict:
                _raise(matrices.detach(), K.dtype, steps, outcome, lost, K.shape[:-2])
            failed = outcome != _SETTLED
            limits = torch.where(failed[:, None, None], math.nan, limits)
            residual = torch.where(failed, math.nan, residual)
        rank = trace(limits.detach()).real.nan_to_num(nan=-1).round().long()
        projector = limits.to(K.dtype)
        if K.dtype in _WORKING_DTYPE:
            residual = matrix_residual(projector.detach().to(limits.dtype), relative=True)
    batch = K.shape[:-2]
    return Projection(
        projector.reshape(K.shape), *(x.reshape(batch) for x in (residual, steps, rank))
    )


def _found(K: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return P, residual, steps and outcome; P in double precision where a K is badly scaled."""
    bad = scaling.is_badly_scaled(K.detach())
    if not bad.any():
        return _RoundedSpectrum.apply(K, False)  # pyright: ignore[reportReturnType]
    rescaled = _rescaled(K[bad])
    if bad.all():
        return rescaled
    P, *others = _RoundedSpectrum.apply(K[~bad], False)  # pyright: ignore[reportGeneralTypeIssues]
    return _merged(bad, rescaled, (P.to(rescaled[0].dtype), *others))


def _rescaled(K: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return what `_found` does of badly scaled matrices, P and its derivative by way of D⁻¹KD."""
    wide = K.to(_WIDE.get(K.dtype, K.dtype))
    D = scaling.balance(wide.detach())
    scale = D.unsqueeze(-1) / D.unsqueeze(-2)
    balanced = wide / scale
    limits, _, steps, outcome = _RoundedSpectrum.apply(balanced, True)  # pyright: ignore
    P, outcome = limits * scale, outcome.clone()
    fits = torch.isfinite(P.detach()).all((-2, -1))
    unit = _ENTRYWISE * K.shape[-1] * torch.finfo(K.dtype).eps
    met = scaling.commutes(limits.detach(), balanced.detach(), unit)
    outcome[(outcome == _SETTLED) & ~met] = _UNDECIDED
    outcome[(outcome == _SETTLED) & ~fits] = _OVERFLOW
    rounded = P.detach().to(K.dtype).to(P.dtype)
    within = rounded / scale  # where P² − P suffers no cancellation
    error = torch.linalg.matrix_norm((within @ within - within) * scale)
    residual = error / torch.linalg.matrix_norm(rounded).clamp(min=1)
    return P, residual.to(K.real.dtype), steps, outcome


def _merged(
    mask: Tensor, chosen: tuple[Tensor, ...], others: tuple[Tensor, ...]
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Put the results of the chosen matrices of a batch and of the others in their places."""
    order = torch.cat([mask.nonzero(), (~mask).nonzero()]).flatten().argsort()
    P, residual, steps, outcome = (
        torch.cat(parts)[order] for parts in zip(chosen, others, strict=True)
    )
    return P, residual, steps, outcome


class _RoundedSpectrum(torch.autograd.Function):
    """P, residual, steps and outcome of (b, n, n), with the derivative of P.

    From S² = I and SX = XS follows, with N = SX, whose eigenvalues all have a positive real part,
    N dS + dS N = dX − S dX S (Higham 2008, theorem 5.3). For the gradient G of S: solve the adjoint
    equation Nᴴ Y + Y Nᴴ = G, then that of X is Y − Sᴴ Y Sᴴ.
    """

    @staticmethod
    def forward(K: Tensor, by_sizes: bool) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        if by_sizes:
            return _limits_by_sizes(K)
        if len(K) <= (size := _chunk_size(K)):
            return _limits(K)
        P, residual = torch.empty_like(K), K.real.new_empty(len(K))
        steps, outcome = (torch.empty_like(residual, dtype=torch.int64) for _ in range(2))
        for start in range(0, len(K), size):
            rows = slice(start, start + size)
            P[rows], residual[rows], steps[rows], outcome[rows] = _limits(K[rows])
        return P, residual, steps, outcome

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, bool], output: tuple[Tensor, ...]) -> None:
        ctx.save_for_backward(inputs[0], output[0], output[3])
        ctx.save_for_forward(inputs[0], output[0], output[3])
        ctx.mark_non_differentiable(*output[1:])

    @staticmethod
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]
        ctx: Any, *gradients: Tensor
    ) -> tuple[Tensor, None]:
        K, P, outcome = ctx.saved_tensors
        with unrounded(K):
            X, S, settled = _signs(K.mH, P.mH, outcome)
            Y = _Sylvester.apply(S @ X, torch.where(settled, gradients[0], 0))
            assert isinstance(Y, Tensor)
            return Y - S @ Y @ S, None

    @staticmethod
    def jvp(  # pyright: ignore[reportIncompatibleMethodOverride]
        ctx: Any, tangent: Tensor, _: None
    ) -> tuple[Tensor | None, ...]:
        K, P, outcome = ctx.saved_tensors
        with unrounded(K):
            X, S, settled = _signs(K, P, outcome)
            change = torch.where(settled, tangent - S @ tangent @ S, 0)
            return _Sylvester.apply(S @ X, change), None, None, None  # pyright: ignore

    @staticmethod
    def vmap(  # pyright: ignore[reportIncompatibleMethodOverride]
        info: Any, dims: tuple[int | None, None], K: Tensor, by_sizes: bool
    ) -> tuple[tuple[Tensor, ...], tuple[int | None, ...]]:
        """Let a Jacobian in forward mode, whose matrices are the same for all vectors, pass."""
        if dims[0] is None:
            found = _RoundedSpectrum.apply(K, by_sizes)
            return found, (None,) * 4  # pyright: ignore[reportReturnType]
        raise TypeError(_WITHIN_VMAP)


def _signs(K: Tensor, P: Tensor, outcome: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return X = 2K − I and its sign S, both I where there is none, and where there is one."""
    settled = (outcome == _SETTLED)[:, None, None]
    one = torch.eye(K.shape[-1], dtype=K.dtype, device=K.device)
    X, S = (torch.where(settled, 2 * matrix - one, one) for matrix in (K, P))
    return X, S, settled


class _Sylvester(torch.autograd.Function):
    """The solution Y of A Y + Y A = C, (b, n, n), for A with its spectrum in the right half-plane.

    For the gradient G of Y: that of C is the solution Z of Aᴴ Z + Z Aᴴ = G, an equation of the same
    kind, and that of A is −(Z Yᴴ + Yᴴ Z).
    """

    @staticmethod
    def forward(A: Tensor, C: Tensor) -> Tensor:
        return _solve_sylvester(A, C)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:
        ctx.save_for_backward(inputs[0], output)
        ctx.save_for_forward(inputs[0], output)

    @staticmethod
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]
        ctx: Any, gradient: Tensor
    ) -> tuple[Tensor, Tensor]:
        A, Y = ctx.saved_tensors
        with unrounded(A):
            Z = _Sylvester.apply(A.mH, gradient)
            assert isinstance(Z, Tensor)
            return -(Z @ Y.mH + Y.mH @ Z), Z

    @staticmethod
    def jvp(  # pyright: ignore[reportIncompatibleMethodOverride]
        ctx: Any, dA: Tensor, dC: Tensor
    ) -> Tensor:
        A, Y = ctx.saved_tensors
        with unrounded(A):
            return _Sylvester.apply(A, dC - dA @ Y - Y @ dA)  # pyright: ignore[reportReturnType]

    @staticmethod
    def vmap(  # pyright: ignore[reportIncompatibleMethodOverride]
        info: Any, dims: tuple[int | None, int | None], A: Tensor, C: Tensor
    ) -> tuple[Tensor, int]:
        """Solve the equations of all vectors of a vectorised Jacobian as one batch."""
        parts = [
            part.expand(info.batch_size, *part.shape) if at is None else part.movedim(at, 0)
            for part, at in zip((A, C), dims, strict=True)
        ]
        Y = _Sylvester.apply(*(part.flatten(0, 1) for part in parts))
        assert isinstance(Y, Tensor)
        return Y.unflatten(0, (info.batch_size, -1)), 0


def _solve_sylvester(A: Tensor, C: Tensor) -> Tensor:
    """Solve A Y + Y A = C.

    Newton's iteration on the blocks of sign([[A, C], [0, −A]]) = [[I, 2Y], [0, −I]].

    Source: Roberts, Int. J. Control 32, 677 (1980).
    """
    for _ in range(_step_limit(A)):
        inverse = torch.linalg.inv(A)
        mu = (_radius(inverse) / _radius(A)).sqrt()[:, None, None]
        distance = torch.linalg.matrix_norm(mu * A - inverse / mu)
        A, C = (mu * A + inverse / mu) / 2, (mu * C + inverse @ C @ inverse / mu) / 2
        if (distance**2 <= torch.finfo(A.dtype).eps).all():
            break
    return C / 2


def _chunk_size(K: Tensor) -> int:
    """Return how many matrices to work on at once: on a CPU, as many as its caches hold."""
    return max(1, _CACHED // K[0].numel()) if K.device.type == "cpu" else len(K)


def _limits(K: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    if torch.equal(K, K.mH):  # the usual Hermitian matrix: no more passes over it than needed
        return _from_eigenvalues(K)
    hermitian = _is_hermitian(K)
    if not hermitian.any():
        return _from_iteration(K)
    mean = K[hermitian] / 2 + K[hermitian].mH / 2
    if hermitian.all():
        return _from_eigenvalues(mean)
    return _merged(hermitian, _from_eigenvalues(mean), _from_iteration(K[~hermitian]))


def _limits_by_sizes(K: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return P, NaN for a residual, steps and outcome of balanced matrices, one by one."""
    found = [scaling.limit_by_sizes(matrix, _limit) for matrix in K]
    P, steps, outcome = zip(*found, strict=True)
    unknown, device = K.real.new_full((len(K),), math.nan), K.device
    return (
        torch.stack(P),
        unknown,
        torch.tensor(steps, device=device),
        torch.tensor(outcome, device=device),
    )


def _limit(K: Tensor) -> tuple[Tensor, int, int]:
    P, _, steps, outcome = _limits(K[None])
    rank = round(float(trace(P[0]).real.nan_to_num()))
    if int(outcome) == _SETTLED and rank in (0, len(K)):  # exact: scaling would magnify an error
        P = torch.eye(len(K), dtype=K.dtype, device=K.device)[None] * (rank > 0)
    return P[0], int(steps), int(outcome)


def _from_eigenvalues(K: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    # Kᴴ is K stored by columns, as LAPACK reads it: no copy that transposes.
    values, vectors = torch.linalg.eigh(K.mH)
    gap = (values - 0.5).abs().amin(-1)
    undecided = gap <= _least_gap(K) * values.abs().amax(-1).clamp(min=1)
    P, residual = _onto(vectors, values > 0.5)
    return P, residual, _counters(K, 0), torch.where(undecided, _UNDECIDED, _SETTLED)


def _onto(vectors: Tensor, chosen: Tensor) -> tuple[Tensor, Tensor]:
    """Return the projector onto the chosen vectors, the last of each matrix, and its residual.

    From the fewer vectors W of the chosen and of the others, as Q = WWᴴ or I − Q. For G = WᴴW − I,
    ‖Q² − Q‖ = ‖WGWᴴ‖ = ‖G‖ as far as W is an isometry, and so to a factor 1 + ‖G‖; to it comes the
    rounding of the product. So far, too, ‖P‖ is the square root of the rank.
    """
    n, rank = chosen.shape[-1], chosen.sum(-1)
    last = rank <= n / 2
    width = int(torch.minimum(rank, n - rank).max())
    ends = vectors[..., :width], vectors[..., n - width :]
    within = ~chosen[:, :width], chosen[:, n - width :]
    mask = torch.where(last[:, None], within[1], within[0]).to(vectors.dtype)
    W = torch.where(last[:, None, None], ends[1], ends[0]).mul_(mask[:, None])
    P = W @ W.mH
    error = torch.linalg.matrix_norm(add_to_diagonal(W.mH @ W, -mask))
    rounding = torch.finfo(P.dtype).eps * torch.minimum(rank, n - rank).to(error.dtype).sqrt()
    if not last.all():
        P[~last] = add_to_diagonal(P[~last].neg_(), 1)
    return P, (error + rounding) / rank.to(error.dtype).sqrt().clamp(min=1)


def _from_iteration(K: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return P, residual, steps and outcome; matrices that are done first wait for the others."""
    X, eps = _shifted(K, 2, -1), torch.finfo(K.dtype).eps
    E, square, work = (torch.empty_like(X) for _ in range(3))
    steps, outcome = _counters(K, 0), _counters(K, _SETTLED)
    # |tr E| ≤ √n ‖E‖_F: where this is large, a product to learn ‖E‖ would be wasted.
    near = bool((_trace_of_error(X).abs() < _IN_REACH * math.sqrt(K.shape[-1])).all())
    if not near:
        _newton(X, E, work, steps, outcome)
    norm = predicted = K.real.new_full((len(K),), math.inf)
    live = outcome == _SETTLED
    for _ in range(_step_limit(K)):
        previous, norm = norm, torch.linalg.matrix_norm(_error_of(X, E))
        few = bool((norm[live] ** 2 <= eps).all())
        # The spectral radius of E is below either: ‖E‖, and the square root of ‖E²‖.
        bound = norm
        if not few:
            torch.bmm(E, E, out=square)
            bound = torch.minimum(norm, torch.linalg.matrix_norm(square).sqrt())
        in_reach = bound < _IN_REACH
        if near and not in_reach.all():
            near, norm = False, torch.full_like(norm, math.inf)
            _newton(X, E, work, steps, outcome)
            live = outcome == _SETTLED
            continue
        outcome[live & ~in_reach] = _UNDECIDED
        # Obliqueness can amplify the rounding of a step beyond what the step gains: undo it then.
        worse = live & (norm > previous)
        X[worse], norm[worse] = work[worse], previous[worse]
        floor = eps * torch.linalg.matrix_norm(X) ** 2
        live &= in_reach & (predicted > eps) & (norm > floor) & (norm < previous / 2)
        if not live.any():
            break
        steps += live
        if few:
            torch.baddbmm(X, X, E, alpha=0.5, out=work)
        else:
            torch.bmm(X, _series(E, square, work), out=work)
        work[~live] = X[~live]
        X, work = work, X
        predicted = bound**2 if few else bound**5 / 2
    P = X.div_(2)
    add_to_diagonal(P, 0.5)
    rank = trace(P)
    outcome[(outcome == _SETTLED) & ((rank - rank.real.round()).abs() > 0.1)] = _UNDECIDED
    return P, norm / 4 / torch.linalg.matrix_norm(P).clamp(min=1), steps, outcome


def _newton(X: Tensor, inverse: Tensor, work: Tensor, steps: Tensor, outcome: Tensor) -> None:
    """Replace X by iterates in reach of the series, count steps, note the outcome of failures."""
    live = torch.ones_like(outcome, dtype=torch.bool)
    singular = torch.empty_like(outcome, dtype=torch.int32)
    ratio = torch.zeros_like(outcome, dtype=X.real.dtype)
    for step in range(_step_limit(X)):
        torch.linalg.inv_ex(X, out=(inverse, singular))
        if step:  # to where a scaled step takes the ends of a real spectrum: soon to 1
            highest, lowest = (ratio.sqrt() + ratio.rsqrt()) / 2, torch.ones_like(ratio)
        else:
            highest, lowest = _radius(X), 1 / _radius(inverse)
        ratio = highest / lowest
        mu = (highest.rsqrt() * lowest.rsqrt())[:, None, None]
        X *= mu
        inverse /= mu
        norm = torch.linalg.matrix_norm(torch.sub(X, inverse, out=work)) ** 2 / 4
        X.add_(inverse).mul_(0.5)
        steps += live
        overflow = (singular == 0) & ~(torch.isfinite(highest) & torch.isfinite(norm))
        undecided = (singular != 0) | (lowest <= _least_gap(X) * highest)
        outcome[live & undecided] = _UNDECIDED
        outcome[live & overflow] = _OVERFLOW
        live &= (outcome == _SETTLED) & (norm >= _goal(X))
        if not live.any():
            return
    outcome[live] = _UNDECIDED


def _goal(X: Tensor) -> Tensor:
    """Return the ‖E‖ to leave phase 1 at: in reach, but at the end where P is very oblique.

    The products of phase 2 amplify rounding by more powers of ‖X‖ than an inverse does.
    """
    oblique = torch.linalg.matrix_norm(X) ** 2 > _OBLIQUE * X.shape[-1]
    return torch.where(oblique, math.sqrt(torch.finfo(X.dtype).eps), _IN_REACH)


def _error_of(X: Tensor, out: Tensor) -> Tensor:
    return add_to_diagonal(torch.bmm(X, X, out=out).neg_(), 1)


def _trace_of_error(X: Tensor) -> Tensor:
    return X.shape[-1] - (X * X.mT).sum((-2, -1))


def _series(E: Tensor, square: Tensor, work: Tensor) -> Tensor:
    """Replace E by 1 + E/2 + 3E²/8 + 5E³/16 + 35E⁴/128, given E² and room, in one product."""
    torch.mul(square, _SERIES[4], out=work).add_(E, alpha=_SERIES[3])
    add_to_diagonal(work, _SERIES[2])
    E.baddbmm_(square, work, beta=_SERIES[1])
    return add_to_diagonal(E, _SERIES[0])


def _outside(K: Tensor) -> dict[int, Tensor]:
    """Return the eigenvalues that the recurrence does not send to the nearer of 0 and 1, by row."""
    found, enough = {}, basins.sufficient_iterations(1.0, torch.finfo(K.dtype).eps)
    for row, values in enumerate(torch.linalg.eigvals(K)):
        codes = basins.destinations(values.cpu().numpy(), enough)
        nearer = (values.real > 0.5).long().cpu()
        if (wrong := torch.from_numpy(codes) != nearer).any():
            found[row] = values[wrong.to(values.device)]
    return found


def _step_limit(K: Tensor) -> int:
    """Steps in which an eigenvalue just farther from the line than rounding leaves it for ±1."""
    return math.ceil(math.log2(0.5 / _least_gap(K))) + 8


def _least_gap(K: Tensor) -> float:
    return 16 * math.sqrt(K.shape[-1]) * torch.finfo(K.dtype).eps


def _radius(A: Tensor, rounds: int = 10) -> Tensor:
    """Estimate the spectral radius: the mean growth of two vectors over some products with A."""
    vectors = A.new_ones(*A.shape[:-1], 2)
    vectors[:, ::2, 1] = -1
    growth = A.real.new_ones(len(A), 1, 2)
    for _ in range(rounds):
        vectors = A @ vectors
        size = vectors.abs().amax(-2, keepdim=True)
        vectors, growth = vectors / size, growth * size ** (1 / rounds)
    return growth.amax((-2, -1))


def _is_hermitian(K: Tensor) -> Tensor:
    eps = torch.finfo(K.dtype).eps
    largest = torch.stack(_reals(K).flatten(1).aminmax(dim=1)).abs().amax(0)
    # One row against its column rules most others out, without a second matrix.
    edge = (K[:, 0] - K[:, :, 0].conj()).abs().amax(-1)
    if (edge > math.sqrt(eps) * largest).all():
        return torch.zeros_like(edge, dtype=torch.bool)
    # Entry by entry, in units of the rows that meet there: one large entry must not hide what is
    # asymmetric among small ones.
    K = K / largest.clamp(min=1)[:, None, None]
    rows = torch.linalg.vector_norm(K, dim=-1).sqrt_()
    bound = torch.mul(rows.unsqueeze(-1), 10 * eps * rows.unsqueeze(-2))
    return ((K - K.mH).abs() <= bound).flatten(1).all(-1)


def _require_plain(K: Tensor) -> None:
    """Raise a TypeError for a tensor whose entries cannot be computed with one by one."""
    if not isinstance(K, Tensor):
        return  # which is said elsewhere
    plain = K
    while _functorch.is_functorch_wrapped_tensor(plain):  # by a transform each, in any order
        if _functorch.is_batchedtensor(plain):
            raise TypeError(_WITHIN_VMAP)
        plain = _functorch.get_unwrapped(plain)
    if K.is_nested or K.layout != torch.strided:
        kind = "nested" if K.is_nested else str(K.layout).removeprefix("torch.")
        raise TypeError(f"K: expected a dense tensor, got layout {kind}; convert it first")
    if K.device.type == "meta":
        raise TypeError("K: expected numbers, got a tensor on the device meta, which has none")


def _leaves(P: Tensor, dtype: torch.dtype) -> Tensor | bool:
    """Tell which finite matrices (b, n, n) are not finite any more in another dtype."""
    if P.dtype == dtype:
        return False
    return torch.isfinite(P).all((-2, -1)) & ~torch.isfinite(P.to(dtype)).all((-2, -1))


def _reals(K: Tensor) -> Tensor:
    return torch.view_as_real(K.resolve_conj()) if K.is_complex() else K


def _shifted(K: Tensor, factor: float, constant: float) -> Tensor:
    return add_to_diagonal(factor * K, constant)


def _counters(K: Tensor, value: int) -> Tensor:
    return torch.full((len(K),), value, dtype=torch.int64, device=K.device)


def _raise(
    K: Tensor,
    dtype: torch.dtype,
    steps: Tensor,
    outcome: Tensor,
    lost: dict[int, Tensor],
    batch: torch.Size,
) -> NoReturn:
    failed = outcome.nonzero().flatten()
    row = int(failed[0])
    index = [int(i) for i in torch.unravel_index(failed[0], batch)] if batch else ""
    others = f" ({len(failed) - 1} more of {len(K)} fail too)" if len(failed) > 1 else ""
    if outcome[row] == _OVERFLOW:
        raise ProjectionError(
            f"K{index}: expected finite numbers throughout, got an overflow at step "
            f"{int(steps[row])}{others}; use float64, or scale K"
        )
    if outcome[row] == _RANGE:
        raise ProjectionError(
            f"K{index}: expected a projector within {torch.finfo(dtype).max:g}, the largest number "
            f"of {dtype_name(dtype)}, got larger entries{others}; use {_NEXT.get(dtype, 'float32')}"
        )
    if outcome[row] == _OUTSIDE:
        raise ProjectionError(
            f"K{index}: expected every eigenvalue where the recurrence sends it to the nearer of 0 "
            f"and 1 (of the real axis -0.366 to 1.366, but ½, and intervals beyond), got "
            f"{_named(lost[row])}{others}"
        )
    values = torch.linalg.eigvals(K[row])
    nearest = values[(values.real - 0.5).abs().argsort()]
    raise ProjectionError(
        f"K{index}: expected no eigenvalue within rounding of the line Re λ = ½ between those that "
        f"go to 0 and to 1, got {_named(nearest)} nearest to it{others}; if these are clear of it, "
        f"K is too far from normal for {dtype_name(K.dtype)}"
    )


def _named(values: Tensor) -> str:
    shown = ", ".join(f"{complex(v):.6g}" for v in values[:3])
    return f"{shown} and {len(values) - 3} more" if len(values) > 3 else shown
