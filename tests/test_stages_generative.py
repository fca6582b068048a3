"""The generative stages on tiny data: files, columns, and bytes that do not depend on workers."""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from joblib.externals.loky import get_reusable_executor
from safetensors.torch import save_file

from idem.classifier import Classifier
from idem.datasets import Labelled, save
from stages import evaluate, train

ROOT = Path(__file__).parent.parent
RUNS = [(rule, seed) for seed in (0, 1) for rule in ("modified", "ordinary", "none")]


def tiny_params(folder: Path) -> None:
    content = yaml.safe_load((ROOT / "params.yaml").read_text())
    content["train"] |= {"steps": 4, "log_every": 2, "batch_size": 6, "seeds": [0, 1]}
    content["train"] |= {"channels": [3, 4, 5], "bottleneck": 2, "calibration_batches": 3}
    content["evaluate"] |= {"samples": 20, "batch_size": 10, "drift_samples": 10}
    content["evaluate"] |= {"applications": 3, "shown_samples": 4}
    (folder / "params.yaml").write_text(yaml.safe_dump(content, sort_keys=False))


def tiny_data(folder: Path) -> None:
    rng = np.random.default_rng(0)
    for split in ("train", "test"):
        images = rng.integers(0, 256, (40, 1, 32, 32), dtype=np.uint8)
        save(folder / "data/mnist", split, Labelled(images, rng.integers(0, 10, 40, np.uint8)))
    torch.manual_seed(0)
    save_file(Classifier().state_dict(), folder / "data/mnist/classifier.safetensors")


def run(stage, monkeypatch, workers: str = "1") -> None:
    monkeypatch.setenv("IDEM_WORKERS", workers)
    monkeypatch.setattr(sys, "argv", [stage.__name__, "mnist", "--metrics", "metrics"])
    stage.main()


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    tiny_params(folder)
    tiny_data(folder)
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(folder)
        run(train, monkeypatch)
        run(evaluate, monkeypatch)
    return folder


def test_every_run_leaves_raw_and_averaged_weights(trained):
    names = {path.name for path in (trained / "data/mnist/weights").iterdir()}
    kinds = ("raw", "averaged")
    assert names == {f"{rule}_{seed}_{k}.safetensors" for rule, seed in RUNS for k in kinds}


def test_the_history_has_the_rows_of_every_run(trained):
    history = pd.read_csv(trained / "metrics/train_mnist.csv")
    assert list(history) == ["rule", "seed", "step", "reconstruction", "idempotency"]
    assert [tuple(key) for key in history[["rule", "seed"]].drop_duplicates().to_numpy()] == RUNS
    assert list(history["step"]) == [2, 4] * 6


def test_rules_of_one_seed_start_alike(trained):
    first = pd.read_csv(trained / "metrics/train_mnist.csv").groupby(["rule", "seed"]).first()
    start = {rule: first.reconstruction[rule].tolist() for rule in ("modified", "ordinary", "none")}
    assert start["modified"] == pytest.approx(start["ordinary"], rel=1e-2)
    assert start["modified"] == pytest.approx(start["none"], rel=1e-2)


def test_the_table_has_a_row_per_run_weights_and_mode(trained):
    table = pd.read_csv(trained / "metrics/generative_mnist.csv")
    assert len(table) == len(table[evaluate.RUN].drop_duplicates()) == 24
    shares = table[[f"class_{digit}" for digit in range(10)]].sum(axis=1)
    assert shares.to_numpy() == pytest.approx(np.ones(24), abs=1e-5)
    undefined_for_a_constant = ["noise_relative_error", "data_relative_error"]
    assert table.drop(columns=undefined_for_a_constant).notna().to_numpy().all()


def test_the_drift_curves_are_complete(trained):
    drift = pd.read_csv(trained / "metrics/drift_mnist.csv")
    assert list(drift) == [*evaluate.RUN, "application", "drift"]
    assert list(drift["application"]) == [1, 2, 3] * 24


def test_the_headline_is_nested_by_rule_with_means_seeds_and_controls(trained):
    content = json.loads((trained / "metrics/generative_mnist.json").read_text())
    assert set(content) == {"controls", "modified", "ordinary", "none"}
    assert set(content["controls"]) == {"real", "raw_noise", "constant"}
    found = content["ordinary"]["raw"]["eval"]
    assert set(found) == {*evaluate.HEADLINE, "seeds"}
    seeds = [found["seeds"][seed]["frechet_distance"] for seed in "01"]
    assert found["frechet_distance"] == pytest.approx(sum(seeds) / 2, rel=1e-4)


def test_samples_are_pixels_of_noise_and_two_applications(trained):
    samples = pd.read_csv(trained / "metrics/samples_mnist.csv")
    assert list(samples)[:4] == ["rule", "seed", "sample", "application"]
    assert len(samples) == 6 * 3 * 4
    pixels = samples.iloc[:, 4:].to_numpy()
    assert pixels.shape[1] == 1024
    assert (pixels == pixels.astype(np.uint8)).all()
    noise = samples[samples.application == 0].groupby(["rule", "seed"])
    assert len({tuple(table.iloc[:, 4:].to_numpy().ravel()) for _, table in noise}) == 1


@pytest.mark.filterwarnings("default")
def test_bytes_do_not_depend_on_the_number_of_workers(trained, tmp_path, monkeypatch):
    shutil.copytree(trained, tmp_path / "again")
    monkeypatch.chdir(tmp_path / "again")
    shutil.rmtree("data/mnist/weights")
    shutil.rmtree("metrics")
    get_reusable_executor().shutdown(wait=True)  # workers of another test are in its folder
    run(train, monkeypatch, workers="2")
    run(evaluate, monkeypatch, workers="2")
    for folder in ("data/mnist/weights", "metrics"):
        for path in (trained / folder).iterdir():
            assert Path(folder, path.name).read_bytes() == path.read_bytes(), path.name
