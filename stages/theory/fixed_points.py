"""Maps at which the rule is stationary although they are not idempotent, each measured.

Three kinds. The corrector may have the map as a fixed point, y' = y for every input, linear or not;
or the parameters may be stationary although y' differs from y, as J_θᵀ(y − y') = 0.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from idem.rule.gradient import corrected_output
from idem.rule.loss import RULES, idempotency_loss
from idem.sweeps.mlp import MLP
from idem.theory.symmetry import parametrised, update_jacobian

ORBIT = 10  # applications of f that are followed
ROUNDING = torch.finfo(torch.float64).eps


def sent_back(f: nn.Module, x: Tensor, rule: str, scale: str = "matched") -> Tensor:
    """Return what one backward pass hands to all parameters of f, as one vector."""
    loss = idempotency_loss(f, x, rule=rule, scale=scale)
    return torch.cat([g.flatten() for g in torch.autograd.grad(loss, [*f.parameters()])])


def linear(K: Tensor) -> nn.Linear:
    """Return f(x) = Kx."""
    f = nn.Linear(*K.shape[::-1], bias=False, dtype=K.dtype)
    f.weight = nn.Parameter(K.clone())
    return f


def halved_spectrum(x: Tensor, V: Tensor, gammas: Sequence[float]) -> dict[str, Any]:
    """Measure K = ½I, and K = V diag(½, …, ½, 0, 1) V⁻¹.

    Args:
        x: a whitened batch, (B, n).
        V: a basis, (n, n), n > 2.
        gammas: step sizes, of which the multiplier of a perturbation is measured.

    Returns:
        For either: what stays, and by γ the log10 of the error of 1 + γ/2 along the projector on
        the eigenspace of ½, a perturbation that keeps eigenvectors.
    """
    n = len(V)
    half = torch.full((n,), 0.5, dtype=V.dtype)
    mixed = torch.cat([half[:-2], half.new_tensor([0, 1])])
    found = {}
    identity = torch.eye(n, dtype=V.dtype)
    for name, basis, values in (("half_identity", identity, half), ("mixed", V, mixed)):
        K, E = (
            basis @ torch.diag(d) @ torch.linalg.inv(basis)
            for d in (values, (values == 0.5).to(V.dtype))
        )
        A = update_jacobian(*parametrised(linear(K)), x, "modified")
        change = (A @ E.flatten() @ E.flatten()) / E.square().sum()
        found[name] = stationarity(linear(K), x) | {
            "log10_error_of_multiplier": {
                f"gamma_{gamma:g}": log10(float((1 - gamma * change) - (1 + gamma / 2)))
                for gamma in gammas
            }
        }
    return found


def halving_network(n: int, slope: float) -> MLP:
    """Return a two-layer LeakyReLU network that keeps what is positive and halves what is not.

    f(x) = x for x > 0 and x/2 for x < 0, element by element. From hidden units ±x come slopes
    a − sb and sa − b before the last LeakyReLU, which have to be 1 and 1/(2s).
    """
    f = MLP([n, 2 * n, n], slope).double()
    b = (slope - 1 / (2 * slope)) / (1 - slope**2)
    identity = torch.eye(n, dtype=torch.float64)
    weights = {
        "0.weight": torch.cat([identity, -identity]),
        "2.weight": torch.cat([(1 + slope * b) * identity, b * identity], dim=1),
    }
    with torch.no_grad():
        for name, parameter in f.named_parameters():
            parameter.copy_(weights.get(name, torch.zeros(())))
    return f


def halving(x: Tensor, slope: float) -> dict[str, Any]:
    """Measure the halving network, and the law of its orbits, f^k(x) = p + 2^(1−k) d."""
    f = halving_network(x.shape[1], slope)
    orbit = [x]
    with torch.no_grad():
        for _ in range(ORBIT):
            orbit.append(f(orbit[-1]))
        limit = 2 * orbit[2] - orbit[1]
        law = [limit + 2.0 ** (1 - k) * (orbit[1] - limit) for k in range(1, ORBIT + 1)]
        defect = float((f(limit) - limit).abs().max())
    pairs = zip(orbit[1:], law, strict=True)
    return stationarity(f, x) | {
        "log10_error_of_orbits": log10(max(float((a - b).abs().max()) for a, b in pairs)),
        "log10_defect_of_limit": log10(defect),
    }


def dead_unit() -> dict[str, Any]:
    """Measure f(x) = ½ ReLU(1 − x) on x = 2, 3: dead on the data, alive at y = 0."""
    f = nn.Sequential(nn.Linear(1, 1), nn.ReLU(), nn.Linear(1, 1, bias=False)).double()
    with torch.no_grad():
        for parameter, value in zip(f.parameters(), (-1.0, 1.0, 0.5), strict=True):
            parameter.fill_(value)
    return stationarity(f, torch.tensor([[2.0], [3.0]], dtype=torch.float64))


def compromise(slope: float) -> dict[str, Any]:
    """Measure one LeakyReLU unit f(x) = φ(kx) on x = ±1, at the largest k that is stationary.

    With slope s, 0 = (1 + s²)k − 3(1 + s³)k² + 2(1 + s⁴)k³: the positive item asks for k = 1, the
    negative one for k = 1/s.
    """
    a, b, c = 2 * (1 + slope**4), -3 * (1 + slope**3), 1 + slope**2
    k = (-b + (b**2 - 4 * a * c) ** 0.5) / (2 * a)
    f = nn.Sequential(linear(torch.tensor([[k]], dtype=torch.float64)), nn.LeakyReLU(slope))
    return {"k": k} | stationarity(f, torch.tensor([[1.0], [-1.0]], dtype=torch.float64))


def stationarity(f: nn.Module, x: Tensor) -> dict[str, float]:
    """Return how nearly stationary either rule is at f, and how far f is from idempotent.

    Returns:
        log10 of ‖G‖ by rule; the largest |y' − y| and |f(y) − y| of all elements; the eigenvalue of
        DG of the modified rule that is furthest left, which is repelling if negative.
    """
    with torch.no_grad():
        y = f(x)
        u = f(y)
        y_prime = corrected_output(f, y)
    spectrum = torch.linalg.eigvals(update_jacobian(*parametrised(f), x, "modified"))
    return {f"log10_{rule}": log10(float(sent_back(f, x, rule).norm())) for rule in RULES} | {
        "asked_change": float((y_prime - y).abs().max()),
        "idempotent_error": float((u - y).abs().max()),
        "leftmost_eigenvalue": float(spectrum.real.min()),
    }


def log10(error: float) -> float:
    """Return log10 |error|, from the rounding unit on: below it the digits mean nothing."""
    return float(torch.tensor(abs(error), dtype=torch.float64).clamp(min=ROUNDING).log10())
