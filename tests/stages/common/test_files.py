import ast
import json
import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.figure import Figure
from PIL import Image

from stages.common import files
from tests import ROOT

# Where a file is opened to be written otherwise than through `replaced`, and why it may be.
IN_PLACE = {
    "idem/checkpoint.py": "moved into place by itself, under a name of the process",
    "idem/data/blocks.py": "in a folder of its own, which is moved into place file by file",
    "idem/data/celeba.py": "in that folder",
    "idem/data/sources.py": "where pooch says, which moves it into place",
    "stages/common/devices.py": "locks, which hold nothing",
    "stages/report/repro.py": "the seconds, which are nobody's output",
    "stages/report/running.py": "what a stage prints, while it does",
    "stages/travel/archive.py": "in memory",
}


def test_json_is_stable_and_has_no_nan(tmp_path: Path):
    path = tmp_path / "new" / "a.json"
    files.write_json(path, {"a": math.nan, "b": [1 / 3, 2, True, "x"], "c": math.inf})
    expected = {"a": None, "b": [0.333333, 2, True, "x"], "c": None}
    assert json.loads(path.read_text()) == expected
    assert list(path.parent.iterdir()) == [path]


def test_a_table_keeps_as_many_digits_as_it_is_told_and_its_keys_whole(tmp_path: Path):
    frame = pd.DataFrame(
        {
            "rate": [0.123456789, math.nan],
            "error": [0.123456789, 1.23456789e-10],
            "norm": [math.inf, math.nan],
            "step": [123456789, 0],
            "rule": ["a", "b"],
        }
    )
    files.write_csv(tmp_path / "a.csv", frame, digits=4, keys=["rate"])
    lines = ["rate,error,norm,step,rule", "0.123457,0.1235,inf,123456789,a", ",1.235e-10,,0,b"]
    assert (tmp_path / "a.csv").read_text().splitlines() == lines
    files.write_csv(tmp_path / "b.csv", frame)
    assert "0.123457,0.123457,inf" in (tmp_path / "b.csv").read_text()
    files.write_csv(tmp_path / "empty.csv", pd.DataFrame([]), digits=4)
    assert pd.DataFrame([]).to_csv(index=False) == (tmp_path / "empty.csv").read_text()


def test_arrays_are_written_with_the_same_bytes_at_any_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    arrays = {"a": np.arange(6, dtype=np.int16).reshape(2, 3), "b": np.array([0.5])}
    first, second = tmp_path / "new" / "a.npz", tmp_path / "b.npz"
    files.write_npz(first, arrays)
    monkeypatch.setattr(time, "time", lambda: 2e9)
    files.write_npz(second, arrays)
    assert first.read_bytes() == second.read_bytes()
    assert list(first.parent.iterdir()) == [first]
    with np.load(first, allow_pickle=False) as found:
        assert {name: values.tolist() for name, values in found.items()} == {
            "a": [[0, 1, 2], [3, 4, 5]],
            "b": [0.5],
        }


def test_a_file_that_fails_on_the_way_leaves_the_old_one(tmp_path: Path):
    path = tmp_path / "a.png"
    files.write_figure(path, Figure())
    before = path.read_bytes()
    with pytest.raises(KeyError), files.replaced(path) as part:
        part.write_text("half")
        raise KeyError
    assert path.read_bytes() == before


@pytest.mark.parametrize(("inches", "pixels"), [(4.0, 1000), (6.75, 1688), (13.0, 1800)])
def test_a_figure_is_at_most_1800_pixels_wide_and_keeps_its_colours(
    tmp_path: Path, inches: float, pixels: int
):
    drawn = Figure(figsize=(inches, 1), facecolor="#0173b2")
    files.write_figure(tmp_path / "a.png", drawn)
    with Image.open(tmp_path / "a.png") as image:
        assert abs(image.width - pixels) <= 1
        assert image.convert("RGB").getpixel((0, 0)) == (0x01, 0x73, 0xB2)


