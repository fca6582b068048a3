"""Which claims each pipeline judges, and from which files."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from stages.claims.generative import attribution, fair, generative, latent, one_map
from stages.claims.generative.study import Study
from stages.claims.sweeps import (
    as_run,
    batch_sizes,
    edges,
    edges_as_run,
    near,
    newdata,
    published,
    routes,
    sweeps,
)
from stages.claims.theory import cost, differentiation, inputs, linear
from stages.claims.verdict import Verdict
from stages.common import params
from stages.common.so_far import else_so_far
from stages.sweeps.aggregate import last_rows
from stages.sweeps.printed import PARAMETER_COUNTS


def laptop(folder: Path, settings: params.Laptop) -> list[Verdict]:
    """Return the verdicts on the claims of the whole paper, from the files in a folder.

    T3 and T4 are judged on the networks with full sweeps at this scale.
    """
    section = settings.claims
    counts = {name: read(folder, f"sweep_{name}")["parameters"] for name in PARAMETER_COUNTS}
    lanes = {n: last_rows(pd.read_csv(folder / f"sweep_{n}.csv")) for n in PARAMETER_COUNTS}
    full = {n: lanes[n] for n in ("B1", "B2")}
    replayed = as_run.lanes_of(pd.read_csv(folder / "published_B2.csv"))
    stability = read(folder, "stability")
    width = settings.sweep.networks["B2"].widths[-1]
    return [
        *linear.judge(read(folder, "derive"), read(folder, "linear"), section),
        inputs.judge(read(folder, "flow"), section),
        cost.judge(read(folder, "cost"), section),
        sweeps.parameter_counts(counts),
        sweeps.lower_error(full, section),
        as_run.lower_error({"B2": replayed}, section),
        sweeps.lower_rates("B2", lanes["B2"], width, section),
        as_run.lower_rates("B2", replayed, section),
        edges.from_brackets(stability, lanes, section),
        edges_as_run.from_brackets(stability, section),
        sweeps.near_zero(lanes["B1"], section),
        batch_sizes.judge(
            read(folder, "variants")["T7"], of_batch_sizes(folder, settings.variants), section
        ),
        *published.judge(
            {n: read(folder, f"published_{n}") for n in settings.published.networks},
            read(folder, "published_matched"),
            section,
        ),
        newdata.judge(read(folder, "newdata"), section),
        near.judge(read(folder, "near"), section),
        differentiation.judge(read(folder, "autodiff"), section),
        routes.judge(read(folder, "trajectory"), section),
        *mnist(folder, settings.train, section),
    ]


def study(folder: Path, settings: params.MNISTStudy) -> list[Verdict]:
    """Return the verdicts of the generative study on MNIST.

    G3 at equal reconstruction, where that was measured.
    """
    section, search = settings.claims, settings.search
    found = Study(samples(folder, "mnist"), settings.train, section)
    verdicts = mnist(folder, settings.train, section)
    verdicts += generative.with_tightness(found, section.least_digits)
    trained, tried = (table_so_far(folder, f) for f in ("from_scratch_mnist", "search_one_map"))
    verdicts.append(one_map.judge(trained, tried, ways(settings), leads(search), section))
    stand_ins = table_so_far(folder, "search_attribution")
    nothing = attribution.NOTHING
    verdicts.append(attribution.judge(nothing if stand_ins is None else stand_ins, section))
    path = folder / "fair.csv"
    if path.exists():
        steps = max(setting.steps or search.steps for setting in search.groups["fair"].values())
        at_equal = fair.judge(pd.read_csv(path), steps, section)
        verdicts = [at_equal if verdict.id == at_equal.id else verdict for verdict in verdicts]
    return verdicts


def leads(search: params.Search) -> list[str]:
    """Return the settings towards one map that have the rule, by any corrector, as R2 asks."""
    tried = search.groups.get("one_map", {})
    rules = {name: lead.rule or search.models[lead.of].rule for name, lead in tried.items()}
    return [name for name, rule in rules.items() if rule == "modified" or not isinstance(rule, str)]


def ways(settings: params.MNISTStudy) -> list[str]:
    """Return the ways that R2 is asked of: by the modified rule, with IGN's matching beside it."""
    all_ways = settings.from_scratch.ways
    peer = all_ways.get(one_map.PEER)
    return [
        name
        for name, way in all_ways.items()
        if peer is not None and way.rule == "modified" and way.matching == peer.matching
    ]


def celeba(folder: Path, settings: params.CelebA) -> list[Verdict]:
    """Return the verdicts of the generative study on CelebA."""
    training, section = settings.train, settings.claims
    found = Study(samples(folder, "celeba"), training, section)
    return [
        codes(folder, "celeba", training, section),
        *generative.of_photographs(found, section.least_coverage),
    ]


def mnist(folder: Path, training: params.Train, section: params.DigitClaims) -> list[Verdict]:
    """Return the verdicts on what was trained on MNIST."""
    found = Study(samples(folder, "mnist"), training, section)
    return [
        codes(folder, "mnist", training, section),
        *generative.of_digits(found, section.least_digits),
    ]


def samples(folder: Path, images: str) -> pd.DataFrame:
    """Return what was measured of every run, that of baselines too where there are any."""
    paths = (folder / f"{name}_{images}.csv" for name in ("generative", "baselines"))
    found = [pd.read_csv(path) for path in paths if path.exists()]
    return pd.concat(found, ignore_index=True)


def codes(folder: Path, images: str, training: params.Train, section: params.Judging) -> Verdict:
    """Return the verdict on the latent space, from the models that were measured."""
    jacobians, clouds = (
        pd.read_csv(folder / f"latent_{images}_{part}.csv") for part in ("jacobians", "clouds")
    )
    there = set(jacobians.model)
    rules = {name: str(of.rule) for name, of in training.models.items() if name in there}
    return latent.judge(jacobians, clouds, rules, section)


def of_batch_sizes(folder: Path, variants: Mapping[str, params.Variant]) -> pd.DataFrame:
    """Return the rows of variants.csv that differ by batch size alone, with the steps of each."""
    table = pd.read_csv(folder / "variants.csv")
    table = table.assign(steps=table.variant.map({n: v.steps for n, v in variants.items()}))
    return table[(table.optimizer == "sgd") & (table.initialization == "default")]


def read(folder: Path, name: str) -> dict[str, Any]:
    """Return the content of a JSON file."""
    return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))


def table_so_far(folder: Path, name: str) -> pd.DataFrame | None:
    """Return a table, else what of it there is so far; None if there is none, or nothing in it."""
    try:
        return pd.read_csv(else_so_far(folder / f"{name}.csv"))
    except (FileNotFoundError, pd.errors.EmptyDataError):
        return None
