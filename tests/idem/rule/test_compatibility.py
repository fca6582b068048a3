"""`idempotency_loss` within what a training loop is made of: every rule in every setting."""

import copy
import shutil
from collections.abc import Callable
from functools import partial
from itertools import product
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch._dynamo import config
from torch._dynamo.exc import Unsupported
from torch.amp.grad_scaler import GradScaler
from torch.func import functional_call, grad, stack_module_state, vmap
from torch.multiprocessing.spawn import spawn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.checkpoint import checkpoint

from idem import idempotency_loss
from idem.rule.loss import ALL_RULES
from idem.rule.passes import RUNNING_STATISTICS

RULES = [*ALL_RULES, (0.0, 0.0, 10.0, -15.0, 6.0)]
TWO_RECORDED = ("ordinary", "transposed")
each_rule = pytest.mark.parametrize("rule", RULES, ids=[*ALL_RULES, "degree5"])
each_rule_and_checkpoint = pytest.mark.parametrize(
    ("rule", "use_reentrant"),
    [pair for pair in product(RULES, (True, False)) if pair != ("transposed", True)],
)
each_policy = pytest.mark.parametrize("policy", RUNNING_STATISTICS)
needs_compiler = pytest.mark.skipif(
    not any(map(shutil.which, ("g++", "clang++", "c++"))), reason="no C++ compiler is found"
)


def network(*extra: nn.Module, seed: int = 0) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(4, 6), *extra, nn.Tanh(), nn.Linear(6, 4)).double()


