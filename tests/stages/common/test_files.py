import json
import math
import time
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from stages.common import files


def test_json_is_stable_and_has_no_nan(tmp_path: Path):
    path = tmp_path / "new" / "a.json"
    files.write_json(path, {"a": math.nan, "b": [1 / 3, 2, True, "x"], "c": math.inf})
    expected = {"a": None, "b": [0.333333, 2, True, "x"], "c": None}
    assert json.loads(path.read_text()) == expected
    assert list(path.parent.iterdir()) == [path]


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
