"""`idem.rule.passes`: which passes move running statistics, and which draw anew."""

import copy
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from idem import idempotency_loss
from idem.rule.loss import ALL_RULES
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
@pytest.mark.parametrize("rule", ALL_RULES)
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
@pytest.mark.parametrize("rule", ALL_RULES)
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


class ByHand(nn.Module):
    """BatchNorm as people write it; `how` it moves its statistics."""

    def __init__(self, how: str):
        super().__init__()
        self.how = how
        self.register_buffer("mean", torch.zeros(4))
        self.register_buffer("steps", torch.zeros((), dtype=torch.long))

    def forward(self, x: Tensor) -> Tensor:
        batch = x.mean((0, 2))
        moved = (0.9 * self.mean + 0.1 * batch).detach()
        if self.how == "anew":
            self.mean, self.steps = moved, self.steps + 1
        elif self.how == "in place":
            self.mean.copy_(moved)
            self.steps += 1
        else:  # uncounted
            self.mean.data.numpy()[:] = moved.numpy()
        return x - batch[:, None]


class Twice(nn.Module):
    """A buffer that two layers share."""

    def __init__(self):
        super().__init__()
        self.one, self.two = ByHand("in place"), ByHand("in place")
        self.two.mean = self.one.mean

    def forward(self, x: Tensor) -> Tensor:
        return self.two(self.one(x))


def spectral(normalised: Callable) -> nn.Module:
    return normalised(nn.Conv1d(4, 4, 1))


def trace() -> nn.Module:
    traced = torch.jit.trace(network(nn.BatchNorm1d(4)), inputs(), check_trace=False)
    assert isinstance(traced, nn.Module)
    return traced


HIDDEN: dict[str, Callable[[], nn.Module]] = {
    "by hand, anew": lambda: network(ByHand("anew")),
    "by hand, in place": lambda: network(ByHand("in place")),
    "by hand, uncounted": lambda: network(ByHand("uncounted")),
    "shared": lambda: network(Twice()),
    "spectral, hook": lambda: network(spectral(nn.utils.spectral_norm)),
    "spectral, parametrization": lambda: network(spectral(nn.utils.parametrizations.spectral_norm)),
    "script": lambda: torch.jit.script(network(nn.BatchNorm1d(4))),
    "script within": lambda: network(
        torch.jit.script(nn.InstanceNorm1d(4, track_running_stats=True))
    ),
    "trace": trace,
    "trace in evaluation mode": lambda: trace().eval(),  # which does not change what it does
    "export": lambda: torch.export.export(network(nn.BatchNorm1d(4)), (inputs(),)).module(),
}
each_hidden = pytest.mark.parametrize("build", HIDDEN.values(), ids=HIDDEN.keys())
exporting = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::UserWarning:torch", "ignore::torch.jit.TracerWarning"
)


@exporting
@each_hidden
@pytest.mark.parametrize("policy", RUNNING_STATISTICS)
def test_the_policy_is_obeyed_wherever_the_buffers_are(build, policy: str):
    x, f, plain = inputs(), build(), build()
    plain.load_state_dict(f.state_dict())
    names = {name for name, _ in f.named_buffers()}
    y = plain(x)
    expected = {"none": dict(f.named_buffers()), "first": dict(plain.named_buffers())}
    expected = {key: {k: v.clone() for k, v in found.items()} for key, found in expected.items()}
    plain(plain(y))
    expected["all"] = dict(plain.named_buffers())
    idempotency_loss(f, x, running_statistics=policy).backward()
    assert names and {name for name, _ in f.named_buffers()} == names
    torch.testing.assert_close(dict(f.named_buffers()), expected[policy])
    assert any(not torch.equal(expected["none"][k], expected["all"][k]) for k in names)


@exporting
@each_hidden
def test_the_buffers_of_a_target_stay_wherever_they_are(build):
    f, target = network(), build()
    before = {name: buffer.clone() for name, buffer in target.named_buffers()}
    idempotency_loss(f, inputs(), running_statistics="all", target=target).backward()
    torch.testing.assert_close(dict(target.named_buffers()), before, rtol=0, atol=0)


def test_a_buffer_stays_the_same_object_after_every_policy():
    for policy in RUNNING_STATISTICS:
        f = network(nn.BatchNorm1d(4), ByHand("in place"))
        before = list(f.buffers())
        idempotency_loss(f, inputs(), running_statistics=policy)
        assert all(a is b for a, b in zip(f.buffers(), before, strict=True))


def test_buffers_that_do_not_exist_yet_can_move_first_but_not_stay():
    f, x = network(nn.LazyBatchNorm1d()), inputs()
    with pytest.raises(ValueError, match="running_mean of a LazyBatchNorm1d before its first pass"):
        idempotency_loss(f, x, running_statistics="none")
    idempotency_loss(f, x, running_statistics="first")
    assert f[1].num_batches_tracked == 1


