"""Bad input to `idempotency_loss`: every error names what is wrong, and good input raises none."""

from collections.abc import Callable
from functools import partial

import pytest
import torch
from torch import Tensor, nn

from idem import idempotency_loss
from idem.rule.loss import ALL_RULES

RULES = [*ALL_RULES, (0.0, 0.0, 10.0, -15.0, 6.0)]
each_rule = pytest.mark.parametrize("rule", RULES, ids=[*ALL_RULES, "degree5"])


class Applied(nn.Module):
    """A linear layer with something done to what it returns."""

    def __init__(self, then: Callable):
        super().__init__()
        self.linear, self.then, self.passes = nn.Linear(3, 3), then, 0

    def forward(self, x: Tensor) -> Tensor:
        self.passes += 1
        return self.then(self.linear(x), self.passes)


def nan_from(first: int) -> Applied:
    """Return a network whose outputs are NaN from a pass on."""
    return Applied(lambda y, passes: y * (torch.nan if passes >= first else 1))


@each_rule
@pytest.mark.parametrize(
    ("f", "error", "message"),
    [
        (nn.Linear(3, 2), ValueError, r"f: expected .* shape of its input, \(4, 3\), got \(4, 2\)"),
        (Applied(lambda y, _: (y, y)), TypeError, "f: expected a tensor .* got tuple"),
        (Applied(lambda y, _: y.tolist()), TypeError, "f: expected a tensor .* got list"),
        (Applied(lambda y, _: y * 1j), TypeError, "f: expected real floating-.* got complex64"),
        (Applied(lambda y, _: y.detach()), ValueError, "f: .* got a detached one although"),
        (lambda x: x.tanh(), ValueError, "f: .* got one without a graph"),
        (nn.Linear(3, 3).requires_grad_(False), ValueError, "f: expected a parameter .* got none"),
        (nn.Tanh(), ValueError, "f: expected a parameter that needs a gradient, got none"),
        (nan_from(1), FloatingPointError, r"f: expected finite numbers, got NaN in f\(x\)"),
        (nan_from(2), FloatingPointError, r"f: expected finite numbers, got NaN in f\(f\(x\)\)"),
    ],
)
def test_what_is_wrong_with_a_network_is_named(rule, f, error: type[Exception], message: str):
    if isinstance(f, Applied):
        f.passes = 0
    with pytest.raises(error, match=message):
        idempotency_loss(f, torch.ones(4, 3), rule)


@each_rule
def test_a_later_pass_that_changes_the_shape_is_named(rule):
    f = Applied(lambda y, passes: y if passes == 1 else y[:, :1])
    with pytest.raises(
        ValueError, match=r"f: expected .* shape of its input, \(4, 3\), got \(4, 1"
    ):
        idempotency_loss(f, torch.ones(4, 3), rule)


@each_rule
@pytest.mark.parametrize("first", [nn.LeakyReLU(0.2, inplace=True), nn.Hardtanh(inplace=True)])
def test_a_network_that_overwrites_its_input_is_refused(rule, first: nn.Module):
    f, x = nn.Sequential(first, nn.Linear(3, 3)), torch.ones(4, 3)
    for context in (torch.enable_grad, torch.no_grad):
        with context(), pytest.raises(ValueError, match="f: .* overwrites it, .* inplace=False in"):
            idempotency_loss(f, x.clone(), rule)


class Centres(nn.Module):
    """A linear layer after its input was centred in place, which every pass moves further."""

    def __init__(self, inplace: bool):
        super().__init__()
        torch.manual_seed(0)
        self.inplace, self.linear = inplace, nn.Linear(3, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x.sub_(0.5) if self.inplace else x - 0.5)


@each_rule
@pytest.mark.parametrize("way", ["inference_mode", "vmap"])
def test_a_network_that_overwrites_its_input_is_given_copies_where_that_is_not_counted(rule, way):
    x = torch.randn(4, 3, generator=torch.Generator().manual_seed(1))
    expected = idempotency_loss(Centres(inplace=False), x, rule)
    f = Centres(inplace=True)
    if way == "vmap":
        found = torch.func.vmap(lambda x: idempotency_loss(f, x, rule))(x.clone()[None])[0]
    else:
        with torch.inference_mode():
            found = idempotency_loss(f, x.clone(), rule)
    torch.testing.assert_close(found, expected)


@pytest.mark.filterwarnings("ignore:.*autograd.function.Function.*:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")
@each_rule
def test_a_network_that_overwrites_its_input_is_given_copies_in_a_compiled_step(rule):
    x = torch.randn(4, 3, generator=torch.Generator().manual_seed(1))
    found = []
    for inplace in (False, True):
        torch._dynamo.reset()
        f = Centres(inplace)
        loss = torch.compile(partial(idempotency_loss, f, rule=rule), backend="aot_eager")(
            x.clone()
        )
        found.append((loss, torch.autograd.grad(loss, list(f.parameters()))))
    torch.testing.assert_close(found[1], found[0])
    torch.testing.assert_close(found[0][0], idempotency_loss(Centres(inplace=False), x, rule))


@each_rule
def test_a_network_that_returns_a_constant_in_one_memory_is_idempotent(rule):
    constant = nn.Parameter(torch.randn(3))
    assert idempotency_loss(lambda x: constant.expand(len(x), 3), torch.ones(4, 3), rule) == 0


