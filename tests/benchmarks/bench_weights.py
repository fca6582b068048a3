"""Which rule beside a task's loss, at which weight: a grid of weights for each, on the examples.

Claim: at the same cost to the task the ordinary rule lowers the relative idempotent error further
than the modified one, each at its best weight. The trainings are those of `tests/examples`, with
equal starts and batches for all rules; what is measured is new to the networks. A line a rule and
weight: by how much the relative error is lower than without a rule, and the error of the task over
that without a rule, geometric means over seeds; in brackets the spread of f(x) that is kept where
it is under 0.9 (near 0, f has escaped to a constant). Below, for each rule the weight that lowers
the relative error most among those that cost the task at most 10 %, or at most 30 %.

    python tests/benchmarks/bench_weights.py           # ten minutes on a core
    python tests/benchmarks/bench_weights.py FOLDER    # digits of MNIST too, in this folder

Typical output (an AMD EPYC):

    sorting   ordinary                    modified                    transposed
    0.03      ÷1.14 task ×1.02            ÷1.03 task ×1.01            ÷1.02 task ×1.00
    0.1       ÷1.32 task ×1.00            ÷1.08 task ×1.01            ÷1.08 task ×1.02
    0.3       ÷1.61 task ×1.02            ÷1.13 task ×1.03            ÷1.12 task ×1.03
    1.0       ÷2.27 task ×1.04            ÷1.29 task ×1.06            ÷1.38 task ×1.04
    3.0       ÷3.01 task ×1.12            ÷1.75 task ×1.15            ÷1.76 task ×1.16
    10.0      ÷6.15 task ×1.28            ÷0.18 task ×3.58 [0.23]     ÷0.65 task ×2.71 [0.40]
    30.0      ÷0.36 task ×2.55 [0.08]     ÷0.02 task ×10.83 [0.12]    ÷0.05 task ×8.63 [0.07]
    at ×1.1   1: ÷2.27 [1.72, 2.99]       1: ÷1.29 [1.07, 1.55]       1: ÷1.38 [1.09, 1.76]
    at ×1.3   10: ÷6.15 [4.11, 9.20]      3: ÷1.75 [1.31, 2.34]       3: ÷1.76 [1.07, 2.89]
    denoiser  ordinary                    modified                    transposed
    0.03      ÷1.10 task ×1.00            ÷1.00 task ×1.00            ÷1.00 task ×1.00
    0.1       ÷1.26 task ×1.00            ÷1.00 task ×1.00            ÷1.00 task ×1.00
    0.3       ÷1.47 task ×1.00            ÷1.00 task ×1.00            ÷1.02 task ×1.00
    1.0       ÷1.94 task ×1.00            ÷1.06 task ×1.01            ÷1.11 task ×1.01
    3.0       ÷3.19 task ×1.01 [0.90]     ÷0.70 task ×1.08 [0.41]     ÷0.68 task ×1.08 [0.40]
    10.0      ÷0.92 task ×1.13 [0.19]     ÷0.56 task ×1.15 [0.10]     ÷0.56 task ×1.15 [0.10]
    30.0      ÷0.56 task ×1.17 [0.03]     ÷0.53 task ×1.18 [0.03]     ÷0.53 task ×1.18 [0.03]
    at ×1.1   3: ÷3.19 [3.06, 3.34]       1: ÷1.06 [1.04, 1.07]       1: ÷1.11 [1.08, 1.13]
    at ×1.3   3: ÷3.19 [3.06, 3.34]       1: ÷1.06 [1.04, 1.07]       1: ÷1.11 [1.08, 1.13]
    waves     ordinary                    modified                    transposed
    0.03      ÷1.46 task ×1.01            ÷1.35 task ×1.02            ÷1.41 task ×1.02
    0.1       ÷2.10 task ×1.03            ÷1.51 task ×1.06            ÷1.93 task ×1.04
    0.3       ÷2.68 task ×1.06            ÷0.97 task ×1.40            ÷2.29 task ×1.09
    1.0       ÷3.33 task ×1.12            ÷0.96 task ×2.38            ÷2.63 task ×1.23
    3.0       ÷3.72 task ×1.25            ÷0.35 task ×5.95            ÷2.83 task ×1.50
    10.0      ÷3.93 task ×1.47            ÷0.36 task ×8.59            ÷2.95 task ×2.11
    30.0      ÷4.05 task ×1.77            ÷0.18 task ×45.64 [0.16]    ÷2.94 task ×3.41
    at ×1.1   0.3: ÷2.68 [2.55, 2.81]     0.1: ÷1.51 [1.25, 1.81]     0.3: ÷2.29 [2.18, 2.40]
    at ×1.3   3: ÷3.72 [3.53, 3.92]       0.1: ÷1.51 [1.25, 1.81]     1: ÷2.63 [2.51, 2.76]
    digits    ordinary                    modified                    transposed
    0.03      ÷1.76 task ×0.99 [0.86]     ÷0.77 task ×1.03 [0.30]     ÷1.53 task ×1.00
    0.1       ÷2.05 task ×0.99 [0.81]     ÷0.65 task ×1.06 [0.19]     ÷1.46 task ×1.02 [0.83]
    0.3       ÷2.32 task ×1.00 [0.76]     ÷0.76 task ×1.11 [0.20]     ÷1.44 task ×1.06 [0.69]
    1.0       ÷2.64 task ×1.05 [0.72]     ÷0.79 task ×1.19 [0.19]     ÷1.51 task ×1.14 [0.57]
    3.0       ÷2.96 task ×1.14 [0.69]     ÷0.60 task ×1.83 [0.16]     ÷1.50 task ×1.27 [0.52]
    10.0      ÷3.27 task ×1.26 [0.66]     ÷1.09 task ×4.61 [0.24]     ÷1.54 task ×1.64 [0.50]
    30.0      ÷3.43 task ×1.37 [0.64]     ÷0.50 task ×6.02 [0.14]     ÷1.45 task ×2.32 [0.51]
    at ×1.1   1: ÷2.64 [2.40, 2.90]       0.03: ÷0.77 [0.31, 1.94]    0.03: ÷1.53 [1.39, 1.69]
    at ×1.3   10: ÷3.27 [3.00, 3.57]      1: ÷0.79 [0.41, 1.52]       0.03: ÷1.53 [1.39, 1.69]
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss

import idem
from stages.sweeps.aggregate import student_interval
from tests.examples import denoiser, fine_tuning, sorting

RULES = ("ordinary", "modified", "transposed")
WEIGHTS = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
SEEDS, STEPS = range(5), 1000
VALUES = ["relative", "task", "spread"]
COSTS = (1.1, 1.3)  # of the task's error over that without a rule


class Task(NamedTuple):
    """An example: how it is trained, on what it shall be idempotent, and what it shall do."""

    train: Callable[[str | None, float, int], nn.Module]  # by rule, weight and seed
    inputs: Tensor
    x: Tensor
    target: Tensor


def main() -> None:
    """Print a table a task, each as soon as it is done."""
    torch.set_num_threads(1)
    for name, task in tasks(Path(sys.argv[1]) if sys.argv[1:] else None).items():
        found = over_no_rule(pd.DataFrame(row for seed in SEEDS for row in rows(task, seed)))
        lines(name, found)
        best(found)


def tasks(digits: Path | None) -> dict[str, Task]:
    """Return the examples, with digits if their folder is given."""
    found = {"sorting": sorter(), "denoiser": of_strokes()}
    found["waves"] = tuned(fine_tuning.waves(4000, 0), fine_tuning.waves(1000, 1))
    return found | ({"digits": tuned(*fine_tuning.digits(digits))} if digits else {})


def sorter() -> Task:
    """Return the example that sorts."""
    x = torch.rand(5000, 5, generator=torch.Generator().manual_seed(1))

    def train(rule: str | None, weight: float, seed: int) -> nn.Module:
        return sorting.train(rule, weight, STEPS, seed=seed)

    return Task(train, x, x, x.sort().values)


def of_strokes() -> Task:
    """Return the example that takes noise out of images."""
    items, new = denoiser.strokes(4000, seed=0), denoiser.strokes(1000, seed=1)
    noise = torch.randn(new.shape, generator=torch.Generator().manual_seed(1))
    x = new + denoiser.NOISE * noise

    def train(rule: str | None, weight: float, seed: int) -> nn.Module:
        return denoiser.train(items, rule, weight, STEPS, seed)

    return Task(train, x, x, new)


def tuned(items: Tensor, new: Tensor) -> Task:
    """Return the example that trains an autoencoder on, to leave alone what it makes of noise."""
    noise = torch.randn(new.shape, generator=torch.Generator().manual_seed(1))
    before: dict[int, nn.Module] = {}

    def train(rule: str | None, weight: float, seed: int) -> nn.Module:
        if seed not in before:
            torch.manual_seed(seed)
            start = fine_tuning.autoencoder(items.shape[1])
            before[seed] = fine_tuning.train(start, items, None, 0.0, STEPS, seed)
        return fine_tuning.train(before[seed], items, rule, weight, STEPS // 2, seed + 10)

    return Task(train, noise, new, new)


def rows(task: Task, seed: int) -> list[dict]:
    """Return what each rule and weight, and no rule, comes to with a seed."""
    ways = [("none", 0.0), *((rule, weight) for rule in RULES for weight in WEIGHTS)]
    found = []
    for rule, weight in ways:
        f = task.train(None if rule == "none" else rule, weight, seed)
        found.append({"rule": rule, "weight": weight, "seed": seed, **measured(f, task)})
    return found


@torch.no_grad()
def measured(f: nn.Module, task: Task) -> dict[str, float]:
    """Return the relative error, the root mean square error of the task, and the spread."""
    y = f(task.inputs)
    return {
        "relative": float(idem.relative_error(y, f(y))),
        "task": float(mse_loss(f(task.x), task.target).sqrt()),
        "spread": float(idem.output_spread(y)),
    }


def over_no_rule(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the logarithms of what was measured over that without a rule, seed by seed."""
    none = rows[rows.rule == "none"].set_index("seed")[VALUES]
    found = rows[rows.rule != "none"].copy()
    for name in VALUES:
        found[name] = np.log(found[name] / found.seed.map(none[name]))
    return found


