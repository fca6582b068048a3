"""Stage evaluate: how idempotent are the trained U-DCGANs, and what do they generate?

BatchNorm makes two maps of one network. In training mode every batch is normalised by its own
statistics: what noise becomes depends on the noise beside it. In eval mode it is normalised by
statistics measured after training, over equal parts data and noise: a map of single images. Both
are measured, and the column `mode` says which; it is ``none`` for the controls, which no network
made.

All real images that samples are compared with are those of the split `test`. Orbits f, f(f), … are
followed for the weights that are shown, in both modes; the bias of the Fréchet distance and the
nearest training images are sought for these weights in the mode that is shown.
"""

import operator
from collections.abc import Iterator
from itertools import product
from typing import Any

import pandas as pd
import torch
from torch import Tensor

from idem.data.datasets import to_unit
from idem.evaluation import metrics, samples
from stages.common import params
from stages.common.engine import run_units
from stages.common.files import write_csv, write_json, write_text
from stages.common.params import Evaluate, Generative
from stages.evaluation import measures, pictures
from stages.evaluation.summary import (
    CONTROL,
    KINDS,
    MODES,
    RUN,
    headline,
    labelled,
    readable,
    subset,
    summarize,
)
from stages.generative import networks
from stages.generative.scoring import Scorer, batched, load_scorer

PICTURES = ("samples", "neighbours")
Tables = dict[str, pd.DataFrame]


def main() -> None:
    """Write all measurements, what they come to over seeds, and the pixels of a few samples."""
    args = params.arguments("evaluate on one data set", dataset="name of the data set")
    everything, name = params.read(args.params, Generative), networks.data_set(args.dataset)
    scorer = load_scorer(everything.score, name, "test")
    units = [*_networks(everything, name, scorer), (_controls, everything, name, scorer)]
    tables = _joined(run_units(operator.call, units, f"evaluate {name}"))
    for table in PICTURES:
        write_csv(pictures.path(args.metrics, name, table), tables.pop(table))
    for table, rows in tables.items():
        write_csv(args.metrics / f"{table}_{name}.csv", rows)
    summary = summarize(tables["generative"], everything.evaluate.confidence)
    write_csv(args.metrics / "generative_summary.csv", summary)
    note = subset(args.metrics, name)
    found = headline(tables["generative"], summary)
    write_json(args.metrics / "generative.json", labelled(found, note))
    write_text(args.metrics / "generative.md", (f"{note}.\n\n" if note else "") + readable(summary))


def _networks(everything: Generative, dataset: str, scorer: Scorer) -> Iterator[tuple]:
    for run in product(everything.train.models, everything.train.seeds, KINDS):
        yield _network, everything, dataset, scorer, *run


def _network(
    everything: Generative, dataset: str, scorer: Scorer, model: str, seed: int, kind: str
) -> Tables:
    """Return all tables of one set of weights, in both modes."""
    section, training = everything.evaluate, everything.train
    given = measures.inputs(section, training, dataset, training.models[model])
    shape = given["test"].shape[1:]
    f = networks.trained_network(training, dataset, shape, model, seed, kind)
    found = []
    for mode in MODES:
        run = dict(zip(RUN, (model, seed, kind, mode), strict=True))
        row, y, u = measures.network(networks.in_mode(f, mode), given, scorer, section)
        tables: Tables = {}
        if kind == section.shown_weights:
            tables["drift"] = _orbits(f, given, section)
            last = tables["drift"].groupby("input", sort=False).drift.last()
            row |= {f"{name}_last_drift": drift for name, drift in last.items()}
        if (kind, mode) == (section.shown_weights, section.shown_mode):
            z, size = given["noise"], scorer.section.batch_size
            rest = [batched(f, z[i : i + size], size) for i in range(len(y), len(z), size)]
            tables["size"] = _by_size(torch.cat([y, *rest]), scorer, section)
            row["frechet_distance_infinite"] = tables["size"].fitted.iloc[0]
            near, images = measures.neighbours(y[: section.neighbours], dataset)
            row |= near
            if seed == min(training.seeds):  # the one whose pictures are drawn
                tables |= _pictures([given["noise"], y, u], images, section.shown_samples)
        found.append(_keyed(run, tables | _rows(row)))
    return _joined(found)


