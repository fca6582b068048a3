"""A clone without weights makes the tables from finished units, and trains what else it needs."""

import shutil
from pathlib import Path

import pytest
import yaml

from stages.common import params
from stages.evaluation import evaluate, latent, restore
from stages.generative import runs, train, weights
from tests import ROOT, interrupted
from tests.interrupted import check_alike
from tests.made_up import STUDY, write_study

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")  # forward mode scripts
ARGUMENTS = ["mnist", "--params", STUDY, "--metrics", "metrics"]
STAGES = (train, evaluate, restore, latent)
MODELS = ("modified", "ign")


def run_here(stage, folder: Path) -> None:
    assert interrupted.run_here(stage, ARGUMENTS, folder) == 0


def prepare(folder: Path) -> None:
    content = yaml.safe_load((ROOT / STUDY).read_text())
    models = {name: content["train"]["models"][name] | {"steps": None} for name in MODELS}
    content["train"] |= {"steps": 3, "seeds": [3], "channels": [3, 4, 5], "bottleneck": 2}
    content["train"] |= {"batch_size": 6, "log_every": 2, "calibration_batches": 2}
    content["train"] |= {"validation": {"every": 3, "samples": 20, "seed": 1}, "models": models}
    content["statistics"]["models"] = [*MODELS][:1]
    ways = {"modified": content["frozen"]["ways"]["modified"]}
    content["frozen"] |= {"shown_seed": 3, "ways": ways}
    content["baselines"] |= {"autoencoder": "modified"}
    content["score"] |= {"batch_size": 10, "pairs": 10}
    content["evaluate"] |= {"samples": 20, "images": 10, "drift_samples": 10, "applications": 2}
    content["evaluate"] |= {"sizes": [10, 20], "nearest_k": 3, "neighbours": 6}
    content["restore"] |= {"images": 6, "batch_size": 6, "training_images": 20, "resamples": 9}
    content["latent"] |= {"images": 8, "batch_size": 5, "applications": 2, "points": 1, "pairs": 2}
    content["latent"] |= {"steps": 3, "embedded": 5, "perplexity": 2.0, "embedding_steps": 250}
    write_study(folder, content)


def outputs(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("metrics/*.*")}


def made(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("data/mnist/study/*")}


@pytest.fixture(scope="module")
def done(tmp_path_factory) -> Path:
    """Return a folder in which all stages have run."""
    folder = tmp_path_factory.mktemp("done")
    prepare(folder)
    for stage in STAGES:
        run_here(stage, folder)
    return folder


@pytest.fixture
def clone(done: Path, tmp_path: Path) -> Path:
    """Return a folder that has the finished units, and no weights."""
    prepare(tmp_path)
    shutil.copytree(done / "metrics/units", tmp_path / "metrics/units")
    return tmp_path


def test_tables_come_from_units_without_training(done: Path, clone: Path, monkeypatch, capsys):
    monkeypatch.setattr(runs.Run, "train", None)
    for stage in STAGES:
        run_here(stage, clone)
    assert outputs(clone) == outputs(done)
    kinds = [f"{model}_3_{kind}.safetensors" for model in MODELS for kind in weights.KINDS]
    assert made(clone) == {"noise.safetensors"} and made(done) == {*kinds, "noise.safetensors"}
    assert "2 runs have no weights here" in capsys.readouterr().out


def test_what_needs_weights_says_which_runs_it_trains_again(done: Path, clone: Path, capsys):
    run_here(train, clone)
    for path in clone.glob("metrics/units/*_mnist_ign_3*"):
        if not path.name.startswith("train"):
            path.unlink()
    for stage in STAGES[1:]:
        run_here(stage, clone)
    said = capsys.readouterr().out
    assert said.count("trains again, as weights do not travel and are not here: ign 3\n") == 1
    check_alike(
        *({k: v for k, v in outputs(f).items() if k.endswith("csv")} for f in (clone, done))
    )
    assert made(clone) == {"noise.safetensors"}  # what another stage has made is left alone


def test_weights_outlive_that_their_stage_runs_again(done: Path, monkeypatch):
    before = {path.name: path.read_bytes() for path in done.glob("data/mnist/study/*")}
    shutil.rmtree(done / "data/mnist/study")  # as DVC does
    monkeypatch.setattr(runs.Run, "train", None)
    run_here(train, done)
    assert {path.name: path.read_bytes() for path in done.glob("data/mnist/study/*")} == before


def test_another_calibration_has_other_weights_and_the_same_unit(done: Path, monkeypatch):
    monkeypatch.chdir(done)
    whole = params.read(Path(STUDY), params.MNISTStudy)
    other = whole.model_copy(
        update={"train": whole.train.model_copy(update={"calibration_batches": 7})}
    )
    ours, theirs = (weights.Runs.of(each, "mnist") for each in (whole, other))
    name = ("ign", 3)
    assert ours.copies(name) != theirs.copies(name)
    assert ours.plan([name]).units[0].key == theirs.plan([name]).units[0].key
    assert weights.keys(whole, "mnist")[name] != weights.keys(other, "mnist")[name]
