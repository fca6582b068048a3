"""Sweep learning rates, runs and both rules over one network (section 3, Figures 3 and 4).

A *lane* is one training run: a network, a rule, a learning rate and a run index. Initialization and
data depend on the run index alone (common random numbers), so two rates, or two rules, differ by
nothing but themselves. Lanes of one rule and run are trained together, as many as a bound of memory
allows; one whose error leaves its bound has diverged and leaves the others.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Generator, Tensor

from idem.checkpoint import Checkpoint
from idem.rule.loss import RULES, check_rule
from idem.sweeps.lanes import OPTIMIZERS, Activations, Lanes, homogeneous, required_bytes
from idem.sweeps.mlp import INITIALIZATIONS, initial_parameters

Row = dict[str, float | int | str | bool]
_DATA, _PROBE = 0, 1  # what a stream of random numbers is for
_PROBES = 8  # of the Jacobian, for each of so many items that they fill a batch


class Unit(NamedTuple):
    """A chunk of lanes that are trained together: some learning rates of one rule and run."""

    rule: str
    run: int
    learning_rates: tuple[float, ...]
    chunk: int = 0
    """Which chunk of the grid's learning rates these are."""

    @property
    def name(self) -> str:
        """Return a name that no other unit of the grid has, fit for a file."""
        return f"{self.rule}_{self.run}_{self.chunk}"