def inputs(items: int = 8, seed: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(items, 4, dtype=torch.float64, generator=generator)


def gradients(f: nn.Module, loss: Tensor) -> list[Tensor]:
    return list(torch.autograd.grad(loss, [p for p in f.parameters() if p.requires_grad]))


def counted(f: nn.Sequential) -> int:
    """Return how many passes have moved the statistics of the layer in the middle."""
    return int(f[1].get_buffer("num_batches_tracked"))


def assert_same(found, expected, **tolerance) -> None:
    torch.testing.assert_close(list(found), list(expected), **tolerance)


@needs_compiler
@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch", "ignore::UserWarning:torch")
@pytest.mark.parametrize(("rule", "whole"), [("modified", True), ("ordinary", False)])
def test_compiled_equals_eager(rule, whole: bool):
    """Two cases, as the C++ compiler takes long; how all rules are traced, a test below tells."""
    f, x = network(nn.BatchNorm1d(6)), inputs()
    g = copy.deepcopy(f)

    def loss(h: Callable) -> Tensor:
        return idempotency_loss(h, x, rule)

    with config.patch(trace_autograd_ops=True):  # for the product of the transposed rule
        compiled = torch.compile(loss, fullgraph=True)(g) if whole else loss(torch.compile(g))
    eager = loss(f)
    torch.testing.assert_close(compiled, eager)
    assert_same(gradients(g, compiled), gradients(f, eager))
    assert_same(g.buffers(), f.buffers())


@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch", "ignore::UserWarning:torch")
@pytest.mark.parametrize("rule", ALL_RULES)
@each_policy
@pytest.mark.parametrize("whole", [True, False], ids=["step", "network"])
def test_every_policy_is_traced_as_it_is_run(rule, policy: str, whole: bool):
    f, x = network(nn.BatchNorm1d(6)), inputs()
    g = copy.deepcopy(f)
    torch.compiler.reset()

    def loss(h: Callable) -> Tensor:
        return idempotency_loss(h, x, rule, running_statistics=policy)

    if whole:
        with config.patch(trace_autograd_ops=True):
            traced = torch.compile(loss, fullgraph=True, backend="aot_eager")(g)
    else:
        traced = loss(torch.compile(g, backend="aot_eager"))
    eager = loss(f)
    torch.testing.assert_close(traced, eager)
    assert_same(gradients(g, traced), gradients(f, eager))
    assert_same(g.buffers(), f.buffers())


class Mask(nn.Module):
    """A network that returns the mask of its dropout: its loss is 0 if all passes drew the same."""

    def __init__(self):
        super().__init__()
        self.weight, self.dropout = nn.Parameter(torch.ones(())), nn.Dropout(0.5)

    def forward(self, x: Tensor) -> Tensor:
        return self.weight * self.dropout(torch.ones_like(x)) + 0 * x


def checkpointed(f: nn.Module, x: Tensor, **keywords) -> Tensor:
    loss = idempotency_loss(lambda x: checkpoint(f, x, use_reentrant=False), x, **keywords)
    loss.backward()
    return loss


def under_autocast(f: nn.Module, x: Tensor, **keywords) -> Tensor:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        return idempotency_loss(f, x, **keywords)


def traced(loss: Callable) -> Callable:
    return torch.compile(loss, backend="aot_eager")


SETTINGS = {
    "plain": idempotency_loss,
    "checkpoint": checkpointed,
    "autocast": under_autocast,
    "vmap": lambda f, x, **keywords: vmap(
        lambda x: idempotency_loss(f, x, **keywords), randomness="different"
    )(x[None])[0],
    "traced network": lambda f, x, **keywords: idempotency_loss(traced(f), x, **keywords),
    "traced step": lambda f, x, **keywords: traced(partial(idempotency_loss, f, **keywords))(x),
    "compiled network": pytest.param(
        lambda f, x, **keywords: idempotency_loss(torch.compile(f), x, **keywords),
        marks=needs_compiler,
    ),
}


@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch", "ignore::UserWarning:torch")
@pytest.mark.parametrize("rule", ALL_RULES)
@pytest.mark.parametrize("loss", SETTINGS.values(), ids=SETTINGS.keys())
def test_all_passes_draw_the_same_wherever_they_run(rule, loss: Callable):
    torch.manual_seed(0)
    assert loss(Mask(), inputs(), rule=rule, randomness="same").item() == 0
    assert loss(Mask(), inputs(), rule=rule, randomness="fresh").item() > 0


@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch", "ignore::UserWarning:torch")
def test_a_step_without_graph_breaks_cannot_draw_the_same():
    x = inputs()
    step = torch.compile(
        lambda f: idempotency_loss(f, x, randomness="same"), fullgraph=True, backend="eager"
    )
    with pytest.raises(Unsupported, match="get_rng_state"):
        step(Mask())


@each_rule
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_autocast_with_a_gradient_scaler_comes_near_full_precision(rule, dtype: torch.dtype):
    f, x = network().float(), inputs(64).float()
    expected = gradients(f, idempotency_loss(f, x, rule))
    optimizer = torch.optim.SGD(f.parameters(), lr=0.1)
    scaler = GradScaler("cpu", init_scale=2.0**16)
    with torch.autocast("cpu", dtype=dtype):
        loss = idempotency_loss(f, x, rule)
    assert loss.dtype == torch.float32
    scaler.scale(loss).backward()
    scaler.unscale_(optimizer)
    found = [p.grad for p in f.parameters()]
    for a, b in zip(found, expected, strict=True):
        assert a is not None
        assert (a - b).norm() < 0.05 * b.norm()
    before = [p.detach().clone() for p in f.parameters()]
    scaler.step(optimizer)
    assert not any(torch.equal(p, q) for p, q in zip(f.parameters(), before, strict=True))


@each_rule
def test_an_overflow_in_float16_is_left_to_the_gradient_scaler(rule):
    f, x = network().float(), inputs().float()
    with torch.no_grad():
        f[-1].get_parameter("weight").fill_(1e5)
    optimizer = torch.optim.SGD(f.parameters(), lr=0.1)
    scaler = GradScaler("cpu", init_scale=2.0**16)
    before = [p.detach().clone() for p in f.parameters()]
    with torch.autocast("cpu", dtype=torch.float16):
        loss = idempotency_loss(f, x, rule)
    scaler.scale(loss).backward()
    scaler.step(optimizer)
    scaler.update()
    assert scaler.get_scale() == 2.0**15
    assert_same(f.parameters(), before, rtol=0, atol=0)


@each_rule
def test_a_network_of_half_precision_has_a_loss_of_single_precision(rule):
    f, x = network(), inputs(400)
    expected = gradients(f, idempotency_loss(f, x, rule))
    g = copy.deepcopy(f).bfloat16()
    loss = idempotency_loss(g, x.bfloat16(), rule)
    assert loss.dtype == torch.float32
    for a, b in zip(gradients(g, loss), expected, strict=True):
        assert a.dtype == torch.bfloat16
        assert (a - b).norm() < 0.1 * b.norm()


@each_rule
def test_accumulated_gradients_are_those_of_the_whole_batch(rule):
    f, x = network(), inputs(12)
    expected = gradients(f, idempotency_loss(f, x, rule))
    for part in x.split([5, 4, 3]):
        (len(part) / len(x) * idempotency_loss(f, part, rule)).backward()
    assert_same([p.grad for p in f.parameters()], expected)


class Checkpointed(nn.Module):
    def __init__(self, f: nn.Sequential, *, use_reentrant: bool):
        super().__init__()
        self.f, self.use_reentrant = f, use_reentrant

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.f[0](x)  # reentrant checkpoints need an input with a graph
        rest = self.f[1:]
        result = checkpoint(rest, hidden, use_reentrant=self.use_reentrant)
        assert isinstance(result, Tensor)
        return result


@each_rule_and_checkpoint
@pytest.mark.filterwarnings("ignore:None of the inputs have requires_grad")  # within inner passes
def test_checkpointing_within_the_network_changes_nothing(rule, use_reentrant: bool):
    f, x = network(), inputs()
    expected = gradients(f, idempotency_loss(f, x, rule))
    idempotency_loss(Checkpointed(f, use_reentrant=use_reentrant), x, rule).backward()
    assert_same([p.grad for p in f.parameters()], expected)


@each_rule_and_checkpoint
@each_policy
@pytest.mark.filterwarnings("ignore:None of the inputs have requires_grad")  # within inner passes
def test_a_checkpoint_moves_statistics_once_more_for_each_recorded_pass(
    rule, policy: str, use_reentrant: bool
):
    f, x = network(nn.BatchNorm1d(6)), inputs()
    g = Checkpointed(copy.deepcopy(f), use_reentrant=use_reentrant)
    for h in (f, g):
        idempotency_loss(h, x, rule, running_statistics=policy).backward()
    assert_same([p.grad for p in g.parameters()], [p.grad for p in f.parameters()])
    moved = counted(g.f) - counted(f)
    assert moved == (2 if rule in TWO_RECORDED else 1)


@each_rule_and_checkpoint
@pytest.mark.filterwarnings("ignore:None of the inputs have requires_grad")  # within inner passes
def test_a_checkpoint_repeats_the_mask_of_its_pass(rule, use_reentrant: bool):
    f, x = network(nn.Dropout(0.5)), inputs()
    for randomness in ("fresh", "same"):
        found = []
        for h in (f, Checkpointed(f, use_reentrant=use_reentrant)):
            torch.manual_seed(3)
            f.zero_grad()
            idempotency_loss(h, x, rule, randomness=randomness).backward()
            found.append([p.grad for p in f.parameters()])
        assert_same(*found)


def test_pytorch_refuses_the_reentrant_checkpoint_under_the_transposed_rule():
    f = Checkpointed(network(), use_reentrant=True)
    with pytest.raises(RuntimeError, match="use_reentrant=True.* incompatible with .grad"):
        idempotency_loss(f, inputs(), "transposed")


@each_rule
def test_functional_call_and_grad(rule):
    f, x = network(), inputs()
    expected = gradients(f, idempotency_loss(f, x, rule))

    def loss(parameters: dict[str, Tensor]) -> Tensor:
        return idempotency_loss(lambda x: functional_call(f, parameters, x), x, rule)

    found = grad(loss)(dict(f.named_parameters()))
    assert_same(found.values(), expected)


@each_rule
def test_vmap_over_networks_equals_one_by_one(rule):
    networks, x = [network(seed=i) for i in range(3)], inputs()
    parameters, _ = stack_module_state(networks)
    parameters = {name: stack.detach() for name, stack in parameters.items()}

    def loss(theta: dict[str, Tensor]) -> Tensor:
        return idempotency_loss(lambda x: functional_call(networks[0], theta, x), x, rule)

    found = vmap(grad(loss))(parameters)
    for i, f in enumerate(networks):
        expected = gradients(f, idempotency_loss(f, x, rule))
        assert_same([stack[i] for stack in found.values()], expected)


@each_rule
def test_vmap_within_ordinary_autograd(rule):
    f, batches = network(), torch.stack([inputs(seed=1), inputs(seed=2)])
    losses = vmap(lambda x: idempotency_loss(f, x, rule))(batches)
    expected = gradients(
        f, idempotency_loss(f, batches[0], rule) + idempotency_loss(f, batches[1], rule)
    )
    assert_same(gradients(f, losses.sum()), expected)


@each_rule
def test_under_vmap_statistics_can_only_be_left_alone(rule):
    f, batches = network(nn.BatchNorm1d(6)), torch.stack([inputs(seed=1), inputs(seed=2)])
    for policy in (None, "first", "all"):
        with pytest.raises(
            RuntimeError, match="running_mean .* updated in place, were not batched"
        ):
            vmap(lambda x, p=policy: idempotency_loss(f, x, rule, running_statistics=p))(batches)
    f = network(nn.BatchNorm1d(6))  # PyTorch counts a batch before it refuses it
    found = vmap(lambda x: idempotency_loss(f, x, rule, running_statistics="none"))(batches)
    one_by_one = [idempotency_loss(f, x, rule, running_statistics="none") for x in batches]
    assert_same(found, one_by_one)
    assert_same(gradients(f, found.sum()), gradients(f, one_by_one[0] + one_by_one[1]))
    assert counted(f) == 0


@each_rule
def test_vmap_asks_whether_masks_shall_differ(rule):
    f, batches = network(nn.Dropout(0.5)), torch.stack([inputs(), inputs()])
    with pytest.raises(RuntimeError, match="'same' or 'different' randomness flags on vmap"):
        vmap(lambda x: idempotency_loss(f, x, rule))(batches)
    for randomness in ("same", "different"):
        a, b = vmap(lambda x: idempotency_loss(f, x, rule), randomness=randomness)(batches)
        assert torch.equal(a, b) == (randomness == "same")


@each_rule
def test_frozen_parameters_get_no_gradient_and_change_no_other(rule):
    f, x = network(), inputs()
    expected = gradients(f, idempotency_loss(f, x, rule))
    f[0].requires_grad_(False)
    idempotency_loss(f, x, rule).backward()
    assert f[0].weight.grad is None
    assert_same([p.grad for p in f[-1].parameters()], expected[-2:])


@each_rule
def test_a_frozen_network_hands_the_gradient_to_its_input(rule):
    f, x = network(), inputs().requires_grad_()
    (expected,) = torch.autograd.grad(idempotency_loss(f, x, rule), x)
    f.requires_grad_(False)
    (found,) = torch.autograd.grad(idempotency_loss(f, x, rule), x)
    assert_same([found], [expected])


@each_rule
def test_two_losses_and_a_reconstruction_in_one_step_add_up(rule):
    f, x, z = network(), inputs(), inputs(seed=2)
    losses: list[Callable[[], Tensor]] = [
        lambda: nn.functional.mse_loss(f(x), x),
        lambda: 0.5 * idempotency_loss(f, z, rule),
        lambda: 2 * idempotency_loss(f, x, rule, scale="mean"),
    ]
    apart = [gradients(f, loss()) for loss in losses]
    together = gradients(f, sum((loss() for loss in losses), torch.zeros(())))
    assert_same(together, map(sum, zip(*apart, strict=True)))


WRAPPERS = {
    "parallel": DistributedDataParallel,
    "parallel of compiled": lambda f: DistributedDataParallel(traced(f)),
    "compiled of parallel": lambda f: traced(DistributedDataParallel(f)),
    "partial of parallel": lambda f: partial(DistributedDataParallel(f)),
}


def policies(rule, wrapper: str, x: Tensor) -> dict[str, tuple[list, int]]:
    """Return what two steps leave behind under every policy, the last without gradients."""
    found = {}
    for policy in RUNNING_STATISTICS:
        f = network(nn.BatchNorm1d(6))
        wrapped = WRAPPERS[wrapper](f)
        idempotency_loss(wrapped, x, rule, running_statistics=policy).backward()
        with torch.no_grad():
            idempotency_loss(wrapped, x, rule, running_statistics=policy)
        found[policy] = [p.grad for p in f.parameters()], counted(f)
    masked = WRAPPERS[wrapper](Mask())
    found["same"] = idempotency_loss(masked, x, rule, randomness="same").item()
    return found


def parallel(rank: int, folder: Path) -> None:
    """Leave the gradients of every rule, averaged over two processes, in a file."""
    torch.set_num_threads(1)
    url = (folder / "store").as_uri()
    torch.distributed.init_process_group("gloo", init_method=url, rank=rank, world_size=2)
    found = {}
    for layer in (nn.Identity(), nn.BatchNorm1d(6)):
        for rule in RULES:
            f = DistributedDataParallel(network(copy.deepcopy(layer)))
            for _ in range(2):  # the second step broadcasts buffers that the first has moved
                f.zero_grad()
                idempotency_loss(f, inputs().chunk(2)[rank], rule).backward()
            kept = [p.grad for p in f.parameters()], list(f.buffers())
            found[type(layer).__name__, str(rule)] = kept
    found |= {key: policies(*key, inputs().chunk(2)[rank]) for key in product(ALL_RULES, WRAPPERS)}
    torch.save(found, folder / f"{rank}.pt")
    torch.distributed.destroy_process_group()


@pytest.fixture(scope="module")
def of_two_processes(tmp_path_factory: pytest.TempPathFactory) -> list[dict]:
    folder = tmp_path_factory.mktemp("parallel")
    spawn(parallel, (folder,), nprocs=2)
    return [torch.load(folder / f"{rank}.pt") for rank in range(2)]


@each_rule
def test_two_processes_find_the_gradient_of_the_whole_batch(rule, of_two_processes: list[dict]):
    f, x = network(nn.Identity()), inputs()
    expected = gradients(f, idempotency_loss(f, x, rule))
    for found in of_two_processes:
        assert_same(found["Identity", str(rule)][0], expected)


@each_rule
def test_two_processes_normalise_each_by_its_share_of_the_batch(rule, of_two_processes: list[dict]):
    f = network(nn.BatchNorm1d(6))
    shares = [gradients(f, idempotency_loss(f, x, rule)) for x in inputs().chunk(2)]
    expected = [(a + b) / 2 for a, b in zip(*shares, strict=True)]
    for rank, found in enumerate(of_two_processes):
        assert_same(found["BatchNorm1d", str(rule)][0], expected)
        _, (mean, _, count) = found["BatchNorm1d", str(rule)]
        hidden = [f[0](x).mean(0) for x in inputs().chunk(2)]
        # each step starts from the buffers of rank 0, and f(x) alone moves them
        torch.testing.assert_close(mean, 0.09 * hidden[0] + 0.1 * hidden[rank])
        assert count == 2


@pytest.mark.parametrize("rule", ALL_RULES)
@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_two_processes_follow_every_policy(rule, wrapper: str, of_two_processes: list[dict]):
    f = network(nn.BatchNorm1d(6))
    shares = [gradients(f, idempotency_loss(f, x, rule)) for x in inputs().chunk(2)]
    expected = [(a + b) / 2 for a, b in zip(*shares, strict=True)]
    passes = 2 if rule in TWO_RECORDED else 3
    for found in of_two_processes:
        kept = found[rule, wrapper]
        for policy, moves in {"first": 1, "all": passes, "none": 0}.items():
            assert_same(kept[policy][0], expected)
            assert kept[policy][1] == 2 * moves
        assert kept["same"] == 0
