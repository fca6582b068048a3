"""Stage baselines on tiny data: its table, its compute, and that it can be cut."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from safetensors.torch import load_file
from torch import Generator

from idem.checkpoint import Checkpoint
from idem.data.datasets import to_unit
from idem.generative.gaussian import Gaussian
from stages.common import params
from stages.common.files import write_tensors
from stages.evaluation import baselines
from stages.generative import networks, scoring
from tests import ROOT
from tests.made_up import STUDY, write_study

OUT_OF_TIME = 75
ARGUMENTS = ["mnist", "--params", STUDY, "--metrics", "metrics"]
TINY = {"batch_size": 6, "log_every": 3, "calibration_batches": 3}
VALIDATE = {"every": 4, "samples": 20, "seed": 1}


def prepare(folder: Path, **changes: Any) -> None:
    """Write parameters, a data set of noise, a classifier and an untrained autoencoder."""
    content = yaml.safe_load((ROOT / STUDY).read_text())
    models = content["train"]["models"]
    models = {name: models[name] | {"steps": None} for name in ("modified", "ordinary", "ign")}
    models["autoencoder"] = models["modified"] | {"rule": "none", "weight": 0.0}
    content["train"] |= {"steps": 5, "seeds": [3], "channels": [3, 4, 5], "bottleneck": 2}
    content["train"] |= TINY | {"validation": VALIDATE, "models": models}
    content["statistics"]["models"] = ["modified"]
    ways = {"modified": content["frozen"]["ways"]["modified"]}
    content["frozen"] |= {"shown_seed": 3, "ways": ways}
    content["score"] |= {"batch_size": 10, "pairs": 10}
    content["evaluate"] |= {"samples": 20, "drift_samples": 10}
    content["baselines"] = TINY | {"seeds": [3, 4], "steps": 14, "learning_rate": 2e-4}
    content["baselines"] |= {"betas": [0.5, 0.999], "ema_decay": 0.9, "validation": VALIDATE}
    content["baselines"] |= {"autoencoder": "autoencoder"} | changes
    write_study(folder, content)


def autoencoders(everything: params.GenerativeStudy) -> None:
    """Write weights that differ between kinds, as stage train would."""
    model = everything.train.models["autoencoder"]
    for i, kind in enumerate(baselines.KINDS):
        rng = Generator().manual_seed(i)
        f = networks.network(everything.train, model, (1, 32, 32), rng)
        path = networks.weights_path(everything.train, "mnist", "autoencoder", 3, kind)
        write_tensors(path, f.state_dict())


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """Return a folder in which the stage has run."""
    folder = tmp_path_factory.mktemp("finished")
    prepare(folder)
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(folder)
        autoencoders(parameters())
        run(monkeypatch)
    return folder


@pytest.fixture
def study(finished, monkeypatch) -> params.GenerativeStudy:
    """Return the parameters of a tiny study whose folder is the working directory."""
    monkeypatch.chdir(finished)
    return parameters()


def parameters() -> params.GenerativeStudy:
    return params.read(Path(STUDY), params.GenerativeStudy)


def run(monkeypatch) -> None:
    monkeypatch.setenv("IDEM_WORKERS", "1")
    monkeypatch.setattr(sys, "argv", ["baselines", *ARGUMENTS])
    baselines.main()


def outputs() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in Path("metrics").glob("*.*")}


def test_every_baseline_has_a_row_a_seed_weights_and_mode(study):
    table = pd.read_csv("metrics/baselines_mnist.csv")
    assert list(table)[:5] == ["model", "seed", "weights", "mode", "frechet_distance"]
    runs = [("dcgan", 3), ("dcgan", 4), ("autoencoder_codes", 3)]
    keys = [
        (*r, kind, mode) for r in runs for kind in baselines.KINDS for mode in ("train", "eval")
    ]
    assert list(table[["model", "seed", "weights", "mode"]].itertuples(index=False)) == keys
    assert np.isfinite(table.frechet_distance).all() and {"digits", "class_9"} <= set(table)
    assert (table.neighbour_ratio <= 1).all() and (table.neighbour_distance > 0).all()
    assert table.frechet_distance.nunique() > len(runs) * 3
    history = pd.read_csv("metrics/baselines_validation_mnist.csv")
    assert list(history.step) == [4, 8, 12, 14] * 2
    assert {"ema_frechet_distance", "raw_digits"} <= set(history)
    assert not list(Path(".ckpt").iterdir())


def test_the_best_weights_are_those_nearest_to_the_valid_split(study, tmp_path):
    """Scored in training mode on the codes of the validation, they give the least distance seen."""
    history = pd.read_csv("metrics/baselines_validation_mnist.csv").query("seed == 3")
    state = baselines._trained(study, "mnist", 3, Checkpoint(tmp_path / "run.npz"))
    assert state is not None
    measure = baselines._validation(
        study, scoring.load_scorer(study.score, "mnist", "valid")
    ).measure
    generators = state.weights()
    found = measure({"ema": generators["best"], "raw": generators["raw"]})
    least = history.ema_frechet_distance.min()
    assert found["ema_frechet_distance"] == pytest.approx(least, rel=1e-4)


def test_the_compute_is_counted_and_less_than_a_models_is_refused(study, tmp_path, monkeypatch):
    found = json.loads(Path("metrics/baselines_mnist.json").read_text())
    assert list(found) == ["dcgan", "modified", "ordinary", "ign", "autoencoder"]
    per_image = {name: each["operations"] / (5 * 6) for name, each in found.items()}
    forward = per_image["autoencoder"] / 3  # one pass forward, and one back that costs two
    assert per_image["modified"] == pytest.approx(8 * forward, rel=0.05)
    assert per_image["ordinary"] == pytest.approx(9 * forward, rel=0.05)
    assert per_image["ign"] == pytest.approx(11 * forward, rel=0.05)
    assert found["dcgan"]["operations"] / (14 * 6) == pytest.approx(5.5 * forward, rel=0.05)
    assert found["dcgan"]["operations"] >= max(each["operations"] for each in found.values())
    prepare(tmp_path, steps=5)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        SystemExit, match="baselines.steps: expected 11 or more, .* model ign, got 5"
    ):
        run(monkeypatch)


@pytest.mark.parametrize(("pipeline", "shape"), [("study", (1, 32, 32)), ("celeba", (3, 64, 64))])
def test_models_with_a_rule_have_equal_compute_if_they_have_batches_of_one_size(pipeline, shape):
    path = ROOT / f"stages/pipelines/{pipeline}/params.yaml"
    section = params.read(path, params.Generative).train
    by_size: dict[int | None, list[float]] = {}
    for model in section.models.values():
        if model.rule != "none":
            f = networks.network(section, model, shape)
            spent = baselines.model_flops(model, f, shape) * section.of(model).steps
            by_size.setdefault(model.batch_size, []).append(spent)
    assert len(by_size[None]) >= 3
    assert all(max(of_size) < 1.005 * min(of_size) for of_size in by_size.values())


def test_the_key_of_a_run_holds_what_decides_its_scores_and_no_more(study):
    def key(section: str = "", **changes: Any) -> list[Any]:
        other = study.model_dump()
        other.get(section, {}).update(changes)
        return baselines._key(params.MNISTStudy.model_validate(other), "data", 3)

    for same in ({"seeds": [1]}, {"autoencoder": "none"}):
        assert key("baselines", **same) == key()
    assert key("train", seeds=[1, 3], steps=7, folder="x") == key("evaluate", images=30) == key()
    assert key("baselines", calibration_batches=4) != key() != key("train", bottleneck=3)
    assert key("evaluate", nearest_k=4) != key() != key("score", pairs=9)


def test_drawn_codes_are_decoded_and_scored_as_written(study):
    rows = baselines._codes_unit(study, "mnist", 3, "ema", Checkpoint(Path("unused")))
    train = to_unit(networks.images("mnist", "train"))[:40]
    path = networks.weights_path(study.train, "mnist", "autoencoder", 3, "ema")
    rng = Generator().manual_seed(study.evaluate.seed)
    scorer = scoring.load_scorer(study.score, "mnist", "test")
    for row, mode in zip(rows, ("train", "eval"), strict=True):
        f = networks.network(study.train, study.train.models["autoencoder"], (1, 32, 32))
        f.load_state_dict(load_file(path))
        f.train(mode == "train")
        with torch.no_grad():
            codes = torch.cat([f.encode(batch)[0].flatten(1) for batch in train.split(10)])
            drawn = Gaussian.fit(codes).sample(20, rng)[..., None, None]
            f.load_state_dict(load_file(path))
            images = torch.cat([f.decode(code) for code in drawn.split(10)])
        assert row["mode"] == mode
        assert row["frechet_distance"] == pytest.approx(scorer.score(images)["frechet_distance"])


def test_an_autoencoder_that_was_not_trained_is_refused(tmp_path, monkeypatch):
    prepare(tmp_path, autoencoder="none")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match="unknown model 'none': expected one of modified, ord"):
        run(monkeypatch)


def test_a_run_that_was_cut_ends_with_the_bytes_of_an_undisturbed_one(study, tmp_path, monkeypatch):
    whole = outputs()
    prepare(tmp_path)
    monkeypatch.chdir(tmp_path)
    autoencoders(study)
    monkeypatch.setenv("IDEM_MINUTES", "0.00001")
    with pytest.raises(SystemExit) as stop:
        run(monkeypatch)
    assert stop.value.code == OUT_OF_TIME and not Path("metrics").exists()
    monkeypatch.delenv("IDEM_MINUTES")
    run(monkeypatch)
    assert outputs() == whole