def test_a_pale_band_keeps_its_tint_among_many_colours(tmp_path: Path):
    drawn = Figure(figsize=(6.75, 3))
    axes = drawn.subplots()
    for n, color in enumerate(matplotlib.color_sequences["tab20"]):
        axes.fill_between([0, 1], n, n + 0.1 * (n + 1), color=color, alpha=0.2)
        axes.plot([0, 1], [n, 20 - n], color=color)
    axes.fill_between([0, 1], -20, 0, color="#7db8da", alpha=0.2, linewidth=0)
    files.write_figure(tmp_path / "a.png", drawn)
    with Image.open(tmp_path / "a.png") as image:
        colours = image.convert("RGB").getcolors(image.width * image.height)
    ranked = sorted(colours or (), reverse=True)
    nearest = min(np.abs(np.subtract(color, (229, 241, 248))).max() for _, color in ranked[:3])
    assert nearest <= 1


def figure(content: float) -> Figure:
    drawn = Figure()
    drawn.add_subplot().plot([content, 2.0])
    return drawn


@pytest.mark.parametrize("link", ["hardlink_to", "symlink_to"])
@pytest.mark.parametrize(
    "write",
    [
        lambda path, value: files.write_text(path, str(value)),
        lambda path, value: files.write_bytes(path, str(value).encode()),
        lambda path, value: files.write_json(path, value),
        lambda path, value: files.write_csv(path, pd.DataFrame({"a": [value]})),
        lambda path, value: files.write_npz(path, {"a": np.array(value)}),
        lambda path, value: files.write_tensors(path, {"a": torch.tensor(value)}),
        lambda path, value: files.write_figure(path, figure(value)),
    ],
    ids=["text", "bytes", "json", "csv", "npz", "tensors", "figure"],
)
def test_what_a_cache_holds_by_a_link_stays_when_the_file_is_written_again(
    tmp_path: Path, write: Callable[[Path, float], None], link: str
):
    path, cached = tmp_path / "out", tmp_path / "cache"
    write(cached, 1.0)
    before = cached.read_bytes()
    getattr(path, link)(cached)
    write(path, 3.0)
    assert cached.read_bytes() == before != path.read_bytes()
    assert not path.is_symlink() and sorted(tmp_path.iterdir()) == [cached, path]


def writes(tree: ast.AST, within: bool = False) -> Iterator[ast.Call]:
    """Yield the calls that write a file, outside of every ``with replaced(…)``."""
    for node in ast.iter_child_nodes(tree):
        inside = within or (
            isinstance(node, ast.With) and "replaced(" in ast.unparse(node.items[0])
        )
        if isinstance(node, ast.Call) and not inside and is_write(node):
            yield node
        yield from writes(node, inside)


def is_write(call: ast.Call) -> bool:
    name = ast.unparse(call.func)
    given = [
        word.value
        for word in (*call.args, *(k.value for k in call.keywords))
        if isinstance(word, ast.Constant)
    ]
    if name.split(".")[-1] in ("open", "fdopen", "ZipFile"):
        modes = [word for word in given if isinstance(word, str) and len(word) < 5]
        return any(set(mode) & set("wxa+") for mode in modes)
    return name.endswith((".write_text", ".write_bytes", "savefig", "save_file")) or (
        name.startswith(("np.save", "torch.save"))
    )


def test_every_file_is_written_as_a_new_one():
    found = {}
    for path in (file for room in ("idem", "stages") for file in (ROOT / room).rglob("*.py")):
        lines = [call.lineno for call in writes(ast.parse(path.read_text(encoding="utf-8")))]
        if lines:
            found[path.relative_to(ROOT).as_posix()] = lines
    assert set(found) == set(IN_PLACE), found


@pytest.mark.parametrize(
    "line",
    [
        "path.write_text('x')",
        "with path.open('w') as file: file.write('x')",
        "open(path, mode='r+b')",
        "np.save(path, x)",
        "save_file(x, path)",
        "gzip.open(path, 'wb')",
    ],
)
def test_such_a_line_is_seen_unless_a_new_file_takes_it(line: str):
    assert list(writes(ast.parse(line)))
    assert not list(writes(ast.parse(f"with replaced(path) as path:\n    {line}")))
    assert not list(writes(ast.parse("path.open('rb'); gzip.open(path); np.load(path)")))
