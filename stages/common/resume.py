"""Run the units of a stage so that it can be killed at any time and go on later.

Every unit keeps what it has done so far in a file `.ckpt/<label>_<key>.npz`, git-ignored and
outside every output. The key is a hash of the parameters and data that decide the unit, of the
source files that it reaches by imports, and of the kind of device: whatever changes one of these
starts afresh, and a unit that was begun is found again under whatever name a stage has for it. The
files go when the stage has written its outputs.
"""

import hashlib
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import torch

from idem.checkpoint import Checkpoint, OutOfTime
from stages.common.engine import OUT_OF_TIME, checkpoint_seconds, deadline, device, run_units
from stages.common.imports import ROOT, deciding_files

FOLDER = Path(".ckpt")


class Unit(NamedTuple):
    """A part of a stage that is computed apart from all others.

    Attributes:
        label: for people who look.
        key: exactly the parameters and data that decide it; anything JSON holds.
        arguments: of the function that computes it, before the checkpoint.
    """

    label: str
    key: Any
    arguments: tuple


@contextmanager
def completed(
    function: Callable[..., Any],
    units: Sequence[Unit],
    modules: Sequence[str],
    *,
    noun: str = "units",
    bar: str = "",
    late: Callable[[list[Checkpoint]], None] | None = None,
) -> Iterator[list[Any]]:
    """Yield what `function` makes of all units, and forget their checkpoints if all goes well.

    However short the time, a step or more is made of what was begun and of one more unit: repeated
    runs come to an end.

    Args:
        function: of the arguments of a unit and a checkpoint; returns None, or lets `OutOfTime`
            pass, if the time was up.
        units: in the order of the results.
        modules: whose source, and what they import, decides a result, in dots.
        noun: of the units, for people.
        bar: a label shows how many units are done; leave it out where they show it themselves.
        late: is given the checkpoints of all units before the stage stops because the time is up.

    Raises:
        SystemExit: with OUT_OF_TIME when a unit did not end in time, once all are saved; with one
            line for a FloatingPointError.
    """
    places = _places(units, modules)
    new = [place for place in places if not place.path.exists()][:1]
    tasks = [
        (function, unit.arguments, place, place in new)
        for unit, place in zip(units, places, strict=True)
    ]
    try:
        results = run_units(_unless_late, tasks, bar)
    except FloatingPointError as error:
        sys.exit(str(error))
    done = sum(result is not None for result in results)
    if done < len(results):
        if late is not None:
            late(places)
        print(f"time is up: {done} of {len(results)} {noun} done; run it again to go on")
        sys.exit(OUT_OF_TIME)
    yield results
    for place in places:
        place.forget()


def file_of(unit: Unit, modules: Sequence[str]) -> Path:
    """Return where a unit that these modules compute keeps what it has done."""
    where = torch.device(device()).type  # the first half on one kind, the rest on another: neither
    digest = hashlib.sha256(json.dumps([unit.key, torch.__version__, where]).encode())
    for file in sorted({file for module in modules for file in deciding_files(module)}):
        digest.update((ROOT / file).read_bytes())
    return FOLDER / f"{unit.label}_{digest.hexdigest()[:16]}.npz"


def _places(units: Sequence[Unit], modules: Sequence[str]) -> list[Checkpoint]:
    every, end = checkpoint_seconds(), deadline()
    return [Checkpoint(file_of(unit, modules), every, end) for unit in units]


def _unless_late(
    function: Callable[..., Any], arguments: tuple, place: Checkpoint, even_if_late: bool
) -> Any:
    late = place.deadline is not None and time.monotonic() >= place.deadline
    if late and not even_if_late and not place.path.exists():
        return None
    try:
        return function(*arguments, place)
    except OutOfTime:
        return None
