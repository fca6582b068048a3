"""What `idempotency_loss` adds to the passes of a step: time, bytes saved, peak of activations.

Asked: a step of the modified rule takes at most 1.10 times its floor (three forward passes, one of
them recorded, and one backward pass, timed bare), one of the ordinary rule at most 1.10 times its
own (two recorded forward passes and both backward), and the modified rule saves at most 0.6 times
the bytes of ordinary for its backward pass, from depth 8 on.

Found: the bytes are half at every depth. Times hold at width 1024 and for the
U-DCGAN, and under the modified rule at width 64 from depth 16 on, at 8 nearly. Below, a step is so
short that what the loss itself needs, some four sweeps over the outputs and a tenth of a
millisecond of Python, is more than a tenth of it. Medians of ordinary at width 64 scatter.

Batches of 1000 for networks of linear layers with LeakyReLU; the U-DCGAN of params.yaml at batches
of 64.

Steps and floors are timed in turns, in CPU time of one thread; the ratio is that of the medians,
and beside it that of the minima, which others on the machine disturb least. Bytes and peaks are
counted, not timed; the peak is of all tensors but parameters and data, gradients included.

    make bench

Typical output (one core of an AMD EPYC; width 1024 beside other work, its depths 2, 4 and 16 left
out):

    network     rule        step ms  floor ms median   min  saved MB  of ordin.  peak MB
      64 x  1   modified       0.89      0.57   1.55   1.42      0.51      0.50      1.5
      64 x  1   ordinary       0.91      0.71   1.29   1.24      1.02      1.00      1.5
      64 x  2   modified       1.43      1.16   1.23   1.22      1.02      0.50      2.0
      64 x  2   ordinary       1.60      1.39   1.15   1.13      2.05      1.00      2.6
      64 x  4   modified       2.64      2.30   1.15   1.15      2.05      0.50      3.1
      64 x  4   ordinary       3.21      2.80   1.15   1.08      4.10      1.00      4.6
      64 x  8   modified       5.28      4.77   1.11   1.10      4.10      0.50      5.1
      64 x  8   ordinary       7.05      6.06   1.16   1.05      8.19      1.00      8.7
      64 x 16   modified      10.29      9.68   1.06   1.07      8.19      0.50      9.2
      64 x 16   ordinary      14.94     12.19   1.22   1.03     16.38      1.00     16.9
      64 x 32   modified      20.13     19.62   1.03   1.04     16.38      0.50     17.4
      64 x 32   ordinary      29.19     25.53   1.14   1.01     32.77      1.00     33.3
    1024 x  1   modified      97.96     96.24   1.02   1.02      8.19      0.50     24.6
    1024 x  1   ordinary     127.47    119.74   1.06   1.04     16.38      1.00     24.7
    1024 x  8   modified     955.32    934.40   1.02   0.96     65.54      0.50     81.9
    1024 x  8   ordinary    1153.87   1154.81   1.00   1.02    131.07      1.00    139.4
    1024 x 32   modified    3852.96   3835.48   1.00   1.00    262.14      0.50    278.5
    1024 x 32   ordinary    4628.64   4495.95   1.03   1.03    524.29      1.00    532.6
    U-DCGAN     modified      87.00     85.79   1.01   1.02     16.81      0.51     26.0
    U-DCGAN     ordinary     101.37    100.40   1.01   1.00     33.11      1.00     37.3
"""

import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from statistics import median

import torch
import yaml
from bench_cost import Held, floor, network, step
from torch import Tensor, nn

from idem.generative.udcgan import UDCGAN
from idem.landscape.cost import saved_bytes
from idem.rule.loss import RULES

WIDTHS, DEPTHS, BATCH_SIZE = (64, 1024), (1, 2, 4, 8, 16, 32), 1000
BUDGET = 3.0  # seconds a network; five rounds at least
PARAMETERS = Path(__file__).parents[2] / "params.yaml"


def udcgan() -> tuple[nn.Sequential, int]:
    """Return the network of the generative stages, and its batch size."""
    section = yaml.safe_load(PARAMETERS.read_text())["train"]
    keys = ("channels", "bottleneck", "skips", "normalization")
    f = UDCGAN((1, 32, 32), **{key: section[key] for key in keys})
    return nn.Sequential(f), section["batch_size"]


def seconds(works: Mapping[str, Callable[[], object]]) -> dict[str, list[float]]:
    """Return the CPU times of each, taken in turns."""
    times: dict[str, list[float]] = {name: [] for name in works}
    end = time.perf_counter() + BUDGET
    while time.perf_counter() < end or len(next(iter(times.values()))) < 5:
        for name, work in works.items():
            start = time.process_time()
            work()
            times[name].append(time.process_time() - start)
    return times


def peak_bytes(f: nn.Sequential, x: Tensor, rule: str) -> int:
    """Return the most that a step holds at once besides the parameters and the data."""
    with Held() as held:
        step(f, x, rule)
    return held.most


def compare(name: str, f: nn.Sequential, x: Tensor) -> None:
    """Print both rules on one network."""
    works = {
        f"{kind.__name__} {rule}": partial(kind, f, x, rule)
        for rule in RULES
        for kind in (step, floor)
    }
    times = seconds(works)
    saved = {rule: saved_bytes(f, x, rule) for rule in RULES}
    for rule in RULES:
        ours, bare = times[f"step {rule}"], times[f"floor {rule}"]
        print(
            f"{name} {rule:9} {median(ours) * 1e3:9.2f} {median(bare) * 1e3:9.2f}"
            f" {median(ours) / median(bare):6.2f} {min(ours) / min(bare):6.2f}"
            f" {saved[rule] / 1e6:9.2f} {saved[rule] / saved['ordinary']:9.2f}"
            f" {peak_bytes(f, x, rule) / 1e6:8.1f}"
        )


def main() -> None:
    """Print a line a network and rule."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    print("network     rule        step ms  floor ms median   min  saved MB  of ordin.  peak MB")
    for width in WIDTHS:
        for depth in DEPTHS:
            compare(
                f"{width:4} x {depth:2}  ", network(width, depth), torch.randn(BATCH_SIZE, width)
            )
    f, batch_size = udcgan()
    compare("U-DCGAN    ", f, torch.randn(batch_size, 1, 32, 32))


if __name__ == "__main__":
    main()
