"""Run the units of a stage so that it can be killed at any time and go on later, here or elsewhere.

A unit goes by one name, its label and a hash of the parameters, data and code that decide it
(`stages.common.units`), in two places:

    <folder>/<name>.json.gz      finished: its result, in a folder that git keeps and others share
    .ckpt/<name>_<where>.npz     begun: what it has done so far, for this machine alone; <where> is
                                 the version of PyTorch and the kind of device, as half of a run
                                 on one and half on another is neither

Whatever changes what decides a unit starts it afresh, and what was begun or finished is found again
under whatever name a stage has for it. Pipelines whose results are not kept finish in `.ckpt` too,
until the stage has written its outputs.
"""

import errno
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import torch

from idem.checkpoint import Checkpoint, OutOfTime
from stages.common import units as finished
from stages.common.devices import TRIAL, DeviceError
from stages.common.engine import (
    OUT_OF_TIME,
    at_once_by,
    checkpoint_seconds,
    deadline,
    device,
    everywhere,
    run_units,
)
from stages.common.progress import Part, Progress
from stages.common.units import Altered, Identity, Provenance, identity_of

FOLDER = Path(".ckpt")


class Unit(NamedTuple):
    """A part of a stage that is computed apart from all others.

    Attributes:
        label: for people who look.
        key: exactly the parameters and data that decide it; anything JSON holds.
        arguments: of the function that computes it, before the checkpoint.
        steps: that it makes, as its checkpoint counts them.
        cost: beside other units of the pipeline.
    """

    label: str
    key: Any
    arguments: tuple
    steps: int = 0
    cost: float = 1.0


class Time(NamedTuple):
    """What a unit may take; by the clock on the wall, as it may run on another machine."""

    end: float | None
    """The `time.time()` at which to save and stop."""
    every: float
    """Seconds between two checkpoints."""


class Plan(NamedTuple):
    """What a stage computes: the first arguments of `completed`, which says what they are."""

    function: Callable[..., Any]
    units: Sequence[Unit]
    modules: Sequence[str]


@contextmanager
def completed(
    function: Callable[..., Any],
    units: Sequence[Unit],
    modules: Sequence[str],
    *,
    keep: Path | None = None,
    label: str,
    others: Iterable[Plan] = (),
    before: Callable[[list[Unit]], object] | None = None,
    late: Callable[[list[Any], list[Any]], None] | None = None,
) -> Iterator[list[Any]]:
    """Yield what `function` makes of all units, and forget their checkpoints if all goes well.

    However short the time, a step or more is made of what was begun and of one more unit: repeated
    runs come to an end.

    Args:
        function: of the arguments of a unit and a checkpoint; returns None, or lets `OutOfTime`
            pass, if the time was up.
        units: in the order of the results.
        modules: whose source, and what they import, decides a result, in dots.
        keep: the folder of finished units: those that match are taken, each other is written as
            soon as it is finished. None: a unit that is finished waits in `.ckpt`.
        label: of all of them, for people.
        before: is given the units that are to be computed, before they are.
        others: the plans of the other stages of the pipeline, to estimate when all is done.
        late: is given the results of all units and the notes of their checkpoints, None where
            there are none, before the stage stops because the time is up.

    Raises:
        SystemExit: with OUT_OF_TIME when a unit did not end in time, once all are saved; with one
            line for a FloatingPointError, a device that is gone or full, and a full disk.
    """
    identities = [identity_of(unit.label, unit.key, modules) for unit in units]
    given, results = _time_given(), _taken(keep, identities, label)
    missing = [i for i, result in enumerate(results) if result is None]
    if before is not None and missing:
        before([units[i] for i in missing])
    places = [Checkpoint(place_of(identity)) for identity in identities]
    new = [i for i in missing if not places[i].path.exists()][:1]
    tasks = [(function, units[i].arguments, identities[i], given, i in new) for i in missing]
    parts = [Part(units[i].cost, units[i].steps, places[i]) for i in missing]
    progress = Progress(label, parts, sum(cost_left(keep, plan) for plan in others))

    def arrived(number: int, computed: tuple[Any, Provenance] | None) -> None:
        if computed is not None:
            i = missing[number]
            results[i] = _kept(keep, identities[i], *computed)
            progress.finish(number)

    try:
        if missing:
            with progress:
                _run_all(tasks, parts, arrived)
    except (FloatingPointError, DeviceError) as error:
        sys.exit(str(error))
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        sys.exit(f"{error}; what is finished is kept: make room, then run the same command again")
    done = sum(result is not None for result in results)
    if done < len(results):
        if late is not None:
            late(results, [place.notes() for place in places])
        print(f"time is up: {done} of {len(results)} units of {label} done; run it again to go on")
        sys.exit(OUT_OF_TIME)
    yield results
    if missing:
        everywhere(_forget, places)


