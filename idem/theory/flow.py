"""What the rules do to one linear layer: where its eigenvalues go, and whether the loss falls.

Let f(x) = Kx, inputs whitened and E = K² − K. In small steps each rule is a flow dK/dt = −G(K):

    modified    G = 2KE − E = K − 3K² + 2K³
    ordinary    G = EKᵀ + KᵀE − E, the gradient of L = ½‖E‖²
    transposed  G = 2KᵀE − E

**Which rank survives.** The modified G is a polynomial in K. So K(t) is a function of K₀, commutes
with it and keeps its eigenvectors, Jordan blocks and real subspaces; an eigenvalue λ moves on its
own, dλ/dt = −λ(1 − λ)(1 − 2λ). With s = 2λ − 1 that is ds/dt = s(1 − s²)/2, hence for p = s² the
logistic equation dp/dt = p(1 − p), and

    s(t) = s₀ / √(s₀² + e⁻ᵗ(1 − s₀²)).

The square root is of a point on the segment from s₀² to 1, which meets the negative half axis only
if s₀² lies on it, that is Re λ₀ = ½. Elsewhere its principal branch has a positive real part, is
continuous, and tends to the sign of Re s₀ times s₀. So for every K₀ without an eigenvalue on the
line Re λ = ½ the flow exists for all times and ends in the spectral projector of the eigenvalues to
the right of that line: *rank #{Re λᵢ(K₀) > ½}*, (I + sign(2K₀ − I))/2. For defective K₀ too: s(t)
tends to ±1 locally uniformly in s₀, with its derivatives, and Jordan blocks vanish in the limit.

A step of rate γ is (1 + γ/2)s − (γ/2)s³ on every eigenvalue. With s = a + ib the real part is
a(1 + (γ/2)(1 − a² + 3b²)): none changes sides while a² < 1 + 2/γ + 3b². The gradient's flow has no
such law: it moves eigenvectors.

**When the rule descends.** Let K be normal: KKᵀ = KᵀK, so that it has orthonormal eigenvectors.
With e = λ² − λ the gradient is (2λ̄ − 1)e on each, the modified update (2λ − 1)e, and

    ⟨G_modified, ∇L⟩ = Σ |λ² − λ|² ((2 Re λ − 1)² − 4 (Im λ)²).

The rule climbs along a mode with |Im λ| > |Re λ − ½|: where p = s² has a negative real part, more
than 45° away from the real axis as seen from ½. A real symmetric K has no such mode. The transposed
rule has Kᵀ, λ̄, where the modified has K, λ: for a normal K it is the gradient.

Source: the limit is the matrix sign function: Higham, Functions of Matrices, SIAM 2008, chapter 5.
"""

import math

import torch
from torch import Tensor


def at_time(eigenvalues: Tensor, time: float) -> Tensor:
    """Return where eigenvalues are after the modified rule's flow of a linear layer.

    Args:
        eigenvalues: λ₀, complex, any shape; none with real part ½ but ½ itself, which stays.
        time: t, the number of steps times their rate, for small steps; 0 or more.

    Returns:
        λ(t), complex, the same shape.
    """
    s = 2 * eigenvalues - 1
    radicand = s.square() + math.exp(-time) * (1 - s.square())
    return (1 + s / radicand.sqrt()) / 2


def surviving_rank(K: Tensor) -> Tensor:
    """Count the eigenvalues of (..., n, n) with real part above ½, (...): the rank that survives.

    Of the modified rule's flow from a linear layer K on whitened inputs.
    """
    return (torch.linalg.eigvals(K).real > 0.5).sum(-1)


def update(K: Tensor, rule: str) -> Tensor:
    """Return G(K) of a linear layer and whitened inputs, (..., n, n).

    Args:
        K: (..., n, n).
        rule: ``"modified"``, ``"ordinary"`` or ``"transposed"``.

    Raises:
        KeyError: for another rule.
    """
    E = K @ K - K
    return {
        "modified": lambda: 2 * K @ E - E,
        "ordinary": lambda: E @ K.mT + K.mT @ E - E,
        "transposed": lambda: 2 * K.mT @ E - E,
    }[rule]()


def alignment(eigenvalues: Tensor) -> Tensor:
    """Return what each mode adds to ⟨G_modified, ∇L⟩ of a normal layer; it climbs where below 0.

    Args:
        eigenvalues: λ, complex, any shape.

    Returns:
        Real, the same shape.
    """
    error = (eigenvalues.square() - eigenvalues).abs().square()
    return error * (2 * eigenvalues - 1).square().real


def mean_jacobian(weight: Tensor, bias: Tensor, items: Tensor, slope: float) -> Tensor:
    """Return J = E φ'(Wx + b) W, the mean Jacobian of LeakyReLU layers f(x) = φ(Wx + b).

    With it what is exact on linear layers goes as far as it does: a mode that f multiplies by k on
    its *outputs* y, where alone the rule looks at f(y) and f(f(y)), is asked to change by
    3k − 2k² − 1 = −(1 − k)(1 − 2k) of what y has of it. It grows for k between ½ and 1 and shrinks
    below ½, so that `surviving_rank` of the mean Jacobian at the outputs predicts what survives.
    What that leaves out is that training moves the units between their two slopes.

    Args:
        weight: W, (..., n, n).
        bias: b, (..., n).
        items: x, (..., B, n).
        slope: of LeakyReLU.

    Returns:
        (..., n, n).
    """
    positive = (items @ weight.mT + bias[..., None, :] > 0).to(weight.dtype).mean(-2)
    return (slope + (1 - slope) * positive)[..., None] * weight
