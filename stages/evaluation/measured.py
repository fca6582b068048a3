"""The tables of the generative study that are measured of networks and of controls.

Apart from what is made of them: a finished unit holds these, and a changed text makes none stale.
"""

from collections.abc import Sequence
from typing import Any

import pandas as pd
import torch
from torch import Tensor

from idem.checkpoint import Checkpoint
from idem.data.datasets import to_unit
from idem.evaluation import metrics, samples
from stages.common.params import Evaluate, Generative
from stages.evaluation import measures
from stages.evaluation.labels import CONTROL, KINDS, MODES, RUN
from stages.generative import networks, weights
from stages.generative.scoring import Scorer, batched, load_scorer

Tables = dict[str, pd.DataFrame]


def network(
    everything: Generative, dataset: str, model: str, seed: int, checkpoint: Checkpoint
) -> Tables:
    """Return all tables of one run, of all its weights in both modes, but for pictures."""
    scorer = load_scorer(everything.score, dataset, "test")
    training = everything.train
    given = measures.inputs(everything.evaluate, training, dataset, training.models[model])
    return joined([_weights(everything, dataset, scorer, given, model, seed, k) for k in KINDS])


def _weights(
    everything: Generative,
    dataset: str,
    scorer: Scorer,
    given: dict[str, Tensor],
    model: str,
    seed: int,
    kind: str,
) -> Tables:
    section, found = everything.evaluate, []
    f = weights.restored(everything, dataset, model, seed, kind)
    for mode in MODES:
        run = dict(zip(RUN, (model, seed, kind, mode), strict=True))
        row, y = measures.network(networks.in_mode(f, mode), given, scorer, section)
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
            near, _ = measures.neighbours(y[: section.neighbours], dataset)
            row |= near
        found.append(keyed(run, tables | _rows(row)))
    return joined(found)


def controls(everything: Generative, dataset: str, checkpoint: Checkpoint) -> Tables:
    """Return the same of what no network made.

    ``real`` are images of the split `valid`, on which neither features nor networks were trained,
    ``test`` those of `test`, ``raw_noise`` is that of the first model, ``constant`` the mean of
    ``real`` again and again.
    """
    scorer = load_scorer(everything.score, dataset, "test")
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
        found.append(keyed(_control(name), tables))
    near, _ = measures.neighbours(test[: section.neighbours], dataset)
    return joined([*found, keyed(_control("test"), _rows(near))])


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


def keyed(run: dict[str, Any], tables: Tables) -> Tables:
    """Put what tells a run from others before every table."""
    result = {}
    for name, table in tables.items():
        head = pd.DataFrame([run] * len(table), index=table.index)
        result[name] = pd.concat([head, table], axis=1)
    return result


def joined(found: Sequence[Tables]) -> Tables:
    """Return all tables, those of one name below each other."""
    names = dict.fromkeys(name for tables in found for name in tables)
    return {
        name: pd.concat([tables[name] for tables in found if name in tables], ignore_index=True)
        for name in names
    }
