"""What a generative pipeline of its own says: the verdicts of a study."""

import json
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from stages.claims import generative, study
from stages.claims.verdict import NOT, OPEN, REPRODUCED
from stages.common import params
from stages.report import compare, readme
from tests.interrupted import ROOT

SECTION = params.GenerativeClaims(
    least_runs=2, least_effect=0.1, least_digits=8, least_coverage=0.1
)
SUBSET = "SUBSET: 3 of 7 images"


def measured(distance: float = 20.0, coverage: float = 0.5) -> dict[str, Any]:
    """Return what stage evaluate writes of images without classes, as far as judges read it."""

    def model(frechet: float, error: float) -> dict[str, Any]:
        seeds = {s: {"frechet_distance": frechet, "coverage": coverage} for s in ("0", "1")}
        means = {f"{kind}_relative_error": {"mean": error} for kind in ("noise", "test")}
        found = {"train": {"frechet_distance": {"mean": frechet}, "seeds": seeds} | means}
        return {"chosen": found, "averaged": found}

    controls = {"real": {"frechet_distance": 4.0}, "raw_noise": {"frechet_distance": 90.0}}
    models = {"modified": model(distance, 0.4), "ordinary": model(60.0, 0.2), "ign": model(50, 0.2)}
    return {"controls": controls} | models


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, REPRODUCED),
        ({"distance": 61.0}, NOT),  # above ordinary
        ({"coverage": 0.05}, NOT),
        ({"distance": float("nan")}, OPEN),
    ],
)
def test_photographs_need_a_lower_distance_and_coverage(changes, expected):
    verdict, errors = generative.judge_photographs(measured(**changes), SECTION)
    assert (verdict.id, verdict.verdict) == ("G2", expected)
    assert (errors.id, errors.verdict) == ("G3", NOT)
    assert "EfficientNet-Lite0" in verdict.measured and "FID" not in verdict.measured


def latent() -> dict[str, Any]:
    jacobian = {"f^1": {"departure": 0.5, "near_one": 0.1, "near_zero": 0.2, "trace": 9.0}}
    clouds = {kind: {"distance": 0.3} for kind in ("noise", "f(z)", "f(f(z))")}
    models = {name: {"eval": {"jacobian": jacobian, "clouds": clouds}} for name in NAMES}
    answers = {name: "no" for name in NAMES[:3]}
    Q2 = {"projection": answers, "approach": answers, "seeds": 2, "mode": "eval"}
    return {"Q2": Q2, "models": models}


NAMES = ("modified", "ordinary", "ign", "untrained")


