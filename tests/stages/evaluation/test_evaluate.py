"""The generative stages on tiny data: files, columns, and bytes that do not depend on workers."""

import json
import math
import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from torch import Tensor, nn

from idem.checkpoint import Checkpoint
from idem.evaluation.corruptions import CORRUPTIONS
from stages.common import params
from stages.evaluation import evaluate, measured, measures, pictures, summary
from stages.generative import networks, train, weights
from stages.generative.scoring import Scorer
from tests import ROOT
from tests.interrupted import check_alike
from tests.made_up import write_classifier, write_mnist

MODELS = ("modified", "ordinary", "ign")
RUNS = [(model, seed) for seed in (0, 1) for model in MODELS]
KINDS = ("raw", "ema", "best")
INPUTS = ["data", "test", "noise", "corrupted"]


def tiny_params(folder: Path) -> None:
    content = yaml.safe_load((ROOT / "params.yaml").read_text())
    content["train"] |= {"steps": 4, "log_every": 2, "batch_size": 6, "seeds": [0, 1]}
    content["train"] |= {"channels": [3, 4, 5], "bottleneck": 2, "calibration_batches": 3}
    content["train"]["validation"] = {"every": 3, "samples": 20, "seed": 1}
    for model in content["train"]["models"].values():
        model |= {"data_noise": 0.0, "code_normalization": "batch"}  # start from the same inputs
        model |= {"code_group": None}
    content["score"] |= {"batch_size": 10, "pairs": 10}
    content["evaluate"] |= {"samples": 20, "images": 10, "drift_samples": 10}
    content["evaluate"] |= {"applications": 3, "sizes": [10, 15, 30], "nearest_k": 3}
    content["evaluate"] |= {"neighbours": 6, "shown_samples": 4}
    (folder / "params.yaml").write_text(yaml.safe_dump(content, sort_keys=False))


def tiny_data(folder: Path) -> None:
    write_mnist(folder, ("train", "valid", "test"))
    write_classifier(folder)


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


