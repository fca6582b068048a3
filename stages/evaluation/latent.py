"""Stage latent: what the codes of a U-DCGAN look like, and how f acts around its samples.

The latent-space analysis that section 3.1 leaves open, measured for claim Q2. Of every model and
seed, and of an untrained network of the same form: the clouds of codes of data, noise, f(z) and
f(f(z)); the spectrum of the Jacobian at f(z) and after many more applications; what lies between
two samples in the code and in pixels.
"""

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from stages.common import params, resume
from stages.common.engine import run_units
from stages.common.files import write_csv, write_json, write_npz, write_text
from stages.common.params import Generative, Latent
from stages.evaluation.labels import labelled, subset
from stages.evaluation.latent_measures import PATHS
from stages.evaluation.latent_runs import RUN, UNTRAINED, NetworkTables, measured
from stages.evaluation.latent_tables import page
from stages.generative import networks, weights

MODULES = ("stages.evaluation.latent_runs",)  # that decide the tables of a run, training within


def main() -> None:
    """Write the tables of codes, Jacobians and paths, their headline, and a page about them."""
    args = params.arguments("analyse the latent space", dataset="name of the data set")
    everything, name = params.read(args.params, Generative), networks.data_set(args.dataset)

    def train_again(units: list[resume.Unit]) -> None:
        needed = [of for unit in units if (of := unit.arguments[2:])[0] != UNTRAINED]
        weights.provide(everything, name, needed, "latent")

    planned, label = plan(everything, name), f"latent {name}"
    with resume.completed(*planned, label=label, keep=args.units, before=train_again) as parts:
        _write(args.metrics, name, everything, [NetworkTables(**part) for part in parts])


def _write(metrics: Path, name: str, everything: Generative, found: list[NetworkTables]) -> None:
    section = everything.latent
    shown = [unit for unit in found if unit.codes]
    points = run_units(_plane, [(section, unit.run, unit.codes) for unit in shown], "planes")
    tables = {
        part: pd.DataFrame([row for unit in found for row in getattr(unit, part)])
        for part in ("clouds", "jacobians", "paths", "eigenvalues")
    }
    for part, table in (tables | {"codes": pd.concat(points)}).items():
        write_csv(metrics / f"latent_{name}_{part}.csv", table)
    images = {
        f"{unit.run['model']}, {path}": i for unit in shown for path, i in unit.images.items()
    }
    write_npz(metrics / f"latent_{name}_images.npz", images)
    numbers = headline(everything, tables)
    note = subset(metrics, name)
    write_json(metrics / f"latent_{name}.json", labelled(numbers, note))
    write_text(metrics / f"latent_{name}.md", page(section, numbers, note))


def plan(everything: Generative, dataset: str) -> resume.Plan:
    """Return how every run is measured, and an untrained network of the same form."""
    section, training = everything.latent.model_dump(mode="json"), everything.train
    first, of_runs = training.seeds[0], weights.keys(everything, dataset)
    units = [
        resume.Unit(
            f"latent_{dataset}_{model}_{seed}",
            [of_runs[model, seed], section, seed == first],
            (everything, dataset, model, seed),
        )
        for model, seed in product(training.models, training.seeds)
    ]
    form = next(iter(training.models))
    untrained = [of_runs[form, first], section, UNTRAINED]
    label, arguments = f"latent_{dataset}_{UNTRAINED}", (everything, dataset, UNTRAINED, first)
    units.append(resume.Unit(label, untrained, arguments))
    return resume.Plan(measured, units, MODULES)


def headline(everything: Generative, tables: dict[str, pd.DataFrame]) -> dict[str, Any]:
    """Return the rule of every model, and {model: {mode: means over seeds, and each seed}}."""
    models: dict[str, Any] = {}
    for keys, rows in tables["jacobians"].groupby(["model", "mode"], sort=False):
        model, mode = map(str, keys)
        by_place = rows.drop(columns=RUN).groupby("application").mean()
        models.setdefault(model, {})[mode] = {
            "seeds": int(rows.seed.nunique()),
            "jacobian": {f"f^{k}": dict(means) for k, means in by_place.iterrows()},
            "clouds": _means(_of(tables["clouds"], model, mode).drop(columns="seed"), "kind"),
            "paths": _along(_of(tables["paths"], model, mode).drop(columns="seed")),
            "by_seed": _by_seed(tables, model, mode),
        }
    rules = {name: settings.rule for name, settings in everything.train.models.items()}
    return {"rules": rules, "models": models}


def _by_seed(tables: dict[str, pd.DataFrame], model: str, mode: str) -> dict[str, Any]:
    """Return what Q2 asks of every seed: ‖J² − J‖ / ‖J‖ at f(z), and distances of two clouds."""
    jacobians, clouds = (_of(tables[part], model, mode) for part in ("jacobians", "clouds"))
    departure = jacobians[jacobians.application == 1].set_index("seed").departure
    distance = clouds.pivot(index="seed", columns="kind", values="distance")
    return {
        str(seed): {
            "departure": float(of_seed),
            "distance_of_noise": float(distance["noise"][seed]),
            "distance_of_samples": float(distance["f(z)"][seed]),
        }
        for seed, of_seed in departure.items()
    }


def _of(table: pd.DataFrame, model: str, mode: str) -> pd.DataFrame:
    return table[(table.model == model) & (table["mode"] == mode)].drop(columns=["model", "mode"])


def _means(rows: pd.DataFrame, key: str) -> dict[str, Any]:
    found = rows.groupby(key, sort=False).mean()
    return {str(name): dict(means) for name, means in found.iterrows()}


def _along(rows: pd.DataFrame) -> dict[str, Any]:
    """Return means along every path but for its ends, and at the ends, which all paths share."""
    if rows.empty:
        return {}
    at_end = rows.fraction.isin((0, 1))
    inside = _means(rows[~at_end].drop(columns="fraction"), "path")
    ends = rows[at_end & (rows.path == PATHS[0])].drop(columns=["fraction", "evenness"])
    return inside | _means(ends.assign(path="ends"), "path")


def _plane(section: Latent, run: dict[str, Any], found: dict[str, np.ndarray]) -> pd.DataFrame:
    """Return the codes in two dimensions: principal components of the data's codes, and t-SNE."""
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    together = np.concatenate(list(found.values())).astype(np.float64)
    data = found["data"].astype(np.float64)
    center = data.mean(0)
    directions = np.linalg.svd(data - center, full_matrices=False)[2][:2]
    directions *= np.sign(directions[np.arange(2), np.abs(directions).argmax(1)])[:, None]
    plane = (together - center) @ directions.T
    embedding = TSNE(
        perplexity=section.perplexity,
        max_iter=section.embedding_steps,
        init="pca",
        random_state=section.seed,
        n_jobs=1,
    )
    with threadpool_limits(1):  # a sum over threads would depend on how many there are
        near = embedding.fit_transform(together)
    kinds = np.repeat(list(found), [len(cloud) for cloud in found.values()])
    values = dict(
        zip(("pca_1", "pca_2", "tsne_1", "tsne_2"), np.hstack([plane, near]).T, strict=True)
    )
    return pd.DataFrame(run | {"kind": kinds} | values)


if __name__ == "__main__":
    main()
