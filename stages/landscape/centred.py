"""What stage centring trains: one function, with inputs of its layers centred or not."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from idem.checkpoint import Checkpoint, OutOfTime
from idem.evaluation.metrics import absolute_error, output_spread, relative_error
from idem.landscape.centred import centred_network
from idem.rule.loss import idempotency_loss
from idem.sweeps.grid import Grid, Unit

Row = dict[str, Any]


@dataclass(frozen=True)
class Centring:
    """How the networks of a case differ from those that begin at the same starts.

    Args:
        input_mean: added to every element of a standard normal batch.
        centres: what is subtracted from the inputs of every layer.
        trained: the layers that are trained, counted from 0; the others are held.
    """

    input_mean: float
    centres: tuple[float, ...]
    trained: tuple[int, ...]

    def network(self, grid: Grid, run: int) -> nn.Sequential:
        """Return the network that a run begins with."""
        return centred_network(grid.start(run), self.centres, grid.negative_slope, self.trained)

    def batches(self, grid: Grid, run: int) -> Iterator[Tensor]:
        """Yield the batch of every step of a run, (B, n), and one more to be measured on."""
        for step in range(grid.steps + 1):
            yield grid.batch(run, step) + self.input_mean


def trained(
    grid: Grid, centring: Centring, unit: Unit, precision: str, checkpoint: Checkpoint
) -> list[Row] | None:
    """Return the first and the last row of every rate of a unit, one rate after another.

    Columns are those of `idem.sweeps.sweep.train_lanes` that `train` measures. None if the time was
    up before all were done; those that were are in the checkpoint.
    """
    torch.set_float32_matmul_precision(precision)
    saved = checkpoint.load()
    rows: list[Row] = saved[1]["rows"] if saved else []
    for rate in unit.learning_rates[len(rows) // 2 :]:
        lane = {"rule": unit.rule, "run": unit.run, "learning_rate": rate}
        f, batches = centring.network(grid, unit.run), centring.batches(grid, unit.run)
        rows += [lane | row for row in train(f, unit.rule, rate, batches, grid.diverged_above)]
        if checkpoint.is_due():
            try:
                checkpoint.save({}, {"step": len(rows) // 2, "rows": rows})
            except OutOfTime:
                return None
    return rows


def train(
    f: nn.Sequential, rule: str, rate: float, batches: Iterator[Tensor], diverged_above: float
) -> list[Row]:
    """Train by plain descent at the ``matched`` scale, on every batch but the last.

    Args:
        f: of `idem.landscape.centred.centred_network`.
        rule: ``"modified"`` or ``"ordinary"``.
        rate: the learning rate.
        batches: of shape (B, n).
        diverged_above: the root mean square of f(f(x)) − f(x) at which a training ends.

    Returns:
        Two rows, measured on the first batch, and on the last before it is trained on: ``step``,
        ``absolute_error``, ``relative_error``, ``output_spread`` and ``diverged``. The last of a
        training that diverged is of the step at which it did.
    """
    optimizer = torch.optim.SGD([p for p in f.parameters() if p.requires_grad], lr=rate)
    first, step, x = None, 0, next(batches)
    while True:
        loss = idempotency_loss(f, x, rule, check_finite=False)
        rms = math.sqrt(2 * loss.item() / x.shape[1])
        diverged, following = not rms <= diverged_above, next(batches, None)
        if first is None:
            first = {"step": step, "diverged": False} | measured(f, x)
        if diverged or following is None:
            return [first, {"step": step, "diverged": diverged} | measured(f, x)]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        step, x = step + 1, following


@torch.no_grad()
def measured(f: nn.Sequential, x: Tensor) -> dict[str, float]:
    """Return both errors and the spread of the outputs on a batch (B, n)."""
    y = f(x)
    u = f(y)
    return {
        "absolute_error": float(absolute_error(y, u)),
        "relative_error": float(relative_error(y, u)),
        "output_spread": float(output_spread(y)),
    }
