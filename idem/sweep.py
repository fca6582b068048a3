"""Sweep learning rates, runs and both rules over one network (section 3, Figures 3 and 4).

A *lane* is one training run: a network, a rule, a learning rate and a run index. Initialization and
data depend on the run index alone (common random numbers), so two rates, or two rules, differ by
nothing but themselves. The lanes of one rule and run are trained as one batch; one whose error
leaves the bound has diverged and leaves the batch.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Generator, Tensor

from idem.lanes import Lanes
from idem.metrics import absolute_error, output_spread, relative_error
from idem.mlp import initial_parameters
from idem.objectives import RULES

Row = dict[str, float | int | str | bool]


@dataclass(frozen=True)
class Grid:
    """What is swept: one network, all its learning rates and runs under both rules.

    Args:
        widths: of the network, as for `idem.mlp.MLP`; the first and the last are equal.
        learning_rates: one lane each; positive and finite, in ``matched`` units.
        runs: how many pairs of initialization and data.
        steps: gradient steps, each on a fresh batch.
        batch_size: items a step.
        log_every: steps between logged rows; the first and the last are always logged.
        negative_slope: of LeakyReLU.
        initialization: a name from `idem.mlp.INITIALIZATIONS`.
        diverged_above: the absolute error above which a lane has diverged.
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
    diverged_above: float = 1e3
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
        for name in ("runs", "steps", "batch_size", "log_every"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: expected at least 1, got {getattr(self, name)}")

    def units(self) -> list[tuple[str, int]]:
        """List the pieces of work that can run apart, ``(rule, run)``."""
        return [(rule, run) for run in range(self.runs) for rule in RULES]

    def start(self, run: int) -> list[tuple[Tensor, Tensor]]:
        """Draw the initial ``(weight, bias)`` of every layer for a run index."""
        return initial_parameters(
            self.widths, self.initialization, self.negative_slope, seeded(self.seed, run)
        )

    def batch(self, run: int, step: int) -> Tensor:
        """Draw the standard normal batch of a step, shape ``(batch_size, n)``, float32."""
        generator = seeded(self.seed, run, step)
        return torch.randn(self.batch_size, self.widths[0], generator=generator)


def seeded(*key: int) -> Generator:
    """Return a generator that depends on the whole key: no stream has to be kept or replayed."""
    state = np.random.SeedSequence(key).generate_state(1, np.uint64)
    return Generator().manual_seed(int(state[0] >> 1))


def train_lanes(
    grid: Grid, rule: str, run: int, report: Callable[[int, float], object] | None = None
) -> list[Row]:
    """Train one rule and run at all learning rates, measuring on the way.

    Args:
        grid: what is swept.
        rule: ``"modified"`` or ``"ordinary"``.
        run: the run index.
        report: called at every logged step with the step and the lowest current absolute error.

    Returns:
        A row for every lane and logged step: ``rule``, ``run``, ``learning_rate``, ``step`` (how
        many updates were made before), ``absolute_error``, ``relative_error``, ``loss``
        (``matched`` scale), ``output_spread`` and ``diverged``; each measured on the batch of that
        step before its update. The last row of a lane that diverged is of the step at which it did.

    Raises:
        ValueError: for an unknown rule.
    """
    if rule not in RULES:
        raise ValueError(f"rule: expected one of {', '.join(RULES)}, got {rule!r}")
    lanes = Lanes(grid.start(run), grid.learning_rates, grid.negative_slope)
    rows: list[Row] = []
    for step in range(grid.steps + 1):
        first = lanes.record(grid.batch(run, step))
        y = first[-1]
        second = lanes.record(y) if rule == "ordinary" else [y, lanes.apply(y)]
        u = second[-1]
        error = torch.func.vmap(absolute_error)(y, u)
        alive = error <= grid.diverged_above  # false for NaN
        logged = step % grid.log_every == 0 or step == grid.steps
        for lane in torch.nonzero(~alive | logged).flatten().tolist():
            rows.append(
                {"rule": rule, "run": run, "learning_rate": lanes.rates[lane], "step": step}
                | _measure(y[lane], u[lane])
                | {"diverged": not alive[lane]}
            )
        if step < grid.steps and rule == "modified":
            lanes.modified_step(first, u)
        elif step < grid.steps:
            lanes.ordinary_step(first, second)
        lanes.keep(alive)
        if not lanes.rates:
            break
        if logged and report is not None:
            report(step, error[alive].min().item())
    return rows


def _measure(y: Tensor, u: Tensor) -> Row:
    return {
        "absolute_error": absolute_error(y, u).item(),
        "relative_error": relative_error(y, u).item(),
        "loss": (u - y).square().sum().item() / (2 * len(y)),
        "output_spread": output_spread(y).item(),
    }
