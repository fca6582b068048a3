"""Seconds, speed and memory of one step of each rule against depth, beside the step's floor.

Claim T1, the part that has no place among reproducible numbers: a step takes time in proportion to
its operations, which are linear in depth, and hardly more than its floor, except where a network
is so small that the loss itself counts. The floor is the passes alone, without any loss: for the
modified rule three forward, one of them recorded, and one back; for ordinary two recorded forward
and both back. Batches of 1000; CPU time of one thread, which others on the machine disturb little.
The peak is of all tensors but parameters and data, gradients included.

    make bench

Typical output (one core of a Xeon with AVX-512; depths 2, 4 and 16 left out):

    width depth rule       step ms  floor ms  ratio  GFLOP/s  peak MB  ordinary/modified
       64     1 modified       0.80      0.56   1.43       41      1.8
       64     1 ordinary       0.81      0.66   1.23       50      1.8     1.02
       64     8 modified       5.44      5.02   1.08       59      5.4
       64     8 ordinary       6.72      6.58   1.02       57      9.0     1.23
       64    32 modified      20.06     19.78   1.01       65     17.7
       64    32 ordinary      26.29     25.04   1.05       60     33.5     1.31
     1024     1 modified      93.43     89.95   1.04       90     28.7
     1024     1 ordinary     121.02    112.01   1.08       87     28.7     1.30
     1024     8 modified     857.67    851.48   1.01       95     86.0
     1024     8 ordinary    1054.65   1035.30   1.02       93    143.4     1.23
     1024    32 modified    3450.85   3482.80   0.99       97    282.6
     1024    32 ordinary    4293.91   4228.46   1.02       93    536.6     1.24
"""

import time
import weakref
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from idem.landscape.cost import exact_forward_equivalents
from idem.rule.loss import idempotency_loss

WIDTHS, DEPTHS, BATCH_SIZE = (64, 1024), (1, 2, 4, 8, 16, 32), 1000


def network(width: int, depth: int) -> nn.Sequential:
    """Return linear layers with LeakyReLU, as a user of PyTorch would write them."""
    blocks = [(nn.Linear(width, width), nn.LeakyReLU(0.2)) for _ in range(depth)]
    return nn.Sequential(*(layer for block in blocks for layer in block))


def step(f: nn.Sequential, x: Tensor, rule: str) -> None:
    """Leave the rule's gradient on the parameters."""
    f.zero_grad(set_to_none=True)
    idempotency_loss(f, x, rule).backward()


def floor(f: nn.Sequential, x: Tensor, rule: str) -> None:
    """Make the passes of a step and nothing else."""
    f.zero_grad(set_to_none=True)
    y = f(x)
    if rule == "ordinary":
        return f(y).backward(x)
    with torch.no_grad():
        f(f(y))
    return y.backward(x)


def seconds(works: Mapping[str, Callable[[], object]], budget: float) -> dict[str, float]:
    """Return the least CPU time of each, taken in turns for `budget` seconds, three at least."""
    times: dict[str, list[float]] = {name: [] for name in works}
    end = time.perf_counter() + budget
    while time.perf_counter() < end or len(next(iter(times.values()))) < 3:
        for name, work in works.items():
            start = time.process_time()
            work()
            times[name].append(time.process_time() - start)
    return {name: min(found) for name, found in times.items()}


class Held(TorchDispatchMode):
    """Follow the bytes of all storages that operations make while the context is open."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.most = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Make one call, and count what storages it adds."""
        given = {tensor.untyped_storage()._cdata for tensor in _tensors((args, kwargs))}
        result = func(*args, **(kwargs or {}))
        for tensor in _tensors(result):
            storage = tensor.untyped_storage()
            if storage._cdata not in given:
                self._add(storage.nbytes())
                weakref.finalize(storage, self._add, -storage.nbytes())
        return result

    def _add(self, size: int) -> None:
        self.now += size
        self.most = max(self.most, self.now)


def _tensors(tree: Any) -> list[Tensor]:
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, Tensor)]


def peak_bytes(width: int, depth: int, rule: str) -> int:
    """Return the most that a step holds at once besides the parameters and the data."""
    with torch.device("meta"):
        f, x = network(width, depth), torch.empty(BATCH_SIZE, width)
    with Held() as held:
        step(f, x, rule)
    return held.most


def main() -> None:
    """Print a line a width, depth and rule."""
    torch.set_num_threads(1)
    print("width depth rule       step ms  floor ms  ratio  GFLOP/s  peak MB  ordinary/modified")
    for width in WIDTHS:
        for depth in DEPTHS:
            compare(width, depth)


def compare(width: int, depth: int) -> None:
    """Print the two rules on one network."""
    f, x = network(width, depth), torch.randn(BATCH_SIZE, width)
    works = {
        f"{kind.__name__} {rule}": partial(kind, f, x, rule)
        for rule in ("modified", "ordinary")
        for kind in (step, floor)
    }
    times = seconds(works, budget=1.0)
    for rule in ("modified", "ordinary"):
        ours, bare = times[f"step {rule}"], times[f"floor {rule}"]
        passes = exact_forward_equivalents([width] * (depth + 1), rule)
        flops = passes * 2 * BATCH_SIZE * width**2 * depth
        peak = peak_bytes(width, depth, rule) / 1e6
        against = f"{ours / times['step modified']:8.2f}" if rule == "ordinary" else ""
        print(
            f"{width:5} {depth:5} {rule:9} {ours * 1e3:9.2f} {bare * 1e3:9.2f} {ours / bare:6.2f}"
            f" {flops / ours / 1e9:8.0f} {peak:8.1f} {against}".rstrip()
        )


if __name__ == "__main__":
    main()
