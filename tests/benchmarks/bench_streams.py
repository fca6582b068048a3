"""The batch of a run drawn from a stream of its own, against the one that its start shares.

Claim: that the start of a run and its first batch are one stream of random numbers
(`idem.sweeps.grid.seeded`) moves no result by more than runs scatter, with one batch for all steps
and thus where it matters most. B2 by the published rates 0.22 and 1.42, ten runs of 500 steps from
the same starts: the error with a batch from a stream of its own over that of the finished units of
stage `readings`, a geometric mean over runs with its 95 % interval.

    python tests/benchmarks/bench_streams.py    # ten minutes on a core

Typical output (an AMD EPYC):

    rule      rate    step 0             step 10            step 100           step 500
    modified  0.22    ×1.002 0.998 1.005 ×1.000 0.997 1.003 ×1.009 1.002 1.016 ×1.005 0.996 1.015
    modified  1.42    ×1.002 0.998 1.005 ×1.006 1.000 1.012 ×1.006 0.992 1.020 ×0.984 0.964 1.005
    ordinary  0.0044  ×1.002 0.998 1.005 ×1.002 0.998 1.005 ×1.002 0.999 1.005 ×1.000 0.998 1.003
    ordinary  0.0284  ×1.002 0.998 1.005 ×1.002 0.999 1.005 ×1.001 0.998 1.003 ×0.999 0.990 1.008
"""

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from idem.sweeps.grid import seeded
from idem.sweeps.starts import StartedOtherwise
from idem.sweeps.sweep import train_lanes
from stages.common import params, units
from stages.common.params.pipelines import file_of
from stages.published import deviations
from stages.sweeps.aggregate import student_interval

RATES = {"modified": (0.22, 1.42), "ordinary": (0.0044, 0.0284)}  # matched
RUNS, STEPS = range(10), (0, 10, 100, 500)
_OWN = 77  # a purpose that no other draw has


class Apart(StartedOtherwise):
    """Starts whose batches share no stream with them."""

    def _normal(self, run: int, step: int, purpose: int) -> Tensor:
        generator = seeded(self.seed, run, step, purpose + _OWN)
        return torch.randn(self.widths[0], self.batch_size, generator=generator).mT


def main() -> None:
    """Print a line a rule and rate."""
    torch.set_num_threads(1)
    print("rule      rate    " + "".join(f"step {step}".ljust(19) for step in STEPS))
    plan = deviations.plan(params.read(Path(file_of("paper")), params.Paper))
    for rule, rates in RATES.items():
        ratios = pd.concat(ratio(plan, rule, rates, run) for run in RUNS)
        for rate, of_rate in ratios.groupby("learning_rate"):
            cells = [interval(of_rate[of_rate.step == step].ratio) for step in STEPS]
            print(f"{rule:10}{rate:<8}" + "".join(cell.ljust(19) for cell in cells), flush=True)


def ratio(plan, rule: str, rates: tuple[float, ...], run: int) -> pd.DataFrame:
    """Return the errors of a run with a batch of its own over those of the finished unit."""
    label = f"readings_B2_fixed_default_{rule}_{run}_0"
    (of,) = [unit for unit in plan.units if unit.label == label]
    identity = units.identity_of(of.label, of.key, plan.modules)
    shared = units.find(Path("metrics/paper/units"), identity)
    assert shared is not None, f"{label}: expected the finished unit"
    grid, unit, _ = of.arguments
    fields = {f.name: getattr(grid, f.name) for f in dataclasses.fields(grid)}
    own = train_lanes(Apart(**fields), unit._replace(learning_rates=rates))
    at = ["learning_rate", "step"]
    tables = [pd.DataFrame(rows).set_index(at).absolute_error for rows in (own, shared.result)]
    return (tables[0] / tables[1]).dropna().rename("ratio").reset_index()


def interval(ratios: pd.Series) -> str:
    """Return a geometric mean with its 95 % interval by Student's t."""
    logs = np.log(ratios.to_numpy())
    return "×" + " ".join(f"{np.exp(x):.3f}" for x in (logs.mean(), *student_interval(logs)))


if __name__ == "__main__":
    main()
