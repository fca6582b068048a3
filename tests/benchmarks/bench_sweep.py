"""Lanes against a plain loop over runs, against torch.func, and against the peak.

Claim: at least 10 times a plain loop for 20 lanes of B1 and 15 times for 100; at least 85 % of the
speed of B2's own products and 88 % of B3's and B4's; faster than torch.func on all four. Side by
side in one run: a loop over runs as a user of PyTorch writes it (`torch.nn`, `torch.optim.SGD`,
`idem.idempotency_loss`); `torch.func` (stack_module_state, vmap over lanes, grad); and
`idem.sweeps.sweep.train_lanes`. One thread; all train on the same batches, drawn before the clock
starts.

    make bench

Speeds are real operations a second (`idem.landscape.cost`), so that a measurement at the end counts
as work; "of peak" is against the network's own products alone, in the shapes and batches of the
lanes, timed in the same run. On a shared machine that wanders by a third within a minute; the last
column but one does not, the share of CPU time in matrix products, start and measurements included:
86 and 87 % for B3 on an Intel Xeon (95 % of a step alone). Typical output, without that column (two
idle cores of an AMD EPYC):

    network rule      lanes  plain s  func s  ours s  ours/plain  /func  GFLOP/s  of peak  sampling
    B1      modified     20     2.50    0.68    0.15      16.2      4.4      7.8      37%     0.009
      JAX (vmap and jit) needs 0.23 s where a plain loop needs 1.85: 8.0 times as fast
    B1      ordinary     20     2.16    0.72    0.18      12.1      4.0      8.4      40%     0.009
      JAX (vmap and jit) needs 0.30 s where a plain loop needs 1.43: 4.8 times as fast
    B1      modified    100    12.27    2.96    0.56      21.8      5.3     10.7      49%     0.000
    B1      ordinary    100    10.58    3.11    0.65      16.2      4.8     11.5      52%     0.000
    B2      modified     10     2.94    3.31    2.91       1.1      1.2     86.4      99%     0.003
    B2      ordinary     10     3.49    4.21    3.62       1.0      1.2     82.6      96%     0.003
    B3      modified      2     4.84    5.20    6.16       1.0      1.1     95.3      96%     0.051
    B3      ordinary      2     5.98    6.52    7.40       1.0      1.1     92.9      96%     0.051
    B4      modified      2     3.75    3.83    4.39       1.0      1.1     95.6      98%     0.013
    B4      ordinary      2     4.43    4.72    5.11       1.0      1.1     96.3      97%     0.013
    B1, 20 lanes, both rules: 1 thread 0.40 s, 2 threads 0.30 s, a process each 0.23 s
    B2, 10 lanes, both rules: 1 thread 12.81 s, 2 threads 7.34 s, a process each 7.17 s
"""

import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from functools import cache, partial
from pathlib import Path

import joblib
import torch
from torch import Tensor
from torch.func import functional_call, grad, stack_module_state, vmap
from torch.profiler import ProfilerActivity, profile

from idem.landscape.cost import exact_forward_equivalents
from idem.rule.loss import RULES, idempotency_loss
from idem.sweeps.grid import Grid, Unit
from idem.sweeps.lanes import Lanes, required_bytes
from idem.sweeps.mlp import MLP, TABLE_1
from idem.sweeps.sweep import train_lanes

BATCH_SIZE, ROUNDS = 1000, 2
CASES = (("B1", 300, 20), ("B1", 300, 100), ("B2", 10, 10), ("B3", 3, 2), ("B4", 4, 2))
LOOPED = 20  # the plain loop trains at most so many lanes; more take as much longer
# Seconds of JAX (vmap and jit) and of its plain loop, on another machine: lanes -> rule.
JAX = {20: {"modified": 0.23, "ordinary": 0.30}, 100: {"modified": 1.05, "ordinary": 1.41}}
JAX_LOOP_OF_20 = {"modified": 1.85, "ordinary": 1.43}


class Drawn(Grid):
    """A grid whose batches are drawn once, apart from the training."""

    def batch(self, run: int, step: int) -> Tensor:
        """Return the batch of a step, whichever the run."""
        return drawn(self.widths[0], step)


@cache
def drawn(width: int, step: int) -> Tensor:
    """Draw a standard normal batch."""
    return torch.randn(BATCH_SIZE, width, generator=torch.Generator().manual_seed(step))


