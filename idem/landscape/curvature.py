"""The largest stable learning rate of either rule, from the curvature of its update field.

A step of rate η is θ ← θ − η G(θ), where G is what `idem.idempotency_loss` sends back to the
parameters. For the ordinary rule G is a gradient and its linearisation A = DG(θ) the symmetric
Hessian; for the modified rule G is the gradient of nothing and A is not symmetric. A perturbation v
of the parameters becomes (I − ηA) v. Two cases part here, and differ by a lot for wide networks:

    one batch, always the same    |1 − ηλ| < 1 for every eigenvalue λ of A, so that
                                  η < 2 Re λ / |λ|²                    (2/λ for a real λ > 0)
    a fresh batch every step      A is random and independent of v; E ‖(I − ηA) v‖² < ‖v‖², so that
                                  η < 2 E ⟨v, Av⟩ / E ‖Av‖²

One linear layer f(x) = Wx near the zero map has A = Σ ⊗ I under either rule, with Σ = (1/B) Σ_b
x_b x_bᵀ. For standard normal x, B items of n elements, the largest eigenvalue of Σ tends to
(1 + √(n/B))², and exactly E Σ² = (1 + (n + 1)/B) I, so that

    one batch       2 / (1 + √(n/B))²        (`marchenko_pastur_edge`)
    fresh batches   2 / (1 + (n + 1)/B)      (`fresh_batch_edge`)

Sources: Marchenko and Pastur, Math. USSR Sb. 1, 457 (1967); Wishart moments: Muirhead, Aspects of
Multivariate Statistical Theory, section 3.2; for the least-mean-squares filter, B = 1, Feuer and
Weinstein, IEEE Trans. ASSP 33, 222 (1985).
"""

import math
from collections.abc import Callable, Iterable
from typing import NamedTuple

import torch
from torch import Tensor

from idem.landscape.layers import Layers, apply_layers, flattened, leaky_slopes, unflattened
from idem.rule.loss import idempotency_loss

Operator = Callable[[Tensor], Tensor]


class Eigenvalues(NamedTuple):
    """What a few steps of Arnoldi's iteration know of an operator."""

    values: Tensor
    """Ritz values, complex, largest modulus first."""
    residuals: Tensor
    """‖A v − λ v‖ of each, for a unit Ritz vector v."""


def marchenko_pastur_edge(n: int, batch_size: int) -> float:
    """Return the largest stable rate of one linear layer on one batch, 2/(1 + √(n/B))².

    Args:
        n: elements of an item, standard normal and independent.
        batch_size: B, items; the same at every step.

    Raises:
        ValueError: for a size below 1.

    Source: Marchenko and Pastur, Math. USSR Sb. 1, 457 (1967).

    Example:
        >>> round(marchenko_pastur_edge(4096, 1000), 3)
        0.219
    """
    return 2 / (1 + math.sqrt(_aspect(n, batch_size))) ** 2


def fresh_batch_edge(n: int, batch_size: int) -> float:
    """Return the largest rate of one linear layer, stable in mean square on fresh batches.

    2/(1 + (n + 1)/B): a direction that one batch amplifies is no special one for the next.

    Args:
        n: elements of an item, standard normal and independent.
        batch_size: B, items, drawn anew at every step.

    Raises:
        ValueError: for a size below 1.

    Source: E Σ² of a Wishart matrix, Muirhead, Aspects of Multivariate Statistical Theory, 3.2.

    Example:
        >>> round(fresh_batch_edge(4096, 1000), 3)
        0.392
    """
    return 2 / (1 + _aspect(n, batch_size) + 1 / batch_size)


class UpdateField:
    """What one backward pass of a rule hands to the parameters: θ ↦ G(θ), at the ``matched`` scale.

    θ is one vector (p,): weight and bias of the first layer, then of the next, row by row.

    Args:
        layers: ``(weight, bias)`` of each layer, shapes (m, n) and (m,): θ itself.
        x: a batch, (B, n), in the dtype of the layers.
        rule: ``"modified"`` or ``"ordinary"``.
        negative_slope: of LeakyReLU, after every layer.
    """

    def __init__(self, layers: Layers, x: Tensor, rule: str, negative_slope: float) -> None:
        self.theta = flattened(layers)
        self.x, self.rule, self.slope = x, rule, negative_slope
        self._shapes = [tensor.shape for layer in layers for tensor in layer]
        self._held: list[Tensor] = []
        self.value = self._evaluate(self.theta, self._record)
        """G(θ) where θ is the layers."""

    def __call__(self, theta: Tensor) -> Tensor:
        """Return G(θ)."""
        return self._evaluate(theta, self._slopes)

    def derivative(self, v: Tensor) -> Tensor:
        """Return DG(θ) v where θ is the layers, by a one-sided difference: one backward pass.

        The slopes of LeakyReLU are held at those of θ: so they are almost everywhere, and G is then
        a polynomial, of which no step crosses a kink. The result has half the digits of the dtype.

        Args:
            v: (p,), not zero.
        """
        size = torch.finfo(v.dtype).eps ** 0.5 * float(self.theta.norm() / v.norm())
        held = iter(self._held)
        ahead = self._evaluate(self.theta + size * v, lambda _: next(held))
        return (ahead - self.value) / size

    def layers(self, theta: Tensor) -> Layers:
        """Return a vector (p,) as ``(weight, bias)`` of each layer."""
        return unflattened(theta, self._shapes)

    def _evaluate(self, theta: Tensor, slopes: Operator) -> Tensor:
        leaf = theta.detach().requires_grad_()

        def f(x: Tensor) -> Tensor:
            return apply_layers(self.layers(leaf), x, lambda z: z * slopes(z.detach()))

        return torch.autograd.grad(idempotency_loss(f, self.x, self.rule), leaf)[0]

    def _slopes(self, z: Tensor) -> Tensor:
        return leaky_slopes(z, self.slope)

    def _record(self, z: Tensor) -> Tensor:
        self._held.append(self._slopes(z))
        return self._held[-1]


