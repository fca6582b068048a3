"""Stage claims: a verdict on every claim of the paper measured so far, from the numbers alone.

What counts as a difference, and how many runs a verdict takes, stands in params.yaml; with fewer
runs a verdict is called an indication. The rules that decide are in `stages.judges`.
"""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from stages.claims import (
    batch_sizes,
    cost,
    edges,
    generative,
    latent,
    linear,
    open_questions,
    sweeps,
)
from stages.claims.printed import PARAMETER_COUNTS
from stages.claims.verdict import Verdict, table
from stages.common import params
from stages.common.files import write_json, write_text
from stages.sweeps.aggregate import last_rows


def main() -> None:
    """Write the ledger as JSON, for `dvc metrics diff`, and as the table of the README."""
    args = params.arguments("judge the paper's claims")
    ledger = judge(args.metrics, params.read(args.params))
    write_json(args.metrics / "claims.json", {v.id: {"verdict": v.verdict} for v in ledger})
    write_text(args.metrics / "claims.md", table(ledger))


def judge(folder: Path, settings: params.Params) -> list[Verdict]:
    """Return the ledger of the laptop scale, from the tables in a folder.

    T3 and T4 are judged on the networks with full sweeps at this scale.
    """
    section = settings.claims
    counts = {name: _json(folder, f"sweep_{name}")["parameters"] for name in PARAMETER_COUNTS}
    lanes = {n: last_rows(pd.read_csv(folder / f"sweep_{n}.csv")) for n in ("B1", "B2")}
    width = settings.sweep.networks["B2"].widths[-1]
    return [
        *linear.judge(_json(folder, "derive"), _json(folder, "linear")),
        cost.judge(_json(folder, "cost")),
        sweeps.parameter_counts(counts),
        sweeps.lower_error(lanes, section),
        sweeps.lower_rates("B2", lanes["B2"], width, section),
        edges.from_brackets(_json(folder, "stability"), section),
        sweeps.near_zero(lanes["B1"], section),
        batch_sizes.judge(_json(folder, "variants")["T7"], section),
        open_questions.differentiation(_json(folder, "autodiff")),
        open_questions.routes(_json(folder, "trajectory")),
        latent.judge(_json(folder, "latent_mnist"), section),
        *generative.judge(_json(folder, "generative"), section),
    ]


def _json(folder: Path, name: str) -> dict[str, Any]:
    return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
