"""Lanes against a plain loop over runs, as a user of PyTorch would write it, and against the peak.

Claim: training all rates of a run as one batch beats training them one after the other, most on
small networks, and stays near the machine's matrix-product peak on large ones. One thread.

    make bench

Typical output (one core of a Xeon with AVX-512; "of peak" is of the network's own products):

    network rule      lanes  plain s  lanes s  ratio  GFLOP/s  of peak
    B1      modified     20     1.53     0.28    5.4        3      17%
    B2      modified     10     1.89     1.83    1.0      108      74%
    B3      modified      2     3.11     2.56    1.2      147      86%
    B4      modified      2     1.65     1.32    1.3      164      90%
"""

import time
from collections.abc import Callable

import torch

from idem.mlp import MLP, TABLE_1
from idem.objectives import RULES, idempotency_loss
from idem.sweep import Grid, train_lanes

# Steps and lanes per network, and the real products of a step in units of one forward pass: the
# gradient with respect to the first layer's input is never needed.
CASES = {"B1": (200, 20), "B2": (8, 10), "B3": (2, 2), "B4": (2, 2)}
FORWARD_EQUIVALENTS = {
    "modified": {"B1": 4, "B2": 4.90, "B3": 4.5, "B4": 4.82},
    "ordinary": {"B1": 5, "B2": 5.90, "B3": 5.5, "B4": 5.82},
}


def seconds(work: Callable[[], object]) -> float:
    """Return the shorter of two timings."""
    times = []
    for _ in range(2):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def plain_loop(grid: Grid, rule: str) -> None:
    """Train one lane after the other with nn.Sequential and torch.optim.SGD."""
    for rate in grid.learning_rates:
        f = MLP(grid.widths)
        optimizer = torch.optim.SGD(f.parameters(), lr=rate)
        for step in range(grid.steps + 1):
            optimizer.zero_grad(set_to_none=True)
            idempotency_loss(f, grid.batch(0, step), rule).backward()
            optimizer.step()


def peak(widths: tuple[int, ...], batch_size: int) -> float:
    """Return the FLOP/s of the network's own products, alone."""
    pairs = [
        (torch.randn(batch_size, n), torch.randn(n, m), torch.empty(batch_size, m))
        for n, m in zip(widths, widths[1:], strict=False)
    ]
    repeats = max(1, int(1e10 / flops(widths, batch_size)))

    def products() -> None:
        for _ in range(repeats):
            for a, b, out in pairs:
                torch.mm(a, b, out=out)

    return repeats * flops(widths, batch_size) / seconds(products)


def flops(widths: tuple[int, ...], batch_size: int) -> float:
    """Count one forward pass."""
    return 2.0 * batch_size * sum(n * m for n, m in zip(widths, widths[1:], strict=False))


def main() -> None:
    """Print a line a network and rule."""
    torch.set_num_threads(1)
    print("network rule      lanes  plain s  lanes s  ratio  GFLOP/s  of peak")
    for network, (steps, lanes) in CASES.items():
        widths = TABLE_1[network]
        rates = [0.01 * (i + 1) for i in range(lanes)]
        grid = Grid(widths, rates, runs=1, steps=steps, batch_size=1000, log_every=steps)
        top = peak(widths, 1000)
        for rule in RULES:
            plain = seconds(lambda g=grid, r=rule: plain_loop(g, r))
            ours = seconds(lambda g=grid, r=rule: train_lanes(g, r, 0))
            work = FORWARD_EQUIVALENTS[rule][network] * flops(widths, 1000) * lanes * (steps + 0.5)
            print(
                f"{network:7} {rule:9} {lanes:5} {plain:8.2f} {ours:8.2f} {plain / ours:6.1f}"
                f" {work / ours / 1e9:8.0f} {work / ours / top:8.0%}"
            )


if __name__ == "__main__":
    main()
