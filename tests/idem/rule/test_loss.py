import pytest
import torch
from torch import nn

from idem.rule import corrector
from idem.rule.gradient import output_gradient
from idem.rule.loss import ALL_RULES, RULES, SCALES, idempotency_loss, scale_factor
from idem.sweeps.mlp import MLP
from idem.theory import ansatz

POLYNOMIALS = [
    (0.0, 3.0, -2.0),
    (0.0, 0.0, 10.0, -15.0, 6.0),  # of order 2
    (0.0, 2.0, 0.0, -1.0),  # of degree 4
    (0.5, 0.5),
    (1.0,),  # y as it is
]
each_polynomial = pytest.mark.parametrize("alpha", POLYNOMIALS, ids=str)


def whitened(items: int, width: int) -> torch.Tensor:
    """Return inputs whose second-moment matrix is the identity to rounding."""
    x = torch.randn(items, width, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    return torch.linalg.qr(x).Q * items**0.5


@pytest.mark.parametrize("scale", SCALES)
def test_both_rules_have_the_canonical_value(scale: str):
    f, x = MLP([5, 8, 5]).double(), whitened(20, 5)
    error = f(f(x)) - f(x)
    expected = {
        "matched": error.square().sum() / 40,
        "sum": error.square().sum() / 20,
        "mean": nn.functional.mse_loss(f(f(x)), f(x)),
    }[scale]
    for rule in ALL_RULES:
        torch.testing.assert_close(idempotency_loss(f, x, rule, scale), expected)


@pytest.mark.parametrize("rule", ALL_RULES)
@pytest.mark.parametrize("scale", SCALES)
def test_a_scale_multiplies_the_gradient_of_both_rules_alike(rule: str, scale: str):
    f, x = MLP([5, 8, 5]).double(), whitened(20, 5)
    matched = torch.autograd.grad(idempotency_loss(f, x, rule), list(f.parameters()))
    scaled = torch.autograd.grad(idempotency_loss(f, x, rule, scale), list(f.parameters()))
    for a, b in zip(matched, scaled, strict=True):
        torch.testing.assert_close(scale_factor(scale, 5) * a, b)


@pytest.mark.parametrize("gamma", [0.05, 0.5, 1.0])
def test_one_descent_step_of_a_linear_layer_is_the_relaxed_recurrence(gamma: float):
    """Claim L5: W <- (1 - gamma) W + gamma (3W^2 - 2W^3)."""
    f = nn.Linear(6, 6, bias=False).double()
    W = f.weight.detach().clone()
    idempotency_loss(f, whitened(50, 6), rule="modified").backward()
    torch.optim.SGD(f.parameters(), lr=gamma).step()
    expected = (1 - gamma) * W + gamma * (3 * W @ W - 2 * W @ W @ W)
    torch.testing.assert_close(f.weight.detach(), expected, rtol=0, atol=1e-12)


def test_the_rules_coincide_on_a_symmetric_linear_layer_and_whitened_input():
    f, x = nn.Linear(6, 6, bias=False).double(), whitened(50, 6)
    with torch.no_grad():
        f.weight.add_(f.weight.T.clone())
    gradients = [torch.autograd.grad(idempotency_loss(f, x, rule), f.weight)[0] for rule in RULES]
    torch.testing.assert_close(*gradients, rtol=0, atol=1e-12)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("gamma", [0.3, 1.0])
def test_transposed_is_the_chain_rule_of_its_closed_form(scale: str, gamma: float):
    """With whole Jacobians, item by item; gamma multiplies the gradient, and not the value."""
    f, x = MLP([5, 8, 5]).double(), whitened(20, 5)
    y = f(x)
    with torch.no_grad():
        e = f(y) - y
        J = torch.stack([torch.func.jacrev(f)(item) for item in y])
        sent = gamma * (2 * (J.mT @ e[..., None])[..., 0] - e) / 20
    expected = torch.autograd.grad(y, list(f.parameters()), scale_factor(scale, 5) * sent)
    loss = idempotency_loss(f, x, "transposed", scale, gamma=gamma)
    found = torch.autograd.grad(loss, list(f.parameters()))
    torch.testing.assert_close(found, expected, rtol=1e-11, atol=1e-13)
    torch.testing.assert_close(loss, idempotency_loss(f, x, "ordinary", scale))


def normal_matrix() -> torch.Tensor:
    """Return K with K Kᵀ = Kᵀ K that is not symmetric: turned blocks with complex eigenvalues."""
    blocks = [torch.tensor([[a, -b], [b, a]]) for a, b in ((0.9, 0.3), (0.2, 0.7), (-0.4, 0.1))]
    Q = torch.linalg.qr(whitened(6, 6)).Q
    return Q @ torch.block_diag(*blocks).double() @ Q.mT


@pytest.mark.parametrize("normal", [True, False])
def test_transposed_is_the_true_gradient_of_a_normal_layer_and_of_no_other(normal: bool):
    f, x = nn.Linear(6, 6, bias=False).double(), whitened(50, 6)
    if normal:
        f.weight.data = normal_matrix()
    W = f.weight.detach()
    E = W @ W - W
    ordinary, transposed = (
        torch.autograd.grad(idempotency_loss(f, x, rule), f.weight)[0]
        for rule in ("ordinary", "transposed")
    )
    torch.testing.assert_close(transposed, 2 * W.mT @ E - E, rtol=1e-11, atol=1e-13)
    assert ((ordinary - transposed).norm() < 1e-13 * ordinary.norm()) == normal


def test_the_rules_differ_on_an_asymmetric_layer():
    f, x = nn.Linear(6, 6, bias=False).double(), whitened(50, 6)
    a, b = (torch.autograd.grad(idempotency_loss(f, x, rule), f.weight)[0] for rule in RULES)
    assert (a - b).norm() > 0.01 * a.norm()


def test_moving_against_the_rule_moves_the_output_towards_its_target():
    f, x = MLP([5, 8, 5]).double(), whitened(20, 5)
    y = f(x)
    target = y - output_gradient(f, y)[0]
    idempotency_loss(f, x, rule="modified").backward()
    torch.optim.SGD(f.parameters(), lr=1e-3).step()
    assert (f(x) - target).norm() < (y - target).norm()


@pytest.mark.parametrize("rule", ALL_RULES)
def test_an_idempotent_map_has_loss_and_gradient_zero(rule: str):
    f = nn.Linear(3, 3, bias=False).double()
    with torch.no_grad():
        f.weight.copy_(torch.diag(torch.tensor([1.0, 0.0, 1.0])))
    loss = idempotency_loss(f, whitened(10, 3), rule)
    loss.backward()
    assert loss.item() == 0
    assert f.weight.grad is not None
    assert f.weight.grad.abs().max() < 1e-15


class Counted(nn.Module):
    """A network that counts its passes and those that are recorded."""

    def __init__(self):
        super().__init__()
        self.f, self.passes, self.recorded = MLP([5, 8, 5]).double(), 0, 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.passes += 1
        self.recorded += torch.is_grad_enabled()
        return self.f(x)


@each_polynomial
@pytest.mark.parametrize("zeros", [0, 2])
def test_a_polynomial_takes_as_many_passes_as_its_degree_and_records_one(alpha, zeros: int):
    f = Counted()
    idempotency_loss(f, whitened(20, 5), (*alpha, *[0.0] * zeros))
    assert (f.passes, f.recorded) == (max(2, len(alpha)), 1)  # two for the value


def test_the_named_rules_take_three_passes_and_two():
    for rule, expected in (("modified", (3, 1)), ("ordinary", (2, 2)), ("transposed", (2, 2))):
        f = Counted()
        idempotency_loss(f, whitened(20, 5), rule)
        assert (f.passes, f.recorded) == expected


@each_polynomial
@pytest.mark.parametrize("gamma", [0.3, 1.0, 1.7])
def test_one_descent_step_of_a_linear_layer_is_a_step_of_any_recurrence(alpha, gamma: float):
    f = nn.Linear(6, 6, bias=False).double()
    W = f.weight.detach().clone()
    idempotency_loss(f, whitened(50, 6), alpha, gamma=gamma).backward()
    torch.optim.SGD(f.parameters(), lr=1.0).step()
    expected = corrector.recurrence(W, gamma, 1, alpha)[1]
    torch.testing.assert_close(f.weight.detach(), expected, rtol=0, atol=1e-12)


@each_polynomial
@pytest.mark.parametrize("gamma", [0.3, 1.0])
@pytest.mark.parametrize("scale", SCALES)
def test_any_rule_is_the_gradient_of_a_detached_target_surrogate(alpha, gamma: float, scale: str):
    f, x = MLP([5, 8, 5]).double(), whitened(20, 5)
    y = z = f(x)
    target = (1 - gamma) * y.detach()
    for a in alpha:
        target = target + gamma * a * z.detach()
        z = f(z)
    surrogate = scale_factor(scale, 5) * (y - target).square().sum() / 40
    loss = idempotency_loss(f, x, alpha, scale, gamma=gamma)
    found, expected = (
        torch.autograd.grad(value, list(f.parameters())) for value in (loss, surrogate)
    )
    torch.testing.assert_close(found, expected, rtol=1e-11, atol=1e-13)
    torch.testing.assert_close(loss, idempotency_loss(f, x, "ordinary", scale))


@pytest.mark.parametrize("scale", SCALES)
def test_ordinary_equals_its_closed_form_on_a_linear_layer(scale: str):
    """With E = W^2 - W and whitened inputs, dL/dW = E W^T + W^T E - E."""
    f = nn.Linear(5, 5, bias=False).double()
    W = f.weight.detach()
    E = W @ W - W
    (found,) = torch.autograd.grad(
        idempotency_loss(f, whitened(20, 5), "ordinary", scale), f.weight
    )
    expected = scale_factor(scale, 5) * (E @ W.mT + W.mT @ E - E)
    torch.testing.assert_close(found, expected, rtol=1e-11, atol=1e-13)


def test_the_modified_rule_is_that_of_its_coefficients():
    f, x = MLP([5, 8, 5]).double(), whitened(20, 5)
    family = ansatz.solve(1, 3)[0]
    for rule in (corrector.MCWEENY, family, family.coefficients):
        found, expected = (
            torch.autograd.grad(idempotency_loss(f, x, r), list(f.parameters()))
            for r in (rule, "modified")
        )
        torch.testing.assert_close(found, expected, rtol=0, atol=0)


def test_a_family_is_a_rule_when_its_free_coefficients_are_chosen():
    f, x = nn.Linear(5, 5, bias=False).double(), whitened(20, 5)
    family = ansatz.solve(1, 4)[0]
    with pytest.raises(ValueError, match="rule: expected numbers .* alpha_4.* substitute values"):
        idempotency_loss(f, x, family)
    chosen = [a.subs({family.free[0]: 2}) for a in family.coefficients]
    W = f.weight.detach().clone()
    idempotency_loss(f, x, chosen).backward()
    expected = W - corrector.evaluate([float(a) for a in chosen], W)
    torch.testing.assert_close(f.weight.grad, expected, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("rule", ["modified", "transposed"])
def test_the_value_of_many_elements_is_summed_in_parts(rule: str):
    """As one dot product in float32 that of 2e7 squares was off by 7e-4."""
    x = torch.randn(4, 5_000_000, generator=torch.Generator().manual_seed(0))
    scale = nn.Parameter(torch.tensor(2.0))
    found = idempotency_loss(lambda y: scale * y, x, rule).item()
    expected = torch.linalg.vector_norm(2 * x, dtype=torch.float64).square().item() / 8
    assert found == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_an_idempotent_map_is_a_fixed_point_of_every_corrector(order: int):
    f = nn.Linear(3, 3, bias=False).double()
    with torch.no_grad():
        f.weight.copy_(torch.diag(torch.tensor([1.0, 0.0, 1.0])))
    idempotency_loss(f, whitened(10, 3), ansatz.solve(order, 2 * order + 1)[0]).backward()
    assert f.weight.grad is not None
    assert f.weight.grad.abs().max() < 1e-12


def test_images_are_items_too():
    f = nn.Conv2d(3, 3, 3, padding=1)
    idempotency_loss(f, torch.randn(2, 3, 8, 8), rule="modified").backward()
    assert f.weight.grad is not None


def test_transposed_takes_the_jacobian_of_the_target():
    f, target, x = MLP([5, 8, 5]).double(), MLP([5, 8, 5]).double(), whitened(20, 5)
    loss = idempotency_loss(f, x, "transposed", target=target)
    found = torch.autograd.grad(loss, list(f.parameters()))
    y = f(x)
    e = (target(y) - y).detach()
    J = torch.stack([torch.func.jacrev(target)(item) for item in y]).detach()
    sent = (2 * torch.einsum("bij,bi->bj", J, e) - e) / 20
    torch.testing.assert_close(found, torch.autograd.grad(y, list(f.parameters()), sent))
    assert all(parameter.grad is None for parameter in target.parameters())


def test_a_target_network_is_applied_in_the_place_of_the_network():
    f, target, x = MLP([5, 8, 5]).double(), MLP([5, 8, 5]).double(), whitened(20, 5)
    loss = idempotency_loss(f, x, "modified", target=target)
    found = torch.autograd.grad(loss, list(f.parameters()))
    y = f(x)
    u = target(y).detach()
    direction = (y.detach() - 3 * u + 2 * target(u).detach()) / 20
    expected = torch.autograd.grad(y, list(f.parameters()), direction)
    for a, b in zip(found, expected, strict=True):
        torch.testing.assert_close(a, b)
    torch.testing.assert_close(loss.detach(), (u - y).square().sum().detach() / 40)


def test_the_network_itself_as_target_is_the_papers_rule():
    f, x = MLP([5, 8, 5]).double(), whitened(20, 5)
    losses = [idempotency_loss(f, x, "modified", target=target) for target in (None, f)]
    first, second = (torch.autograd.grad(loss, list(f.parameters())) for loss in losses)
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def test_a_target_gets_no_gradient_and_its_statistics_stay():
    f = nn.Sequential(nn.Linear(5, 5), nn.BatchNorm1d(5))
    target = nn.Sequential(nn.Linear(5, 5), nn.BatchNorm1d(5))
    before = [buffer.clone() for buffer in target.buffers()]
    idempotency_loss(f, torch.randn(8, 5), "modified", target=target).backward()
    assert all(parameter.grad is None for parameter in target.parameters())
    assert all(torch.equal(a, b) for a, b in zip(before, target.buffers(), strict=True))


def test_a_target_beside_the_ordinary_rule_is_refused():
    f = nn.Linear(5, 5)
    with pytest.raises(ValueError, match="target: the ordinary rule differentiates f in both"):
        idempotency_loss(f, torch.randn(8, 5), "ordinary", target=f)
