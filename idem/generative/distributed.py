"""Train one network by several processes, each with its part of every batch.

All is as with one process, up to rounding, however many there are: batches keep their size, every
process draws the whole batch and its noise from a generator of the same seed and takes its own
part, and the gradient is that of the whole batch. With B items in all, of which process r of R has
B_r, DistributedDataParallel averages the gradients of (R B_r / B) L_r, L_r the mean over a part:
the parts need not be equal.

What normalises by batches is told of all of them: sums over a part become sums over the batch, and
where a graph is recorded their derivatives are summed over the processes likewise. SyncBatchNorm
does so on GPUs alone. The differentiable sum is our own on the public `torch.distributed`: that of
`torch.distributed.nn.functional` is deprecated, and what replaces it (`_functional_collectives`)
is private and has a derivative only since PyTorch 2.12.

DistributedDataParallel wraps the whole loss of a step, so that the passes within it, the rule's
inner ones too, are of the plain network and send nothing but sums of statistics.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from idem.checkpoint import Checkpoint, OutOfTime
from idem.generative.decorrelation import DecorrelatedBatchNorm2d, move_statistics
from idem.generative.ign import IGN
from idem.generative.noise import Noise
from idem.generative.objective import Objective
from idem.generative.optimization import Optimization
from idem.generative.state import TrainingState
from idem.generative.training import Losses, train


def train_in_parallel(
    f: nn.Module,
    images: Tensor,
    noise: Noise | None = None,
    objective: Objective | None = None,
    optimization: Optimization | None = None,
    *,
    checkpoint: Checkpoint | None = None,
    label: str | None = None,
    **others: Any,
) -> TrainingState:
    """Train a network as `idem.generative.training.train` does, by all processes of a group.

    Every process calls it, with the same arguments but for the device that `f` and `images` are
    on, after `torch.distributed.init_process_group`; ``torchrun`` starts such processes. A
    validation is measured by each of them, on the plain network.

    Args:
        f: of the same initial weights in all processes; others take those of the first.
        images: the whole training split, in every process.
        noise: as for `train`, of the same statistics in all processes.
        objective: as for `train`.
        optimization: its ``batch_size`` is that of all processes together.
        checkpoint: the first process's decides when to save and when to stop, and its file is the
            only one.
        label: shown by the first process.
        others: as for `train`.

    Returns:
        The same state in all processes, with the losses of the whole batches.

    Raises:
        ValueError: as `train`; for batches of fewer items than there are processes; for IGN with
            a clamp and for a weight of align, which are no means over items; without a process
            group.
        FloatingPointError, OutOfTime: as `train`, in all processes at once.
    """
    objective, first = objective or Objective(), dist.get_rank() == 0
    return train(
        f,
        images,
        noise,
        objective,
        optimization,
        losses=in_parts(f, objective),
        checkpoint=None if checkpoint is None else SharedCheckpoint(checkpoint),
        label=label if first else None,
        **others,
    )


def in_parts(f: nn.Module, objective: Objective) -> Losses:
    """Return what computes an objective's losses by all processes, each on its part of a batch.

    Of the loss it returns every process's own share, whose gradients DistributedDataParallel
    averages to that of the whole batch; and the parts of the loss as means over the whole batch.

    Raises:
        ValueError: for IGN with a clamp, or a weight of align, among several processes.
    """
    count, rank = dist.get_world_size(), dist.get_rank()
    if count > 1 and not is_shared(objective):
        raise ValueError(
            "objective: expected a loss that is a mean over items, which several processes can "
            "share, got IGN with a clamp or a weight of align, a function of such means; train it "
            "by one process, or take clamp=None and align=0"
        )
    parallel = DistributedDataParallel(_Loss(f, objective), broadcast_buffers=False)

    def losses(x: Tensor, given: Tensor, z: Tensor, ema: nn.Module) -> Sequence[Tensor]:
        if len(x) < count:
            raise ValueError(
                f"batch_size: expected at least one item for each of {count} processes, got "
                f"{len(x)}; start fewer"
            )
        mine = slice(rank * len(x) // count, (rank + 1) * len(x) // count)
        share = count * (mine.stop - mine.start) / len(x)
        with synchronized(f, ema):
            loss, *parts = parallel(x[mine], given[mine], z[mine], ema)
        means = torch.stack(parts).detach() * (share / count)
        dist.all_reduce(means)
        return [loss * share, *means]

    return losses


def is_shared(objective: Objective) -> bool:
    """Tell whether several processes can share an objective: whether it is a mean over items."""
    clamped = isinstance(objective.rule, IGN) and objective.rule.clamp is not None
    return not clamped and not objective.align


class _Loss(nn.Module):
    """The losses of a step as a module, one forward pass of which is the whole step."""

    def __init__(self, f: nn.Module, objective: Objective) -> None:
        super().__init__()
        self.f, self._objective = f, objective

    def forward(self, x: Tensor, given: Tensor, z: Tensor, ema: nn.Module) -> Sequence[Tensor]:
        return self._objective.losses(self.f, x, given, z, ema)


@contextmanager
def synchronized(*networks: nn.Module) -> Iterator[None]:
    """Normalise by the batches of all processes together, for a while.

    BatchNorm and the decorrelated code do so, in training mode; their running statistics move by
    what they normalise by. Layers change their class and change back, so that parameters, buffers
    and hooks stay as they are.
    """
    layers = [m for f in networks for m in f.modules() if type(m) in _SYNCHRONIZED]
    try:
        for layer in layers:
            layer.__class__ = _SYNCHRONIZED[type(layer)]
        yield
    finally:
        for layer in layers:
            layer.__class__ = type(layer).__mro__[1]


class _BatchNorm2d(nn.BatchNorm2d):
    """`torch.nn.BatchNorm2d` over the batches of all processes."""

    def forward(self, input: Tensor) -> Tensor:
        if not self.training:
            return super().forward(input)
        x = input.to(torch.promote_types(input.dtype, torch.float32))
        mean, count = _mean(x)
        centred = x - mean[:, None, None]
        variance = total(centred.square().sum((0, 2, 3))) / count
        move_statistics(self, mean.detach(), variance.detach(), count)
        result = centred * (variance + self.eps).rsqrt()[:, None, None]
        if self.affine:
            result = result * self.weight[:, None, None] + self.bias[:, None, None]
        return result.to(input.dtype)


class _DecorrelatedBatchNorm2d(DecorrelatedBatchNorm2d):
    """`DecorrelatedBatchNorm2d` over the batches of all processes."""

    def _of_batch(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        mean, count = _mean(x)
        centred = self._grouped(x - mean[:, None, None])
        return mean, total(centred @ centred.mT) / count, centred, count


_SYNCHRONIZED: dict[type[nn.Module], type[nn.Module]] = {
    nn.BatchNorm2d: _BatchNorm2d,
    DecorrelatedBatchNorm2d: _DecorrelatedBatchNorm2d,
}


def _mean(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return the mean of every channel over all processes, and over how many values it is."""
    own = x.new_full((1,), x.numel() // x.shape[1])
    sums, count = total(torch.cat([x.sum((0, 2, 3)), own])).split([x.shape[1], 1])
    return sums / count.detach(), count.detach()


def total(x: Tensor) -> Tensor:
    """Return the sum over all processes, which can be differentiated.

    The derivative is of the sum of what the processes make of it.

    Args:
        x: of the same shape and dtype in all of them.
    """
    result = _Total.apply(x)
    assert isinstance(result, Tensor)
    return result


class _Total(torch.autograd.Function):
    @staticmethod
    def forward(x: Tensor) -> Tensor:
        result = x.clone(memory_format=torch.contiguous_format)
        dist.all_reduce(result)
        return result

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor], output: Any) -> None:
        """Keep nothing: the derivative is linear."""

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> Tensor:
        return total(upstream[0])


class SharedCheckpoint(Checkpoint):
    """A checkpoint of all processes: the first one reads, writes, and decides when.

    Args:
        of: what the first process would have alone.
    """

    def __init__(self, of: Checkpoint) -> None:
        super().__init__(of.path, of.every, of.deadline)
        self._first = dist.get_rank() == 0

    def load(self) -> tuple[dict[str, Tensor], Any] | None:
        """Return what the first process finds, in all of them."""
        return _of_first(super().load() if self._first else None)

    def is_due(self) -> bool:
        """Whether it is time for the first process."""
        return _of_first(super().is_due())

    def save(self, tensors: dict[str, Tensor], notes: Any) -> None:
        """Let the first process write, and stop all if its time is up.

        Raises:
            OutOfTime: after the deadline, once all is saved.
        """
        over = False
        if self._first:
            try:
                super().save(tensors, notes)
            except OutOfTime:
                over = True
        if _of_first(over):
            raise OutOfTime


def _of_first(value: Any) -> Any:
    """Return what the first process has given."""
    found = [value]
    dist.broadcast_object_list(found)
    return found[0]