@pytest.mark.parametrize("rule", ALL_RULES)
def test_a_loss_beyond_the_range_of_numbers_is_named(rule):
    f = nn.Linear(3, 3, bias=False)
    nn.init.constant_(f.weight, 1e12)
    with pytest.raises(FloatingPointError, match="f: expected outputs whose squares are finite in"):
        idempotency_loss(f, torch.ones(4, 3), rule)


def test_a_target_of_another_shape_is_named():
    with pytest.raises(ValueError, match=r"target: expected an output of the shape of its input"):
        idempotency_loss(nn.Linear(3, 3), torch.ones(4, 3), target=nn.Linear(3, 2))


@each_rule
def test_a_network_that_works_in_place_on_what_is_its_own_is_left_alone(rule):
    x = torch.randn(4, 3, generator=torch.Generator().manual_seed(0))
    f = nn.Sequential(nn.Linear(3, 3), nn.LeakyReLU(0.2, inplace=True), nn.Linear(3, 3))
    found = idempotency_loss(f, x, rule)
    f[1] = nn.LeakyReLU(0.2)
    torch.testing.assert_close(found, idempotency_loss(f, x, rule), rtol=0, atol=0)


def test_a_later_pass_that_leads_back_to_nothing_is_refused_where_its_jacobian_is_taken():
    f = Applied(lambda y, passes: y if passes == 1 else y.detach())
    with pytest.raises(ValueError, match="f: .* whose Jacobian the transposed rule takes"):
        idempotency_loss(f, torch.ones(4, 3), "transposed")


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (torch.ones(4, 3).long(), TypeError, r"x: .* floating-point .*got int64; .* x.float\(\)"),
        (
            torch.ones(4, 3, dtype=torch.complex64),
            TypeError,
            "x: expected real floating-point .* got complex64",
        ),
        ([[1.0]], TypeError, "x: expected a torch.Tensor, got list"),
        (torch.ones(0, 3), ValueError, r"x: expected a non-empty batch, .* got \(0, 3\)"),
        (torch.ones(()), ValueError, r"x: expected a non-empty batch, .* got \(\)"),
        (torch.full((4, 3), torch.nan), FloatingPointError, "x: expected finite .* got NaN in x"),
        (torch.full((4, 3), torch.inf), FloatingPointError, "x: .* got infinity in x"),
    ],
)
def test_what_is_wrong_with_a_batch_is_named(x, error: type[Exception], message: str):
    with pytest.raises(error, match=message):
        idempotency_loss(nn.Linear(3, 3), x)


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"rule": "other"}, "rule: expected one of .*, transposed, got 'other'"),
        ({"scale": "other"}, "scale: expected one of matched, sum, mean, got 'other'"),
        ({"scale": ["sum"]}, r"scale: expected one of matched, sum, mean, got \['sum'\]"),
        ({"scale": None}, "scale: expected one of matched, sum, mean, got None"),
    ],
)
def test_wrong_options_are_named(keywords: dict, message: str):
    with pytest.raises(ValueError, match=message):
        idempotency_loss(nn.Linear(3, 3), torch.ones(4, 3), **keywords)


@each_rule
@pytest.mark.parametrize("context", [torch.no_grad, torch.inference_mode])
def test_without_gradients_the_loss_is_a_value(rule, context: Callable):
    f, x = nn.Linear(3, 3), torch.randn(4, 3, generator=torch.Generator().manual_seed(0))
    expected = idempotency_loss(f, x, rule)
    with context():
        for g in (f, f.requires_grad_(False), lambda x: f(x).detach()):
            torch.testing.assert_close(idempotency_loss(g, x, rule), expected.detach())
        assert not idempotency_loss(f, x, rule).requires_grad
        assert idempotency_loss(nan_from(1), x, rule).isnan()


@each_rule
def test_numbers_are_looked_at_as_asked(rule):
    x = torch.ones(4, 3)
    assert idempotency_loss(nan_from(1), x, rule, check_finite=False).isnan()
    with torch.no_grad(), pytest.raises(FloatingPointError, match=r"NaN in f\(f\(x\)\)"):
        idempotency_loss(nan_from(2), x, rule, check_finite=True)
    idempotency_loss(nan_from(6), x, rule, check_finite=True)


def test_a_later_pass_is_looked_at_where_that_is_asked_for():
    idempotency_loss(nan_from(3), torch.ones(4, 3))
    with pytest.raises(FloatingPointError, match="NaN in a later pass"):
        idempotency_loss(nan_from(3), torch.ones(4, 3), check_finite=True)


@each_rule
def test_float16_and_tracing_are_left_alone(rule):
    x = torch.ones(4, 3)
    assert idempotency_loss(nan_from(1).half(), x.half(), rule).isnan()
    with torch.autocast("cpu", dtype=torch.float16):
        assert idempotency_loss(nan_from(1), x, rule).isnan()
    with torch.autocast("cpu", dtype=torch.bfloat16), pytest.raises(FloatingPointError):
        idempotency_loss(nan_from(1), x, rule)
    f = nan_from(1)
    found = torch.func.vmap(lambda x: idempotency_loss(f, x, rule))(x[None])
    assert found.isnan().all()
    idempotency_loss(nn.Linear(3, 3, device="meta"), x.to("meta"), rule)


def test_looking_at_numbers_that_are_not_there_is_refused():
    with pytest.raises(ValueError, match="check_finite: expected None or False .* got True"):
        idempotency_loss(
            nn.Linear(3, 3, device="meta"), torch.ones(4, 3, device="meta"), check_finite=True
        )
