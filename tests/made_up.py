"""Made-up images, and a prepared data set of noise, for stages that only have to run."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from PIL import Image
from safetensors.torch import save_file

from idem.data.datasets import Labelled, Split, save
from idem.evaluation.classifier import Classifier

STUDY = "stages/pipelines/study/params.yaml"


def jpeg(seed: int, width: int = 40, height: int = 50, mode: str = "RGB") -> bytes:
    """Return a file of coarse random colours."""
    coarse = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), np.uint8)
    content = io.BytesIO()
    image = Image.fromarray(coarse).resize((width, height)).convert(mode)
    image.save(content, "JPEG", quality=90)
    return content.getvalue()


def write_mnist(folder: Path, splits: Sequence[Split], count: int = 40) -> None:
    """Write so many images of noise a split, 32×32 and labelled at random."""
    rng = np.random.default_rng(0)
    for split in splits:
        images = rng.integers(0, 256, (count, 1, 32, 32), dtype=np.uint8)
        labels = rng.integers(0, 10, count, np.uint8)
        save(folder / "data/mnist", split, Labelled(images, labels))


def write_raw_mnist(folder: Path, part: str, count: int) -> None:
    """Write noise, bright or dark, as MNIST's files are; fewer are the first ones of more."""
    raw = folder / "data/mnist/raw"
    raw.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    images = np.stack([rng.integers(0, rng.integers(1, 256), (28, 28)) for _ in range(count)])
    labels = np.arange(count, dtype=np.uint8) % 10
    for kind, content in (("images-idx3", images), ("labels-idx1", labels)):
        header = np.array([0x800 + content.ndim, *content.shape], ">i4").tobytes()
        (raw / f"{part}-{kind}-ubyte").write_bytes(header + content.astype(np.uint8).tobytes())


def write_classifier(folder: Path) -> None:
    """Write a classifier that was never trained."""
    torch.manual_seed(0)
    save_file(Classifier().state_dict(), folder / "data/mnist/classifier.safetensors")


def write_study(folder: Path, content: Mapping[str, Any]) -> None:
    """Write the parameters of the study on MNIST, images of every split, and a classifier."""
    path = folder / STUDY
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    write_mnist(folder, ("train", "valid", "test"), 41)
    write_classifier(folder)
