"""The one command that judges: which claims, by which pipeline, and what it writes."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from stages.claims import __main__ as stage
from stages.claims.network_by_network import NETWORKS, NOT_RUN
from tests.interrupted import ROOT
from tests.stages.claims.test_generative import of_photographs

SUBSET = "SUBSET: 3 of 7 images"


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
        ("generative", of_photographs()),
        ("latent_celeba", latent()),
    ):
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
    arguments = ["claims", "--params", str(pipeline), "--metrics", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", arguments)
    stage.main()
    assert set(json.loads((tmp_path / "claims.json").read_text())) == {"G2", "G3", "Q2"}
    assert (tmp_path / "claims.md").read_text().endswith(f"\n{SUBSET}.\n")


def test_the_command_writes_both_files_the_same_every_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    files = [
        "--params",
        str(ROOT / "stages/pipelines/paper/params.yaml"),
        "--metrics",
        str(tmp_path),
    ]
    monkeypatch.chdir(ROOT)  # where the rules are
    monkeypatch.setattr(sys, "argv", ["claims", *files])
    written = []
    for _ in range(2):
        stage.main()
        written.append([(tmp_path / f"claims.{kind}").read_bytes() for kind in ("json", "md")])
    assert written[0] == written[1]
    ledger = json.loads(written[0][0])
    assert ledger["T4"] == {n: {"verdict": NOT_RUN, "runs": 0} for n in ("B2", "B3")}
    assert len(written[0][1].decode().splitlines()) == 2 + sum(map(len, NETWORKS.values()))