def test_the_ledger_of_a_study_says_on_which_images_it_rests(tmp_path: Path, monkeypatch):
    pipeline = ROOT / "stages/pipelines/celeba/params.yaml"
    for name, content in (
        ("generative", measured()),
        ("latent_celeba", latent()),
        ("prepare_celeba", {"data": SUBSET}),
    ):
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
    arguments = ["claims", "celeba", "--params", str(pipeline), "--metrics", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", arguments)
    study.main()
    assert set(json.loads((tmp_path / "claims.json").read_text())) == {"G2", "G3", "Q2"}
    assert (tmp_path / "claims.md").read_text().endswith(f"\n{SUBSET}.\n")


def runs() -> pd.DataFrame:
    """Return what stages evaluate and references write, as far as the README shows it."""
    keys = {"model": "dcgan", "weights": "chosen", "mode": "train"}
    found = {"frechet_distance": [4.0, 6.0], "digits": 10, "coverage": 0.5}
    dcgan = pd.DataFrame({"seed": [0, 1]} | found).assign(**keys)
    own = dcgan.assign(model="modified", noise_relative_error=0.4, test_relative_error=0.2)
    evaluated = own.assign(mode="eval", frechet_distance=7.0, digits=9)
    return pd.concat([own, dcgan, evaluated, own.assign(weights="raw")])


def test_the_readme_shows_means_over_seeds_in_training_mode_of_weights_that_are_kept():
    assert readme.models(runs()).splitlines()[2:] == [
        "| modified | chosen | 2 | 5 [0, 17.7] | 7 [7, 7] | 10 [10, 10] | 9 [9, 9] "
        "| 0.5 [0.5, 0.5] | 0.4 [0.4, 0.4] | 0.2 [0.2, 0.2] |",
        "| dcgan | chosen | 2 | 5 [0, 17.7] | – | 10 [10, 10] | – | 0.5 [0.5, 0.5] | – | – |",
    ]


def test_the_readme_has_no_column_for_digits_that_images_do_not_have():
    head, _, row = readme.models(runs().drop(columns="digits")).splitlines()[:3]
    assert "digits" not in head
    assert row.startswith("| modified | chosen | 2 | 5 [0, 17.7] | 7 [7, 7] | 0.5 [0.5, 0.5] | 0.4")


def test_the_readme_says_when_digits_were_won_and_lost_again():
    def run(seed: int, raw: list[int], averaged: list[int]) -> pd.DataFrame:
        steps = {"step": [1, 2, 3], "raw_digits": raw, "averaged_digits": averaged}
        return pd.DataFrame({"model": "ign", "seed": seed} | steps)

    watched = pd.concat([run(0, [10, 9, 10], [9, 10, 10]), run(1, [7, 8, 9], [10, 10, 9])])
    assert readme.modes(watched).splitlines()[2:] == [
        "| ign | raw | 1, – | 2, – | 1 of 2 seeds |",
        "| ign | averaged | 1, 2 | 3, – | 1 of 2 seeds |",
    ]


def test_the_readme_shows_distances_after_equal_shares_of_the_compute():
    def run(model: str, seed: int, steps: list[int], distances: list[float]) -> pd.DataFrame:
        columns = {"step": steps, "averaged_frechet_distance": distances}
        return pd.DataFrame({"model": model, "seed": seed} | columns)

    watched = pd.concat(
        [
            run("modified", 0, [20, 40, 80], [300, 200, 20]),
            run("modified", 1, [20, 40, 80], [500, 30, 30]),
            run("ign", 0, [10, 20, 40], [400, 100, 25]),
            run("ign", 1, [10, 30, 40], [400, 4, 25]),
        ]
    )
    first, row = readme.by_compute(watched, ["modified", "ign"]).splitlines()[2:]
    assert "/" not in first
    means, nearer = zip(*((c.split()[0], c.split()[-1]) for c in row.split("|")[2:-1]), strict=True)
    at = dict(zip(readme.SHARES, means, strict=True))
    expected = ["400", "70", "27", "25"]  # (100 + 40) / 2, (50 + 4) / 2
    assert [at[share] for share in (0.25, 0.5, 0.75, 1.0)] == expected
    assert nearer == ("1/2", "1/2", "0/2", "0/2", "0/2", "1/2")


def test_the_readme_shows_the_compute_in_the_study_of_this_commit():
    shown = readme.COMPUTE_BLOCK.search(compare.git("show", "HEAD:README.md"))
    watched = pd.read_csv(StringIO(compare.git("show", "HEAD:metrics/study/watched_mnist.csv")))
    assert shown is not None
    assert shown[2] == readme.by_compute(watched, readme.with_a_rule())


def test_the_readme_shows_when_digits_were_lost_in_the_study_of_this_commit():
    shown = readme.MODES_BLOCK.search(compare.git("show", "HEAD:README.md"))
    watched = pd.read_csv(StringIO(compare.git("show", "HEAD:metrics/study/watched_mnist.csv")))
    assert shown is not None
    assert shown[2] == readme.modes(watched)


@pytest.mark.parametrize(
    ("block", "names"),
    [
        (readme.STUDY_BLOCK, ("study/generative_mnist", "study/references_mnist")),
        (readme.CELEBA_BLOCK, ("celeba/generative_celeba", "celeba/references_celeba")),
    ],
)
def test_the_readme_shows_the_study_of_this_commit(block, names):
    shown = block.search(compare.git("show", "HEAD:README.md"))
    files = [compare.git("show", f"HEAD:metrics/{name}.csv") for name in names]
    assert shown is not None
    assert shown[2] == readme.models(pd.concat(pd.read_csv(StringIO(file)) for file in files))
