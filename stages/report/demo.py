"""A first picture in two minutes: the whole pipeline, small, in a copy of the repository."""

import shutil
import sys
from pathlib import Path

from stages.report.scratch import copy_repository, reproduce

DEMO = Path(".cache/demo")
SMALL = [
    "sweep.networks.B1.runs=3",
    "sweep.networks.B1.steps=500",
    "sweep.networks.B2.runs=1",
    "sweep.networks.B3.learning_rates=[0.12,0.42]",
    "sweep.networks.B3.steps=3",
    "sweep.networks.B4.learning_rates=[0.12,0.42]",
    "sweep.networks.B4.steps=5",
    "transposed.networks.B1.runs=3",
    "transposed.networks.B3.learning_rates=[0.12]",
    "near.cases.n20_bias_0.steps=200",
    "near.cases.n20.steps=200",
    "near.cases.n100.steps=20",
    "near.cases.n100_adam.steps=20",
    "newdata.cases.default.steps=50",
    "newdata.cases.kaiming.steps=50",
    "newdata.cases.orthogonal.steps=50",
    "newdata.cases.adam.steps=50",
    "newdata.cases.amount.steps=50",
    "newdata.cases.amount_128.steps=50",
    "newdata.cases.batch.steps=50",
    "published.networks.B2.runs=1",
    "published.networks.B2.steps=10",
    "published.networks.B3.steps=3",
    "train.seeds=[0]",
]


def main() -> None:
    """Run the small pipeline anew and say where its figures are; none of it is a result."""
    if not Path("params.yaml").exists():
        sys.exit("run `make demo` from the top of the repository")
    shutil.rmtree(DEMO, ignore_errors=True)
    DEMO.mkdir(parents=True)
    copy_repository(Path(), DEMO)
    reproduce(DEMO, SMALL)
    print("\nA picture, not a result (too few steps and runs); the figures:")
    for figure in sorted((DEMO / "metrics/laptop").glob("figure_*.png")):
        print(f"  {figure}")


if __name__ == "__main__":
    main()
