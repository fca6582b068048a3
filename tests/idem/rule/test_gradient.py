import pytest
import torch
from torch import Tensor, nn
from torch.autograd.gradcheck import GradcheckError

from idem.rule.corrector import evaluate
from idem.rule.gradient import (
    corrected_output,
    output_gradient,
    substitute_gradient,
    transposed_gradient,
)
from idem.rule.loss import idempotency_loss


def network(width: int = 4) -> nn.Module:
    torch.manual_seed(0)
    layers = [nn.Linear(width, 7), nn.Tanh(), nn.Linear(7, width)]
    return nn.Sequential(*layers).double()


def inputs(items: int = 6, width: int = 4) -> Tensor:
    return torch.randn(
        items, width, dtype=torch.float64, generator=torch.Generator().manual_seed(1)
    )


def parameter_gradients(f: nn.Module, loss: Tensor) -> list[Tensor]:
    return list(torch.autograd.grad(loss, list(f.parameters())))


def test_value_passes_through_and_direction_comes_back():
    y = torch.ones(2, 3, dtype=torch.float64, requires_grad=True)
    direction = torch.arange(6.0, dtype=torch.float64).view(2, 3)
    out = substitute_gradient(y, direction, torch.tensor(5.0, dtype=torch.float64))
    (2 * out).backward()
    assert out.item() == 5
    torch.testing.assert_close(y.grad, 2 * direction)


def test_a_divisor_divides_both_and_is_followed_by_what_comes_from_above():
    y = torch.ones(2, 3, dtype=torch.float64, requires_grad=True)
    direction = torch.arange(6.0, dtype=torch.float64).view(2, 3)
    out = substitute_gradient(y, direction, torch.tensor(5.0, dtype=torch.float64), 4)
    for factor in (3.0, 0.0):
        (found,) = torch.autograd.grad(factor * out, y, retain_graph=True)
        torch.testing.assert_close(found, factor / 4 * direction)
    assert out.item() == 1.25


def test_a_direction_of_single_precision_is_rounded_last():
    y = torch.ones(2, dtype=torch.float16, requires_grad=True)
    direction = torch.tensor([1e-8, 3e-9])  # both 0 in float16
    out = substitute_gradient(y, direction, torch.tensor(1.0), 2.0)
    (found,) = torch.autograd.grad(2.0**16 * out, y)
    assert found.dtype == torch.float16
    torch.testing.assert_close(found.float(), 2.0**15 * direction, rtol=1e-3, atol=0)


COEFFICIENTS = [(0.0, 3.0, -2.0), (0.25, 0.5, 0.5), (0.25,), (0.0, 1.0), (0.1, 0.0, -1.0, 0.0, 1.5)]