def lines(name: str, found: pd.DataFrame) -> None:
    """Print a line a weight and a column a rule."""
    print(f"{name:10}" + "".join(f"{rule:28}" for rule in RULES))
    means = found.groupby(["weight", "rule"], as_index=False)[VALUES].mean()
    for weight, of_weight in means.groupby("weight"):
        values = np.exp(of_weight.set_index("rule").loc[[*RULES], VALUES].to_numpy())
        print(f"{weight:<10}" + "".join(_cell(*of_rule) for of_rule in values))


def _cell(relative: float, task: float, spread: float) -> str:
    kept = f" [{spread:.2f}]" if spread < 0.9 else ""
    return f"÷{1 / relative:.2f} task ×{task:.2f}{kept}".ljust(28)


def best(found: pd.DataFrame) -> None:
    """Print the best weight of each rule at a cost, with the interval of the relative error."""
    means = found.groupby(["rule", "weight"])[["relative", "task"]].mean()
    for cost in COSTS:
        cells = []
        for rule in RULES:
            bearable = means.loc[rule].query("task <= @limit", local_dict={"limit": np.log(cost)})
            if bearable.empty:
                cells.append("none".ljust(28))
                continue
            weight = bearable.relative.idxmin()
            logs = found.query("rule == @rule and weight == @weight").relative.to_numpy()
            center, low, high = np.exp([-logs.mean(), *(-x for x in student_interval(logs)[::-1])])
            cells.append(f"{weight:g}: ÷{center:.2f} [{low:.2f}, {high:.2f}]".ljust(28))
        print(f"at ×{cost:<6}" + "".join(cells), flush=True)


if __name__ == "__main__":
    main()
