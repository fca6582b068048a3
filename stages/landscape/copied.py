"""What stage copying trains: networks that have been taught to copy their inputs before."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss

from idem.checkpoint import Checkpoint, OutOfTime
from idem.sweeps.grid import Grid, Unit, seeded
from idem.sweeps.mlp import MLP
from stages.landscape.centred import train

Row = dict[str, Any]
_TEACHING = 4  # what a stream of random numbers is for: `idem.sweeps.grid` has those before


@dataclass(frozen=True)
class Copying:
    """How networks are taught to copy.

    Args:
        input_mean: added to every element of a standard normal batch.
        steps: of Adam on the mean squared error, its rate falling to 0 along a cosine.
        learning_rate: that it begins with.
    """

    input_mean: float
    steps: int
    learning_rate: float

    def taught(self, grid: Grid, run: int) -> MLP:
        """Return a network that has learnt, from the start of a run, to copy as well as it can."""
        f = MLP(grid.widths, grid.negative_slope)
        start = [tensor for layer in grid.start(run) for tensor in layer]
        f.load_state_dict(dict(zip(f.state_dict(), start, strict=True)))
        optimizer = torch.optim.Adam(f.parameters(), lr=self.learning_rate)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, self.steps)
        for step in range(self.steps):
            x = self.inputs(grid, seeded(grid.seed, run, step, _TEACHING))
            optimizer.zero_grad()
            mse_loss(f(x), x).backward()
            optimizer.step()
            schedule.step()
        return f

    def batches(self, grid: Grid, run: int) -> Iterator[Tensor]:
        """Yield the batch of every step afterwards, (B, n), and one more to be measured on."""
        for step in range(grid.steps + 1):
            yield grid.batch(run, step) + self.input_mean

    def inputs(self, grid: Grid, generator: torch.Generator) -> Tensor:
        """Draw a batch, (B, n)."""
        return torch.randn(grid.batch_size, grid.widths[0], generator=generator) + self.input_mean


def trained(
    grid: Grid, copying: Copying, unit: Unit, precision: str, checkpoint: Checkpoint
) -> list[Row] | None:
    """Return the first and the last row of every rate of a unit, one rate after another.

    Columns are those of `stages.landscape.centred.train`, with ``reconstruction``, the mean squared
    error of f(x) over the variance of x. None if the time was up before all were done; those that
    were are in the checkpoint.
    """
    torch.set_float32_matmul_precision(precision)
    saved = checkpoint.load()
    rows: list[Row] = saved[1]["rows"] if saved else []
    start = copying.taught(grid, unit.run)
    new = copying.inputs(grid, seeded(grid.seed, unit.run, copying.steps, _TEACHING))
    for rate in unit.learning_rates[len(rows) // 2 :]:
        f, batches = deepcopy(start), copying.batches(grid, unit.run)
        first, last = train(f, unit.rule, rate, batches, grid.diverged_above)
        for row, network in ((first, start), (last, f)):
            lane = {"rule": unit.rule, "run": unit.run, "learning_rate": rate}
            rows.append(lane | row | {"reconstruction": reconstruction(network, new)})
        if checkpoint.is_due():
            try:
                checkpoint.save({}, {"step": len(rows) // 2, "rows": rows})
            except OutOfTime:
                return None
    return rows


@torch.no_grad()
def reconstruction(f: nn.Module, x: Tensor) -> float:
    """Return the mean squared error of f(x) over the variance of x, (B, n): 0 for a copy."""
    return float(mse_loss(f(x), x) / x.var(0).mean())
