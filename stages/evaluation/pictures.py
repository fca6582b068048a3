"""Pixels as tables, and where such tables may lie."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:  # drawing takes no torch
    from torch import Tensor

_HANDED_ON = ("mnist",)  # what is made of their images may enter git


def pixels(images: Tensor) -> pd.DataFrame:
    """Return images in [-1, 1] as uint8 columns ``p0``, ``p1``, …, channel by channel."""
    return pd.DataFrame(levels(images.flatten(1))).add_prefix("p")


def levels(images: Tensor) -> np.ndarray:
    """Return values in [-1, 1] as uint8, of the same shape."""
    return ((images.clamp(-1, 1) + 1) * 127.5).round().byte().cpu().numpy()


def may_travel(dataset: str) -> bool:
    """Whether what is made of a data set's images may enter git."""
    return dataset in _HANDED_ON


def folder(metrics: Path, dataset: str) -> Path:
    """Return where pictures of a data set's own images go: where git does not look, or beside."""
    return metrics if may_travel(dataset) else Path("data", dataset)


def path(metrics: Path, dataset: str, name: str) -> Path:
    """Return the table of pixels of this name."""
    return folder(metrics, dataset) / f"{name}_{dataset}.csv"
