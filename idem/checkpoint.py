"""Stop anywhere, go on later, end with the same bytes.

A long computation saves what it needs every so many seconds; killed in whatever way, it goes on
from there the next time. When it saves decides nothing but how much is done twice. Files are
NumPy archives without objects, written beside and moved into place: there is a whole one or none.
"""

import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from zipfile import BadZipFile

import numpy as np
import torch
from torch import Tensor

T = TypeVar("T")


unwanted = threading.Event()  # set: what this process computes is to be saved, and to stop


class OutOfTime(Exception):
    """The time given is up; what was done has been saved."""


class Checkpoint:
    """One computation's place to save itself.

    Args:
        path: of the file, made with its folder at the first save.
        every: seconds between two saves.
        deadline: `time.monotonic()` from which on the next `save` stops once all is written.
    """

    def __init__(self, path: Path, every: float = 60.0, deadline: float | None = None) -> None:
        self.path, self.every, self.deadline = path, every, deadline
        self._saved = time.monotonic()

    def load(self) -> tuple[dict[str, Tensor], Any] | None:
        """Return the tensors and the notes last saved, or None if there are none.

        A file that cannot be read, from a full disk for instance, counts as none. Tensors are
        copies in PyTorch's own memory, aligned as those saved were: products may depend on it.
        """
        self._saved = time.monotonic()
        return self._read(
            lambda archive: (
                {name: torch.tensor(archive[name]) for name in archive if name != "notes"},
                json.loads(str(archive["notes"])),
            )
        )

    def notes(self) -> Any:
        """Return the notes last saved without reading the tensors, or None if there are none."""
        return self._read(lambda archive: json.loads(str(archive["notes"])))

    def is_due(self) -> bool:
        """Whether it is time to save, or to stop."""
        return self._is_over() or time.monotonic() - self._saved >= self.every

    def save(self, tensors: dict[str, Tensor], notes: Any) -> None:
        """Write tensors and notes (anything JSON holds), and stop if the time is up.

        Raises:
            OutOfTime: after the deadline, once all is saved.
        """
        arrays = {name: tensor.cpu().numpy() for name, tensor in tensors.items()}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        beside = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        try:
            with beside.open("wb") as file:
                np.savez(file, notes=np.array(json.dumps(notes)), **arrays)  # pyright: ignore
            beside.replace(self.path)
        except BaseException:  # a full disk, for instance, which half a file would keep full
            beside.unlink(missing_ok=True)
            raise
        self._saved = time.monotonic()
        if self._is_over():
            raise OutOfTime(f"{self.path.name}: saved; run the same command again to go on")

    def forget(self) -> None:
        """Remove the file, and what killed processes may have left beside it."""
        for path in self.path.parent.glob(f"{self.path.name}*"):
            path.unlink(missing_ok=True)

    def _read(self, content: Callable[[Any], T]) -> T | None:
        try:
            with self.path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
                return content(archive)
        except (OSError, ValueError, KeyError, EOFError, BadZipFile):
            return None

    def _is_over(self) -> bool:
        late = self.deadline is not None and time.monotonic() >= self.deadline
        return late or unwanted.is_set()
