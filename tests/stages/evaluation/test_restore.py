"""Stage restore on tiny data: what is compared with what, the intervals, and where pixels go."""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from pydantic import ValidationError
from torch import Generator, Tensor

from idem.data.datasets import to_unit
from idem.evaluation.corruptions import CORRUPTIONS
from idem.evaluation.metrics import absolute_error
from stages.common import params
from stages.common.files import write_tensors
from stages.common.params import Restore
from stages.evaluation import pictures, restore
from stages.generative import networks, weights
from tests import ROOT
from tests.made_up import write_classifier, write_mnist

MODELS, SEEDS, IMAGES, SHOWN = ("modified", "ordinary"), (0, 1), 12, 2
SETTINGS = len(MODELS) * 2 * 5 * 2  # modes, corruptions and `none`, applications
SECTION = {
    "seed": 0,
    "images": IMAGES,
    "batch_size": 6,
    "training_images": 30,
    "weights": ["best"],
    "modes": ["train", "eval"],
    "resamples": 200,
    "confidence": 0.9,
    "shown_images": SHOWN,
    "shown_weights": "best",
    "shown_mode": "eval",
}


def run(monkeypatch: pytest.MonkeyPatch, workers: str = "1") -> None:
    monkeypatch.setenv("IDEM_WORKERS", workers)
    monkeypatch.setattr(sys, "argv", ["restore", "mnist", "--metrics", "metrics"])
    restore.main()


