import pytest
import torch
from torch import nn

from idem.autograd import corrected_output
from idem.mlp import MLP
from idem.objectives import RULES, SCALES, idempotency_loss, scale_factor


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
    for rule in RULES:
        torch.testing.assert_close(idempotency_loss(f, x, rule, scale), expected)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("scale", SCALES)
def test_a_scale_multiplies_the_gradient_of_both_rules_alike(rule: str, scale: str):
    f, x = MLP([5, 8, 5]).double(), whitened(20, 5)
    matched = torch.autograd.grad(idempotency_loss(f, x, rule), list(f.parameters()))
    scaled = torch.autograd.grad(idempotency_loss(f, x, rule, scale), list(f.parameters()))
    for a, b in zip(matched, scaled, strict=True):
        torch.testing.assert_close(scale_factor(scale, 5) * a, b)


@pytest.mark.parametrize("gamma", [0.05, 0.5, 1.0])
def test_one_descent_step_of_a_linear_layer_is_the_relaxed_recurrence(gamma: float):
    """Ledger row L5: W <- (1 - gamma) W + gamma (3W^2 - 2W^3)."""
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


def test_the_rules_differ_on_an_asymmetric_layer():
    f, x = nn.Linear(6, 6, bias=False).double(), whitened(50, 6)
    a, b = (torch.autograd.grad(idempotency_loss(f, x, rule), f.weight)[0] for rule in RULES)
    assert (a - b).norm() > 0.01 * a.norm()


def test_moving_against_the_rule_moves_the_output_towards_its_target():
    f, x = MLP([5, 8, 5]).double(), whitened(20, 5)
    y = f(x)
    target, _ = corrected_output(f, y)
    idempotency_loss(f, x, rule="modified").backward()
    torch.optim.SGD(f.parameters(), lr=1e-3).step()
    assert (f(x) - target).norm() < (y - target).norm()


@pytest.mark.parametrize("rule", RULES)
def test_an_idempotent_map_has_loss_and_gradient_zero(rule: str):
    f = nn.Linear(3, 3, bias=False).double()
    with torch.no_grad():
        f.weight.copy_(torch.diag(torch.tensor([1.0, 0.0, 1.0])))
    loss = idempotency_loss(f, whitened(10, 3), rule)
    loss.backward()
    assert loss.item() == 0
    assert f.weight.grad is not None
    assert f.weight.grad.abs().max() < 1e-15


def test_images_are_items_too():
    f = nn.Conv2d(3, 3, 3, padding=1)
    idempotency_loss(f, torch.randn(2, 3, 8, 8), rule="modified").backward()
    assert f.weight.grad is not None


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"rule": "other"}, "rule: expected one of modified, ordinary, got 'other'"),
        ({"scale": "other"}, "scale: expected one of matched, sum, mean, got 'other'"),
        ({"x": torch.zeros(0, 3)}, r"x: expected a non-empty batch, shape \(B, ...\), got \(0, 3"),
        ({"f": nn.Linear(3, 2)}, r"f: expected an output of the shape of its input, \(4, 3\), got"),
    ],
)
def test_wrong_arguments_are_named(keywords: dict, message: str):
    arguments = {"f": nn.Linear(3, 3), "x": torch.zeros(4, 3)} | keywords
    with pytest.raises(ValueError, match=message):
        idempotency_loss(**arguments)


def test_an_output_that_is_no_tensor_is_named():
    with pytest.raises(TypeError, match="f: expected a tensor as its output, got tuple"):
        idempotency_loss(lambda x: (x, x), torch.zeros(4, 3))