@dataclass(frozen=True)
class Grid:
    """What is swept: one network, all its learning rates and runs under both rules.

    Args:
        widths: of the network, as for `idem.sweeps.mlp.MLP`; the first and the last are equal.
        learning_rates: one lane each; positive and finite, in ``matched`` units.
        runs: how many pairs of initialization and data.
        steps: gradient steps, each on a fresh batch.
        batch_size: items a step.
        log_every: steps between logged rows; the first and the last are always logged.
        negative_slope: of LeakyReLU.
        initialization: a name from `idem.sweeps.mlp.INITIALIZATIONS`.
        optimizer: ``"sgd"`` or ``"adam"``.
        diverged_above: the root mean square error above which a lane has diverged.
        memory: bytes that the lanes trained together may take.
        seed: decides, with the run index, initialization and data.

    Raises:
        ValueError: for a value out of range, naming it.
    """

    widths: Sequence[int]
    learning_rates: Sequence[float]
    runs: int
    steps: int
    batch_size: int
    log_every: int
    negative_slope: float = 0.2
    initialization: str = "default"
    optimizer: str = "sgd"
    diverged_above: float = 1e3
    memory: int = 2**30
    seed: int = 0

    def __post_init__(self) -> None:
        if len(self.widths) < 2 or self.widths[0] != self.widths[-1]:
            raise ValueError(
                f"widths: expected two or more, the last equal to the first, got {self.widths}"
            )
        if not self.learning_rates or not all(0 < r < math.inf for r in self.learning_rates):
            raise ValueError(
                f"learning_rates: expected positive finite rates, got {self.learning_rates}"
            )
        if len({f"{rate:.6g}" for rate in self.learning_rates}) < len(self.learning_rates):
            raise ValueError(
                "learning_rates: expected rates that differ in their first six digits, got "
                f"{self.learning_rates}"
            )
        for name in ("runs", "steps", "batch_size", "log_every"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: expected at least 1, got {getattr(self, name)}")
        for name, known in (("optimizer", OPTIMIZERS), ("initialization", INITIALIZATIONS)):
            if getattr(self, name) not in known:
                raise ValueError(
                    f"{name}: expected one of {', '.join(known)}, got {getattr(self, name)!r}"
                )
        if not self.diverged_above > 0:
            raise ValueError(f"diverged_above: expected more than 0, got {self.diverged_above}")
        if not 0 <= self.negative_slope < math.inf:
            raise ValueError(f"negative_slope: expected 0 or more, got {self.negative_slope}")
        if self._required(1) > self.memory:
            raise ValueError(
                f"memory: expected at least {self._required(1)} bytes, which one lane of widths "
                f"{list(self.widths)} at batch size {self.batch_size} takes, got {self.memory}"
            )

    def units(self) -> list[Unit]:
        """List the units: for every rule and run its rates, in as few chunks as memory allows.

        The chunks are of equal size but for the last, and depend on the parameters alone.
        """
        count = len(self.learning_rates)
        sizes = (-(-count // chunks) for chunks in range(1, count + 1))
        size = next(size for size in sizes if self._required(size) <= self.memory)
        chunks = [tuple(self.learning_rates[i : i + size]) for i in range(0, count, size)]
        return [
            Unit(rule, run, rates, chunk)
            for run in range(self.runs)
            for rule in RULES
            for chunk, rates in enumerate(chunks)
        ]

    def start(self, run: int) -> list[tuple[Tensor, Tensor]]:
        """Draw the initial ``(weight, bias)`` of every layer for a run index."""
        return initial_parameters(
            self.widths, self.initialization, self.negative_slope, seeded(self.seed, run)
        )

    def batch(self, run: int, step: int) -> Tensor:
        """Draw the standard normal batch of a step, (batch_size, n), float32."""
        generator = seeded(self.seed, run, step, _DATA)
        return torch.randn(self.widths[0], self.batch_size, generator=generator).mT

    def _required(self, lanes: int) -> int:
        return required_bytes(self.widths, self.batch_size, lanes, self.optimizer)


def seeded(*key: int) -> Generator:
    """Return a generator that depends on the whole key: no stream has to be kept or replayed."""
    state = np.random.SeedSequence(key).generate_state(1, np.uint64)
    return Generator().manual_seed(int(state[0] >> 1))


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
        effective rank (tr JᵀJ)² / tr (JᵀJ)²; both at the end only, else NaN) and ``diverged``;
        each measured on the batch of that step. The last row of a lane that diverged is of the step
        at which it did.

    Raises:
        ValueError: for an unknown rule.
        OutOfTime: from the checkpoint, when its deadline has passed.
    """
    check_rule(unit.rule)
    device = torch.device(device)
    lanes, first_step, rows = _begun(grid, unit, checkpoint, device)
    for step in range(first_step, grid.steps + 1):
        if not lanes.rates:
            break
        if checkpoint is not None and step > first_step and checkpoint.is_due():
            checkpoint.save(lanes.state(), {"step": step, "rows": rows})
        logged, last = step % grid.log_every == 0 or step == grid.steps, step == grid.steps
        measured, diverged = _work(grid, unit, lanes, step, logged)
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


def _work(
    grid: Grid, unit: Unit, lanes: Lanes, step: int, logged: bool
) -> tuple[list[Row], Tensor]:
    """Measure the lanes on the batch of a step, a block at a time; leave gradients for a descent.

    Returns:
        What was measured of every lane, empty where a row is not asked for, and which diverged.
    """
    device, last = lanes.weights[0].device, step == grid.steps
    x = homogeneous(grid.batch(unit.run, step).to(device))
    probes = _probes(grid, unit.run).to(device) if last else None
    measured, diverged = [], []
    for block in lanes.blocks():
        activations = lanes.apply_twice(block, x)
        rms = _norm(activations.difference) / math.sqrt(grid.widths[0] * grid.batch_size)
        diverged.append((rms > grid.diverged_above) | rms.isnan())
        if logged or diverged[-1].any():
            measured += _measure(lanes, block, activations, probes)
        else:
            measured += [{}] * len(rms)
        if not last:
            lanes.accumulate(block, activations, unit.rule)
    return measured, torch.cat(diverged)


def _probes(grid: Grid, run: int) -> Tensor:
    """Draw the probes of `Lanes.jacobian`."""
    items, generator = max(1, grid.batch_size // _PROBES), seeded(grid.seed, run, 0, _PROBE)
    heads = torch.empty(_PROBES * items, grid.widths[0]).bernoulli_(generator=generator)
    return homogeneous(heads.mul_(2).sub_(1), last=0.0).unflatten(1, (_PROBES, items))


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
