"""The classifier's file is that of which the table says how good it is."""

import hashlib
import json
import sys
from pathlib import Path

import yaml
from safetensors.torch import load_file

from idem.evaluation.classifier import restored
from stages.evaluation import classifier
from tests import ROOT
from tests.made_up import write_mnist

WEIGHTS = Path("data/mnist/classifier.safetensors")


def measured(folder: Path) -> dict:
    return json.loads((folder / "classifier_mnist.json").read_text())


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_committed_weights_are_those_measured():
    assert sha256(ROOT / WEIGHTS) == measured(ROOT / "metrics/laptop")["sha256"]
    restored(load_file(ROOT / WEIGHTS))


def test_the_stage_is_frozen_so_that_no_machine_trains_its_own():
    assert yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]["classifier"]["frozen"]


def test_training_again_gives_the_same_bytes(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_mnist(tmp_path, ("train", "test"))
    content = yaml.safe_load((ROOT / "params.yaml").read_text())
    content["classifier"] |= {"batch_size": 20}
    Path("params.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    monkeypatch.setattr(sys, "argv", ["classifier", "mnist", "--metrics", "metrics"])
    written = []
    for _ in range(2):
        classifier.main()
        found = measured(Path("metrics"))
        assert found["sha256"] == sha256(WEIGHTS)
        assert 0 <= found["test_accuracy"] <= 1 and len(found["per_class"]) == 10
        written.append(WEIGHTS.read_bytes())
    assert written[0] == written[1]