def table(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(folder / "metrics" / f"{name}.csv", keep_default_na=False, na_values=[""])


def test_the_samples_may_be_as_many_as_the_largest_size(trained, monkeypatch):
    monkeypatch.chdir(trained)
    whole = params.read(Path("params.yaml"), params.Laptop)
    section = whole.evaluate.model_copy(update={"sizes": [10, whole.evaluate.samples]})
    whole = whole.model_copy(update={"evaluate": section})
    found = measured.network(whole, "mnist", "modified", 0, Checkpoint(Path("unused")))
    assert found["size"]["size"].tolist() == [math.inf, 10, 20]


def test_every_run_leaves_raw_ema_and_best_weights(trained):
    names = {path.name for path in (trained / "data/mnist/weights").iterdir()}
    weights = {f"{model}_{seed}_{k}.safetensors" for model, seed in RUNS for k in KINDS}
    assert names == weights | {"noise.safetensors"}


def test_the_history_has_the_rows_of_every_run(trained):
    history = table(trained, "train_mnist")
    columns = ["model", "seed", "step", "reconstruction", "idempotency", "tightness"]
    assert list(history) == columns
    assert [tuple(key) for key in history[["model", "seed"]].drop_duplicates().to_numpy()] == RUNS
    assert list(history["step"]) == [1, 2, 4] * 6


def test_every_run_is_validated_to_its_last_step(trained):
    assert list(table(trained, "validation_mnist")["step"]) == [3, 4] * 6


def test_models_of_one_seed_start_alike(trained):
    first = table(trained, "train_mnist").groupby(["model", "seed"]).first()
    start = {model: first.reconstruction[model].tolist() for model in MODELS}
    assert start["modified"] == pytest.approx(start["ordinary"], rel=1e-2)
    assert start["modified"] == pytest.approx(start["ign"], rel=1e-2)


def test_the_table_has_a_row_per_run_weights_and_mode_and_per_control(trained):
    found = table(trained, "generative_mnist")
    networks = found[found.weights != summary.CONTROL]
    assert len(networks) == len(networks[summary.RUN].drop_duplicates()) == 6 * 3 * 2
    assert set(networks["mode"]) == {"train", "eval"}
    assert set(found.model) - set(MODELS) == {"real", "raw_noise", "constant", "test"}
    shown_only = list(found.filter(regex="last_drift|neighbour"))
    shown_only += ["frechet_distance_infinite"]
    undefined_for_a_constant = [f"{kind}_relative_error" for kind in INPUTS]
    assert networks.drop(columns=[*shown_only, *undefined_for_a_constant]).notna().all(axis=None)
    shown = (networks.weights == "best") & (networks["mode"] == "train")
    assert networks[shown][shown_only].notna().all(axis=None)
    assert networks[~shown].frechet_distance_infinite.isna().all()


def test_class_fractions_sum_to_one_for_every_run_and_control(trained):
    sums = table(trained, "classes_mnist").groupby(summary.RUN).fraction.sum()
    assert len(sums) == 36 + 3
    assert sums.to_numpy() == pytest.approx(np.ones(39), abs=1e-5)


def test_orbits_of_every_kind_of_input_are_followed_for_the_weights_shown(trained):
    drift = table(trained, "drift_mnist")
    assert list(drift) == [*summary.RUN, "input", "application", "drift"]
    assert set(drift.weights) == {"best"}
    assert list(drift["input"].drop_duplicates()) == INPUTS
    assert list(drift["application"]) == [1, 2, 3] * 4 * 6 * 2


def test_the_distance_by_size_ends_in_that_without_end(trained):
    size = table(trained, "size_mnist")
    assert list(size["size"]) == [math.inf, 10, 15, 30] * 7
    assert set(size.model) == {*MODELS, "real"}
    assert set(size["mode"]) == {"train", "none"}
    ends = size[np.isinf(size["size"])]
    assert ends.frechet_distance.isna().all()
    found = table(trained, "generative_mnist").dropna(subset=["frechet_distance_infinite"])
    assert list(found.frechet_distance_infinite) == list(ends.fitted[:6])


def test_the_headline_is_nested_by_model_with_intervals_seeds_and_controls(trained):
    content = json.loads((trained / "metrics/generative.json").read_text())
    assert set(content) == {"controls", *MODELS}
    assert set(content["controls"]) == {"real", "raw_noise", "constant", "test"}
    assert content["controls"]["constant"]["pairwise_distance"] == pytest.approx(0, abs=1e-4)
    found = content["ordinary"]["best"]["train"]
    assert set(found) == {*summary.HEADLINE, "seeds"}
    seeds = [found["seeds"][seed]["frechet_distance"] for seed in "01"]
    distance = found["frechet_distance"]
    assert distance["mean"] == pytest.approx(sum(seeds) / 2, rel=1e-4)
    assert distance["low"] <= distance["mean"] <= distance["high"]


def test_the_readable_table_has_a_row_a_setting(trained):
    lines = (trained / "metrics/generative.md").read_text().splitlines()
    assert len(lines) == 2 + 3 * 3 * 2 + 4
    assert lines[2].startswith("| our training | raw | train | ")
    assert len({line.count("|") for line in lines}) == 1


def test_samples_are_pixels_of_noise_and_two_applications_in_both_modes(trained):
    samples = table(trained, "samples_mnist")
    keys = ["model", "seed", "mode", "sample", "application"]
    assert list(samples)[: len(keys)] == keys
    assert set(samples.seed) == {0}  # the one that is drawn
    assert len(samples) == len(samples[keys].drop_duplicates()) == 3 * 2 * 4 * 3
    pixels = samples.drop(columns=keys)
    assert pixels.shape[1] == 1024
    assert (pixels == pixels.astype(np.uint8)).all(axis=None)
    noise = pixels[samples.application == 0].groupby([samples.model, samples["mode"]])
    assert len({tuple(rows.to_numpy().ravel()) for _, rows in noise}) == 1
    made = pixels[samples.application == 1].groupby([samples.model, samples["mode"]])
    assert len({tuple(rows.to_numpy().ravel()) for _, rows in made}) == 3 * 2


def test_samples_are_what_the_weights_make_of_the_whole_noise_in_a_mode(trained, monkeypatch):
    monkeypatch.chdir(trained)
    whole = params.read(Path("params.yaml"), params.Laptop)
    z = measures.inputs(whole.evaluate, whole.train, "mnist", whole.train.models["ign"])["noise"]
    f = weights.restored(whole, "mnist", "ign", 0, "best")
    samples = table(trained, "samples_mnist").query("model == 'ign'")
    for mode in ("train", "eval"):
        networks.in_mode(f, mode)
        with torch.no_grad():
            halves = [f(z[i : i + 10]) for i in (0, 10)]  # 20 samples, score.batch_size 10
            expected = [z[:4], halves[0][:4], f(halves[0])[:4]]
        found = samples[samples["mode"] == mode]
        for application, images in enumerate(expected):
            seen = found[found.application == application].filter(regex=r"^p\d").to_numpy()
            levels = ((images.flatten(1).clamp(-1, 1) + 1) * 127.5).numpy()
            assert np.abs(seen - levels).max() < 0.51


def test_the_neighbours_are_training_images_and_the_samples_those_of_figure_5(trained):
    rows = table(trained, "neighbours_mnist")
    assert list(rows)[:4] == ["model", "seed", "sample", "picture"]
    samples = table(trained, "samples_mnist").query("mode == 'train'")
    made = rows[rows.picture == "sample"].filter(regex=r"^p\d").to_numpy()
    once = samples[samples.application == 1].filter(regex=r"^p\d").to_numpy()
    assert np.array_equal(made, once)
    images = np.load(trained / "data/mnist/train_images.npy").reshape(40, -1)
    nearest = rows[rows.picture == "nearest"].filter(regex=r"^p\d").to_numpy()
    assert all((images == picture).all(axis=1).any() for picture in nearest)


def test_pixels_may_enter_git_only_where_they_may_be_handed_on():
    folder = Path("metrics/celeba")
    assert pictures.path(folder, "celeba", "samples") == Path("data/celeba/samples_celeba.csv")
    assert pictures.path(folder, "mnist", "samples") == folder / "samples_mnist.csv"


def test_corrupted_images_are_corrupted_in_turn():
    x = torch.rand(9, 1, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    y = measures.corrupted(x, 0)
    for i, corrupt in enumerate(CORRUPTIONS.values()):
        expected = corrupt(x[i::4], torch.Generator().manual_seed(0))
        assert torch.equal(y[i::4], expected)
        assert not torch.equal(y[i::4], x[i::4])


class Flat(nn.Module):
    """Features without classes."""

    def features(self, images: Tensor) -> Tensor:
        return images.flatten(1)


def test_without_classes_there_are_features_and_no_digits(capsys):
    rng = torch.Generator().manual_seed(0)
    real, made = torch.randn(2, 30, 1, 2, 2, generator=rng)
    section = params.Score(batch_size=10, confidence=0.7, least_fraction=0.02, pairs=10)
    scorer = Scorer(Flat(), real.flatten(1), section)
    found = measures.sample_quality(made, scorer, 3)
    expected = {"frechet_distance", "pairwise_distance"}
    assert set(found) == expected | {"precision", "recall", "density", "coverage"}
    assert capsys.readouterr().out == ""
    assert set(measured._rows(found)) == {"generative"}
    same = measures.sample_quality(real, scorer, 3)
    assert (same["precision"], same["recall"], same["coverage"]) == (1, 1, 1)


def test_distances_have_means_of_their_logarithms():
    keys = {"model": "m", "weights": "raw", "mode": "eval"}
    runs = pd.DataFrame({"seed": [0, 1], "frechet_distance": [4.0, 9.0], "coverage": [0.4, 0.9]})
    found = summary.summarize(runs.assign(**keys), 0.95).set_index("measure")["mean"]
    assert found.to_dict() == pytest.approx({"frechet_distance": 6.0, "coverage": 0.65})


def test_intervals_end_where_a_measurement_does():
    rows = [
        {"model": "m", "seed": seed, "weights": "raw", "mode": "eval", "digits": digits}
        | {"precision": 0.5 + seed / 2, "recall": math.nan}
        for seed, digits in ((0, 1), (1, 9))
    ]
    found = summary.summarize(pd.DataFrame(rows), 0.95)
    assert list(found.measure) == ["digits", "precision"]
    limits = found[["mean", "low", "high", "seeds"]].to_numpy().tolist()
    assert limits == [[5, 0, 10, 2], [0.75, 0, 1, 2]]


@pytest.mark.filterwarnings("default")
def test_results_do_not_depend_on_the_number_of_workers(trained, tmp_path, monkeypatch):
    shutil.copytree(trained, tmp_path / "again")
    monkeypatch.chdir(tmp_path / "again")
    shutil.rmtree("data/mnist/weights")
    shutil.rmtree("metrics")
    run(train, monkeypatch, workers="2")
    run(evaluate, monkeypatch, workers="2")
    for folder in ("data/mnist/weights", "metrics"):
        found, expected = (
            {path.name: path.read_bytes() for path in (place / folder).iterdir()}
            for place in (Path(), trained)
        )
        check_alike(found, expected)