def prepare(folder: Path) -> None:
    """Write parameters, images, and networks that were never trained."""
    content = yaml.safe_load((ROOT / "params.yaml").read_text())
    models = content["train"]["models"]
    content["train"] |= {"models": {name: models[name] for name in MODELS}, "seeds": [*SEEDS]}
    content["train"] |= {"channels": [3, 4, 5], "bottleneck": 2}
    content["restore"] = SECTION
    (folder / "params.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    write_mnist(folder, ("train", "valid", "test"))
    write_classifier(folder)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("restore")
    prepare(folder)
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(folder)
        section = params.read(Path("params.yaml"), params.Generative).train
        for i, (model, seed) in enumerate((m, s) for m in MODELS for s in SEEDS):
            rng = Generator().manual_seed(i)
            f = networks.network(section, section.models[model], (1, 32, 32), rng)
            path = networks.weights_path(section, "mnist", model, seed, "best")
            write_tensors(path, f.state_dict())
        run(monkeypatch)
    return folder


@pytest.fixture
def scores(folder) -> pd.DataFrame:
    return pd.read_csv(folder / "metrics/restoration_mnist.csv").fillna({"mode": "", "weights": ""})


@pytest.fixture
def test_images(folder, monkeypatch) -> Tensor:
    monkeypatch.chdir(folder)
    return to_unit(networks.some("mnist", "test", IMAGES))


def decibels(y: Tensor, x: Tensor) -> float:
    """Return the mean over images of PSNR for values of range 2, by its definition."""
    errors = (y.double() - x).square().mean((1, 2, 3))
    return float((10 * (4 / errors).log10()).mean())


def only(table: pd.DataFrame, **keys: object) -> pd.Series:
    for name, value in keys.items():
        table = table[table[name] == value]
    assert len(table) == 1
    return table.iloc[0]


def test_a_row_a_setting_for_every_seed_and_over_all_seeds(scores):
    networks = scores[scores.application > 0]
    assert len(networks) == SETTINGS * (len(SEEDS) + 1)
    assert len(scores) - len(networks) == 3 * 5 - 1  # an image equals itself, which says nothing
    assert not scores.duplicated([*restore.SETTING, "seed"]).any()
    assert set(scores.corruption) == {"none", *CORRUPTIONS}
    assert set(scores.seed[scores.application == 0]) == {"all"}


def test_intervals_hold_the_means_and_the_mean_over_seeds_is_theirs(scores):
    for metric in restore.METRICS:
        assert (scores[f"{metric}_low"] < scores[metric]).all()
        assert (scores[metric] < scores[f"{metric}_high"]).all()
        networks = scores[scores.application > 0]
        means = networks[networks.seed != "all"].groupby(restore.SETTING)[metric].mean()
        over = networks[networks.seed == "all"].set_index(restore.SETTING)[metric]
        assert over.sort_index().to_numpy() == pytest.approx(means.sort_index(), rel=1e-5)


@pytest.mark.parametrize("application", [1, 2])
@pytest.mark.parametrize("corruption", ["none", *CORRUPTIONS])
def test_a_score_is_that_of_the_network_applied_so_often(
    folder, scores, test_images, monkeypatch, corruption, application
):
    monkeypatch.chdir(folder)
    everything = params.read(Path("params.yaml"), params.Generative)
    f = weights.restored(everything, "mnist", "ordinary", 1, "best")
    y = restore.corrupted(test_images, 0)[corruption]
    with torch.no_grad():
        for _ in range(application):
            y = f.eval()(y)
    keys = {"model": "ordinary", "seed": "1", "mode": "eval", "corruption": corruption}
    found = only(scores, application=application, **keys)
    assert found.psnr == pytest.approx(decibels(y, test_images), rel=1e-4)


def test_the_baselines_are_the_input_and_the_mean_and_nearest_training_image(
    folder, scores, test_images
):
    training = to_unit(networks.some("mnist", "train", 30))
    for corruption, given in restore.corrupted(test_images, 0).items():
        distances = (given[:, None] - training).flatten(2).norm(dim=2)
        outputs = {"mean_image": training.mean(0).expand_as(given)}
        outputs["nearest_image"] = training[distances.argmin(1)]
        outputs |= {"input": given} if corruption != "none" else {}
        for name, y in outputs.items():
            found = only(scores, model=name, corruption=corruption)
            assert found.psnr == pytest.approx(decibels(y, test_images), rel=1e-4)


def test_quality_of_equal_images_is_bounded_and_that_of_others_falls(test_images):
    equal = restore.quality(test_images, test_images)
    assert equal["psnr"] == pytest.approx(np.full(IMAGES, 58.9))
    assert equal["ssim"] == pytest.approx(np.ones(IMAGES))
    for worse, better in ((0.2, 0.1), (0.4, 0.2)):
        low, high = (restore.quality(test_images * (1 - s), test_images) for s in (worse, better))
        assert all((low[name] < high[name]).all() for name in restore.METRICS)


def test_the_interval_is_that_of_the_mean_of_a_normal_sample():
    section = Restore(**SECTION | {"resamples": 4000, "confidence": 0.95})
    values = np.random.default_rng(0).normal(3.0, 2.0, (1, 400))
    low, high = restore.interval(values, section)
    error = 1.96 * values.std() / 20
    assert (low, high) == pytest.approx((values.mean() - error, values.mean() + error), abs=0.02)


def test_the_interval_over_seeds_counts_their_differences_and_those_of_images():
    section = Restore(**SECTION)
    by_seed = np.repeat([[0.0], [1.0]], 10, axis=1)
    assert restore.interval(by_seed, section) == pytest.approx((0.0, 1.0), abs=1e-12)
    low, high = restore.interval(by_seed.T[:2].T * 0 + [[0.0, 1.0]], section)
    assert (low, high) == pytest.approx((0.0, 1.0), abs=1e-12)


def test_the_headline_nests_the_means_over_seeds(folder, scores):
    content = json.loads((folder / "metrics/restoration_mnist.json").read_text())
    assert set(content) == {"baselines", "best"}
    found = content["best"]["eval"]["ordinary"]["mask"]
    assert set(found) == {"psnr", "ssim", "psnr_2", "ssim_2"}
    keys = {"model": "ordinary", "seed": "all", "mode": "eval", "corruption": "mask"}
    for application, end in ((1, ""), (2, "_2")):
        row = only(scores, application=application, **keys)
        assert found[f"ssim{end}"] == pytest.approx(row.ssim, rel=1e-5)
    assert set(content["baselines"]) == set(restore.BASELINES)
    assert "none" not in content["baselines"]["input"]


def test_the_pixels_shown_are_those_of_the_first_seed_in_the_mode_shown(folder, test_images):
    shown = pd.read_csv(folder / "metrics/restored_mnist.csv")
    assert len(shown) == SHOWN * (3 * 5 + len(MODELS) * 5 * 2)
    assert set(shown.seed) == {"all", "0"}
    pixels = shown[[name for name in map(str, shown) if name[1:].isdigit()]].to_numpy()
    assert pixels.shape[1] == 1024
    assert (pixels == pixels.astype(np.uint8)).all()
    original = (shown.model == "input") & (shown.corruption == "none")
    expected = (test_images[:SHOWN].flatten(1) + 1) * 127.5
    assert float(absolute_error(torch.from_numpy(pixels[original]).float(), expected)) < 1e-6


def test_pixels_of_photographs_stay_out_of_the_metrics():
    paths = [pictures.path(Path("metrics"), name, "restored") for name in ("mnist", "celeba")]
    assert paths == [Path("metrics/restored_mnist.csv"), Path("data/celeba/restored_celeba.csv")]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"batch_size": 5}, "batch_size that divides images"),
        ({"shown_images": 13}, "shown_images of at most images, 12"),
        ({"shown_weights": "raw"}, "shown_weights among weights"),
        ({"modes": ["train"]}, "shown_mode among modes"),
    ],
)
def test_parameters_that_do_not_fit_are_refused(changes, message):
    with pytest.raises(ValidationError, match=message):
        Restore(**SECTION | changes)
