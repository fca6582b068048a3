"""Put tables into the README, between their markers: of claims and of the generative study.

Tests keep them equal.
"""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from stages.common import params
from stages.common.files import write_text
from stages.evaluation.summary import RUN, cell, summarize
from stages.generative.recipes import DIGITS
from stages.text import markdown

TABLE = Path("metrics/laptop/claims.md")
PAPER = Path("metrics/paper/claims.json")
STUDY, CELEBA = Path("metrics/study"), Path("metrics/celeba")
README = Path("README.md")
CONFIDENCE = 0.95  # of the intervals over seeds, as in the tables that are shown
WEIGHTS = {"chosen": "chosen", "averaged": "last"}
MEASURES = {  # of a run in a mode of BatchNorm, in the order they are shown
    ("frechet_distance", "train"): "Fréchet distance",
    ("frechet_distance", "eval"): "in mode eval",
    ("digits", "train"): "digits",
    ("digits", "eval"): "in mode eval",
    ("coverage", "train"): "coverage",
    ("noise_relative_error", "train"): "relative error on noise",
    ("test_relative_error", "train"): "on held-out images",
}


_MODES = ("ten digits first at step", "fewer again from step", "ten at the end")


def _block(name: str) -> re.Pattern[str]:
    return re.compile(rf"(<!-- {name}:[^\n]*-->\n)(.*?)(<!-- end of {name} -->)", re.DOTALL)


BLOCK = _block("claims")
PAPER_BLOCK = _block("claims at the paper's scale")
STUDY_BLOCK, CELEBA_BLOCK = _block("generative study"), _block("generative study on CelebA")
MODES_BLOCK, COMPUTE_BLOCK = _block("when modes are lost"), _block("distance by compute")
SHARES = (0.25, 0.5, 0.625, 0.75, 0.875, 1.0)  # of the compute of a run


def main() -> None:
    """Rewrite the README with the tables of the last runs."""
    watched = pd.read_csv(STUDY / "watched_mnist.csv")
    made = {
        BLOCK: TABLE.read_text(encoding="utf-8"),
        PAPER_BLOCK: overview(json.loads(PAPER.read_text(encoding="utf-8"))),
        STUDY_BLOCK: models(_runs(STUDY, "mnist")),
        MODES_BLOCK: modes(watched),
        COMPUTE_BLOCK: by_compute(watched, with_a_rule()),
        CELEBA_BLOCK: models(_runs(CELEBA, "celeba")),
    }
    text = README.read_text(encoding="utf-8")
    for block, content in made.items():
        text = block.sub(lambda m, new=content: m[1] + new + m[3], text)
    write_text(README, text)


def _runs(folder: Path, dataset: str) -> pd.DataFrame:
    names = ("generative", "references")
    return pd.concat(pd.read_csv(folder / f"{name}_{dataset}.csv") for name in names)


def models(runs: pd.DataFrame) -> str:
    """Return a Markdown table, a row a model and weights: means and intervals over seeds.

    Args:
        runs: columns ``model``, ``seed``, ``weights``, ``mode`` and those of `MEASURES` that these
            images have, a row a run.
    """
    runs = runs[runs.weights.isin(WEIGHTS)]
    columns = dict.fromkeys(name for name, _ in MEASURES if name in runs)
    found = summarize(runs[[*RUN, *columns]], CONFIDENCE)
    measures = {key: head for key, head in MEASURES.items() if key[0] in columns}
    rows = []
    for (model, weights), of_model in found.groupby(["model", "weights"], sort=False):
        cells = {(row.measure, row["mode"]): cell(row) for _, row in of_model.iterrows()}
        row = [model.replace("_", " "), WEIGHTS[weights], f"{of_model.seeds.iloc[0]}"]
        rows.append(row + [cells.get(key, "–") for key in measures])
    return markdown.table(["model", "weights", "seeds", *measures.values()], rows) + "\n"


