"""`idem.rule.passes`: which passes move running statistics, and which draw anew."""

import copy
from functools import partial

import pytest
import torch
from torch import Tensor, nn

from idem import idempotency_loss
from idem.rule.passes import RUNNING_STATISTICS, Passes

NORMS = {
    "batch": lambda: nn.BatchNorm1d(4),
    "cumulative": lambda: nn.BatchNorm1d(4, momentum=None),
    "synchronised": lambda: nn.SyncBatchNorm(4),
    "instance": lambda: nn.InstanceNorm1d(4, track_running_stats=True),
}
each_norm = pytest.mark.parametrize("norm", NORMS.values(), ids=NORMS.keys())


def network(*layers: nn.Module) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv1d(4, 4, 1), *layers, nn.Conv1d(4, 4, 1)).double()


def inputs(items: int = 8) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randn(items, 4, 5, dtype=torch.float64, generator=generator)


def buffers_after(f: nn.Module, inputs: list[Tensor]) -> list[Tensor]:
    """Return what the buffers are after plain passes."""
    f = copy.deepcopy(f)
    for x in inputs:
        f(x)
    return list(f.buffers())


@each_norm
@pytest.mark.parametrize("rule", ["modified", "ordinary"])
@pytest.mark.parametrize("policy", RUNNING_STATISTICS)
def test_the_policy_decides_which_passes_move_running_statistics(norm, rule: str, policy: str):
    f, x = network(norm()), inputs()
    with torch.no_grad():
        y = copy.deepcopy(f)(x)
        u = copy.deepcopy(f)(y)
    every = [x, y, u] if rule == "modified" else [x, y]
    expected = buffers_after(f, {"first": [x], "all": every, "none": []}[policy])
    idempotency_loss(f, x, rule, running_statistics=policy).backward()
    torch.testing.assert_close(list(f.buffers()), expected)


@each_norm
@pytest.mark.parametrize("rule", ["modified", "ordinary"])
def test_every_pass_normalises_by_its_own_batch_whatever_the_policy(norm, rule: str):
    networks = [network(norm()) for _ in RUNNING_STATISTICS]
    for f, policy in zip(networks, RUNNING_STATISTICS, strict=True):
        idempotency_loss(f, inputs(), rule, running_statistics=policy).backward()
    first, *others = [[p.grad for p in f.parameters()] for f in networks]
    for other in others:
        torch.testing.assert_close(first, other, rtol=0, atol=0)


@each_norm
def test_in_evaluation_mode_every_pass_uses_the_running_statistics(norm):
    f, x = network(norm()), inputs()
    f(x)
    f.eval()
    before = copy.deepcopy(f.state_dict())
    value = idempotency_loss(f, x)
    error = f(f(x)) - f(x)
    torch.testing.assert_close(value, error.square().sum() / (2 * len(x)))
    for name, kept in before.items():
        assert torch.equal(f.state_dict()[name], kept)


def test_the_buffers_come_back_when_a_pass_fails():
    f = network(nn.BatchNorm1d(4))
    passes, x = Passes(f), inputs()
    with pytest.raises(RuntimeError):
        passes.inner(x[:, :3])
    assert all(isinstance(buffer, Tensor) for buffer in f[1]._buffers.values())
    assert set(f.state_dict()) == set(network(nn.BatchNorm1d(4)).state_dict())


CALLABLES = {
    "module": lambda f: f,
    "method": lambda f: f.forward,
    "partial": lambda f: partial(f),
    "partial of a method": lambda f: partial(partial(f.forward)),
}


@pytest.mark.parametrize("wrap", CALLABLES.values(), ids=CALLABLES.keys())
@pytest.mark.parametrize("policy", [None, *RUNNING_STATISTICS])
def test_methods_and_partials_of_a_module_follow_the_policy(wrap, policy: str | None):
    f = network(nn.BatchNorm1d(4))
    idempotency_loss(wrap(f), inputs(), running_statistics=policy)
    assert f[1].num_batches_tracked == {None: 1, "first": 1, "all": 3, "none": 0}[policy]


def test_a_callable_that_cannot_be_searched_is_run_as_it_is_unless_asked():
    f = network(nn.BatchNorm1d(4))
    idempotency_loss(lambda x: f(x), inputs())
    assert f[1].num_batches_tracked == 3
    for policy in ("first", "none"):
        with pytest.raises(ValueError, match=rf"no torch.nn.Module.* got '{policy}' and f of type"):
            idempotency_loss(lambda x: f(x), inputs(), running_statistics=policy)


def test_a_layer_without_its_counter_is_left_as_it_was():
    f = network(nn.BatchNorm1d(4))
    f[1].register_buffer("num_batches_tracked", None)
    idempotency_loss(f, inputs())
    assert f[1].num_batches_tracked is None


class Tagged(nn.Module):
    """A network that records what its dropout let through."""

    def __init__(self):
        super().__init__()
        self.dropout, self.masks = nn.Dropout(0.5), []

    def forward(self, x: Tensor) -> Tensor:
        self.masks.append(self.dropout(torch.ones_like(x)))
        return x * self.masks[-1] * 0.1


@pytest.mark.parametrize("rule", ["modified", "ordinary"])
def test_randomness_is_fresh_or_the_same_in_all_passes(rule: str):
    for randomness, alike in (("fresh", False), ("same", True)):
        f, x = Tagged(), inputs().requires_grad_()
        idempotency_loss(f, x, rule, randomness=randomness)
        first, *others = f.masks
        assert len(others) == (2 if rule == "modified" else 1)
        assert all(torch.equal(first, mask) == alike for mask in others)


def test_two_steps_with_the_same_randomness_within_differ_and_follow_the_seed():
    f, x = Tagged(), inputs().requires_grad_()
    torch.manual_seed(3)
    for _ in range(2):
        idempotency_loss(f, x, randomness="same")
    assert not torch.equal(f.masks[0], f.masks[3])
    torch.manual_seed(3)
    plain = [f.dropout(torch.ones_like(x)) for _ in range(2)]  # as if each step were one pass
    assert torch.equal(f.masks[0], plain[0])
    assert torch.equal(f.masks[3], plain[1])


def test_with_the_same_mask_the_rule_is_that_of_the_thinned_network():
    f, x = network(nn.Dropout(0.5)), inputs()
    torch.manual_seed(2)
    found = torch.autograd.grad(idempotency_loss(f, x, randomness="same"), list(f.parameters()))
    torch.manual_seed(2)
    mask = nn.functional.dropout(torch.ones_like(f[0](x)), 0.5)

    def thinned(x: Tensor) -> Tensor:
        return f[2](mask * f[0](x))

    expected = torch.autograd.grad(idempotency_loss(thinned, x), list(f.parameters()))
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"running_statistics": "some"}, "expected one of first, all, none, got 'some'"),
        ({"randomness": "other"}, "randomness: expected one of fresh, same, got 'other'"),
        ({"running_statistics": ["all"]}, r"expected one of first, all, none, got \['all'\]"),
    ],
)
def test_wrong_choices_are_named(keywords: dict, message: str):
    with pytest.raises(ValueError, match=message):
        idempotency_loss(lambda x: x, inputs(), **keywords)
