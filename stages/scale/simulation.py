"""How long many units take on many workers, by simulation of what happens to each of them.

One process hands out units one by one, in order, to whichever worker is free, and writes what comes
back: it is the only one of its kind, so that what it does for a unit bounds how many workers it can
keep busy. Before that it brings every worker the data, one after another. Every worker saves its
checkpoint at intervals to a disk that all share.
"""

from collections.abc import Collection, Sequence
from heapq import heappop, heappush
from typing import NamedTuple

EVERY = 60.0  # seconds between two checkpoints, unless IDEM_CHECKPOINT_SECONDS says otherwise


class Rates(NamedTuple):
    """What was measured of the machine that hands out units, in seconds and bytes.

    Attributes:
        dispatch: seconds to hand out a unit and receive its result.
        dispatch_running: further seconds for each unit that is running then.
        written: seconds to write a finished unit and read it back.
        wire: bytes a second, to one worker after another.
        disk: bytes a second that can be written to the disk that all share.
    """

    dispatch: float
    dispatch_running: float
    written: float
    wire: float
    disk: float


class Work(NamedTuple):
    """What is to be done.

    Attributes:
        seconds: of one core, by unit, in the order in which they are handed out.
        checkpoint: bytes that a unit saves each time.
        data: bytes of arrays that every worker needs.
    """

    seconds: Sequence[float]
    checkpoint: float
    data: float


# What keeps workers from computing, but for their having no unit left.
LIMITS = {
    "scheduler": "one process hands out the units",
    "results": "the same process writes what comes back",
    "data": "it brings the data to every worker",
    "disk": "all workers save to one disk",
}
TAIL = "stragglers"
LIMITS_AND_TAIL = LIMITS | {TAIL: "the last units keep few workers busy"}


def wall_time(work: Work, workers: int, rates: Rates, limits: Collection[str] = LIMITS) -> float:
    """Return the seconds from the first command to the last result.

    Args:
        work: what is to be done.
        workers: how many, each one core.
        rates: what was measured.
        limits: those of `LIMITS` that count; the others cost nothing.
    """
    busy = min(workers, len(work.seconds))
    clock = busy * work.data / rates.wire if "data" in limits else 0.0
    saving = busy * work.checkpoint / rates.disk / EVERY if "disk" in limits else 0.0
    received = rates.written if "results" in limits else 0.0
    ends: list[float] = []  # a heap
    for seconds in work.seconds:
        if len(ends) == workers:
            clock = max(clock, heappop(ends)) + received
        if "scheduler" in limits:
            clock += rates.dispatch + rates.dispatch_running * len(ends)
        heappush(ends, clock + seconds * (1 + saving))
    while ends:
        clock = max(clock, heappop(ends)) + received
    return clock


def share_computing(work: Work, workers: int, wall: float) -> float:
    """Return which part of the workers' time is spent on units, 0 to 1."""
    return sum(work.seconds) / workers / wall


def breaks_at(work: Work, rates: Rates, limit: str, most: int) -> int | None:
    """Return from how many workers on a limit alone wastes half of them; None if not up to `most`.

    In powers of two: where with it all takes twice as long as without; or, of the last units, where
    workers spend less than half of their time on units though nothing else costs any.
    """
    workers = 1
    while workers <= most:
        free = wall_time(work, workers, rates, ())
        if limit == TAIL:
            wasted = share_computing(work, workers, free) < 0.5
        else:
            wasted = wall_time(work, workers, rates, [limit]) > 2 * free
        if wasted:
            return workers
        workers *= 2
    return None
