"""How much of a device the trainings use: one core of the CPU, or a GPU by `IDEM_DEVICE=cuda`.

Asked: a sweep of B3 or B4, in units as the paper's parameters cut them, runs at 60 % or more of the
device's own product rate, which is that of the best of some large products in float32, at the
precision of the parameters; and a step of the U-DCGAN takes at most 5 % beyond the bare passes of
its rule. In between: how fast the network's own products are alone, in the shapes of its lanes. The
first line says what the numbers are of.

    PYTHONPATH=. python tests/benchmarks/bench_device.py

Three minutes. On a GPU not run since it was written: none was at hand.
"""

import time
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from idem.landscape.cost import exact_forward_equivalents
from idem.rule.loss import RULES
from idem.sweeps.grid import Grid
from idem.sweeps.sweep import train_lanes
from stages.common import params
from stages.common.engine import device
from stages.common.params.pipelines import file_of
from stages.common.units import provenance
from stages.sweeps.sweep import grid_of
from tests import ROOT
from tests.benchmarks.bench_training import cases, compare_steps

DEVICE = device()
NETWORKS, STEPS, ROUNDS = ("B3", "B4"), 2 if DEVICE == "cpu" else 40, 3
SIZES = (1024, 2048, 4096)  # of the square products
OPERATIONS = 2e11 if DEVICE == "cpu" else 2e13  # that a rate is measured over


def main() -> None:
    """Print what of the device's products the sweeps reach, then the step over its passes."""
    torch.set_num_threads(1)
    section = params.read(ROOT / file_of("paper"), params.Paper).sweep
    torch.set_float32_matmul_precision(section.matmul_precision)
    made_on = provenance(0.0, DEVICE)
    peak = max(product_rate(*squares(size)) for size in SIZES)
    where = "one core of the CPU" if DEVICE == "cpu" else made_on.device
    print(f"{where} ({made_on.cpu}), PyTorch {made_on.versions['torch']}")
    print(f"products of squares: {peak / 1e9:.1f} GFLOP/s")
    print("network rule      GFLOP/s  of the device  of the network's own products")
    for name in NETWORKS:
        grid = grid_of(section, section.networks[name])
        own = own_products(grid)
        for rule in RULES:
            found = sweep_rate(grid, rule)
            print(f"{name:7} {rule:9} {found / 1e9:7.1f} {found / peak:14.0%} {found / own:30.0%}")
    compare_steps(cases()[0]._replace(seconds=30.0))


def seconds(work: Callable[[], object]) -> float:
    """Return the least time of some rounds, until the device has finished."""
    times = []
    for _ in range(ROUNDS):
        start = _clock()
        work()
        times.append(_clock() - start)
    return min(times)


def _clock() -> float:
    if DEVICE != "cpu":
        torch.cuda.synchronize()
    return time.perf_counter()


def squares(size: int) -> tuple[Tensor, Tensor]:
    """Return two square matrices."""
    return torch.randn(size, size, device=DEVICE), torch.randn(size, size, device=DEVICE)


def product_rate(a: Tensor, b: Tensor) -> float:
    """Return the operations a second of a product, (..., n, m) times (..., m, k)."""
    operations = 2.0 * a.numel() * b.shape[-1]
    out, count = a @ b, max(1, int(OPERATIONS / operations / 10))

    def work() -> None:
        for _ in range(count):
            torch.matmul(a, b, out=out)

    return count * operations / seconds(work)


def own_products(grid: Grid) -> float:
    """Return the operations a second of a network's products: forward, to weights, to inputs."""
    lanes, total, needed = len(grid.units()[0].learning_rates), 0.0, 0.0
    for n, m in zip(grid.widths, grid.widths[1:], strict=False):
        W, x, z = (
            torch.randn(lanes, *shape, device=DEVICE)
            for shape in ((m, n), (n, grid.batch_size), (m, grid.batch_size))
        )
        of_each = 2.0 * lanes * n * m * grid.batch_size
        for a, b in ((W, x), (z, x.mT), (W.mT, z)):
            total += of_each
            needed += of_each / product_rate(a, b)
    return total / needed


def sweep_rate(grid: Grid, rule: str) -> float:
    """Return the operations a second of a unit's steps, its start and measurements left out."""
    unit = next(unit for unit in grid.units() if unit.rule == rule)
    low = [1e-3 * (i + 1) for i in range(len(unit.learning_rates))]
    unit = unit._replace(learning_rates=tuple(low))

    def steps(count: int) -> Callable[[], object]:
        short = replace(grid, steps=count, log_every=count, learning_rates=low)
        return lambda: train_lanes(short, unit, device=DEVICE)

    layers = zip(grid.widths, grid.widths[1:], strict=False)
    forward = 2.0 * grid.batch_size * sum(n * m for n, m in layers)
    done = exact_forward_equivalents(list(grid.widths), rule) * forward * len(low) * 2 * STEPS
    return done / (seconds(steps(3 * STEPS)) - seconds(steps(STEPS)))


if __name__ == "__main__":
    main()
