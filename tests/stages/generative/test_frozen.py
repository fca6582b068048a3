"""Networks that are trained on: as one map, from their own weights, by what the way says."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from torch import Generator

from idem.generative.covariance import CovarianceNoise
from idem.generative.ign import IGN
from idem.generative.noise import FourierNoise
from stages.common import params, units
from stages.generative import frozen, train, weights
from tests import ROOT
from tests.interrupted import run_here
from tests.made_up import STUDY, write_study

TIGHT = {"weight": 0.6, "clamp": 1.5, "distance": "mse"}
WAY = {"of": "modified", "rule": "modified", "weight": 0.3, "tightness": None, "matching": 0.3}
WAY |= {"noise": "covariance"}
WAYS = {
    "modified": WAY,
    "none": WAY | {"rule": "none", "weight": 0.0, "matching": 0.0},
    "ign": WAY | {"of": "ign", "rule": "ign", "tightness": TIGHT, "noise": "fourier"},
}
SMALL = {"weights": "ema", "steps": 3, "batch_size": 6, "learning_rate": 1e-3, "ema_decay": 0.5}
SMALL |= {"every": 2, "samples": 20, "seed": 7, "shown_samples": 4, "shown_seed": 4, "ways": WAYS}


def prepare(folder: Path) -> None:
    content = yaml.safe_load((ROOT / STUDY).read_text())
    models = {n: content["train"]["models"][n] | {"steps": None} for n in ("modified", "ign")}
    content["train"] |= {"steps": 3, "seeds": [3, 4], "channels": [3, 4, 5], "bottleneck": 2}
    content["train"] |= {"batch_size": 6, "log_every": 2, "calibration_batches": 2}
    content["train"] |= {"validation": {"every": 3, "samples": 20, "seed": 1}, "models": models}
    content["statistics"]["models"], content["frozen"] = ["ign"], SMALL
    content["baselines"] |= {"autoencoder": "modified"}
    content["score"] |= {"batch_size": 10, "pairs": 10}
    write_study(folder, content)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder in which the networks were trained, and trained on."""
    folder = tmp_path_factory.mktemp("done")
    prepare(folder)
    arguments = ["--params", STUDY, "--metrics", "metrics"]
    assert run_here(train, ["mnist", *arguments], folder) == 0
    assert run_here(frozen, arguments, folder) == 0
    return folder


@pytest.fixture
def everything(done: Path, monkeypatch: pytest.MonkeyPatch) -> params.MNISTStudy:
    monkeypatch.chdir(done)
    return params.read(Path(STUDY), params.MNISTStudy)


def test_every_way_is_measured_before_on_the_way_and_at_the_end(done: Path):
    rows = pd.read_csv(done / "metrics/frozen_mnist.csv")
    of = rows.groupby(["way", "seed"], sort=False).step.apply(list)
    assert list(of.index) == [(way, seed) for way in WAYS for seed in (3, 4)]
    assert all(steps == [0, 2, 3] for steps in of)
    assert rows.frechet_distance.gt(0).all() and rows.reconstruction_error.gt(0).all()


def test_ways_from_one_network_begin_as_one_and_part(done: Path):
    rows = pd.read_csv(done / "metrics/frozen_mnist.csv").query("seed == 3")
    found = rows.set_index(["way", "step"]).relative_error.to_dict()
    assert found["modified", 0] == found["none", 0] != found["ign", 0]
    assert found["modified", 3] != found["none", 3]


def test_samples_of_the_shown_seed_are_kept(done: Path):
    with np.load(done / "metrics/frozen_mnist.npz") as shown:
        assert set(shown) == set(WAYS)
        z, y, u = shown["modified"][0]
        assert shown["modified"].shape == (2, 3, 4, 1, 32, 32) and z.dtype == np.uint8
        assert (z == shown["modified"][1][0]).all() and (y != shown["modified"][1][1]).any()
        assert (y != u).any()
        (unit,) = (done / "metrics/units").glob("frozen_modified_4_*")
        _, images = units.read(unit).result
        assert np.array_equal(shown["modified"], images)