def _controls(everything: Generative, dataset: str, scorer: Scorer) -> Tables:
    """Return the same of what no network made.

    ``real`` are images of the split `valid`, on which neither features nor networks were trained,
    ``test`` those of `test`, ``raw_noise`` is that of the first model, ``constant`` the mean of
    ``real`` again and again.
    """
    section, training = everything.evaluate, everything.train
    count = max(section.samples, *section.sizes)
    real, test = (to_unit(networks.some(dataset, split, count)) for split in ("valid", "test"))
    noise = measures.inputs(section, training, dataset, next(iter(training.models.values())))
    sets = {
        "real": real[: section.samples],
        "raw_noise": noise["noise"][: section.samples],
        "constant": real.mean(0, keepdim=True).expand_as(real[: section.samples]),
    }
    found = []
    for name, images in sets.items():
        tables = _rows(measures.sample_quality(images, scorer, section.nearest_k))
        if name == "real":
            tables["size"] = _by_size(real, scorer, section)
        found.append(_keyed(_control(name), tables))
    near, _ = measures.neighbours(test[: section.neighbours], dataset)
    return _joined([*found, _keyed(_control("test"), _rows(near))])


def _control(name: str) -> dict[str, Any]:
    return dict(zip(RUN, (name, "all", CONTROL, CONTROL), strict=True))


def _rows(row: measures.Row) -> Tables:
    """Return the measurements as a table of one row, and class fractions, if any, as another."""
    fractions = {key.removeprefix("class_"): row[key] for key in row if key[6:].isdigit()}
    rest = {key: value for key, value in row.items() if not key[6:].isdigit()}
    tables = {"generative": pd.DataFrame([rest])}
    if fractions:
        tables["classes"] = pd.DataFrame(
            {"class": fractions.keys(), "fraction": fractions.values()}
        )
    return tables


def _orbits(f: Any, given: dict[str, Tensor], section: Evaluate) -> pd.DataFrame:
    rows = []
    for name, x in given.items():
        curve = metrics.power_drift(f, x[: section.drift_samples], section.applications)
        rows += [{"input": name, "application": i, "drift": d} for i, d in enumerate(curve, 1)]
    return pd.DataFrame(rows)


def _by_size(images: Tensor, scorer: Scorer, section: Evaluate) -> pd.DataFrame:
    """Return the Fréchet distance by number of images, beside a fitted line; first where it ends.

    In that row the size is infinite, and nothing measured.
    """
    sizes = [float(size) for size in section.sizes]
    found = samples.frechet_by_size(scorer.features(images), scorer.reference, section.sizes)
    end, slope = samples.at_infinite_size(section.sizes, found)
    fitted = [end + slope / size for size in sizes]
    columns = {"size": [float("inf"), *sizes], "frechet_distance": [float("nan"), *found]}
    return pd.DataFrame(columns | {"fitted": [end, *fitted]})


def _pictures(stages: list[Tensor], nearest: Tensor, count: int) -> Tables:
    """Return the pixels of z, f(z) and f(f(z)), and those of f(z) and what is nearest to it."""
    made = {i: pictures.pixels(images[:count]) for i, images in enumerate(stages)}
    beside = {"sample": made[1], "nearest": pictures.pixels(nearest[:count])}
    return {
        "samples": _stacked(made, "application"),
        "neighbours": _stacked(beside, "picture"),
    }


def _stacked(tables: dict[Any, pd.DataFrame], name: str) -> pd.DataFrame:
    stacked = pd.concat(tables, names=[name, "sample"]).reset_index()
    return stacked[["sample", name, *stacked.columns.drop(["sample", name])]]


def _keyed(run: dict[str, Any], tables: Tables) -> Tables:
    """Put the keys of a run before every table; pictures are all of one kind and mode."""
    result = {}
    for name, table in tables.items():
        keys = RUN[:2] if name in PICTURES else RUN
        head = pd.DataFrame([{key: run[key] for key in keys}] * len(table), index=table.index)
        result[name] = pd.concat([head, table], axis=1)
    return result


def _joined(found: list[Tables]) -> Tables:
    names = dict.fromkeys(name for tables in found for name in tables)
    return {
        name: pd.concat([tables[name] for tables in found if name in tables], ignore_index=True)
        for name in names
    }


if __name__ == "__main__":
    main()
