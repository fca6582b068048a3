"""The modified rule on inputs that are not whitened: it may leave a projection at whatever rate.

A linear layer K whose inputs have the second moment Σ = E x xᵀ is moved in small steps by

    dK/dt = −G(K) Σ,    G(K) = K − 3K² + 2K³,

and so is one with a bias, as K̂ = [[W, b], [0, 1]] on (x, 1), whose last row stays: that of G(K̂) is
zero. K̂ is idempotent where the layer is. Let K = P + E be near an idempotent P, and Q = I − P. To
first order

    G(K) = D(E),    D(X) = P X P + Q X Q,

as g(K) = 3K² − 2K³ restores an idempotent at once; what D leaves out leads from one idempotent to
another. Since D(D(E) Σ) = (PEP)(PΣP) + (QEQ)(QΣQ), the rule returns, in small enough steps, to an
idempotent next to P if *all eigenvalues of PΣP on the range of P, and of QΣQ on that of Q, have
positive real parts*, and leaves P if one of them has a negative one; a real part of 0 is not
decided to first order. The two together are the eigenvalues of PΣP + QΣQ. (With a bias the last row
of E is zero. If W ≠ 0 that changes nothing; if W = 0, the layer being constant, PEP is zero, and
QΣQ counts alone.)

Along a mode with a negative eigenvalue the rule runs backwards: 0 and 1 repel, and ½ attracts, so
that layers may end where an eigenvalue of K is ½, which is a fixed point and no idempotent.

**Where it returns.** For whitened inputs the eigenvalues are 1, and for an orthogonal P and a
positive definite Σ they are those of compressions of Σ, which are positive. An oblique P may have
others. Let v be an eigenvector of PΣP in the range of P, of length 1, and w = Pᵀv: then λ = ⟨w, Σv⟩
and ⟨w, v⟩ = 1, so that w and v enclose at most the angle with cosine 1/‖P‖, and v and Σv at most
the one with sine (κ − 1)/(κ + 1), κ the condition number of Σ; complex vectors are read as real
ones of twice the length. The two add to less than a right angle, and Re λ > 0, if

    ‖P‖ < (κ + 1) / (κ − 1)

in the spectral norm. The same holds of Q, as ‖Q‖ = ‖P‖ unless P is 0 or I, where Σ itself counts.

**Where it does not.** Let W, not 0, be an orthogonal projection with (1, …, 1) in its null space,
every bias b, and inputs of unit covariance around m (1, …, 1). Then the eigenvalues are 1, n − 1
times, and

    1 + n b m  (of PΣP),    1 + n m (m − b)  (of QΣQ),

one of which is negative as soon as n m (b − m) > 1, or n b m < −1: unless the mean of the inputs is
next to 0, or about that of the outputs or beyond it, the rule leaves such a layer however small its
steps. The ordinary rule descends on ½ E |f(f(x)) − f(x)|², of which every idempotent is a minimum.

Several layers W_L … W_1, with biases as above, are K = Ŵ_L … Ŵ_1. If that equals P, E moves by the
sum over layers of A_ A_ᵀ D(E) Σ BᵀB: B the layers before, A_ those behind less their last column,
as what is fixed there has no parameters. Layers with centred inputs have Sᵀ S between Bᵀ and B, S
taking (h, 1) to (h − c, 1).

Source of the second angle: Wielandt; Gustafson and Rao, Numerical Range, Springer 1997, chapter 3.
"""

import math
from collections.abc import Collection, Sequence

import torch
from torch import Tensor

Layers = Sequence[tuple[Tensor, Tensor]]
"""``(weight, bias)`` of each linear layer, shapes (m, n) and (m,)."""
_ZERO = 1e-9  # of the largest eigenvalue: below it is rounding


def homogeneous(weight: Tensor, bias: Tensor) -> Tensor:
    """Return K̂ = [[W, b], [0, 1]], (m + 1, n + 1): the layer as a linear map of (x, 1)."""
    m, n = weight.shape
    K = weight.new_zeros(m + 1, n + 1)
    K[:m, :n], K[:m, n], K[m, n] = weight, bias, 1
    return K


