"""The modified rule on inputs that are not whitened: it may leave a projection at whatever rate.

A linear layer K whose inputs have the second moment Σ = E x xᵀ is moved in small steps by

    dK/dt = −G(K) Σ,    G(K) = K − 3K² + 2K³,

and so is one with a bias, as K̂ = [[W, b], [0, 1]] on (x, 1): the last row of G(K̂) is zero, and K̂
idempotent where the layer is. Let K = P + E be near an idempotent P, and Q = I − P. To first order

    G(K) = D(E),    D(X) = P X P + Q X Q,

as g(K) = 3K² − 2K³ restores an idempotent at once; what D leaves out leads from one idempotent to
another. Since D(D(E) Σ) = (PEP)(PΣP) + (QEQ)(QΣQ), the error decays for small enough rates if and
only if *all eigenvalues of PΣP on the range of P, and of QΣQ on that of Q, have positive real
parts*. The two together are the eigenvalues of PΣP + QΣQ.

**Where that holds.** For whitened inputs they are 1, and for an orthogonal P of any Σ compressions
of it, which are positive. An oblique P may have others. Let v be an eigenvector of PΣP in the range
of P, of length 1, and w = Pᵀv: then λ = ⟨w, Σv⟩ and ⟨w, v⟩ = 1, so that w and v enclose at most the
angle with cosine 1/‖P‖, and v and Σv at most the one with sine (κ − 1)/(κ + 1), κ the condition
number of Σ. The two add to less than a right angle, and Re λ > 0, if

    ‖P‖ < (κ + 1) / (κ − 1).

**Where it does not.** Let W be an orthogonal projection with (1, …, 1) in its null space, every
bias b, and inputs of unit covariance around m (1, …, 1). Then the eigenvalues are 1, n − 1 times,
and

    1 + n b m,    1 + n m (m − b),

one of which is negative as soon as n m (b − m) > 1, or n b m < −1: unless their mean is next to 0,
or as far from it as that of the outputs, in the same direction, the rule leaves every such layer,
however small its steps. The ordinary rule descends on ½ E |f(f(x)) − f(x)|², and leaves none.

Several layers W_L … W_1, with biases as above, are K = Ŵ_L … Ŵ_1, and E moves by the sum over them
of A A_ᵀ D(E) Σ BᵀB: B the layers before, A those behind, A_ without what has no parameters, its
last column. Layers with centred inputs have Sᵀ S between Bᵀ and B, S taking (h, 1) to (h − c, 1).

Source of the second angle: Wielandt; Gustafson and Rao, Numerical Range, Springer 1997, chapter 3.
"""

from collections.abc import Collection, Sequence

import torch
from torch import Tensor

Layers = Sequence[tuple[Tensor, Tensor]]
"""``(weight, bias)`` of each linear layer, shapes (m, n) and (m,)."""


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
        projector: P, idempotent, (..., n, n).
        moment: Σ, the second moment of the inputs, (..., n, n).

    Returns:
        The eigenvalues of PΣP + QΣQ, complex, (..., n).
    """
    rest = torch.eye(projector.shape[-1], dtype=projector.dtype) - projector
    return torch.linalg.eigvals(projector @ moment @ projector + rest @ moment @ rest)


def largest_safe_norm(condition: float) -> float:
    """Return (κ + 1)/(κ − 1): no projection of a smaller norm is left, whatever the inputs.

    Args:
        condition: κ, of the second moment of the inputs; 1 or more.
    """
    return torch.inf if condition == 1 else (condition + 1) / (condition - 1)


def decay_rates_of_layers(
    layers: Layers,
    projector: Tensor,
    moment: Tensor,
    centres: Sequence[float] | None = None,
    trained: Collection[int] | None = None,
) -> Tensor:
    """Return what `decay_rates` are for several linear layers, up to first order.

    Dense: for networks of some tens of inputs.

    Args:
        layers: from the first on, equally wide.
        projector: P, near the product of all homogeneous layers, (n + 1, n + 1).
        moment: Σ of (x, 1), (n + 1, n + 1).
        centres: c of every layer, subtracted from each of its inputs; 0 if left out.
        trained: which layers are, counted from 0; all if left out.

    Returns:
        The eigenvalues of E ↦ D(Σ_k A A_ᵀ E Σ BᵀSᵀSB) that do not vanish, complex, (r,).
    """
    size, of = len(projector), [homogeneous(*layer) for layer in layers]
    one = torch.eye(size, dtype=projector.dtype)
    rest, total = one - projector, projector.new_zeros(size**2, size**2)
    for k in range(len(of)):
        if trained is not None and k not in trained:
            continue
        before, behind, shift = one, one.clone(), one.clone()
        for W in of[:k]:
            before = W @ before
        for W in of[k + 1 :]:
            behind = W @ behind
        with_parameters = behind[:, :-1]
        shift[:-1, -1] = -(centres[k] if centres is not None else 0.0)
        seen = shift @ before
        total += _sandwich(with_parameters @ with_parameters.mT, moment @ seen.mT @ seen)
    normal = _sandwich(projector, projector) + _sandwich(rest, rest)
    values = torch.linalg.eigvals(normal @ total @ normal)
    return values[values.abs() > 1e-9 * values.abs().max()]


def largest_stable_rate(rates_of_decay: Tensor) -> Tensor:
    """Return the rate below which descent decays wherever it can: min 2 Re λ / |λ|² over Re λ > 0.

    Args:
        rates_of_decay: λ, complex, (..., r).

    Returns:
        Real, (...); infinite where no λ has a positive real part.
    """
    limit = 2 * rates_of_decay.real / rates_of_decay.abs().square()
    return limit.where(limit > 0, torch.inf).amin(-1)


def _sandwich(left: Tensor, right: Tensor) -> Tensor:
    """Return the matrix of X ↦ L X R on X read row by row."""
    return torch.kron(left.contiguous(), right.mT.contiguous())
