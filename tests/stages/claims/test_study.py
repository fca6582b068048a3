"""What a generative pipeline of its own says: the verdicts of a study."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from stages.claims import __main__ as stage, generative
from stages.claims.verdict import NOT, OPEN, REPRODUCED
from stages.common import params
from tests.interrupted import ROOT

SECTION = params.GenerativeClaims(
    least_runs=2, least_effect=0.1, least_digits=8, least_coverage=0.1, projection_below=0.1
)
SUBSET = "SUBSET: 3 of 7 images"


def measured(distance: float = 20.0, coverage: float = 0.5) -> dict[str, Any]:
    """Return what stage evaluate writes of images without classes, as far as judges read it."""

    def model(frechet: float, error: float) -> dict[str, Any]:
        seeds = {s: {"frechet_distance": frechet, "coverage": coverage} for s in ("0", "1")}
        means = {f"{kind}_relative_error": {"mean": error} for kind in ("noise", "test")}
        found = {"train": {"frechet_distance": {"mean": frechet}, "seeds": seeds} | means}
        return {"best": found, "ema": found}

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
    each = {"departure": 0.5, "distance_of_noise": 0.3, "distance_of_samples": 0.3}
    found = {"seeds": 2, "jacobian": jacobian, "clouds": clouds, "by_seed": {"0": each, "1": each}}
    models = {name: {"eval": found} for name in NAMES}
    return {"data": SUBSET, "rules": dict(zip(NAMES, NAMES[:3], strict=False)), "models": models}


NAMES = ("modified", "ordinary", "ign", "untrained")


def test_the_ledger_of_a_study_says_on_which_images_it_rests(tmp_path: Path, monkeypatch):
    pipeline = ROOT / "stages/pipelines/celeba/params.yaml"
    for name, content in (
        ("generative", measured()),
        ("latent_celeba", latent()),
    ):
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
    arguments = ["claims", "--params", str(pipeline), "--metrics", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", arguments)
    stage.main()
    assert set(json.loads((tmp_path / "claims.json").read_text())) == {"G2", "G3", "Q2"}
    assert (tmp_path / "claims.md").read_text().endswith(f"\n{SUBSET}.\n")