def _run_all(
    tasks: Sequence[tuple], parts: Sequence[Part], arrived: Callable[[int, Any], None]
) -> None:
    """Run all units; on GPUs some for a while first, to see how many side by side pay.

    What was done meanwhile is kept: the units go on from their checkpoints.
    """
    left = dict(enumerate(tasks))

    def came(number: int, computed: tuple[Any, Provenance] | None) -> None:
        if computed is not None:
            del left[number]
        arrived(number, computed)

    def tried(count: int) -> float:
        chosen, speeds = list(left)[:count], list[float]()

        def ended(k: int, found: tuple[Any, float]) -> None:
            speeds.append(found[1])
            came(chosen[k], found[0])

        units = [(tasks[number], parts[number], TRIAL) for number in chosen]
        run_units(_for_a_while, units, arrived=ended, at_once=count)
        return sum(speeds) if len(chosen) == count and all(speeds) else 0.0

    at_once = at_once_by(tried, len(tasks))
    rest = list(left)
    run_units(
        _unless_late,
        [tasks[number] for number in rest],
        arrived=lambda k, computed: came(rest[k], computed),
        at_once=at_once,
    )


def place_of(identity: Identity) -> Path:
    """Return where a unit keeps on this machine what it has done."""
    where = f"{torch.__version__}_{torch.device(device()).type}"
    return FOLDER / f"{identity.name}_{where}.npz"


def cost_left(keep: Path | None, plan: Plan) -> float:
    """Return what the units of a plan cost that are not there yet."""
    named = ((unit.cost, identity_of(unit.label, unit.key, plan.modules)) for unit in plan.units)
    there = (cost for cost, name in named if keep and finished.path_of(keep, name).exists())
    return sum(unit.cost for unit in plan.units) - sum(there)


def _forget(places: Sequence[Checkpoint]) -> None:
    for place in places:
        place.forget()


def _time_given() -> Time:
    end, every = deadline(), checkpoint_seconds()
    return Time(None if end is None else time.time() + end - time.monotonic(), every)


def _taken(keep: Path | None, identities: Sequence[Identity], label: str) -> list[Any]:
    """Return the results of the finished units that match, None for the others."""
    if keep is None:
        return [None] * len(identities)
    results = [_result_of(keep, identity) for identity in identities]
    taken = sum(result is not None for result in results)
    print(f"{label}: {taken} of {len(results)} units are in {keep}")
    return results


def _result_of(keep: Path, identity: Identity) -> Any:
    try:
        unit = finished.find(keep, identity)
    except Altered as error:
        print(f"{error}; it is computed anew")
        return None
    return None if unit is None else unit.result


def _kept(keep: Path | None, identity: Identity, result: Any, provenance: Provenance) -> Any:
    """Write a finished unit and return its result as read back: the same for all who take it."""
    if keep is None:
        return result
    path = finished.write(keep, identity, result, provenance)
    Checkpoint(place_of(identity)).forget()
    return finished.read(path).result


def _unless_late(
    function: Callable[..., Any], arguments: tuple, of: Identity, given: Time, even_if_late: bool
) -> tuple[Any, Provenance] | None:
    """Return the result of a unit and where it is from; None if the time is up before its end."""
    begun, place = time.monotonic(), place_of(of)
    left = None if given.end is None else given.end - time.time()
    if left is not None and left <= 0 and not even_if_late and not place.exists():
        return None
    checkpoint = Checkpoint(place, given.every, None if left is None else begun + left)
    try:
        result = function(*arguments, checkpoint)
    except OutOfTime:
        return None
    if result is None:
        return None
    return result, finished.provenance(time.monotonic() - begun, device())


def _for_a_while(
    task: tuple, part: Part, seconds: float
) -> tuple[tuple[Any, Provenance] | None, float]:
    """Let a unit go on for some seconds; return what `_unless_late` does and its cost a second.

    The latter is 0 if it fails: whatever it fails of comes again when all are run.
    """
    function, arguments, of, given, _ = task
    before, begun, end = part.done(), time.monotonic(), time.time() + seconds
    end = end if given.end is None else min(end, given.end)
    try:
        found = _unless_late(function, arguments, of, given._replace(end=end), True)
    except Exception:
        return None, 0.0
    made = (part.done() if found is None else 1.0) - before
    return found, part.cost * made / (time.monotonic() - begun)