def modes(watched: pd.DataFrame) -> str:
    """Return a Markdown table of when all digits were there first, and when some were lost again.

    Args:
        watched: columns ``model``, ``seed``, ``step`` and, of both weights, ``raw_digits`` and
            ``averaged_digits``.
    """
    rows = []
    for model, of_model in watched.groupby("model", sort=False):
        for kind in ("raw", "averaged"):
            seeds = [
                _won_and_lost(dict(zip(run.step, run[f"{kind}_digits"] == DIGITS, strict=True)))
                for _, run in of_model.groupby("seed")
            ]
            won, lost, kept = zip(*seeds, strict=True)
            cells = [_steps(won), _steps(lost), f"{sum(kept)} of {len(kept)} seeds"]
            rows.append([str(model).replace("_", " "), kind, *cells])
    return markdown.table(["model", "weights", *_MODES], rows) + "\n"


def with_a_rule() -> list[str]:
    """Return the models of the study that have equal compute."""
    models = params.read(Path("stages/pipelines/study/params.yaml")).train.models
    return [name for name, model in models.items() if model.rule != "none"]


def by_compute(watched: pd.DataFrame, models: Sequence[str]) -> str:
    """Return a Markdown table of distances after equal shares of the compute.

    Means and intervals over seeds, and on how many seeds the first model is nearer; a share that
    falls between two measurements has what a straight line between the logarithms of theirs has
    there.

    Args:
        watched: columns ``model``, ``seed``, ``step`` and ``averaged_frechet_distance``.
        models: those of equal compute, in the order of the rows.
    """
    heads = [f"{100 * share:g} %" for share in SHARES]
    runs = pd.DataFrame(
        {"model": model, "seed": seed, "weights": "averaged", "mode": "train"}
        | dict(zip(heads, _after(run, SHARES), strict=True))
        for model in models
        for seed, run in watched[watched.model == model].groupby("seed")
    )
    distances = runs.set_index(["model", "seed"])[heads]
    first, rows = distances.loc[models[0]], []
    for model, of_model in summarize(runs, CONFIDENCE).groupby("model", sort=False):
        cells = [cell(row) for _, row in of_model.iterrows()]
        if model != models[0]:
            peer = distances.loc[str(model)]
            nearer = (first < peer.fillna(np.inf)).sum()
            cells = [f"{text}, {n}/{len(peer)}" for text, n in zip(cells, nearer, strict=True)]
        rows.append([str(model).replace("_", " "), *cells])
    return markdown.table(["model", *heads], rows) + "\n"


def _after(run: pd.DataFrame, shares: Sequence[float]) -> np.ndarray:
    logarithms = np.log(run.averaged_frechet_distance)
    return np.exp(np.interp(np.array(shares) * run.step.max(), run.step, logarithms))


def _won_and_lost(whole: Mapping[int, bool]) -> tuple[int | None, int | None, bool]:
    """Return when a run had all digits first, when it lacked some after, and how it ended."""
    won = next((step for step, all_there in whole.items() if all_there), None)
    lost = next((step for step, there in whole.items() if won and step > won and not there), None)
    return won, lost, whole[max(whole)]


def _steps(found: Sequence[int | None]) -> str:
    """Return steps in order, a dash for a run without."""
    there = sorted(step for step in found if step is not None)
    return ", ".join([*map(str, there), *["–"] * found.count(None)])


def overview(ledger: Mapping[str, Mapping[str, Any]]) -> str:
    """Return a Markdown table of verdicts, a row a claim and a column a network.

    Args:
        ledger: ``verdict`` by claim and network; a claim may be about some networks only.
    """
    networks = sorted({network for verdicts in ledger.values() for network in verdicts})
    rows = [["", *networks], ["---"] * (len(networks) + 1)]
    for claim, verdicts in ledger.items():
        rows.append([claim, *(verdicts.get(n, {}).get("verdict", "–") for n in networks)])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


if __name__ == "__main__":
    main()
