"""Where the files of the generative stages lie, and how a network is restored from them."""

import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Generator, Tensor, nn
from torch.nn.functional import pad

from idem.data.datasets import DATASETS, Split, load
from idem.evaluation.classifier import Classifier, restored
from idem.evaluation.efficientnet import EfficientNetLite0
from idem.generative import calibration
from idem.generative.decorrelation import BATCH_NORMS
from idem.generative.noise import FourierNoise, GaussianNoise, Noise
from idem.generative.udcgan import UDCGAN
from stages.common import params
from stages.common.engine import device
from stages.common.params import Model, Train

_ORDER = 20131  # of the images of `some`; a seed that nothing else is drawn from


def data_set(name: str) -> str:
    """Return `name` if it is that of a data set, or stop with the list of those there are."""
    return params.choose(dict.fromkeys(DATASETS, name), name, "data set")


def images(dataset: str, split: Split) -> Tensor:
    """Return a prepared split, uint8 ``(N, C, H, W)``, on the device."""
    return load(dataset, split, device=device())[0]


def some(dataset: str, split: Split, count: int) -> Tensor:
    """Return images of a split chosen at random, the same ones every time and the more the longer.

    The first images of a split are no fair sample: MNIST's first 5 000 test digits are the cleaner
    half.
    """
    found = images(dataset, split)
    order = torch.randperm(len(found), generator=Generator().manual_seed(_ORDER))
    return found[order[:count].to(found.device)]


def network(
    section: Train, model: Model, image_shape: Sequence[int], generator: Generator | None = None
) -> UDCGAN:
    """Return the network that the parameters describe, on the device, channels innermost."""
    f = UDCGAN(
        image_shape,
        section.channels,
        section.bottleneck,
        section.skips,
        section.of(model).normalization,
        model.code_normalization,
        None if model.code_group == "whole" else model.code_group,
        generator,
    )
    return f.to(device(), memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]


def weights_path(section: Train, dataset: str, model: str, seed: int, kind: str) -> Path:
    """Return where weights of one run lie; `kind` is ``raw``, ``ema`` or ``best``."""
    return folder(section, dataset) / f"{model}_{seed}_{kind}.safetensors"


def folder(section: Train, dataset: str) -> Path:
    """Return where the weights of all runs of a pipeline lie."""
    return Path("data", dataset, section.folder)


def recalibrate(
    f: nn.Module, section: Train, model: Model, dataset: str, z: Noise, seed: int
) -> None:
    """Measure BatchNorm's statistics anew over the training split and noise, for eval mode."""
    calibration.recalibrate(
        f,
        images(dataset, "train"),
        z,
        batches=section.calibration_batches,
        batch_size=section.of(model).batch_size,
        seed=seed,
    )


def cut(images: Tensor, side: int | None) -> Tensor:
    """Return the middle of images, ``(B, C, side, side)``; all of them for None."""
    edge, rest = (0, 0) if side is None else divmod(images.shape[-1] - side, 2)
    if edge < 0 or rest:
        sys.exit(f"side: expected {images.shape[-1]} or less by an even number, got {side}")
    return images[..., edge : images.shape[-2] - edge, edge : images.shape[-1] - edge]


def padded(images: Tensor, side: int) -> Tensor:
    """Return images in [-1, 1] with black around them, ``(B, C, side, side)``."""
    edge = (side - images.shape[-1]) // 2
    return pad(images, [edge] * 4, value=-1.0) if edge else images


def in_mode(f: nn.Module, mode: str) -> nn.Module:
    """Put BatchNorm into ``train`` or ``eval`` mode, its collected statistics frozen in both."""
    for layer in f.modules():
        if isinstance(layer, BATCH_NORMS):
            layer.momentum = 0.0
    return f.train(mode == "train")


def noise(
    section: Train, model: Model, dataset: str, image_shape: Sequence[int]
) -> GaussianNoise | FourierNoise:
    """Return the noise of a model; Fourier statistics as stage `train` measured them."""
    if model.noise == "gaussian":
        return GaussianNoise(image_shape)
    state = load_file(noise_path(section, dataset), device=device())
    return FourierNoise.from_state_dict(state, image_shape[-1])


def noise_path(section: Train, dataset: str) -> Path:
    """Return where the noise statistics of the training split lie."""
    return folder(section, dataset) / "noise.safetensors"


def feature_extractor(dataset: str) -> nn.Module:
    """Return what turns images into features, on the device, in eval mode."""
    if DATASETS[dataset].known != "labels":
        return EfficientNetLite0(load_file(components_path(dataset))["components"]).to(device())
    return classifier(dataset)


def components_path(dataset: str) -> Path:
    """Return where the components of a data set's features lie."""
    return Path("data", dataset, "components.safetensors")


def classifier(dataset: str) -> Classifier:
    """Return the trained classifier, on the device, in eval mode."""
    path = Path("data", dataset, "classifier.safetensors")
    return restored(load_file(path)).to(device())
