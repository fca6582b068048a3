"""On a GPU as on the CPU: the same numbers up to rounding, and the same bytes twice.

The latter with algorithms of cuDNN that are deterministic, which it does not take of itself.
"""

import copy
from pathlib import Path

import pytest
import torch
from torch import Generator, nn

from idem import project
from idem.checkpoint import Checkpoint, OutOfTime
from idem.generative.calibration import recalibrate
from idem.generative.ign import IGN
from idem.generative.noise import FourierNoise
from idem.generative.objective import Objective
from idem.generative.optimization import Optimization
from idem.generative.state import TrainingState, begin
from idem.generative.training import train
from idem.generative.udcgan import UDCGAN
from idem.rule.loss import ALL_RULES, idempotency_loss
from idem.sweeps.grid import Grid, Unit
from idem.sweeps.sweep import train_lanes
from stages.common.devices import DeviceError, explained
from stages.evaluation import evaluate
from stages.generative import train as stage_train
from tests.stages.evaluation.test_evaluate import run, tiny_data, tiny_params

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU with CUDA")
IMAGES = torch.randint(
    0, 256, (40, 1, 8, 8), dtype=torch.uint8, generator=Generator().manual_seed(0)
)


@pytest.fixture(autouse=True)
def deterministic(monkeypatch):
    monkeypatch.setattr(torch.backends.cudnn, "deterministic", True)
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)


def network() -> UDCGAN:
    return UDCGAN((1, 8, 8), (8, 16), 8, generator=Generator().manual_seed(0))


@pytest.mark.parametrize("rule", [*ALL_RULES, (0.0, 5.0, -6.0, 2.0)])
def test_loss_and_gradients_equal_those_of_the_cpu(rule):
    found = {}
    for device in ("cpu", "cuda"):
        f = network().double().to(device)
        loss = idempotency_loss(
            f, torch.randn(6, 1, 8, 8, generator=rng()).double().to(device), rule
        )
        loss.backward()
        found[device] = [t.cpu() for t in (loss.detach(), *gradients(f))]
    for ours, reference in zip(found["cuda"], found["cpu"], strict=True):
        torch.testing.assert_close(ours, reference, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("rule", ALL_RULES)
def test_lanes_equal_those_of_the_cpu(rule):
    grid = Grid(
        widths=[5, 7, 5], learning_rates=[0.1, 0.5], runs=1, steps=12, batch_size=50, log_every=5
    )
    unit = Unit(rule, 0, tuple(grid.rates(rule)))
    ours, reference = (train_lanes(grid, unit, device=device) for device in ("cuda", "cpu"))
    for row, expected in zip(ours, reference, strict=True):
        assert row["absolute_error"] == pytest.approx(expected["absolute_error"], rel=1e-4)


def test_projectors_equal_those_of_the_cpu():
    K = torch.diag_embed((torch.rand(3, 30, generator=rng()) > 0.5).double())
    K = K + 0.01 * torch.randn(3, 30, 30, generator=rng()).double()
    ours, reference = project(K.cuda()), project(K)
    torch.testing.assert_close(ours.projector.cpu(), reference.projector, rtol=0, atol=1e-10)
    assert torch.equal(ours.rank.cpu(), reference.rank)


def rng() -> Generator:
    return Generator().manual_seed(1)


def trained(
    rule, steps: int, checkpoint: Checkpoint | None = None, precision=torch.float32
) -> TrainingState:
    images = IMAGES.cuda()
    f = network().cuda().to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    return train(
        f,
        images,
        objective=Objective(rule, data_noise=0.5),
        optimization=Optimization(steps=steps, batch_size=8, precision=precision),
        seed=3,
        log_every=4,
        checkpoint=checkpoint,
    )


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("rule", ["modified", "ordinary", "none", IGN()], ids=str)
def test_a_training_that_was_cut_ends_with_the_same_bytes(tmp_path: Path, rule, precision):
    whole = trained(rule, 12, precision=precision).saved()
    place = tmp_path / "run.npz"
    with pytest.raises(OutOfTime):
        trained(rule, 12, Checkpoint(place, deadline=0.0), precision)
    state = trained(rule, 12, Checkpoint(place), precision)
    tensors, notes = state.saved()
    assert notes == whole[1]
    assert all(torch.equal(tensors[name], value) for name, value in whole[0].items())


def test_a_loss_that_is_not_finite_stops_the_run_before_the_next_row():
    images, f = IMAGES.cuda(), network().cuda()
    with torch.no_grad():
        next(f.parameters()).fill_(torch.nan)
    optimization = Optimization(steps=8)
    state = begin({"model": f}, optimization, seed=3)
    with pytest.raises(FloatingPointError, match="loss not finite at step 1"):
        train(f, images, optimization=optimization, state=state, log_every=4)
    assert (state.step, state.history) == (4, [])


def test_the_generative_stages_give_the_same_bytes_there_twice(tmp_path, monkeypatch):
    monkeypatch.setenv("IDEM_DEVICE", "cuda")
    found = []
    for name in ("first", "second"):
        folder = tmp_path / name
        folder.mkdir()
        tiny_params(folder)
        tiny_data(folder)
        monkeypatch.chdir(folder)
        for stage in (stage_train, evaluate):
            run(stage, monkeypatch)
        files = [*folder.glob("metrics/*"), *folder.glob("data/mnist/weights/*")]
        found.append({path.name: path.read_bytes() for path in files})
    assert len(found[0]) > 20
    assert found[0] == found[1]


def test_recalibrated_statistics_equal_those_of_the_cpu():
    f = network()
    moved = copy.deepcopy(f).cuda()
    given = {"batches": 400, "batch_size": 40, "seed": 0}
    recalibrate(f, IMAGES, FourierNoise.fit(IMAGES), **given)
    recalibrate(moved, IMAGES.cuda(), FourierNoise.fit(IMAGES.cuda()), **given)
    for ours, reference in zip(variances(moved), variances(f), strict=True):
        atol = float(reference.std()) / 5  # twice what other draws differ by
        torch.testing.assert_close(ours.cpu(), reference, rtol=0, atol=atol)


def test_a_gpu_that_is_too_small_is_named_with_what_would_be_needed():
    needed = "has .* GiB, and one unit needs 4194304.0 or more"
    with pytest.raises(DeviceError, match=needed), explained("cuda"):
        torch.empty(2**50, device="cuda")


def variances(f: nn.Module) -> list[torch.Tensor]:
    return [value for name, value in f.named_buffers() if name.endswith("running_var")]


def gradients(f: nn.Module) -> list[torch.Tensor]:
    return [p.grad for p in f.parameters() if p.grad is not None]
