"""Stage evaluate: how idempotent are the trained U-DCGANs, and what do they generate?

BatchNorm makes two maps of one network. In training mode every batch is normalised by its own
statistics: what noise becomes depends on the noise beside it. In eval mode it is normalised by
statistics measured after training, over equal parts data and noise: a map of single images. Both
are measured, and the column `mode` says which; it is ``none`` for the controls, which no network
made.

All real images that samples are compared with are those of the split `test`. Orbits f, f(f), … are
followed for the weights that are shown, in both modes; the bias of the Fréchet distance and the
nearest training images are sought for these weights in the mode that is shown. Samples that are
drawn are of both modes.
"""

import operator
from itertools import product

from stages.common import params, resume
from stages.common.files import write_csv, write_json, write_text
from stages.common.params import Generative
from stages.evaluation import measured, pictures, shown
from stages.evaluation.labels import labelled, subset
from stages.evaluation.summary import headline, readable, summarize
from stages.generative import networks, runs, weights

# What decides a table of numbers or of pixels, the training within.
MODULES, OF_PIXELS = ("stages.evaluation.measured",), ("stages.evaluation.shown",)


def main() -> None:
    """Write all measurements, what they come to over seeds, and the pixels of a few samples."""
    args = params.arguments("evaluate on one data set", dataset="name of the data set")
    everything, name = params.read(args.params, Generative), networks.data_set(args.dataset)

    def train_again(units: list[resume.Unit]) -> None:
        needed = [of_run for unit in units if (of_run := unit.arguments[3:])]
        weights.provide(everything, name, needed, "evaluate")

    seen = args.units if pictures.may_travel(name) else None
    measuring, showing = plan(everything, name), plan_of_pictures(everything, name)
    with (
        resume.completed(
            *measuring, label=f"evaluate {name}", keep=args.units, before=train_again
        ) as found,
        resume.completed(
            *showing, label=f"pictures {name}", keep=seen, before=train_again
        ) as pixels,
    ):
        tables = measured.joined(found)
        for table, rows in measured.joined(pixels).items():
            write_csv(pictures.path(args.metrics, name, table), rows)
        for table, rows in tables.items():
            write_csv(args.metrics / f"{table}_{name}.csv", rows)
        summary = summarize(tables["generative"], everything.evaluate.confidence)
        note = subset(args.metrics, name)
        numbers = headline(tables["generative"], summary)
        write_json(args.metrics / "generative.json", labelled(numbers, note))
        text = (f"{note}.\n\n" if note else "") + readable(summary)
        write_text(args.metrics / "generative.md", text)


def plan(everything: Generative, dataset: str) -> resume.Plan:
    """Return how every run is measured, and the controls."""
    section = everything.evaluate.model_dump(mode="json", exclude={"confidence", "shown_samples"})
    first = next(iter(everything.train.models.values()))
    score = everything.score.model_dump(mode="json")
    digest = runs.data_digest(dataset, "test")
    shared, of_runs = (everything, dataset), weights.keys(everything, dataset)
    units = [
        resume.Unit(
            f"evaluate_{dataset}_{model}_{seed}",
            [of_runs[model, seed], section],
            (measured.network, *shared, model, seed),
        )
        for model, seed in product(everything.train.models, everything.train.seeds)
    ]
    controls = [digest, score, section, first.noise]
    units.append(
        resume.Unit(f"evaluate_{dataset}_controls", controls, (measured.controls, *shared))
    )
    return resume.Plan(operator.call, units, MODULES)


def plan_of_pictures(everything: Generative, dataset: str) -> resume.Plan:
    """Return how the pixels of the first seed of every model are made."""
    section, seed = everything.evaluate.model_dump(mode="json"), min(everything.train.seeds)
    of_runs = weights.keys(everything, dataset)
    units = [
        resume.Unit(
            f"pictures_{dataset}_{model}_{seed}",
            [of_runs[model, seed], section],
            (shown.pixels, everything, dataset, model, seed),
        )
        for model in everything.train.models
    ]
    return resume.Plan(operator.call, units, OF_PIXELS)


if __name__ == "__main__":
    main()
