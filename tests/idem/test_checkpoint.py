import os
import time
from pathlib import Path
from typing import IO

import numpy as np
import pytest
import torch

from idem.checkpoint import Checkpoint, OutOfTime


def test_what_was_saved_comes_back_to_the_byte(tmp_path: Path):
    tensors = {"a.0": torch.randn(3, 4), "b": torch.randn(2, dtype=torch.float64)}
    place = Checkpoint(tmp_path / "new" / "unit.npz")
    assert place.load() is None
    place.save(tensors, {"step": 3, "rows": [{"x": float("nan")}, {"x": 0.1}]})
    found = Checkpoint(tmp_path / "new" / "unit.npz").load()
    assert found is not None
    assert all(torch.equal(found[0][name], tensor) for name, tensor in tensors.items())
    assert found[1]["step"] == 3
    assert found[1]["rows"][1] == {"x": 0.1}
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["unit.npz"]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut off", b"no archive"])
def test_a_broken_file_counts_as_none(tmp_path: Path, content: bytes):
    (tmp_path / "unit.npz").write_bytes(content)
    assert Checkpoint(tmp_path / "unit.npz").load() is None


def test_objects_are_not_loaded(tmp_path: Path):
    np.savez(tmp_path / "unit.npz", notes=np.array([{}], dtype=object))
    assert Checkpoint(tmp_path / "unit.npz").load() is None


def test_it_is_due_after_a_while_and_at_the_deadline(tmp_path: Path):
    place = Checkpoint(tmp_path / "unit.npz", every=1e6)
    assert not place.is_due()
    assert Checkpoint(tmp_path / "unit.npz", every=0.0).is_due()
    late = Checkpoint(tmp_path / "unit.npz", every=1e6, deadline=time.monotonic() - 1)
    assert late.is_due()
    with pytest.raises(OutOfTime, match=r"unit.npz: saved; run the same command again"):
        late.save({"x": torch.ones(1)}, {})
    assert late.load() is not None


def test_a_save_that_fails_leaves_the_last_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    place = Checkpoint(tmp_path / "unit.npz")
    place.save({"x": torch.ones(1)}, {"step": 1})
    monkeypatch.setattr(os, "getpid", lambda: 7)
    with pytest.raises(TypeError):
        place.save({"x": torch.zeros(1)}, {"step": object()})

    def half(file: IO[bytes], **arrays: object) -> None:
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", half)
    with pytest.raises(OSError, match="No space left"):
        place.save({"x": torch.zeros(1)}, {"step": 2})
    found = place.load()
    assert found is not None and found[1] == {"step": 1}
    assert list(tmp_path.iterdir()) == [place.path]
