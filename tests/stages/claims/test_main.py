"""The one command that judges: which claims, by which pipeline, and what it writes."""

import json
import sys
from pathlib import Path

import pytest

from stages.claims import __main__ as stage
from stages.claims.by_network.places import NETWORKS
from stages.claims.verdict import HEAD, NOT_RUN
from tests.interrupted import ROOT
from tests.stages.claims.generative.test_latent import tables
from tests.stages.claims.studies import study

SUBSET = "SUBSET: 3 of 7 images"


def test_the_claims_of_a_study_say_on_which_images_they_rest(tmp_path: Path, monkeypatch):
    pipeline = ROOT / "stages/pipelines/celeba/params.yaml"
    (tmp_path / "generative.json").write_text(json.dumps({"data": SUBSET}))
    study().runs.to_csv(tmp_path / "generative_celeba.csv", index=False)
    of_models: dict[str, float] = dict.fromkeys(
        ("modified", "ordinary", "ign", "autoencoder", "untrained"), 0.5
    )
    for part, table in zip(("jacobians", "clouds"), tables(of_models, of_models), strict=True):
        table.to_csv(tmp_path / f"latent_celeba_{part}.csv", index=False)
    arguments = ["claims", "--params", str(pipeline), "--metrics", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", arguments)
    stage.main()
    assert set(json.loads((tmp_path / "claims.json").read_text())) == {"G2", "G3", "Q2", "R4"}
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
    found = json.loads(written[0][0])
    assert found["T4"] == {n: {"verdict": NOT_RUN, "runs": 0} for n in ("B2", "B3")}
    text = written[0][1].decode()
    assert text.startswith(HEAD)
    lines = text.removeprefix(HEAD).splitlines()
    assert len(lines) == 2 + sum(map(len, NETWORKS.values()))
