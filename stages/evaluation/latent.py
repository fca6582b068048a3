"""Stage latent: what the codes of a U-DCGAN look like, and how f acts around its samples.

The latent-space analysis that section 3.1 leaves open, measured for claim Q2. Of every model and
seed, and of an untrained network of the same form: the clouds of codes of data, noise, f(z) and
f(f(z)); the spectrum of the Jacobian at f(z) and after many more applications; what lies between
two samples in the code and in pixels.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from torch import Generator, Tensor, nn

from idem.data.datasets import DATASETS, to_unit
from idem.generative.udcgan import UDCGAN
from stages.common import params
from stages.common.engine import run_units
from stages.common.files import write_csv, write_json, write_npz, write_text
from stages.common.params import Generative, Latent
from stages.evaluation.latent_measures import KINDS, PATHS, clouds, codes, jacobians, orbit, paths
from stages.evaluation.latent_tables import page
from stages.evaluation.summary import labelled, subset
from stages.generative import networks

MODES = ("eval", "train")
UNTRAINED = "untrained"
RUN = ["model", "seed", "mode"]


def main() -> None:
    """Write the tables of codes, Jacobians and paths, their headline, and a page about them."""
    args = params.arguments("analyse the latent space", dataset="name of the data set")
    everything, name = params.read(args.params, Generative), networks.data_set(args.dataset)
    section = everything.latent
    found = run_units(_latent_unit, _units(everything, name), f"latent {name}")
    shown = [unit for unit in found if unit.codes]
    points = run_units(_plane, [(section, unit.run, unit.codes) for unit in shown], "planes")
    tables = {
        part: pd.DataFrame([row for unit in found for row in getattr(unit, part)])
        for part in ("clouds", "jacobians", "paths", "eigenvalues")
    }
    for part, table in (tables | {"codes": pd.concat(points)}).items():
        write_csv(args.metrics / f"latent_{name}_{part}.csv", table)
    images = {
        f"{unit.run['model']}, {path}": i for unit in shown for path, i in unit.images.items()
    }
    write_npz(args.metrics / f"latent_{name}_images.npz", images)
    numbers = headline(everything, tables)
    note = subset(args.metrics, name)
    write_json(args.metrics / f"latent_{name}.json", labelled(numbers, note))
    write_text(args.metrics / f"latent_{name}.md", page(section, numbers, note))


@dataclass(frozen=True)
class Given:
    """What is measured: a network, images, noise, and a classifier where images have classes."""

    f: UDCGAN
    x: Tensor
    z: Tensor
    classifier: nn.Module | None


@dataclass
class NetworkTables:
    """What one network contributes; codes and images of the first seed alone, in the mode shown."""

    run: dict[str, Any] = field(default_factory=dict)  # that whose codes and images these are
    clouds: list[dict] = field(default_factory=list)
    jacobians: list[dict] = field(default_factory=list)
    paths: list[dict] = field(default_factory=list)
    eigenvalues: list[dict] = field(default_factory=list)
    codes: dict[str, np.ndarray] = field(default_factory=dict)
    images: dict[str, np.ndarray] = field(default_factory=dict)


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


def _units(everything: Generative, dataset: str) -> list[tuple]:
    section = everything.train
    runs = [(model, seed) for model in section.models for seed in section.seeds]
    runs.append((UNTRAINED, section.seeds[0]))
    return [(everything, dataset, model, seed) for model, seed in runs]


def _latent_unit(everything: Generative, dataset: str, model: str, seed: int) -> NetworkTables:
    section, found = everything.latent, NetworkTables()
    given = _given(everything, dataset, model, seed)
    for mode in MODES:
        shown = mode == section.shown_mode and seed == everything.train.seeds[0]
        run = dict(zip(RUN, (model, seed, mode), strict=True))
        _measure(section, given, run, found, shown)
    return found


def _given(everything: Generative, dataset: str, model: str, seed: int) -> Given:
    section, training = everything.latent, everything.train
    images = networks.some(dataset, "test", 2 * section.images)
    shape, rng = images.shape[1:], Generator(images.device).manual_seed(section.seed)
    settings = training.models.get(model) or next(iter(training.models.values()))
    noise = networks.noise(training, settings, dataset, shape)
    if model == UNTRAINED:
        f = networks.network(training, settings, shape, Generator().manual_seed(seed))
        networks.recalibrate(f, training, dataset, noise, seed)
    else:
        f = networks.trained_network(training, dataset, shape, model, seed, section.weights)
    labelled = DATASETS[dataset].known == "labels"
    classifier = networks.classifier(dataset) if labelled else None
    return Given(f, to_unit(images), noise.sample(section.images, rng), classifier)


def _measure(
    section: Latent, given: Given, run: dict[str, Any], found: NetworkTables, shown: bool
) -> None:
    """Add what one mode contributes."""
    f, mode = given.f, run["mode"]
    of_images = codes(f, given.x, given.z, mode)
    found.clouds += [run | row for row in clouds(section, of_images)]
    points = orbit(f, given.z[: section.batch_size], section.applications, mode)
    rows, spectra = jacobians(section, f, points, mode)
    found.jacobians += [run | row for row in rows]
    if shown:
        found.eigenvalues += _eigenvalue_rows(run, spectra)
    if run["model"] == UNTRAINED:
        return
    rows, images = paths(section, f, points[1], mode, given.classifier)
    found.paths += [run | row for row in rows]
    if shown:
        found.run, found.images = run, images
        found.codes = {k: of_images[k][: section.embedded].cpu().numpy() for k in KINDS}


def _eigenvalue_rows(run: dict[str, Any], spectra: dict[int, Tensor]) -> list[dict]:
    return [
        run
        | {
            "application": application,
            "point": point,
            "rank": rank,
            "real": float(value.real),
            "imaginary": float(value.imag),
        }
        for application, values in spectra.items()
        for point, of_point in enumerate(values)
        for rank, value in enumerate(of_point)
    ]


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
