"""Write what a stage declares as outputs: whole or not at all, and the same bytes every time."""

import json
import math
from collections.abc import Collection, Mapping
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from idem.files import replaced

if TYPE_CHECKING:  # most of what is written takes no torch
    from torch import Tensor


written: list[Path] = []  # tensors, in this process: how an engine knows what to bring home


def write_text(path: Path, text: str) -> None:
    """Write text in UTF-8."""
    with replaced(path) as part:
        part.write_text(text, encoding="utf-8")


def write_bytes(path: Path, content: bytes) -> None:
    """Write bytes as they are."""
    with replaced(path) as part:
        part.write_bytes(content)


def write_npz(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays, compressed; NumPy gives the members of its archives no date of their own."""
    with replaced(path) as part, part.open("wb") as file:
        np.savez_compressed(file, **dict(arrays))


def write_tensors(path: Path, tensors: "Mapping[str, Tensor]") -> None:
    """Write safetensors."""
    from safetensors.torch import save_file

    with replaced(path) as part:
        save_file({name: value.cpu().contiguous() for name, value in tensors.items()}, part)
    written.append(path)


def write_json(path: Path, content: Any) -> None:
    """Write JSON in the order given: 6 significant digits, NaN and infinities as null."""
    write_text(path, json.dumps(_rounded(content), indent=2, allow_nan=False) + "\n")


TRAINED = 4  # digits of what was trained in float32 that other CPUs mostly agree with


def write_csv(path: Path, frame: Any, *, digits: int = 6, keys: Collection[str] = ()) -> None:
    """Write a `pandas.DataFrame` without its index.

    Args:
        path: where to.
        frame: what to write.
        digits: significant ones that numbers are written to.
        keys: columns whose numbers tell rows from each other, written to 6 digits.
    """
    measured = frame.select_dtypes("float").columns.difference(list(keys))
    short = {name: frame[name].map(lambda value: float(f"{value:.{digits}g}")) for name in measured}
    table = frame.assign(**short)
    write_text(path, table.to_csv(index=False, float_format="%.6g", lineterminator="\n"))


def write_figure(path: Path, figure: Any) -> None:
    """Write a `matplotlib.figure.Figure` as a PNG whose bytes depend on the figure alone.

    Of 250 pixels an inch, or fewer, so that it is at most 1 800 pixels wide; and of 256 colours,
    which takes a third of the space. They are refined, as without it a pale blue becomes a green.
    """
    from PIL import Image

    dpi = min(250, 1800 / figure.get_figwidth())
    with replaced(path) as part, BytesIO() as drawn:
        figure.savefig(drawn, format="png", dpi=dpi)
        whole = Image.open(drawn).convert("RGB")
        few = whole.quantize(256, method=Image.Quantize.MAXCOVERAGE, kmeans=3)
        few.save(part, format="png", optimize=True)


def _rounded(content: Any) -> Any:
    if isinstance(content, dict):
        return {str(key): _rounded(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_rounded(value) for value in content]
    if isinstance(content, float):
        return float(f"{content:.6g}") if math.isfinite(content) else None
    return content