def second_moment(mean: Tensor) -> Tensor:
    """Return Σ of (x, 1), (n + 1, n + 1), for inputs of unit covariance around a mean (n,)."""
    with_one = torch.cat([mean, mean.new_ones(1)])
    moment = torch.outer(with_one, with_one)
    moment[:-1, :-1] += torch.eye(len(mean), dtype=mean.dtype, device=mean.device)
    return moment


def decay_rates(projector: Tensor, moment: Tensor) -> Tensor:
    """Return at which rates the modified rule takes errors back to a projection; negative: leaves.

    Args:
        projector: P, idempotent, (..., n, n); of a layer with a bias it is not constant.
        moment: Σ, the second moment of the inputs, (..., n, n).

    Returns:
        The eigenvalues of PΣP + QΣQ, complex, (..., n).

    Raises:
        ValueError: if the two are not of one size.
    """
    _check_sizes(projector, moment)
    rest = _identity(projector) - projector
    return torch.linalg.eigvals(projector @ moment @ projector + rest @ moment @ rest)


def largest_safe_norm(condition: float) -> float:
    """Return (κ + 1)/(κ − 1): no projection of a smaller norm is left, whatever the inputs.

    Args:
        condition: κ, of the second moment of the inputs; finite.

    Raises:
        ValueError: for a number below 1 or not finite.
    """
    if not 1 <= condition < math.inf:
        raise ValueError(f"condition: expected 1 or more and finite, got {condition}")
    return math.inf if condition == 1 else (condition + 1) / (condition - 1)


def decay_rates_of_layers(
    layers: Layers,
    projector: Tensor,
    moment: Tensor,
    centres: Sequence[float] | None = None,
    trained: Collection[int] | None = None,
) -> Tensor:
    """Return what `decay_rates` are for several linear layers with biases.

    Exact if the product of the layers is the projection, and near it where it is near. Dense: for
    networks of some tens of inputs.

    Args:
        layers: from the first on, of n inputs and outputs each.
        projector: P, (n + 1, n + 1).
        moment: Σ of (x, 1), (n + 1, n + 1).
        centres: c of every layer, subtracted from each of its inputs; 0 if left out.
        trained: which layers are, counted from 0; all if left out.

    Returns:
        The eigenvalues of E ↦ D(Σ A_ A_ᵀ E Σ BᵀSᵀSB), the first sum over what is trained, complex,
        (r,); without those that are zero, of errors that no trained layer reaches or that lead
        from one idempotent to another.

    Raises:
        ValueError: if sizes differ, or for a layer that is not there.
    """
    _check_sizes(projector, moment)
    shifts = [0.0] * len(layers) if centres is None else list(centres)
    if len(shifts) != len(layers):
        raise ValueError(f"centres: expected one a layer, {len(layers)}, got {shifts}")
    chosen = set(range(len(layers)) if trained is None else trained)
    if not chosen <= set(range(len(layers))):
        raise ValueError(f"trained: expected layers 0 to {len(layers) - 1}, got {sorted(chosen)}")
    matrices, size = [homogeneous(*layer) for layer in layers], len(projector)
    one, total = _identity(projector), projector.new_zeros(size**2, size**2)
    for k in chosen:
        seen = behind = one
        for W in matrices[:k]:
            seen = W @ seen
        for W in matrices[k + 1 :]:
            behind = W @ behind
        shift = one.clone()
        shift[:-1, -1] = -shifts[k]
        seen, moved = shift @ seen, behind[:, :-1]
        total += _sandwich(moved @ moved.mT, moment @ seen.mT @ seen)
    rest = one - projector
    normal = _sandwich(projector, projector) + _sandwich(rest, rest)
    values = torch.linalg.eigvals(normal @ total @ normal)
    return values[values.abs() > _ZERO * values.abs().max()]


def _sandwich(left: Tensor, right: Tensor) -> Tensor:
    """Return the matrix of X ↦ L X R on X read row by row."""
    return torch.kron(left.contiguous(), right.mT.contiguous())


def _identity(like: Tensor) -> Tensor:
    return torch.eye(like.shape[-1], dtype=like.dtype, device=like.device)


def _check_sizes(projector: Tensor, moment: Tensor) -> None:
    if projector.shape[-2:] != moment.shape[-2:] or projector.shape[-1] != projector.shape[-2]:
        raise ValueError(
            "projector and moment: expected square matrices of one size, got shapes "
            f"{tuple(projector.shape)} and {tuple(moment.shape)}"
        )
