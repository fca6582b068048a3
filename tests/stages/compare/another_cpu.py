"""A run of one commit on CPUs of two kinds, summed up as today."""

import shutil
from pathlib import Path
from typing import Any

import pandas as pd

from stages.common import params
from stages.common.files import write_json
from stages.summary import tables
from stages.summary.build import summary
from tests import ROOT

TABLES = Path(__file__).with_name("data")


def write_summary(side: str, folder: Path) -> None:
    """Write the summary of a side, ``epyc`` or ``intel``, into the metrics of a folder."""
    old = folder / side
    shutil.copytree(TABLES / side, old)
    scores = (old / "generative.json").read_text(encoding="utf-8")
    (old / "generative.json").write_text(scores.replace('"chosen"', '"best"'), encoding="utf-8")
    write_json(old / "latent_mnist.json", {"models": _jacobians(old)})
    claims = params.read(ROOT / "params.yaml", params.Laptop).claims
    found, spreads = summary(old, tables.laptop(claims), leave_out=lambda error: None)
    write_json(folder / "metrics/laptop/summary.json", found)
    write_json(folder / "metrics/laptop/spread.json", spreads)


def _jacobians(folder: Path) -> dict[str, Any]:
    """Return what a table of Jacobians says by model and seed, as latent_mnist.json does now."""
    rows = pd.read_csv(folder / "latent_mnist_jacobians.csv", dtype={"seed": str})
    return {
        str(model): {"eval": {"by_seed": found.set_index("seed")[["departure"]].to_dict("index")}}
        for model, found in rows.groupby("model")
    }