def dominant_eigenvalues(operator: Operator, start: Tensor, applications: int) -> Eigenvalues:
    """Approximate the outer eigenvalues of an operator that need not be symmetric, by Arnoldi.

    Args:
        operator: linear, from vectors (p,) to vectors (p,).
        start: (p,), not zero; what is found lies in the space its images span.
        applications: of the operator, at least 1; fewer are made where that space is smaller.

    Raises:
        ValueError: for fewer than 1, or a start that is zero or not finite.

    Source: Saad, Numerical Methods for Large Eigenvalue Problems, section 6.2.
    """
    norm = float(start.norm())
    if applications < 1 or not 0 < norm < math.inf:
        raise ValueError(
            f"expected a finite start other than zero and at least 1 application, got a start of "
            f"norm {norm:g} and {applications}"
        )
    basis, H = [start / norm], torch.zeros(applications + 1, applications, dtype=torch.float64)
    size = 0
    while size < min(applications, len(start)):
        w = operator(basis[size])
        scale = float(w.norm())
        for _ in range(2):  # twice is enough
            for row, q in enumerate(basis):
                overlap = torch.dot(q, w)
                H[row, size] += float(overlap)
                w = w - overlap * q
        size += 1
        H[size, size - 1] = rest = float(w.norm())
        if rest <= 10 * torch.finfo(w.dtype).eps * scale:
            break
        basis.append(w / rest)
    values, vectors = torch.linalg.eig(H[:size, :size])
    residuals = H[size, size - 1] * vectors[-1].abs()
    order = values.abs().argsort(descending=True)
    return Eigenvalues(values[order], residuals[order])


def stability_edge(values: Tensor) -> float:
    """Return the least η > 0 at which a step is unstable along one of these eigenvalues.

    2 Re λ/|λ|² for Re λ > 0. An eigenvalue with Re λ < 0 is unstable at *any* rate: along it the
    rule leaves the point whatever η is, as descent leaves a saddle. It sets no largest rate and is
    left out; with no other, the edge is infinite.

    Args:
        values: eigenvalues, real or complex, any shape.
    """
    rightward = values[values.real > 0]
    edges = 2 * rightward.real / rightward.abs().square()
    return float(edges.min()) if len(edges) else math.inf


def fresh_stability_edge(operators: Iterable[Operator], start: Tensor) -> float:
    """Return the largest rate stable in mean square when every step has a batch of its own.

    v ← Av with a new batch each time aligns v with what repeated steps amplify most, yet leaves it
    independent of the next batch: along it 2 ⟨v, Av⟩ / ‖Av‖², averaged over the last half.

    Args:
        operators: v ↦ Av of one batch each.
        start: v, (p,), independent of these batches.

    Returns:
        The edge; 0 where ⟨v, Av⟩ < 0, as no rate shrinks v then, and NaN without any operator.
    """
    v, moments = start / start.norm(), []
    for operator in operators:
        image = operator(v)
        square = float(image.square().sum())
        moments.append((float(torch.dot(v, image)), square))
        v = image / square**0.5
    if not moments:
        return math.nan
    late = torch.tensor(moments, dtype=torch.float64)[len(moments) // 2 :].sum(0)
    return float(2 * late[0] / late[1]) if late[0] > 0 else 0.0


def second_moment_norm(x: Tensor) -> float:
    """Return the largest eigenvalue of (1/B) Σ_b x̃_b x̃_bᵀ, x̃ an item with a last element 1.

    That of a regression on fixed targets. Near the zero map the bias takes no part in either rule,
    as every constant map is idempotent; for wide standard normal data it makes no difference.

    Args:
        x: (B, n), the input of a layer with a bias.
    """
    x = torch.cat([x, x.new_ones(len(x), 1)], dim=1).double()
    gram = x @ x.mT if len(x) < x.shape[1] else x.mT @ x
    return float(torch.linalg.eigvalsh(gram)[-1]) / len(x)


def _aspect(n: int, batch_size: int) -> float:
    if min(n, batch_size) < 1:
        raise ValueError(f"expected sizes of at least 1, got n = {n} and batch_size = {batch_size}")
    return n / batch_size
