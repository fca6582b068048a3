import json
import sys

import numpy as np

from idem.data.datasets import Labelled, Split, load
from stages.data import prepare
from tests import ROOT


def made_up(part: str) -> Labelled:
    count = {"train": 5010, "test": 20}[part]
    images = np.arange(count * 4, dtype=np.uint32).astype(np.uint8).reshape(count, 1, 2, 2)
    return Labelled(images, np.arange(count).astype(np.uint8) % 10)


def test_the_stage_pads_splits_and_sums_up(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        sys, "argv", ["prepare", "mnist", "--params", str(ROOT / "params.yaml"), "--metrics", "."]
    )
    monkeypatch.setitem(prepare.READERS, "mnist", lambda folder, part: made_up(part))
    prepare.main()
    found = json.loads((tmp_path / "prepare_mnist.json").read_text())
    whole = made_up("train")
    parts: list[tuple[Split, np.ndarray]] = [
        ("train", whole.images[:10]),
        ("valid", whole.images[10:]),
    ]
    for split, kept in parts:
        images, labels = load("mnist", split, root=tmp_path / "data")
        assert images.shape[1:] == (1, 32, 32) and len(images) == len(labels) == len(kept)
        np.testing.assert_array_equal(images[..., 15:17, 15:17], kept)
        assert found[split]["images"] == len(kept) and found[split]["side"] == 32
        pixels = images.numpy().astype(float)
        moments = [found[split]["mean"], found[split]["std"]]
        np.testing.assert_allclose(moments, [pixels.mean(), pixels.std()], rtol=1e-5)
    assert found["test"]["per_class"] == {str(digit): 2 for digit in range(10)}