def test_the_corrected_output_of_the_paper_is_three_f_less_two_f_of_f():
    f, y = network(), inputs()
    y_prime = 3 * f(y) - 2 * f(f(y))
    torch.testing.assert_close(corrected_output(f, y), y_prime, rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize("alpha", COEFFICIENTS, ids=str)
def test_the_corrected_output_is_the_polynomial_of_a_linear_map(alpha: tuple[float, ...]):
    """With y = K x it is g(K) x, as the k-th application of f takes K to its k-th power."""
    f, x = nn.Linear(4, 4, bias=False).double(), inputs()
    found = corrected_output(f, f(x), alpha)
    torch.testing.assert_close(found, x @ evaluate(alpha, f.weight).mT, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("alpha", COEFFICIENTS, ids=str)
def test_the_output_gradient_is_y_less_the_corrected_output(alpha: tuple[float, ...]):
    f, y = network(), inputs()
    found, u = output_gradient(f, y, alpha)
    torch.testing.assert_close(found, y - corrected_output(f, y, alpha), rtol=1e-12, atol=1e-14)
    assert torch.equal(u, f(y))


@pytest.mark.parametrize("coefficients", [(0.25, 0.5, 0.5), (0.25,), (0.0, 1.0)])
def test_the_output_gradient_leaves_alone_what_the_network_returns(coefficients: tuple[float, ...]):
    y = inputs()
    direction, u = output_gradient(lambda y: y, y, coefficients)
    assert u is y
    torch.testing.assert_close(y, inputs(), rtol=0, atol=0)
    torch.testing.assert_close(direction, (1 - sum(coefficients)) * y)


def test_the_output_gradient_is_equation_10_without_a_graph():
    f, y = network(), inputs()
    direction, u = output_gradient(f, y)
    torch.testing.assert_close(y - direction, 3 * f(y) - 2 * f(f(y)))
    torch.testing.assert_close(u, f(y))
    assert not direction.requires_grad
    assert not u.requires_grad


@pytest.mark.parametrize("recorded", [True, False])
@pytest.mark.parametrize("gamma", [1.0, 0.3])
def test_the_transposed_gradient_is_that_of_the_jacobian_by_differences(
    gamma: float, recorded: bool
):
    f, y, h = network(), inputs(), 1e-5
    u = f(y).detach()
    e = u - y
    steps = h * torch.eye(4, dtype=torch.float64)
    with torch.no_grad():  # J[b, i, j] of item b
        J = torch.stack([f(y + d) - f(y - d) for d in steps], dim=2) / (2 * h)
    expected = gamma * (2 * torch.einsum("bij,bi->bj", J, e) - e)
    direction, value = transposed_gradient(f, y.clone().requires_grad_(recorded), gamma)
    torch.testing.assert_close(direction, expected, rtol=0, atol=1e-9)
    torch.testing.assert_close(value, u, rtol=0, atol=0)
    assert not direction.requires_grad and not value.requires_grad
    assert all(parameter.grad is None for parameter in f.parameters())


@pytest.mark.parametrize("of", [corrected_output, output_gradient, transposed_gradient])
def test_a_network_that_overwrites_its_input_is_refused(of):
    f, y = nn.Sequential(nn.ReLU(inplace=True), nn.Linear(4, 4)).double(), network()(inputs())
    with pytest.raises(ValueError, match="expected a network that leaves its input alone, got one"):
        of(f, y)


def test_to_first_order_the_modified_rule_has_the_jacobian_where_the_other_has_its_transpose():
    f = network()
    with torch.no_grad():
        f.get_parameter("2.bias").sub_(f(torch.zeros(4, dtype=torch.float64)))  # f(0) = 0
        y = 1e-4 * inputs()
        e = f(y) - y
    J = torch.func.jacrev(f)(torch.zeros(4, dtype=torch.float64)).detach()
    for direction, matrix in ((output_gradient(f, y)[0], J), (transposed_gradient(f, y)[0], J.mT)):
        error = direction - e @ (2 * matrix - torch.eye(4)).mT.double()
        assert error.norm() < 1e-3 * direction.norm()


def test_a_network_that_ignores_its_input_has_jacobian_zero():
    bias, y = nn.Parameter(torch.ones(4, dtype=torch.float64)), inputs()
    direction, _ = transposed_gradient(lambda y: bias.expand_as(y), y)
    torch.testing.assert_close(direction, y - 1)


def test_rule_equals_the_gradient_of_a_detached_target_surrogate():
    f, x = network(), inputs()
    y = f(x)
    target = (3 * f(y) - 2 * f(f(y))).detach()
    surrogate = (y - target).square().sum() / (2 * len(x))
    expected = parameter_gradients(f, surrogate)
    actual = parameter_gradients(f, idempotency_loss(f, x, rule="modified"))
    for a, b in zip(actual, expected, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-14)


def test_rule_equals_its_closed_form_on_a_linear_layer():
    """With y = W x: y' - y = (3W^2 - 2W^3 - W) x, and dL/dW = sum_b (y_b - y'_b) x_b^T / B."""
    f = nn.Linear(4, 4, bias=False).double()
    x = inputs()
    W = f.weight.detach()
    direction = W - 3 * W @ W + 2 * W @ W @ W
    (actual,) = parameter_gradients(f, idempotency_loss(f, x, rule="modified"))
    torch.testing.assert_close(actual, direction @ x.T @ x / len(x), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("rule", ["modified", "transposed"])
def test_gradcheck_fails_because_the_rule_is_not_the_derivative_of_its_value(rule: str):
    f, x = network(), inputs().requires_grad_()
    with pytest.raises(GradcheckError, match="Jacobian mismatch"):
        torch.autograd.gradcheck(lambda x: idempotency_loss(f, x, rule), (x,))


def test_gradcheck_passes_on_the_ordinary_rule():
    f, x = network(), inputs().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: idempotency_loss(f, x, rule="ordinary"), (x,))


def test_vmap_over_items_of_a_batch_equals_one_by_one():
    f = network()

    def gradient(x: Tensor) -> Tensor:
        return torch.func.grad(lambda x: idempotency_loss(f, x, rule="modified"))(x)

    batches = torch.stack([inputs(), 2 * inputs()])
    one_by_one = torch.stack([gradient(x) for x in batches])
    torch.testing.assert_close(torch.func.vmap(gradient)(batches), one_by_one)


@pytest.mark.parametrize("rule", ["modified", "transposed", (0.0, 2.0, 0.0, -1.0)])
def test_a_recorded_backward_pass_is_refused(rule):
    f = network()
    with pytest.raises(RuntimeError, match="no second derivative: .* got create_graph=True; leave"):
        torch.autograd.grad(
            idempotency_loss(f, inputs(), rule), list(f.parameters()), create_graph=True
        )


def test_the_ordinary_rule_has_a_second_derivative():
    f, x = network(), inputs(2).requires_grad_()
    assert torch.autograd.gradgradcheck(lambda x: idempotency_loss(f, x, "ordinary"), (x,))


TRANSFORMS = {
    "grad": lambda loss, x: torch.func.grad(loss)(x),
    "jacrev": lambda loss, x: torch.func.jacrev(loss)(x),
    "vjp": lambda loss, x: torch.func.vjp(loss, x)[1](torch.ones((), dtype=x.dtype))[0],
    "vmap": lambda loss, x: torch.func.vmap(torch.func.grad(loss))(x[None])[0],
    "retained": lambda loss, x: torch.autograd.functional.jacobian(loss, x),
}


@pytest.mark.parametrize("transform", TRANSFORMS.values(), ids=TRANSFORMS.keys())
@pytest.mark.parametrize("rule", ["modified", "transposed"])
def test_first_derivatives_are_left_alone_however_they_are_taken(transform, rule: str):
    f, x = network(), inputs().requires_grad_()
    (expected,) = torch.autograd.grad(idempotency_loss(f, x, rule), x)
    found = transform(lambda x: idempotency_loss(f, x, rule), x.detach())
    torch.testing.assert_close(found, expected)


def test_nested_transforms_take_the_direction_for_a_constant():
    """As documented: with W fixed, d/dx of the sum of W^T (y - y') / B is 0, and not its slope."""
    f, x = nn.Linear(4, 4).double(), inputs()
    gradient = torch.func.grad(lambda x: idempotency_loss(f, x))
    found = torch.func.grad(lambda x: gradient(x).sum())(x)
    assert torch.equal(found, torch.zeros_like(x))


def test_wrong_shapes_are_named():
    y = torch.zeros(2, 3)
    with pytest.raises(ValueError, match=r"direction: expected the shape of y, \(2, 3\), got \(3"):
        substitute_gradient(y, torch.zeros(3, 2), torch.tensor(0.0))
    with pytest.raises(ValueError, match=r"value: expected a scalar, got shape \(1,\)"):
        substitute_gradient(y, y, torch.zeros(1))


@pytest.mark.parametrize("of", [corrected_output, output_gradient, transposed_gradient])
@pytest.mark.parametrize("part", [lambda y: y[:, :1], lambda y: y.mean()])
def test_a_network_that_changes_the_shape_is_refused(of, part):
    y = network()(inputs())
    with pytest.raises(ValueError, match=r"f: expected an output of the shape .* \(6, 4\)"):
        of(part, y)


@pytest.mark.parametrize("of", [corrected_output, output_gradient])
@pytest.mark.parametrize("coefficients", [(), (0.0, float("nan"))])
def test_coefficients_that_make_no_corrector_are_refused(of, coefficients):
    with pytest.raises(ValueError, match="coefficients: expected one or more finite numbers"):
        of(network(), inputs(), coefficients)


def test_a_corrected_output_of_half_precision_is_rounded_once():
    y = inputs().bfloat16()
    assert torch.equal(corrected_output(lambda z: z, y), y)
