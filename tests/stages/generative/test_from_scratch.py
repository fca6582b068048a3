"""Networks that are trained from the start as one map: by what the way says, in every mode."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from torch import Generator

from idem.checkpoint import Checkpoint, OutOfTime
from idem.generative.ign import IGN
from stages.common import params, units
from stages.generative import from_scratch
from tests import ROOT
from tests.interrupted import run_here
from tests.made_up import STUDY, write_study

TIGHT = {"weight": 0.6, "clamp": 1.5, "distance": "mse"}
WAY = {"rule": "modified", "weight": 0.2, "tightness": None, "matching": 0.3}
WAYS = {
    "modified": WAY,
    "none": WAY | {"rule": "none", "weight": 0.0, "matching": 0.0},
    "ign": WAY | {"rule": "ign", "weight": 1.0, "tightness": TIGHT},
}
SMALL = {"bottleneck": 4, "steps": 5, "warm_up": 4, "batch_size": 6, "learning_rate": 1e-3}
SMALL |= {"ema_decay": 0.5, "every": 2, "ways": WAYS}
SEEDS = (3, 4)


def prepare(folder: Path) -> None:
    content = yaml.safe_load((ROOT / STUDY).read_text())
    content["train"] |= {"seeds": [*SEEDS], "channels": [3, 4, 5]}
    content["frozen"] |= {"samples": 20, "shown_samples": 4, "shown_seed": 4}
    content["score"] |= {"batch_size": 10, "pairs": 10}
    content["from_scratch"] = SMALL
    write_study(folder, content)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder in which the networks were trained."""
    folder = tmp_path_factory.mktemp("done")
    prepare(folder)
    assert run_here(from_scratch, ["--params", STUDY, "--metrics", "metrics"], folder) == 0
    return folder


@pytest.fixture
def everything(done: Path, monkeypatch: pytest.MonkeyPatch) -> params.MNISTStudy:
    monkeypatch.chdir(done)
    from_scratch.noise.cache_clear()
    return params.read(Path(STUDY), params.MNISTStudy)


def test_every_way_is_measured_on_the_way_and_at_the_end(done: Path):
    rows = pd.read_csv(done / "metrics/from_scratch_mnist.csv")
    of = rows.groupby(["way", "seed"], sort=False).step.apply(list)
    assert list(of.index) == [(way, seed) for way in WAYS for seed in SEEDS]
    assert all(steps == [2, 4, 5] for steps in of)
    assert rows.frechet_distance.gt(0).all() and rows.reconstruction_error.gt(0).all()
    last = rows[rows.step == 5].set_index(["way", "seed"]).reconstruction_error
    assert last.nunique() == len(last)


def test_samples_of_the_shown_seed_are_kept(done: Path):
    with np.load(done / "metrics/from_scratch_mnist.npz") as shown:
        assert set(shown) == set(WAYS)
        z, y, u = shown["modified"]
        assert shown["modified"].shape == (3, 4, 1, 32, 32) and z.dtype == np.uint8
        assert (z == shown["ign"][0]).all() and (y != u).any() and (y != z).any()
        (unit,) = (done / "metrics/units").glob("from_scratch_modified_4_*")
        assert np.array_equal(shown["modified"], units.read(unit).result[1])


@torch.no_grad()
def test_a_network_is_the_same_map_of_single_images_in_both_modes(everything: params.MNISTStudy):
    f = from_scratch.network(everything, 3)
    x = from_scratch.noise().sample(4, Generator().manual_seed(0))
    whole = f.train()(x)
    torch.testing.assert_close(f.eval()(x), whole)
    torch.testing.assert_close(torch.cat([f(image[None]) for image in x]), whole)
    other = from_scratch.network(everything, 4)
    assert not torch.equal(next(f.parameters()), next(other.parameters()))


