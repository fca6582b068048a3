"""Would a lane that left the sweep have come back, and how much work does its leaving save?

Claim: a lane whose root mean square error exceeds ``diverged_above`` is lost. Here none leaves: all
are trained on until float32 overflows, at the paper's rates (section 3; every other one of them on
B3 and B4) and at some higher ones, and none comes back below the error it began with. The fraction
of lane-steps that leaving saves, of the paper's rates alone, is said for as many steps as were
made, and for the paper's 2 500 if no lane leaves later than here. One thread.

    python tests/benchmarks/bench_dropped.py

Typical output:

    network rule      steps   left     from  last  followed  came back  saved here  of 2 500
    B1      modified   2500    2 of 23  10.00     2         6          0          0%        0%
    B1      ordinary   2500    2 of 23  10.00     2         6          0          0%        0%
    B2      modified    100    1 of 23 1000.00     2         0          0          0%        0%
    B2      ordinary    100    1 of 23 1000.00     2         1          0          0%        0%
    B3      modified      6   10 of 13   0.37     5        14          0         33%       70%
    B3      ordinary      6   12 of 13   0.17     3        13          0         58%       90%
    B4      modified      8    8 of 13   0.57     5         8          0         25%       50%
    B4      ordinary      8    8 of 13   0.57     4         6          0         29%       50%
"""

import math
from typing import NamedTuple

import torch

from idem.rule.loss import RULES
from idem.sweeps.grid import Grid, Unit
from idem.sweeps.mlp import TABLE_1
from idem.sweeps.sweep import Row, train_lanes

PAPER_RATES = tuple(round(0.02 + 0.05 * i, 2) for i in range(20))
HIGHER = (2.0, 10.0, 1000.0)
PAPER_STEPS, BOUND = 2500, 1e3
# Steps; few where a lane-step of both rules is 168 GFLOP (B3) or 96 (B4).
CASES = {
    "B1": (2500, PAPER_RATES),
    "B2": (100, PAPER_RATES),
    "B3": (6, PAPER_RATES[1::2]),
    "B4": (8, PAPER_RATES[1::2]),
}


class Lane(NamedTuple):
    """What became of a lane that nothing stopped."""

    rate: float
    left: int | None
    """The step at which a sweep would have dropped it."""
    followed: int
    """Steps made after that, until its numbers ended or the training did."""
    back: bool
    """Whether its error was ever below the first one after that."""


def lanes_of(network: str, rule: str, steps: int, rates: tuple[float, ...]) -> list[Lane]:
    """Train run 0 of a network without dropping a lane, measuring at every step."""
    widths = TABLE_1[network]
    unbounded = {"diverged_above": math.inf, "memory": 2**33}
    grid = Grid(widths, rates, 1, steps, batch_size=1000, log_every=1, **unbounded)
    rows = train_lanes(grid, Unit(rule, 0, rates))
    return [
        followed(rate, [row for row in rows if row["learning_rate"] == rate], widths[-1])
        for rate in rates
    ]


def followed(rate: float, rows: list[Row], width: int) -> Lane:
    """Find in the rows of a lane when it would have left, and what it did afterwards."""
    errors = [float(row["absolute_error"]) for row in rows]
    # The loss is half the squared norm by item: the root mean square over its entries is this.
    sizes = [math.sqrt(2 * float(row["loss"]) / width) for row in rows]
    left = next((step for step, size in enumerate(sizes) if not size <= BOUND), None)
    if left is None:
        return Lane(rate, None, 0, False)
    after = errors[left + 1 :]
    return Lane(rate, left, len(after), any(error < errors[0] for error in after))


def saved_fraction(lanes: list[Lane], steps: int) -> float:
    """Return the fraction of the lane-steps of the paper's rates that are not made."""
    paper = [lane for lane in lanes if lane.rate in PAPER_RATES]
    return sum(steps - lane.left for lane in paper if lane.left is not None) / (len(paper) * steps)


def compare(network: str, rule: str) -> None:
    """Print how many lanes leave and when, how far they were followed, and the work saved."""
    steps, rates = CASES[network]
    lanes = lanes_of(network, rule, steps, rates + HIGHER)
    left = [lane for lane in lanes if lane.left is not None]
    print(
        f"{network:7} {rule:9} {steps:5} {len(left):4} of {len(lanes)}"
        f" {min(lane.rate for lane in left):6.2f} {max(lane.left or 0 for lane in left):5}"
        f" {sum(lane.followed for lane in left):9} {sum(lane.back for lane in left):10}"
        f" {saved_fraction(lanes, steps):11.0%} {saved_fraction(lanes, PAPER_STEPS):9.0%}",
        flush=True,
    )


def main() -> None:
    """Print a line a network and rule."""
    torch.set_num_threads(1)
    print(
        "network rule      steps   left     from  last  followed  came back  saved here  of 2 500"
    )
    for network in CASES:
        for rule in RULES:
            compare(network, rule)


if __name__ == "__main__":
    main()