def grid_of(network: str, steps: int, lanes: int, kind: type[Grid] = Drawn) -> Grid:
    """Return a grid of one run that logs its first and its last step."""
    rates = [0.1 * (i + 1) / lanes for i in range(lanes)]
    return kind(TABLE_1[network], rates, 1, steps, BATCH_SIZE, log_every=steps, memory=2**33)


def plain_loop(grid: Grid, rule: str) -> None:
    """Train one lane after the other with nn.Sequential and torch.optim.SGD."""
    for rate in grid.rates(rule)[:LOOPED]:
        f = MLP(grid.widths)
        optimizer = torch.optim.SGD(f.parameters(), lr=rate)
        for step in range(grid.steps):
            optimizer.zero_grad(set_to_none=True)
            idempotency_loss(f, grid.batch(0, step), rule).backward()
            optimizer.step()


def torch_func(grid: Grid, rule: str) -> None:
    """Train all lanes with vmap over their stacked parameters."""
    parameters, _ = stack_module_state([MLP(grid.widths) for _ in grid.rates(rule)])
    f = MLP(grid.widths).to("meta")

    def apply(theta: dict[str, Tensor], x: Tensor) -> Tensor:
        return functional_call(f, theta, (x,))

    def loss(theta: dict[str, Tensor], x: Tensor) -> Tensor:
        y = apply(theta, x)
        if rule == "ordinary":
            return (apply(theta, y) - y).square().sum() / (2 * len(x))
        with torch.no_grad():
            u = apply(theta, y)
            sent_back = (y - 3 * u + 2 * apply(theta, u)) / len(x)
        return (y * sent_back.detach()).sum()

    gradient = vmap(grad(loss), in_dims=(0, None))
    rates = torch.tensor(grid.rates(rule))
    with torch.no_grad():
        for step in range(grid.steps):
            for name, g in gradient(parameters, grid.batch(0, step)).items():
                parameters[name].sub_(g * rates.view(-1, *[1] * (g.dim() - 1)))


def ours(grid: Grid, rule: str) -> None:
    """Train all lanes with `train_lanes`."""
    for unit in grid.units():
        if unit.rule == rule:
            train_lanes(grid, unit)