def test_rule_tightness_and_matching_come_in_by_and_by(
    everything: params.MNISTStudy, monkeypatch: pytest.MonkeyPatch
):
    asked, section = [], everything.from_scratch
    way = section.ways["ign"]

    def noted(f, x, z, objective, matching):
        asked.append((objective.rule.tightness_weight, objective.weight, matching))
        return f(x).square().mean(), torch.zeros(()), torch.zeros(())

    monkeypatch.setattr(from_scratch, "losses", noted)
    f = from_scratch.network(everything, 3)
    state = from_scratch.begin({"model": f}, from_scratch.optimization(section), seed=0)
    x = from_scratch.noise().sample(6, Generator().manual_seed(1))
    for state.step in (0, 1, 3, 4):
        from_scratch.step(state, section, way, from_scratch.noise(), x)
    expected = [(0.15, 0.25, 0.075), (0.3, 0.5, 0.15), (0.6, 1.0, 0.3), (0.6, 1.0, 0.3)]
    assert np.allclose(asked, expected)


def test_the_objective_is_that_of_the_way(everything: params.MNISTStudy):
    ways = everything.from_scratch.ways
    modified, ign = (from_scratch.objective(ways[name], 0.5) for name in ("modified", "ign"))
    assert (modified.rule, modified.weight, modified.data_noise) == ("modified", 0.1, 0.0)
    assert (ign.rule, ign.weight) == (IGN(0.3, 1.5, "mse", "ign"), 0.5)


def test_what_is_changed_of_a_way_makes_its_units_stale_alone(everything: params.MNISTStudy):
    def keys(settings: params.MNISTStudy) -> dict[str, str]:
        return {unit.label: str(unit.key) for unit in from_scratch.plan(settings).units}

    whole, before = everything.from_scratch, keys(everything)
    way = whole.ways["none"].model_copy(update={"matching": 0.1})
    changed = whole.model_copy(update={"ways": whole.ways | {"none": way}})
    after = keys(everything.model_copy(update={"from_scratch": changed}))
    stale = {name for name in before if before[name] != after[name]}
    assert stale == {"from_scratch_none_3", "from_scratch_none_4"}
    measured = everything.frozen.model_copy(update={"samples": 21})
    assert set(keys(everything.model_copy(update={"frozen": measured})).values()).isdisjoint(
        before.values()
    )


def test_a_run_that_is_stopped_while_it_warms_up_goes_on_to_the_same_end(
    done: Path, everything: params.MNISTStudy, tmp_path: Path
):
    path = tmp_path / "checkpoint.npz"
    with pytest.raises(OutOfTime):
        from_scratch.trained(everything, "ign", 3, Checkpoint(path, deadline=0.0))
    rows, shown = from_scratch.trained(everything, "ign", 3, Checkpoint(path))
    (unit,) = (done / "metrics/units").glob("from_scratch_ign_3_*")
    expected, images = units.read(unit).result
    assert str(rows) == str(expected) and np.array_equal(shown, images)


def test_a_clone_makes_the_table_from_units(done: Path, tmp_path: Path):
    prepare(tmp_path)
    shutil.copytree(done / "metrics/units", tmp_path / "metrics/units")
    for path in tmp_path.glob("metrics/units/from_scratch_ign_4_*"):
        path.unlink()
    assert run_here(from_scratch, ["--params", STUDY, "--metrics", "metrics"], tmp_path) == 0
    name = "metrics/from_scratch_mnist.csv"
    assert (tmp_path / name).read_bytes() == (done / name).read_bytes()


def test_a_warm_up_beyond_the_end_is_refused(tmp_path: Path):
    prepare(tmp_path)
    content = yaml.safe_load((tmp_path / STUDY).read_text())
    content["from_scratch"]["warm_up"] = 6
    (tmp_path / STUDY).write_text(yaml.safe_dump(content))
    with pytest.raises(SystemExit, match="warm_up of at most steps, 5, got 6"):
        params.read(tmp_path / STUDY, params.MNISTStudy)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rule": "ign"}, "tightness with the rule ign"),
        ({"rule": "none"}, "weight 0 and tightness null with the rule none"),
        ({"rule": "other"}, "from_scratch.ways.bad.rule"),
        ({"matching": -1.0}, "from_scratch.ways.bad.matching"),
    ],
)
def test_a_way_that_makes_no_sense_is_refused(change: dict, message: str, tmp_path: Path):
    prepare(tmp_path)
    content = yaml.safe_load((tmp_path / STUDY).read_text())
    content["from_scratch"]["ways"] = {"bad": WAY | change}
    (tmp_path / STUDY).write_text(yaml.safe_dump(content))
    with pytest.raises(SystemExit) as stopped:
        params.read(tmp_path / STUDY, params.MNISTStudy)
    assert message in str(stopped.value)
