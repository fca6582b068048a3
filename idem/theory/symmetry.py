"""Is the update of a rule the gradient of some loss? The symmetry of its Jacobian decides.

With y = f(x), u = f(y), w = f(u), a batch of B items and J_θ the Jacobian with respect to the
parameters, what one backward pass hands to them at the ``matched`` scale is

    modified    G(θ) = (1/B) Σ_b J_θ(x_b)ᵀ (y_b − 3u_b + 2w_b)
    ordinary    G(θ) = ∇ (1/2B) Σ_b ‖u_b − y_b‖²
    transposed  G(θ) = (1/B) Σ_b J_θ(x_b)ᵀ (2 J_f(y_b)ᵀ − I) (u_b − y_b)

A continuously differentiable G on a star-shaped domain is a gradient if and only if its Jacobian DG
is symmetric everywhere (Poincaré's lemma). One place where it is not is enough to know that G is
the gradient of no loss, on any neighbourhood of it.

One linear layer without bias, f(x) = Kx, with whitened input, has G(K) = F(K) = K − 3K² + 2K³ and

    DF(K)[H] = H − 3(KH + HK) + 2(K²H + KHK + HK²).

The adjoint of DF(K) under ⟨A, B⟩ = tr AᵀB has Kᵀ in the place of K. So it is symmetric at a
symmetric K; and on the subspace of symmetric matrices, which F maps into itself, F is the gradient
of ½‖K² − K‖². (On ½I + skew matrices, where Re λ = ½, it is minus that gradient.) DF(K) is
symmetric on a proper algebraic subset alone, if n ≥ 2: on no open set is F a gradient.

Everything here is written as plain differentiable functions, apart from `idem.rule.gradient`, so
that DG is exact to rounding and an independent check of what the rule sends back.

Source: Poincaré's lemma: Spivak, Calculus on Manifolds, theorem 4-11.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, jacrev, vjp

from idem.rule.loss import check_rule

Parametrised = Callable[[Tensor, Tensor], Tensor]
"""(θ, x) to f_θ(x), with θ one vector (p,)."""


def parametrised(f: nn.Module) -> tuple[Parametrised, Tensor]:
    """Return a network as a function of all its parameters in one vector, and that vector (p,).

    Args:
        f: its parameters are laid out in the order of ``f.named_parameters()``, row by row.

    Example:
        >>> f = nn.Linear(3, 3)
        >>> function, theta = parametrised(f)
        >>> x = torch.randn(5, 3)
        >>> bool((function(theta, x) == f(x)).all()), len(theta)
        (True, 12)
    """
    shapes = {name: parameter.shape for name, parameter in f.named_parameters()}

    def function(theta: Tensor, x: Tensor) -> Tensor:
        parts = theta.split([shape.numel() for shape in shapes.values()])
        named = zip(shapes.items(), parts, strict=True)
        return functional_call(f, {name: part.view(shape) for (name, shape), part in named}, x)

    return function, torch.cat([p.detach().flatten() for p in f.parameters()])


def update(f: Parametrised, theta: Tensor, x: Tensor, rule: str) -> Tensor:
    """Return G(θ), (p,), differentiable with respect to θ.

    Args:
        f: differentiable.
        theta: (p,).
        x: a batch, (B, n).
        rule: ``"modified"``, ``"ordinary"`` or ``"transposed"``.

    Raises:
        ValueError: for an unknown rule.
    """
    check_rule(rule)
    if rule == "ordinary":
        return grad(lambda t: _half_square(f(t, f(t, x)) - f(t, x)))(theta)
    y, pull = vjp(lambda t: f(t, x), theta)[:2]
    if rule == "transposed":
        u, pull_back = vjp(lambda z: f(theta, z), y)[:2]
        return pull((2 * pull_back(u - y)[0] - (u - y)) / len(x))[0]
    u = f(theta, y)
    return pull((y - 3 * u + 2 * f(theta, u)) / len(x))[0]


def update_jacobian(f: Parametrised, theta: Tensor, x: Tensor, rule: str) -> Tensor:
    """Return DG(θ), (p, p); of the ordinary rule the Hessian. Arguments as for `update`."""
    jacobian = jacrev(lambda t: update(f, t, x, rule))(theta)
    assert isinstance(jacobian, Tensor)
    return jacobian


def asymmetry(A: Tensor, basis: Tensor | None = None) -> float:
    """Return ‖A − Aᵀ‖ / ‖A + Aᵀ‖ in the Frobenius norm: 0 if symmetric, infinite if skew.

    Args:
        A: (p, p).
        basis: (p, k), orthonormal columns; A is restricted to the space they span, QᵀAQ.

    Raises:
        ValueError: if A, or what is left of it, is zero, which is both.
    """
    A = A if basis is None else basis.mT @ A @ basis
    if not A.any():
        raise ValueError("A: expected a matrix other than zero, which is symmetric and skew")
    return float((A - A.mT).norm() / (A + A.mT).norm())


def symmetric_matrices(n: int) -> Tensor:
    """Return an orthonormal basis of the symmetric n×n matrices as columns, (n², n(n+1)/2)."""
    rows, columns = torch.triu_indices(n, n)
    basis = torch.zeros(len(rows), n, n, dtype=torch.float64)
    index = torch.arange(len(rows))
    basis[index, rows, columns] = basis[index, columns, rows] = 1
    basis = basis.flatten(1)
    return (basis / basis.norm(dim=1, keepdim=True)).mT


def _half_square(error: Tensor) -> Tensor:
    return error.square().sum() / (2 * len(error))
