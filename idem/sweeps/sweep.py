"""Sweep learning rates, runs and both rules over one network (section 3, Figures 3 and 4).

A *lane* is one training run: a network, a rule, a learning rate and a run index. Lanes of one rule
and run are trained together, as many as a bound of memory allows; one whose error leaves its bound
has diverged and leaves the others.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from idem.checkpoint import Checkpoint
from idem.rule.loss import check_rule
from idem.sweeps.grid import PROBE, Grid, Unit, seeded
from idem.sweeps.lanes import Activations, Lanes, homogeneous
from idem.sweeps.mlp import DRAWN

Row = dict[str, float | int | str | bool]
_PROBES = 8  # of the Jacobian, for each of so many items that they fill a batch


def train_lanes(
    grid: Grid,
    unit: Unit,
    report: Callable[[int, float], object] | None = None,
    checkpoint: Checkpoint | None = None,
    device: torch.device | str = "cpu",
) -> list[Row]:
    """Train the learning rates of a unit, measuring on the way.

    Args:
        grid: what is swept.
        unit: one of `grid.units()`.
        report: called at every logged step with the step and the lowest current absolute error.
        checkpoint: where to save and, if it holds something, where to go on.
        device: where to train; starts and batches are drawn on the CPU, the same everywhere.

    Returns:
        A row for every lane and logged step: ``rule``, ``run``, ``learning_rate``, ``step`` (how
        many updates were made before), ``absolute_error``, ``relative_error``, ``loss``
        (``matched`` scale), ``output_spread``, ``update_norm`` (of the step that follows, NaN if
        none does), ``jacobian_trace`` (mean of tr J at single y) and ``jacobian_rank`` (the median
        effective rank (tr JᵀJ)² / tr (JᵀJ)²; both at the end only, else NaN, and estimated from 8
        random vectors at an eighth of the batch) and ``diverged``;
        each measured on the batch of that step before it is trained on. Of data that come again,
        which have been trained on before, a row holds ``new_absolute_error``,
        ``new_relative_error`` and ``new_output_spread`` too, on inputs that no run trains on. The
        last row of a lane that diverged is of the step at which it did.

    Raises:
        ValueError: for an unknown rule.
        OutOfTime: from the checkpoint, when its deadline has passed.
    """
    check_rule(unit.rule)
    device = torch.device(device)
    lanes, first_step, rows = _begun(grid, unit, checkpoint, device)
    data = _Data(grid, unit.run, device)
    for step in range(first_step, grid.steps + 1):
        if not lanes.rates:
            break
        if checkpoint is not None and step > first_step and checkpoint.is_due():
            checkpoint.save(lanes.state(), {"step": step, "rows": rows})
        logged, last = grid.is_logged(step), step == grid.steps
        measured, diverged = _work(grid, unit, lanes, data, step)
        norms = torch.full((len(measured),), math.nan) if last else lanes.descend(measure=logged)
        for lane in (diverged.cpu() | logged).nonzero().flatten().tolist():
            rows.append(
                {"rule": unit.rule, "run": unit.run}
                | {"learning_rate": lanes.rates[lane], "step": step}
                | measured[lane]
                | {"update_norm": float(norms[lane]), "diverged": bool(diverged[lane])}
            )
        if logged and report is not None:
            report(step, min(float(m["absolute_error"]) for m in measured))
        lanes.keep(~diverged)
    if checkpoint is not None and first_step <= grid.steps:
        checkpoint.save({}, {"step": grid.steps + 1, "rows": rows})
    return rows


def _begun(
    grid: Grid, unit: Unit, checkpoint: Checkpoint | None, device: torch.device
) -> tuple[Lanes, int, list[Row]]:
    """Return the lanes, the step to go on with and the rows so far, from the checkpoint if any."""
    saved = checkpoint.load() if checkpoint is not None else None
    rates = unit.learning_rates if saved is None else ()
    start = [(W.to(device), b.to(device)) for W, b in grid.start(unit.run)]
    lanes = Lanes(start, rates, grid.negative_slope, grid.batch_size, grid.optimizer)
    if saved is None:
        return lanes, 0, []
    state, notes = saved
    if notes["step"] <= grid.steps:
        lanes.restore(state, updates=notes["step"])
    return lanes, notes["step"], notes["rows"]


class _Data:
    """The inputs of one run on a device, in homogeneous coordinates (rows(n), B)."""

    def __init__(self, grid: Grid, run: int, device: torch.device) -> None:
        self._grid, self._run, self._device = grid, run, device
        self._batch = self._moved(grid.batch(run, 0)) if grid.batches == 1 else None
        self.new = None if grid.data == "fresh" else self._moved(grid.new_inputs(run))
        """Inputs that no run trains on; None if those of every step are such."""

    def batch(self, step: int) -> Tensor:
        """Return the batch of a step."""
        if self._batch is not None:
            return self._batch
        return self._moved(self._grid.batch(self._run, step))

    def probes(self) -> Tensor:
        """Draw the probes of `Lanes.jacobian`."""
        items = max(1, self._grid.batch_size // _PROBES)
        heads = torch.empty(_PROBES * items, self._grid.widths[0], **DRAWN)
        heads.bernoulli_(generator=seeded(self._grid.seed, self._run, 0, PROBE)).mul_(2).sub_(1)
        return homogeneous(heads, last=0.0).unflatten(1, (_PROBES, items)).to(self._device)

    def _moved(self, x: Tensor) -> Tensor:
        return homogeneous(x.to(self._device))


def _work(grid: Grid, unit: Unit, lanes: Lanes, data: _Data, step: int) -> tuple[list[Row], Tensor]:
    """Measure the lanes on the batch of a step, a block at a time; leave gradients for a descent.

    Returns:
        What was measured of every lane, empty where a row is not asked for, and which diverged.
    """
    logged, last = grid.is_logged(step), step == grid.steps
    x, probes = data.batch(step), data.probes() if last else None
    measured, diverged = [], []
    for block in lanes.blocks():
        activations = lanes.apply_twice(block, x)
        rms = _norm(activations.difference) / math.sqrt(grid.widths[0] * grid.batch_size)
        diverged.append((rms > grid.diverged_above) | rms.isnan())
        shown = logged or bool(diverged[-1].any())
        found = _measure(lanes, block, activations, probes) if shown else [{}] * len(rms)
        if not last:
            lanes.accumulate(block, activations, unit.rule)
        if shown and data.new is not None:
            found = _beside(found, _measure(lanes, block, lanes.apply_twice(block, data.new), None))
        measured += found
    return measured, torch.cat(diverged)


def _beside(on_batch: list[Row], on_new: list[Row]) -> list[Row]:
    """Return the rows on the batch with what was measured on new inputs."""
    names = ("absolute_error", "relative_error", "output_spread")
    return [
        row | {f"new_{name}": new[name] for name in names}
        for row, new in zip(on_batch, on_new, strict=True)
    ]


def _norm(x: Tensor) -> Tensor:
    return torch.linalg.vector_norm(x, dim=(1, 2))


def _measure(
    lanes: Lanes, block: slice, activations: Activations, probes: Tensor | None
) -> list[Row]:
    """Return a row of measurements for every lane of a block."""
    n = lanes.widths[0]
    difference, y = activations.difference[:, :n], activations.first[-1][:, :n]
    norm, spread = _norm(difference), _norm(y - y.mean(2, keepdim=True))
    columns = {
        "absolute_error": difference.abs().mean((1, 2)),
        "relative_error": norm / spread,
        "loss": norm.square() / (2 * y.shape[2]),
        "output_spread": spread / math.sqrt(y[0].numel()),
        "jacobian_trace": torch.full_like(norm, math.nan),
        "jacobian_rank": torch.full_like(norm, math.nan),
    }
    if probes is not None:
        trace, square, fourth = lanes.jacobian(block, activations, probes)
        rank = (square.square() / fourth).median(1).values
        columns |= {"jacobian_trace": trace.mean(1), "jacobian_rank": rank}
    table = {name: values.tolist() for name, values in columns.items()}
    return [dict(zip(table, values, strict=True)) for values in zip(*table.values(), strict=True)]
