"""The ledgers of the pipelines: which claims each of them judges, and from which files."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from stages.claims import (
    batch_sizes,
    cost,
    differentiation,
    edges,
    generative,
    latent,
    linear,
    routes,
    sweeps,
)
from stages.claims.verdict import Verdict
from stages.common import params
from stages.sweeps.aggregate import last_rows
from stages.sweeps.printed import PARAMETER_COUNTS


def laptop(folder: Path, settings: params.Laptop) -> list[Verdict]:
    """Return the ledger of the whole paper, from the files in a folder.

    T3 and T4 are judged on the networks with full sweeps at this scale.
    """
    section = settings.claims
    counts = {name: read(folder, f"sweep_{name}")["parameters"] for name in PARAMETER_COUNTS}
    lanes = {n: last_rows(pd.read_csv(folder / f"sweep_{n}.csv")) for n in ("B1", "B2")}
    width = settings.sweep.networks["B2"].widths[-1]
    return [
        *linear.judge(read(folder, "derive"), read(folder, "linear"), section),
        cost.judge(read(folder, "cost"), section),
        sweeps.parameter_counts(counts),
        sweeps.lower_error(lanes, section),
        sweeps.lower_rates("B2", lanes["B2"], width, section),
        edges.from_brackets(read(folder, "stability"), section),
        sweeps.near_zero(lanes["B1"], section),
        batch_sizes.judge(read(folder, "variants")["T7"], section),
        differentiation.judge(read(folder, "autodiff"), section),
        routes.judge(read(folder, "trajectory"), section),
        latent.judge(read(folder, "latent_mnist"), section),
        *generative.judge(read(folder, "generative"), section),
    ]


def study(folder: Path, section: params.GenerativeClaims) -> list[Verdict]:
    """Return the ledger of the generative study on MNIST."""
    found = generative.judge(read(folder, "generative"), section)
    return [*found, latent.judge(read(folder, "latent_mnist"), section)]


def celeba(folder: Path, section: params.GenerativeClaims) -> list[Verdict]:
    """Return the ledger of the generative study on CelebA."""
    found = generative.judge_photographs(read(folder, "generative"), section)
    return [*found, latent.judge(read(folder, "latent_celeba"), section)]


def read(folder: Path, name: str) -> dict[str, Any]:
    """Return the content of a JSON file."""
    return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
