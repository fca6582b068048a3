"""The grid of a sweep: one network, its rates, runs and rules, and where its numbers come from.

Initialization and data depend on the run index alone (common random numbers), so two rates, or two
rules, differ by nothing but themselves.
"""

import math
import numbers
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Generator, Tensor

from idem.rule.loss import RULES, check_rule
from idem.sweeps.lanes import OPTIMIZERS, required_bytes, rows
from idem.sweeps.mlp import DRAWN, INITIALIZATIONS, initial_parameters, parameter_count
from idem.sweeps.near import NearProjection

DATA = ("fresh", "fixed")
Rates = Sequence[float]
_CHOICES = {"optimizer": OPTIMIZERS, "initialization": INITIALIZATIONS, "data": DATA}
_MOST_OPERATIONS = 1e14  # of a chunk: half an hour at 55 GFLOP/s, what a core of today does
_PASSES = 6  # forward passes that a step takes the time of
_OF_UNIT, _OF_STEP = 110.0, 5e7  # what a unit's activation and a step take the time of beside these
_DATA, PROBE, _NEW = 0, 1, 3  # what a stream of random numbers is for; 2: `landscape.routes`


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
    """What is swept: one network, all its learning rates and runs under every rule.

    Args:
        widths: of the network, as for `idem.sweeps.mlp.MLP`; the first and the last are equal.
        learning_rates: one lane each; positive and finite, in ``matched`` units. The same for
            all rules, or by rule: what one label stands for may be two rates (`stages.published`).
        runs: how many pairs of initialization and data.
        steps: gradient steps.
        batch_size: items a step.
        log_every: steps between logged rows; the first and the last are always logged.
        log_at: steps that are logged besides.
        data: ``"fresh"``, a new batch every step as the paper's text says; ``"fixed"``, one batch a
            run, reused at every step, as its published curves say; or how many inputs a run has in
            all, a multiple of ``batch_size``: its batches come again and again in one order.
        negative_slope: of LeakyReLU.
        initialization: a name from `idem.sweeps.mlp.INITIALIZATIONS`, or how near a projection.
        optimizer: ``"sgd"`` or ``"adam"``.
        diverged_above: the root mean square error above which a lane has diverged.
        memory: bytes that the lanes trained together may take.
        seed: decides, with the run index, initialization and data.
        rules: that are swept; the paper's two if left out.

    Raises:
        ValueError: for a value out of range, naming it.
    """

    widths: Sequence[int]
    learning_rates: Rates | Mapping[str, Rates]
    runs: int
    steps: int
    batch_size: int
    log_every: int
    log_at: Sequence[int] = ()
    data: str | int = "fresh"
    negative_slope: float = 0.2
    initialization: str | NearProjection = "default"
    optimizer: str = "sgd"
    diverged_above: float = 1e3
    memory: int = 2**30
    seed: int = 0
    rules: Sequence[str] = RULES

    def __post_init__(self) -> None:
        given = self.learning_rates
        by_rule = isinstance(given, Mapping)
        lists = {rule: _listed(of) for rule, of in given.items()} if by_rule else _listed(given)
        object.__setattr__(self, "learning_rates", lists)
        whole = all(isinstance(width, numbers.Integral) and width > 0 for width in self.widths)
        if not whole or len(self.widths) < 2 or self.widths[0] != self.widths[-1]:
            raise ValueError(
                "widths: expected two or more whole numbers of at least 1, the last equal to the "
                f"first, got {self.widths}"
            )
        if not self.rules or len(set(self.rules)) < len(self.rules):
            raise ValueError(f"rules: expected one or more that all differ, got {self.rules}")
        if isinstance(self.learning_rates, Mapping) and set(self.learning_rates) != set(self.rules):
            raise ValueError(
                f"learning_rates: expected rates for {' and '.join(self.rules)}, got rates for "
                f"{', '.join(self.learning_rates) or 'nothing'}"
            )
        for rule in self.rules:
            _check_rates(self.rates(rule), self.learning_rates)
        least = {"runs": 1, "steps": 1, "batch_size": 1, "log_every": 1, "seed": 0}
        for name, bound in least.items():
            if not isinstance(given := getattr(self, name), numbers.Integral):
                raise ValueError(f"{name}: expected a whole number, got {given}")
            if given < bound:
                raise ValueError(f"{name}: expected at least {bound}, got {given}")
        for name, known in _CHOICES.items():
            if isinstance(given := getattr(self, name), str) and given not in known:
                raise ValueError(f"{name}: expected one of {', '.join(known)}, got {given!r}")
        own = isinstance(self.data, int | np.integer) and self.data > 0
        if not isinstance(self.data, str) and (not own or self.data % self.batch_size):
            raise ValueError(
                f"data: expected one of {', '.join(DATA)} or a multiple of the batch size, "
                f"{self.batch_size}, got {self.data}"
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

    def rates(self, rule: str) -> Rates:
        """Return the learning rates of a rule; raise ValueError for one that is not swept."""
        check_rule(rule)
        rates = self.learning_rates
        if isinstance(rates, Mapping) and rule not in rates:
            raise ValueError(f"rule: expected one of {', '.join(rates)}, got {rule!r}")
        return rates[rule] if isinstance(rates, Mapping) else rates

    def units(self) -> list[Unit]:
        """List the units: for every rule and run its rates, in as few chunks as memory allows.

        Nor does a chunk take more than `_MOST_OPERATIONS`, but where one lane does. The chunks are
        of equal size but for the last, and depend on the parameters alone.
        """
        chunks = {rule: self._chunks(self.rates(rule)) for rule in self.rules}
        return [
            Unit(rule, run, rates, chunk)
            for run in range(self.runs)
            for rule in self.rules
            for chunk, rates in enumerate(chunks[rule])
        ]

    def operations(self, lanes: int) -> float:
        """Return about how many floating-point operations so many lanes take the time of."""
        of_item = 2.0 * parameter_count(self.widths) * _PASSES + _OF_UNIT * sum(self.widths)
        return (of_item * self.batch_size * lanes + _OF_STEP) * self.steps

    def is_logged(self, step: int) -> bool:
        """Tell whether a step is logged."""
        return step % self.log_every == 0 or step == self.steps or step in self.log_at

    @property
    def batches(self) -> float:
        """How many batches a run has before they come again; infinite for fresh data."""
        if isinstance(self.data, str):
            return {"fresh": math.inf, "fixed": 1}[self.data]
        return self.data // self.batch_size

    def start(self, run: int) -> list[tuple[Tensor, Tensor]]:
        """Draw the initial ``(weight, bias)`` of every layer for a run index."""
        generator, how = seeded(self.seed, run), self.initialization
        if isinstance(how, NearProjection):
            return how.draw(self.widths, generator)
        return initial_parameters(self.widths, how, self.negative_slope, generator)

    def batch(self, run: int, step: int) -> Tensor:
        """Draw the standard normal batch of a step, (batch_size, n), float32.

        Of data that come again it is one of the first `batches`.
        """
        return self._normal(run, int(step % self.batches), _DATA)

    def new_inputs(self, run: int) -> Tensor:
        """Draw a batch that no run trains on, as `batch` otherwise: one for all steps of a run."""
        return self._normal(run, 0, _NEW)

    def _normal(self, run: int, step: int, purpose: int) -> Tensor:
        generator = seeded(self.seed, run, step, purpose)
        return torch.randn(self.widths[0], self.batch_size, generator=generator, **DRAWN).mT

    def _chunks(self, rates: Rates) -> list[tuple[float, ...]]:
        count = len(rates)
        sizes = (-(-count // chunks) for chunks in range(1, count + 1))
        size = next(size for size in sizes if self._fits(size))
        return [tuple(rates[i : i + size]) for i in range(0, count, size)]

    def _fits(self, lanes: int) -> bool:
        brief = lanes == 1 or self.operations(lanes) <= _MOST_OPERATIONS
        return brief and self._required(lanes) <= self.memory

    def _required(self, lanes: int) -> int:
        """Return the bytes of so many lanes; of data that come again two batches are held."""
        held = 0 if self.data == "fresh" else 2 * 4 * rows(self.widths[0]) * self.batch_size
        return required_bytes(self.widths, self.batch_size, lanes, self.optimizer) + held


def seeded(*key: int) -> Generator:
    """Return a generator that depends on the whole key: no stream has to be kept or replayed.

    Zeros at the end of a key do not count, as `numpy.random.SeedSequence` fills short keys with
    them: ``seeded(s, run)``, the start of a run, and ``seeded(s, run, 0, 0)``, its first batch,
    are one stream, and with ``data="fixed"`` that is its only batch. It moves no result by more
    than runs scatter: B2 with a batch from a stream of its own ends within 1.6 %, ten runs
    (``tests/benchmarks/bench_streams.py``). It stays so until runs are made again, as all would be.
    """
    state = np.random.SeedSequence(key).generate_state(1, np.uint64)
    return Generator().manual_seed(int(state[0] >> 1))


def _listed(rates: Any) -> Any:
    """Return rates as they are, those in an array or a tensor as a list."""
    return rates.tolist() if isinstance(rates, np.ndarray | Tensor) else rates


def _check_rates(rates: Rates, given: object) -> None:
    """Raise ValueError, naming what was given, unless the rates can be lanes."""
    several = isinstance(rates, Sequence) and len(rates) > 0
    if not several or not all(0 < rate < math.inf for rate in rates):
        raise ValueError(f"learning_rates: expected positive finite rates, got {given}")
    if len({f"{rate:.6g}" for rate in rates}) < len(rates):
        raise ValueError(
            f"learning_rates: expected rates that differ in their first six digits, got {given}"
        )
