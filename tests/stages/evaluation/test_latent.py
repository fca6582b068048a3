"""The latent-space stage on tiny networks: its tables, its numbers and its page."""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from safetensors.torch import save_file
from torch import Generator

from idem.evaluation.classifier import Classifier
from stages.common import params
from stages.evaluation import latent
from stages.evaluation.latent_measures import PATHS
from stages.generative import networks
from tests import ROOT

MODELS = ("modified", "ordinary")
# PyTorch's forward mode loads what its own jit warns of.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")


def tiny_params(folder: Path) -> Path:
    content = yaml.safe_load((ROOT / "params.yaml").read_text())
    train = content["train"]
    train |= {"channels": [3, 4], "bottleneck": 3, "seeds": [0, 1], "skips": []}
    train["models"] = {
        name: train["models"][name] | {"noise": "gaussian"}
        for name in train["models"]
        if name in MODELS
    }
    content["latent"] |= {"images": 8, "batch_size": 6, "applications": 3, "points": 2}
    content["latent"] |= {"pairs": 2, "steps": 4, "embedded": 5, "perplexity": 3.0}
    content["latent"] |= {"embedding_steps": 250, "shown_mode": "eval"}
    path = folder / "params.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    return path


def tiny_data(folder: Path, dataset: str, channels: int, known: str, section: params.Train) -> None:
    rng, data = np.random.default_rng(0), folder / "data" / dataset
    (data / section.folder).mkdir(parents=True)
    for split in ("test", "valid", "train"):
        images = rng.integers(0, 256, (20, channels, 32, 32), dtype=np.uint8)
        np.save(data / f"{split}_images.npy", images)
        dtype = np.uint8 if known == "labels" else np.int32
        np.save(data / f"{split}_{known}.npy", np.zeros(20, dtype))
    for model in section.models:
        for seed in section.seeds:
            rng, shape = Generator().manual_seed(seed), (channels, 32, 32)
            f = networks.network(section, section.models[model], shape, rng)
            path = data / section.folder / f"{model}_{seed}_best.safetensors"
            save_file({name: value.contiguous() for name, value in f.state_dict().items()}, path)


@pytest.fixture(scope="module", params=["mnist", "celeba"])
def made(tmp_path_factory, request) -> tuple[str, Path, params.Laptop]:
    name, folder = request.param, tmp_path_factory.mktemp(request.param)
    everything = params.read(tiny_params(folder), params.Laptop)
    if name == "mnist":
        tiny_data(folder, name, 1, "labels", everything.train)
        torch.manual_seed(0)
        save_file(Classifier().state_dict(), folder / "data/mnist/classifier.safetensors")
    else:
        tiny_data(folder, name, 3, "ids", everything.train)
        save_file({"components": torch.eye(3, 1280)}, folder / "data/celeba/components.safetensors")
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(folder)
        monkeypatch.setenv("IDEM_WORKERS", "1")
        monkeypatch.setattr(sys, "argv", ["latent", name, "--metrics", "metrics"])
        latent.main()
    return name, folder / "metrics", everything


def read(made: tuple[str, Path, params.Laptop], part: str) -> pd.DataFrame:
    return pd.read_csv(made[1] / f"latent_{made[0]}_{part}.csv")


def test_tables_have_a_row_for_every_run_and_the_untrained_control(made):
    assert len(read(made, "jacobians")) == 5 * 2 * 2
    assert len(read(made, "clouds")) == 5 * 2 * 5
    assert len(read(made, "paths")) == 4 * 2 * 4 * 4
    eigenvalues = read(made, "eigenvalues")
    assert len(eigenvalues) == 3 * 2 * 2 * 3
    assert set(eigenvalues["mode"]) == {"eval"}
    assert set(eigenvalues.seed) == {0}
    assert len(read(made, "codes")) == 2 * 4 * 5


def test_there_are_classes_where_the_data_set_has_some(made):
    assert ("confidence" in read(made, "paths")) == (made[0] == "mnist")
    page = (made[1] / f"latent_{made[0]}.md").read_text()
    assert ("| confidence |" in page) == (made[0] == "mnist")
    assert "nan" not in page
    for block in page.split("\n\n"):
        if block.startswith("|"):
            assert len({line.count("|") for line in block.splitlines()}) == 1


def test_what_q2_asks_is_there_of_every_seed(made):
    found = json.loads((made[1] / f"latent_{made[0]}.json").read_text())
    assert found["rules"] == dict(zip(MODELS, MODELS, strict=True))
    jacobians, clouds = read(made, "jacobians"), read(made, "clouds")
    for model in MODELS:
        for mode, of in found["models"][model].items():
            mine = jacobians[(jacobians.model == model) & (jacobians["mode"] == mode)]
            first = mine[mine.application == 1]
            departures = [each["departure"] for each in of["by_seed"].values()]
            assert departures == first.departure.tolist()
            for kind, key in (("noise", "distance_of_noise"), ("f(z)", "distance_of_samples")):
                rows = clouds[(clouds.model == model) & (clouds["mode"] == mode)]
                distances = rows[rows.kind == kind].distance.tolist()
                assert [each[key] for each in of["by_seed"].values()] == distances


def test_paths_share_their_ends(made):
    rows = read(made, "paths").query("mode == 'eval' and fraction == 0 and path != 'f of pixels'")
    by_run = rows.groupby(["model", "seed"]).relative_error
    assert (by_run.max() - by_run.min()).max() < 1e-5 * rows.relative_error.max()
    straight = read(made, "paths").query("path == 'pixels'")
    assert straight.evenness.to_numpy() == pytest.approx(np.ones(len(straight)), abs=1e-3)


def test_images_are_uint8_along_every_path_of_every_model(made):
    with np.load(made[1] / f"latent_{made[0]}_images.npz", allow_pickle=False) as archive:
        found = dict(archive)
    assert set(found) == {f"{model}, {path}" for model in MODELS for path in PATHS}
    channels = 1 if made[0] == "mnist" else 3
    assert {(i.dtype.name, i.shape) for i in found.values()} == {("uint8", (4, channels, 32, 32))}


def test_codes_of_data_are_at_no_distance_from_themselves(made):
    clouds = read(made, "clouds")
    data, noise = (clouds[clouds.kind == kind] for kind in ("data", "noise"))
    assert data.distance.max() == 0
    assert noise.distance.min() > 0
    assert data.variance.to_numpy() == pytest.approx(np.ones(10))
