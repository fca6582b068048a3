import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from idem.data.celeba import SPLITS, prepare
from stages.common import params
from stages.data import prepare_celeba
from tests import ROOT
from tests.idem.data.test_celeba import NUMBERS, SIDE, as_folder, as_zip, digests, images, jpeg

ARGUMENTS = ["--params", str(ROOT / "stages/pipelines/celeba/params.yaml"), "--metrics", "metrics"]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    members = images() | {"000009.jpg": jpeg(9, 64, 64, "L"), "000010.jpg": jpeg(10, 178, 218)}
    return as_zip(tmp_path / "img_align_celeba_part", members)


@pytest.fixture
def run(tmp_path, monkeypatch) -> Callable[[], None]:
    """Return what runs the stage, with one worker, on what lies in the folder of the test."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IDEM_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("IDEM_WORKERS", "1")
    monkeypatch.setattr(sys, "argv", ["prepare_celeba", *ARGUMENTS])
    return prepare_celeba.main


def test_one_worker_and_two_write_the_same_bytes(tmp_path, source, run, capsys, monkeypatch):
    run()
    assert "prepare: 100%" in capsys.readouterr().err
    (tmp_path / "two").mkdir()
    monkeypatch.chdir(tmp_path / "two")
    monkeypatch.setenv("IDEM_WORKERS", "2")
    run()
    for written in ("data/celeba", "metrics"):
        assert digests(tmp_path / written) == digests(tmp_path / "two" / written)


def stopped(tmp_path: Path, run: Callable[[], None]) -> str:
    """Return with which message the stage stops, having written nothing."""
    with pytest.raises(SystemExit) as raised:
        run()
    assert not (tmp_path / "data").exists() and not (tmp_path / "metrics").exists()
    return str(raised.value)


def test_the_stage_labels_a_subset(tmp_path, source):
    found = prepare(source, tmp_path / "celeba", side=64, most_broken=0.0)
    content = json.loads(json.dumps(prepare_celeba.summary(source, 64, found)))
    splits = content.pop("splits")
    assert content == {
        "data": "SUBSET: 9 of 202599 images",
        "share_of_official_ids": 9 / 202_599,
        "source": "zip",
        "md5": hashlib.md5(source.read_bytes()).hexdigest(),
        "official_archive": False,
        "side": 64,
        "members": 9,
        "left_out": 0,
        "share_left_out": 0.0,
        "sizes": {"40x50": 7, "64x64": 1, "178x218": 1},
        "enlarged": 7,
        "modes": {"L": 1, "RGB": 8},
    }
    for split, ids in SPLITS.items():
        array = np.load(tmp_path / "celeba" / f"{split}_images.npy").astype(float)
        assert splits[split]["images"] == len(array)
        assert splits[split]["share_of_official_ids"] == len(array) / len(ids)
        np.testing.assert_allclose(
            [splits[split]["mean"], splits[split]["std"]], [array.mean(), array.std()], rtol=1e-12
        )


def test_many_sizes_are_shown_together(tmp_path):
    members = {f"{n:06}.jpg": jpeg(n, 40 + n, 50) for n in range(1, 13)} | images(NUMBERS[2:])
    found = prepare(
        as_folder(tmp_path / "faces", members), tmp_path / "celeba", side=SIDE, most_broken=0.0
    )
    sizes = prepare_celeba.summary(tmp_path / "faces", SIDE, found)["sizes"]
    assert sizes == {"40x50": 5, **{f"{40 + n}x50": 1 for n in range(1, 10)}, "other": 3}


def test_the_stage_lists_what_it_left_out(tmp_path, run):
    members = dict.fromkeys(images([*range(3, 1000), *NUMBERS]), jpeg(0, SIDE, SIDE))
    as_zip(tmp_path / "img_align_celeba", members | {"x": b""})
    run()
    table = pd.read_csv(tmp_path / "metrics/left_out_celeba.csv")
    assert table.to_numpy().tolist() == [["img_align_celeba/x", "not named NNNNNN.jpg"]]
    summary = json.loads((tmp_path / "metrics/prepare_celeba.json").read_text())
    assert (summary["members"], summary["left_out"]) == (1005, 1)


def test_the_stage_stops_above_the_fraction_of_the_parameters(tmp_path, run):
    as_zip(tmp_path / "img_align_celeba", {"000001.jpg": jpeg(1), "x": b""})
    message = stopped(tmp_path, run)
    assert "fraction of 0.001" in message and "got 1 of 2" in message


def test_the_stage_names_a_truncated_archive(tmp_path, source, run):
    source.write_bytes(source.read_bytes()[:-30])
    message = stopped(tmp_path, run)
    assert message.startswith(f"{source}: no zip archive, or only the beginning of one")


def test_the_stage_says_what_is_missing(tmp_path, run):
    assert stopped(tmp_path, run).startswith("CelebA is not there")


def test_the_stage_refuses_the_parameters_of_another_pipeline(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["", "--params", str(ROOT / "params.yaml")])
    with pytest.raises(SystemExit, match="expected the parameters of celeba, got those of laptop"):
        prepare_celeba.main()


@pytest.mark.parametrize("fraction", [-0.1, 1.1, "0.1", None])
def test_a_wrong_fraction_is_named(tmp_path, fraction):
    whole = {"prepare": {"image_size": 64, "most_broken": fraction}}
    path = tmp_path / "stages/pipelines/celeba/params.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(yaml.safe_dump(whole))
    with pytest.raises(SystemExit, match=r"prepare\.most_broken: expected"):
        params.read(path, params.CelebA)


def test_nothing_made_of_the_photographs_enters_git_or_a_remote():
    stages = yaml.safe_load((ROOT / "stages/pipelines/celeba/dvc.yaml").read_text())["stages"]
    outs = [out for stage in stages.values() for out in stage.get("do", stage).get("outs", [])]
    own = [next(iter(out.items())) for out in outs if "data/" in next(iter(out))]
    assert sum(path.endswith(".npy") for path, _ in own) == 6
    assert "data/celeba/page.html" in dict(own)
    for path, options in own:
        assert options == {"push": False}
        check = ["git", "check-ignore", "--quiet", path.replace("${item}", "celeba")]
        assert subprocess.run(check, cwd=ROOT).returncode == 0
