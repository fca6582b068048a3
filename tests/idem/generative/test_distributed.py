"""Two processes train as one does: its losses, gradients and statistics, to rounding."""

import time
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as dist
from torch import Generator, Tensor, nn
from torch.multiprocessing.spawn import start_processes

from idem.checkpoint import Checkpoint, OutOfTime
from idem.generative.decorrelation import DecorrelatedBatchNorm2d
from idem.generative.distributed import (
    in_parts,
    synchronized,
    total,
    train_in_parallel,
)
from idem.generative.ign import IGN
from idem.generative.objective import Objective
from idem.generative.optimization import Optimization
from idem.generative.training import train
from idem.generative.udcgan import UDCGAN

PROCESSES, ITEMS = 2, 7  # parts of three and four items
RULES = {
    "modified": Objective("modified", weight=0.7),
    "to the average": Objective("modified", target="ema"),
    "another corrector": Objective((0.0, 5.0, -6.0, 2.0)),
    "ordinary": Objective("ordinary"),
    "none": Objective("none"),
    "ign": Objective(IGN(clamp=None)),
}
IMAGES = torch.randint(0, 256, (40, 1, 8, 8), generator=Generator().manual_seed(0)).byte()


def network(seed: int = 0) -> UDCGAN:
    return UDCGAN((1, 8, 8), (4, 6), 4, generator=Generator().manual_seed(seed))


def batches() -> list[Tensor]:
    generator = Generator().manual_seed(1)
    return [torch.randn(ITEMS, 1, 8, 8, generator=generator).double() for _ in range(3)]


def of_step(f: nn.Module, losses) -> dict[str, Any]:
    """Return the losses of a step, and what it leaves in the network."""
    loss, *parts = losses(*batches(), network(1).double())
    loss.backward()
    assert not any(buffer.requires_grad for buffer in f.buffers())
    gradients = [p.grad for p in f.parameters()]
    return {"parts": torch.stack(parts), "gradients": gradients, "buffers": list(f.buffers())}


def alone(objective: Objective) -> dict[str, Any]:
    f = network().double()
    return of_step(f, lambda *batch: objective.losses(f, *batch))


def together(objective: Objective) -> dict[str, Any]:
    f = network(seed=dist.get_rank()).double()  # that of the first process counts
    return of_step(f, in_parts(f, objective))


def trained(by=train, checkpoint: Checkpoint | None = None, steps: int = 6) -> dict[str, Any]:
    optimization = Optimization(steps=steps, batch_size=ITEMS, max_gradient_norm=1.0)
    objective = Objective("modified", data_noise=0.5)
    f = network(seed=dist.get_rank() if dist.is_initialized() else 0)
    given: dict[str, Any] = {"seed": 3, "log_every": 2, "checkpoint": checkpoint}
    state = by(f, IMAGES, None, objective, optimization, **given)
    tensors, notes = state.saved()
    return {"tensors": tensors, "notes": notes}


def stopped(path: Path) -> str:
    """Return why a training with no time left has ended: it is over for the first process alone."""
    deadline = time.monotonic() if dist.get_rank() == 0 else None
    try:
        trained(train_in_parallel, Checkpoint(path, deadline=deadline))
    except OutOfTime:
        return "out of time"
    return "the last step"


def refused(objective: Objective, items: int) -> str:
    f = network()
    with pytest.raises(ValueError) as error:
        x, given, z = (batch[:items].float() for batch in batches())
        in_parts(f, objective)(x, given, z, f)
    return str(error.value)


def of_a_sum() -> Tensor:
    x = torch.full((3,), 1.0 + dist.get_rank(), requires_grad=True)
    (total(x) * (1 + dist.get_rank())).sum().backward()
    assert x.grad is not None
    return torch.stack([total(x).detach(), x.grad])