def seconds(works: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """Return the shortest timing of each, taken in turns."""
    times = {name: float("inf") for name in works}
    for _ in range(ROUNDS):
        for name, work in works.items():
            start = time.perf_counter()
            work()
            times[name] = min(times[name], time.perf_counter() - start)
    return times


def flops(grid: Grid) -> float:
    """Count one forward pass of one lane."""
    pairs = zip(grid.widths, grid.widths[1:], strict=False)
    return 2.0 * BATCH_SIZE * sum(n * m for n, m in pairs)


def products(grid: Grid) -> tuple[Callable[[], object], float]:
    """Return work that makes every kind of product of a step, batched as the lanes', and its FLOPs.

    Forward, to the weights and to the input of a layer: 3 forward passes' worth.
    """
    lanes = Lanes(grid.start(0), grid.rates("modified"), 0.2, BATCH_SIZE)
    block = next(iter(lanes.blocks()))
    count = block.stop - block.start
    layers = [
        (W[block], *(torch.randn(count, rows, BATCH_SIZE) for rows in (W.shape[2], W.shape[1])))
        for W in lanes.weights
    ]
    outs = [(torch.empty_like(W), torch.empty_like(x), torch.empty_like(z)) for W, x, z in layers]
    repeats = max(1, int(2e10 / (3 * count * flops(grid))))

    def work() -> None:
        for _ in range(repeats):
            for (W, x, z), (dW, dx, out) in zip(layers, outs, strict=True):
                torch.bmm(W, x, out=out)
                torch.bmm(z, x.mT, out=dW)
                torch.bmm(W.mT, z, out=dx)

    return work, repeats * 3 * count * flops(grid)


def share_in_products(work: Callable[[], object]) -> float:
    """Return the part of the CPU time that work spends in matrix products.

    Unlike two timings, one after the other, it does not depend on how fast the machine is just now.
    """
    with profile(activities=[ProfilerActivity.CPU]) as found:
        work()
    spent = {of.key: of.self_cpu_time_total for of in found.key_averages()}
    return sum(t for name, t in spent.items() if "bmm" in name) / sum(spent.values())


def compare(network: str, steps: int, lanes: int) -> None:
    """Print the three and the peak, a line a rule; on B1, JAX's numbers too."""
    grid = grid_of(network, steps, lanes)
    sampled = -time.perf_counter()
    for step in range(steps + 1):
        grid.batch(0, step)
    sampled += time.perf_counter()
    for rule in RULES:
        peak_work, peak_flops = products(grid)
        kinds = {"plain": plain_loop, "func": torch_func, "ours": ours}
        works = {name: partial(work, grid, rule) for name, work in kinds.items()}
        times = seconds(works | {"peak": peak_work})
        times["plain"] *= lanes / min(lanes, LOOPED)
        step_flops = exact_forward_equivalents(list(grid.widths), rule) * flops(grid)
        done = {name: lanes * steps * step_flops for name in kinds}
        done["ours"] += lanes * 4 * flops(grid)  # the last measurement: 2 passes, 2 with a probe
        speeds = {name: work / times[name] / 1e9 for name, work in done.items()}
        print(
            f"{network:7} {rule:9} {lanes:5} {times['plain']:8.2f} {times['func']:7.2f}"
            f" {times['ours']:7.2f} {speeds['ours'] / speeds['plain']:9.1f}"
            f" {speeds['ours'] / speeds['func']:8.1f} {speeds['ours']:8.1f}"
            f" {speeds['ours'] * 1e9 * times['peak'] / peak_flops:8.0%}"
            f" {share_in_products(works['ours']):12.0%} {sampled:9.3f}",
            flush=True,
        )
        if network == "B1":
            jax_loop = JAX_LOOP_OF_20[rule] * lanes / 20
            print(
                f"        JAX (vmap and jit) needs {JAX[lanes][rule]:.2f} s where a plain loop"
                f" needs {jax_loop:.2f}: {jax_loop / JAX[lanes][rule]:.1f} times as fast;"
                f" here {times['plain'] / times['ours']:.1f} times"
            )


def memory(network: str, lanes: int) -> None:
    """Print how far the resident set of a fresh process grows over a unit."""
    torch.mm(torch.ones(64, 64), torch.ones(64, 64))
    ours(grid_of("B1", 1, 1), "modified")
    grid = grid_of(network, 1, lanes)
    for step in range(grid.steps + 1):
        grid.batch(0, step)
    before = peak_resident()
    ours(grid, "modified")
    grown = (peak_resident() - before) / 2**20
    required = required_bytes(grid.widths, BATCH_SIZE, lanes, "sgd") / 2**20
    print(
        f"{network:7} {lanes:5} {required:12.0f} {grown:9.0f} {grown / required:6.2f}", flush=True
    )


def peak_resident() -> int:
    """Return the most bytes this process ever held (Linux); `getrusage` counts its parent's too."""
    (line,) = (x for x in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in x)
    return int(line.split()[1]) * 1024


def train_unit(grid: Grid, unit: Unit) -> None:
    """Train one unit on one thread, in whichever process."""
    torch.set_num_threads(1)
    train_lanes(grid, unit)


def cores(network: str, steps: int, lanes: int) -> None:
    """Print what two cores give: to the products of a unit, and to two units side by side."""
    grid = grid_of(network, steps, lanes, Grid)
    both = [(grid, unit) for unit in grid.units()]

    def side_by_side() -> None:
        joblib.Parallel(n_jobs=2)(joblib.delayed(train_unit)(*task) for task in both)

    def in_turn(threads: int) -> None:
        torch.set_num_threads(threads)
        for task in both:
            train_lanes(*task)
        torch.set_num_threads(1)

    side_by_side()  # starts the processes

    times = seconds(
        {
            "1 thread": lambda: in_turn(1),
            "2 threads": lambda: in_turn(2),
            "a process each": side_by_side,
        }
    )
    found = ", ".join(f"{name} {value:.2f} s" for name, value in times.items())
    print(f"{network}, {lanes} lanes, both rules: {found}")


def main() -> None:
    """Print a line a network and rule, then memory, then cores."""
    torch.set_num_threads(1)
    if sys.argv[1:]:
        return memory(sys.argv[1], int(sys.argv[2]))
    print(
        "network rule      lanes  plain s  func s  ours s  ours/plain  /func  GFLOP/s  of peak"
        "  in products  sampling s"
    )
    for case in CASES:
        compare(*case)
    print("\nnetwork lanes required MiB grown MiB  ratio")
    for network, _, lanes in CASES:
        subprocess.run([sys.executable, __file__, network, str(lanes)], check=True)
    print()
    for case in (("B1", 300, 20), ("B2", 20, 10)):
        cores(*case)


if __name__ == "__main__":
    main()
