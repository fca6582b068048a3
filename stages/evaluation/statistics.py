"""Stage statistics: why is f in evaluation mode another map than the one that was trained?

BatchNorm's batches are of data or of noise alone, while in evaluation mode one set of statistics
has to serve both. So it is collected on noise alone and on data alone too, and how far the two are
apart is told layer by layer.
"""

import operator
from itertools import product

from stages.common import params, resume
from stages.common.files import write_csv
from stages.evaluation import collected, measured
from stages.generative import runs, weights

DATASET = "mnist"
MODULES = ("stages.evaluation.collected",)  # that decide the tables of a unit, training within


def main() -> None:
    """Write what every run is by its statistics, and how these differ by layer."""
    args = params.arguments("measure networks by what BatchNorm's statistics are of")
    everything = params.read(args.params, params.MNISTStudy)

    def train_again(units: list[resume.Unit]) -> None:
        weights.provide(everything, DATASET, [u.arguments[3:5] for u in units], "statistics")

    planned = plan(everything)
    with resume.completed(
        *planned, label="statistics", keep=args.units, before=train_again
    ) as found:
        for name, table in measured.joined(found).items():
            write_csv(args.metrics / f"{name}_{DATASET}.csv", table)


def plan(everything: params.MNISTStudy) -> resume.Plan:
    """Return how every run is measured."""
    chosen, of_runs = everything.statistics, weights.keys(everything, DATASET)
    section = everything.evaluate.model_dump(mode="json", exclude={"confidence", "shown_samples"})
    score = everything.score.model_dump(mode="json")
    key = [runs.data_digest(DATASET, "test"), score, section, chosen.weights]
    units = [
        resume.Unit(
            f"statistics_{DATASET}_{model}_{seed}",
            [of_runs[model, seed], *key],
            (collected.network, everything, DATASET, model, seed, chosen.weights),
        )
        for model, seed in product(chosen.models, everything.train.seeds)
    ]
    return resume.Plan(operator.call, units, MODULES)


if __name__ == "__main__":
    main()