def process(rank: int, folder: Path) -> None:
    """Leave in a file what one of the processes finds."""
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore", "Grad strides do not match")  # of images with one channel
    url = (folder / "store").as_uri()
    dist.init_process_group("gloo", init_method=url, rank=rank, world_size=PROCESSES)
    found: dict[str, Any] = {name: together(objective) for name, objective in RULES.items()}
    found |= {"sum": of_a_sum(), "trained": trained(train_in_parallel)}
    place = folder / f"of the first{rank if rank else ''}.npz"  # no other process has this file
    found["stopped"] = stopped(place)
    found["written"] = place.exists()
    found["went on"] = trained(train_in_parallel, Checkpoint(place))
    found["clamped"] = refused(Objective(IGN()), ITEMS)
    found["few"] = refused(Objective(), PROCESSES - 1)
    torch.save(found, folder / f"{rank}.pt")
    dist.destroy_process_group()


@pytest.fixture(scope="module")
def processes(tmp_path_factory: pytest.TempPathFactory) -> list[dict]:
    folder = tmp_path_factory.mktemp("processes")
    how = "spawn" if torch.accelerator.is_available() else "fork"  # which imports nothing again
    start_processes(process, (folder,), nprocs=PROCESSES, start_method=how)
    return [torch.load(folder / f"{rank}.pt") for rank in range(PROCESSES)]


@pytest.mark.parametrize("rule", RULES)
def test_a_step_is_that_of_one_process_though_parts_are_unequal(rule, processes: list[dict]):
    expected = alone(RULES[rule])
    for found in processes:
        torch.testing.assert_close(found[rule], expected, rtol=1e-9, atol=1e-12)


def test_gradients_would_differ_if_every_process_normalised_by_its_part():
    f, whole = network().double(), alone(RULES["modified"])
    own = of_step(f, lambda *batch: RULES["modified"].losses(f, *(x[:3] for x in batch[:3])))
    pairs = zip(own["gradients"], whole["gradients"], strict=True)
    assert max(float((a - b).abs().max() / b.abs().max()) for a, b in pairs) > 0.1


def test_a_training_is_that_of_one_process(processes: list[dict]):
    expected = trained()
    for found in (process["trained"] for process in processes):
        assert found["notes"]["step"] == expected["notes"]["step"]
        for row, reference in zip(
            found["notes"]["history"], expected["notes"]["history"], strict=True
        ):
            assert row == pytest.approx(reference, rel=1e-3, nan_ok=True)
        for name, value in expected["tensors"].items():
            torch.testing.assert_close(found["tensors"][name], value, rtol=2e-2, atol=2e-3)


def test_all_processes_end_with_the_same_bytes(processes: list[dict]):
    first, *others = (process["trained"] for process in processes)
    for other in others:
        torch.testing.assert_close(other, first, rtol=0, atol=0)


def test_the_first_stops_all_and_they_go_on_from_its_file_to_the_same_bytes(processes: list[dict]):
    assert [found["stopped"] for found in processes] == ["out of time"] * PROCESSES
    assert [found["written"] for found in processes] == [True] + [False] * (PROCESSES - 1)
    for found in processes:
        torch.testing.assert_close(found["went on"], found["trained"], rtol=0, atol=0)


def test_a_sum_has_the_derivative_of_the_sum_of_what_all_make_of_it(processes: list[dict]):
    for found in processes:
        torch.testing.assert_close(found["sum"], torch.full((2, 3), 3.0))


def test_what_cannot_be_shared_is_refused_with_what_can(processes: list[dict]):
    for found in processes:
        assert "expected a loss that is a mean over items" in found["clamped"]
        assert "take clamp=None" in found["clamped"]
        assert "for each of 2 processes, got 1; start fewer" in found["few"]


def test_layers_are_what_they_were_after_they_were_synchronized():
    f = nn.Sequential(nn.BatchNorm2d(2), DecorrelatedBatchNorm2d(4), nn.Conv2d(1, 1, 1))
    before = [type(layer) for layer in f]
    with pytest.raises(ZeroDivisionError), synchronized(f):
        assert [type(layer) for layer in f][2:] == before[2:]
        assert all(type(f[i]) is not before[i] and isinstance(f[i], before[i]) for i in (0, 1))
        raise ZeroDivisionError
    assert [type(layer) for layer in f] == before


def test_without_processes_it_says_that_there_are_none():
    with pytest.raises(ValueError, match="process group has not been initialized"):
        train_in_parallel(network(), IMAGES)