def test_a_target_that_cannot_be_searched_is_refused_unless_all_may_move():
    f, target, x = network(), network(nn.BatchNorm1d(4)), inputs()
    for policy in (None, "first", "none"):
        with pytest.raises(ValueError, match=r"target: expected a torch.nn.Module.* type function"):
            idempotency_loss(f, x, target=lambda z: target(z), running_statistics=policy)
    loss = idempotency_loss(f, x, target=lambda z: target(z), running_statistics="all")
    torch.testing.assert_close(loss, idempotency_loss(f, x, target=target.forward))
    assert target[1].num_batches_tracked == 2


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


@pytest.mark.parametrize("rule", ALL_RULES)
def test_randomness_is_fresh_or_the_same_in_all_passes(rule: str):
    for randomness, alike in (("fresh", False), ("same", True)):
        f, x = Tagged(), inputs().requires_grad_()
        idempotency_loss(f, x, rule, randomness=randomness)
        first, *others = f.masks
        assert len(others) == (2 if rule == "modified" else 1)
        assert all(torch.equal(first, mask) == alike for mask in others)


@pytest.mark.parametrize("bound", [False, True], ids=["module", "method"])
@pytest.mark.parametrize("randomness", ["fresh", "same"])
def test_the_same_randomness_reaches_the_target(randomness: str, bound: bool):
    f, target, x = Tagged(), Tagged(), inputs().requires_grad_()
    given = target.forward if bound else target
    idempotency_loss(f, x, randomness=randomness, target=given)
    (first,) = f.masks
    assert len(target.masks) == 2
    assert all(torch.equal(first, mask) == (randomness == "same") for mask in target.masks)


class OneOutput(torch.autograd.Function):
    """x W, written where the last one was: a CUDA graph or a bound output, emulated."""

    @staticmethod
    def forward(ctx, x: Tensor, w: Tensor, memory: list[np.ndarray]) -> Tensor:
        ctx.save_for_backward(x.clone(), w)
        memory.append(memory.pop(0))
        memory[0][:] = (x.detach() @ w.detach()).numpy()
        return torch.from_numpy(memory[0]).detach()

    @staticmethod
    def backward(ctx, *gradients: Tensor) -> tuple[Tensor, Tensor, None]:
        x, w = ctx.saved_tensors
        return gradients[0] @ w.mT, x.mT @ gradients[0], None


@pytest.mark.parametrize("rule", [*ALL_RULES, (0.0, 0.0, 10.0, -15.0, 6.0)])
@pytest.mark.parametrize("places", [1, 2, 5])
def test_outputs_in_memory_that_is_used_again_are_refused(rule, places: int):
    w = nn.Parameter(torch.eye(4, dtype=torch.float64) * 0.5)
    memory = [np.empty((8, 4)) for _ in range(places)]
    x = inputs()[:, :, 0]

    def f(x: Tensor) -> Tensor:
        return OneOutput.apply(x, w, memory)  # pyright: ignore[reportReturnType]

    if places <= {"ordinary": 1, "transposed": 1, "modified": 2}.get(
        rule if isinstance(rule, str) else "", 4
    ):
        with pytest.raises(ValueError, match="every output in memory of its own, got .* CUDA gra"):
            idempotency_loss(f, x, rule)
    else:
        expected = idempotency_loss(lambda x: x @ w, x, rule)
        torch.testing.assert_close(idempotency_loss(f, x, rule), expected)


def test_a_counted_write_into_the_last_output_is_not_taken_for_one_into_the_input():
    memory = torch.empty(8, 4, 5, dtype=torch.float64)
    with torch.no_grad(), pytest.raises(ValueError, match="every output in memory of its own"):
        idempotency_loss(lambda x: memory.copy_(0.5 * x), inputs())


ALIASES: dict[str, Callable[[Tensor], Tensor]] = {
    "itself": lambda x: x,
    "a view": lambda x: x.view(-1).view_as(x),
    "where it is small": lambda x: x if x.abs().max() < 1 else x / x.abs().max(),
    "at random": lambda x: x if torch.rand(()) < 0.5 else 0.5 * x,
}


@pytest.mark.parametrize("f", ALIASES.values(), ids=ALIASES.keys())
@pytest.mark.parametrize("rule", ALL_RULES)
def test_a_network_may_return_its_input(f: Callable, rule: str):
    x = inputs().requires_grad_()
    for seed in range(8):
        found = []
        for g in (f, lambda x: f(x).clone()):
            torch.manual_seed(seed)
            found.append(torch.autograd.grad(idempotency_loss(g, x, rule), x)[0])
            found.append(torch.rand(()))
        assert torch.equal(found[0], found[2])
        assert torch.equal(found[1], found[3])


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