def test_a_step_moves_weights_and_leaves_statistics(everything: params.MNISTStudy):
    way = everything.frozen.ways["modified"]
    z = frozen.noise(everything, way)
    f = frozen.restored(everything, way, z, 3)
    before = {name: value.clone() for name, value in f.state_dict().items()}
    state = frozen.begin({"model": f}, frozen.optimization(everything.frozen), seed=0)
    f.train()  # as a run puts it
    state.optimization.set_rates(state.optimizers.values(), 0, 1e-3)
    x = z.sample(6, Generator().manual_seed(1))
    loss, unlike = frozen.step(state, way, z, x)
    assert float(loss.detach()) > 0 and float(unlike.detach()) > 0
    assert not f.training
    after = f.state_dict()
    held = {name for name in before if "running" in name or "tracked" in name}
    assert held and all(torch.equal(before[name], after[name]) for name in held)
    assert any(not torch.equal(before[name], after[name]) for name in before.keys() - held)


def test_statistics_are_of_data_and_of_the_noise_that_is_given(everything: params.MNISTStudy):
    ways = everything.frozen.ways
    kinds = {name: frozen.noise(everything, way) for name, way in ways.items()}
    assert isinstance(kinds["modified"], CovarianceNoise)
    assert isinstance(kinds["ign"], FourierNoise)
    way = ways["modified"]
    one, other = (frozen.restored(everything, way, kinds[n], 3) for n in ("modified", "ign"))
    left = weights.restored(everything, "mnist", way.of, 3, "ema")
    assert all(torch.equal(p, q) for p, q in zip(one.parameters(), left.parameters(), strict=True))
    name = next(n for n in one.state_dict() if n.endswith("running_mean"))
    assert not torch.equal(one.state_dict()[name], other.state_dict()[name])
    assert not one.training


def test_the_objective_is_that_of_the_way(everything: params.MNISTStudy):
    ways = everything.frozen.ways
    modified, ign = frozen.objective(ways["modified"]), frozen.objective(ways["ign"])
    assert (modified.rule, modified.weight, modified.data_noise) == ("modified", 0.3, 0.0)
    assert ign.rule == IGN(0.6, 1.5, "mse", "ign")


def test_what_is_changed_of_a_way_makes_its_units_stale_alone(everything: params.MNISTStudy):
    def keys(settings: params.MNISTStudy) -> dict[str, str]:
        return {unit.label: str(unit.key) for unit in frozen.plan(settings).units}

    whole = everything.frozen
    way = whole.ways["none"].model_copy(update={"matching": 0.1})
    changed = whole.model_copy(update={"ways": whole.ways | {"none": way}, "shown_seed": 3})
    before, after = keys(everything), keys(everything.model_copy(update={"frozen": changed}))
    assert {name for name in before if before[name] != after[name]} == {
        "frozen_none_3",
        "frozen_none_4",
    }


def test_a_clone_makes_the_table_from_units_and_trains_what_else_it_needs(
    done: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    prepare(tmp_path)
    shutil.copytree(done / "metrics/units", tmp_path / "metrics/units")
    arguments = ["--params", STUDY, "--metrics", "metrics"]
    assert run_here(frozen, arguments, tmp_path) == 0
    assert "trains again" not in capsys.readouterr().out
    name = "metrics/frozen_mnist.csv"
    assert (tmp_path / name).read_bytes() == (done / name).read_bytes()
    for path in tmp_path.glob("metrics/units/frozen_ign_4_*"):
        path.unlink()
    assert run_here(train, ["mnist", *arguments], tmp_path) == 0
    assert run_here(frozen, arguments, tmp_path) == 0
    assert "frozen: trains again, as weights do not travel" in capsys.readouterr().out
    assert (tmp_path / name).read_bytes() == (done / name).read_bytes()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"of": "other"},
            "of: a model of train.models, for every way (ign, modified), got 'other'",
        ),
        ({"rule": "ign"}, "tightness with the rule ign"),
        ({"rule": "none"}, "weight 0 and tightness null with the rule none"),
        ({"noise": "white"}, "fourier"),
        (
            {"tightness": TIGHT | {"distance": "l1"}},
            "tightness.distance mse with the rule modified",
        ),
    ],
)
def test_a_way_that_makes_no_sense_is_refused(
    change: dict[str, str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    prepare(tmp_path)
    content = yaml.safe_load((tmp_path / STUDY).read_text())
    content["frozen"]["ways"] = {"bad": WAY | change}
    (tmp_path / STUDY).write_text(yaml.safe_dump(content))
    with pytest.raises(SystemExit) as stopped:
        params.read(tmp_path / STUDY, params.MNISTStudy)
    assert message in str(stopped.value)
