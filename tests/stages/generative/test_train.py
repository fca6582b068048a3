"""A training that is killed or cut in whatever way ends with the bytes of an undisturbed one."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from safetensors.torch import load_file

from stages.generative import train
from tests import interrupted
from tests.interrupted import ROOT, check_alike, kill, saved_steps, saving_often
from tests.made_up import write_classifier, write_mnist
from tests.warm_python import begin

OUT_OF_TIME = 75
MODELS = ["modified", "ordinary", "autoencoder", "ign"]
TINY = {"log_every": 7, "batch_size": 6, "seeds": [3], "channels": [3, 4, 5], "bottleneck": 2}
TINY |= {"calibration_batches": 3, "validation": {"every": 10, "samples": 10, "seed": 1}}
OF_MODELS = {"learning_rate_schedule": "cosine", "max_gradient_norm": 1.0, "target": "raw"}


def prepare(folder: Path, steps: int, section: dict | None = None, **changes: Any) -> None:
    """Write a parameter file and a data set of noise."""
    content = yaml.safe_load((ROOT / "params.yaml").read_text())
    models = content["train"]["models"]
    models["autoencoder"] = models["ordinary"] | {"rule": "none", "weight": 0.0}
    content["train"] |= TINY | {"steps": steps} | (section or {})
    content["train"]["models"] = {name: models[name] | OF_MODELS | changes for name in MODELS}
    content["score"] |= {"batch_size": 5}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "params.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    write_mnist(folder, ("train", "valid"))
    write_classifier(folder)


def run_here(folder: Path, **environment: str) -> int | str | None:
    return interrupted.run_here(train, ARGUMENTS, folder, **environment)


ARGUMENTS = ["mnist", "--metrics", "metrics"]
STAGE = ["stages.generative.train", *ARGUMENTS]


def outputs(folder: Path) -> dict[str, bytes]:
    found = [*folder.glob("metrics/*"), *folder.glob("data/mnist/weights/*")]
    return {path.name: path.read_bytes() for path in found}


def test_a_training_killed_again_and_again_ends_with_the_same_bytes(tmp_path: Path, warm: Path):
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    for folder in (whole, cut):
        prepare(folder, steps=20)
    assert run_here(whole) == 0
    kinds = ("raw", "ema", "best")
    weights = {f"{model}_3_{kind}.safetensors" for model in MODELS for kind in kinds}
    tables = {"train_mnist.csv", "validation_mnist.csv"}
    assert set(outputs(whole)) == weights | tables | {"noise.safetensors"}
    assert list((whole / ".ckpt").iterdir()) == []

    for steps in (7, 20):  # in the first run, and in the second or later
        kill(begin(warm, STAGE, cut, saving_often()), cut, after=steps)
    assert not (cut / "metrics").exists()
    assert run_here(cut, IDEM_MINUTES="1e-5") == OUT_OF_TIME
    before = saved_steps(cut)
    assert 27 <= before < 80
    assert run_here(cut, IDEM_MINUTES="1e-5") == OUT_OF_TIME
    assert saved_steps(cut) > before
    assert not (cut / "metrics").exists()
    assert run_here(cut) == 0
    check_alike(outputs(cut), outputs(whole))
    assert list((cut / ".ckpt").iterdir()) == []


def test_slices_however_short_come_to_an_end_with_the_same_bytes(tmp_path: Path, capsys):
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    for folder in (whole, cut):
        prepare(folder, steps=2, section={"precision": "bfloat16"})
    assert run_here(whole) == 0
    slices = [run_here(cut, IDEM_MINUTES="1e-5")]
    assert (
        "time is up: 0 of 4 units of train mnist done; run it again to go on"
        in capsys.readouterr().out
    )
    while slices[-1] != 0:
        assert len(slices) < 12
        slices.append(run_here(cut, IDEM_MINUTES="1e-5"))
    assert set(slices[:-1]) == {OUT_OF_TIME}
    check_alike(outputs(cut), outputs(whole))


def test_other_parameters_and_other_images_start_afresh(tmp_path: Path):
    prepare(tmp_path, steps=3)
    assert run_here(tmp_path, IDEM_MINUTES="1e-5") == OUT_OF_TIME
    prepare(tmp_path, steps=3, learning_rate=0.01)
    assert run_here(tmp_path, IDEM_MINUTES="1e-5") == OUT_OF_TIME
    path = tmp_path / "data/mnist/train_images.npy"
    np.save(path, 255 - np.load(path))
    assert run_here(tmp_path, IDEM_MINUTES="1e-5") == OUT_OF_TIME
    assert len(list((tmp_path / ".ckpt").iterdir())) == 3


def test_a_loss_that_is_not_finite_is_one_clear_line_and_writes_nothing(tmp_path: Path):
    prepare(tmp_path, steps=30, learning_rate=1e37, max_gradient_norm=None)
    message = run_here(tmp_path)
    assert isinstance(message, str)
    assert message.startswith("mnist modified seed 3: ") and "not finite" in message
    assert "step" in message and "lower the learning rate" in message and "\n" not in message
    assert outputs(tmp_path) == {}


def test_a_wrong_time_is_one_clear_line_and_writes_nothing(tmp_path: Path):
    prepare(tmp_path, steps=3)
    message = "IDEM_MINUTES: expected a positive number of minutes, got '0'"
    assert run_here(tmp_path, IDEM_MINUTES="0") == message
    assert not (tmp_path / ".ckpt").exists() and not (tmp_path / "data/mnist/weights").exists()


def test_the_reference_objective_logs_its_tightness_beside_the_other_rules(tmp_path: Path):
    prepare(tmp_path, steps=7)
    assert run_here(tmp_path) == 0
    history = pd.read_csv(tmp_path / "metrics/train_mnist.csv").set_index("model")
    assert list(history) == ["seed", "step", "reconstruction", "idempotency", "tightness"]
    assert (history.tightness["ign"] < 0).all()
    assert history.tightness[["modified", "ordinary", "autoencoder"]].isna().all()
    assert history.notna().loc[["ign", "modified", "ordinary"], "idempotency"].all()


def test_a_model_may_have_steps_and_a_code_of_its_own(tmp_path: Path):
    prepare(tmp_path, steps=8)
    file = tmp_path / "params.yaml"
    content = yaml.safe_load(file.read_text())
    models = content["train"]["models"]
    models["ordinary"] |= {"code_normalization": "batch", "code_group": None}
    models["ign"] |= {"steps": 5, "code_normalization": "decorrelated", "code_group": "whole"}
    file.write_text(yaml.safe_dump(content, sort_keys=False))
    assert run_here(tmp_path) == 0
    last = pd.read_csv(tmp_path / "metrics/train_mnist.csv").groupby("model").step.max()
    assert last.to_dict() == dict.fromkeys(MODELS, 8) | {"ign": 5}
    shapes = {
        model: load_file(tmp_path / f"data/mnist/weights/{model}_3_raw.safetensors")[
            "squeeze.1.running_var"
        ].shape
        for model in ("ordinary", "ign")
    }
    assert shapes == {"ordinary": (2,), "ign": (1, 2, 2)}


def test_the_best_weights_are_those_of_the_least_distance(tmp_path: Path):
    often = TINY["validation"] | {"every": 4}
    prepare(tmp_path, steps=12, section={"validation": often})
    assert run_here(tmp_path) == 0
    history = pd.read_csv(tmp_path / "metrics/validation_mnist.csv")
    assert history.groupby("model").step.agg(list).tolist() == [[4, 8, 12]] * 4
    told = ("relative_error", "valid_relative_error", "reconstruction_error", "displacement")
    for column in (f"{kind}_{name}" for kind in ("ema", "raw") for name in told):
        assert (history[column] > 0).all(), column
    for model in MODELS:
        rows = history[history.model == model]
        step_of_best = rows.sort_values("ema_frechet_distance").step.iloc[0]
        kept = {
            kind: load_file(tmp_path / f"data/mnist/weights/{model}_3_{kind}.safetensors")
            for kind in ("best", "ema")
        }
        pairs = zip(kept["best"].values(), kept["ema"].values(), strict=True)
        same = all(torch.equal(a, b) for a, b in pairs)
        assert same == (step_of_best == 12)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"tightness": None}, "tightness with the rule ign, of weight 0 for none"),
        ({"gamma": 0.5}, "gamma 1 and target raw with the rule ordinary"),
        ({"target": "ema"}, "gamma 1 and target raw with the rule none"),
        ({"weight": 1.0}, "weight 0 and tightness null with the rule none"),
        ({"code_group": None}, "code_group with the code_normalization decorrelated, else null"),
    ],
)
def test_what_a_rule_would_ignore_is_refused(tmp_path: Path, changes, expected):
    prepare(tmp_path, steps=3, **changes)
    assert expected in str(run_here(tmp_path))
