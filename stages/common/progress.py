"""One bar over all units of a stage, and after a minute an estimate of what is left.

Units may take half an hour each, so the bar also moves by what their checkpoints on this machine
say. All is measured in what units cost beside each other (operations, steps), so that other stages
of the pipeline can be estimated from this one's speed.
"""

import threading
import time
from collections.abc import Sequence
from types import TracebackType
from typing import NamedTuple

from tqdm import tqdm

from idem.checkpoint import Checkpoint

FIRST = 60.0  # seconds until the estimate
_EVERY = 10.0  # seconds between two looks at the checkpoints


class Part(NamedTuple):
    """A unit that is to be computed.

    Attributes:
        cost: beside other units of the pipeline.
        steps: that it makes, as its checkpoint counts them.
        checkpoint: where it may have begun.
    """

    cost: float
    steps: int
    checkpoint: Checkpoint

    def done(self) -> float:
        """Return which part of it its checkpoint holds, below 1."""
        notes = self.checkpoint.notes() if self.steps else None
        return min(notes["step"] / self.steps, 0.99) if notes else 0.0


class Progress:
    """The bar, from when it is entered until it is left.

    Args:
        label: in front of the bar.
        parts: the units to compute.
        rest: what the other stages of the pipeline will cost.
    """

    def __init__(self, label: str, parts: Sequence[Part], rest: float = 0.0) -> None:
        self._label, self._parts, self._rest = label, parts, rest
        self._done = [0.0] * len(parts)  # fractions
        self._ended, self._lock = threading.Event(), threading.Lock()

    def __enter__(self) -> "Progress":
        self._look()
        self._begun, self._before = time.monotonic(), self._cost_done()
        self._bar = tqdm(
            total=sum(part.cost for part in self._parts),
            initial=self._before,
            desc=self._label,
            bar_format="{desc}: {percentage:3.0f}%|{bar}| {elapsed}, {remaining} to go{postfix}",
            smoothing=0,  # the mean speed: units end in bursts
        )
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()
        self._bar.close()

    def finish(self, number: int) -> None:
        """Count the unit of this number as done."""
        self._done[number] = 1.0
        self._move()

    def estimate(self) -> str | None:
        """Say how long what is left takes, here and in other stages; None while nothing moved."""
        passed = time.monotonic() - self._begun
        gained = self._cost_done() - self._before
        if gained <= 0:
            return None
        speed, left = gained / passed, self._bar.total - self._cost_done()
        found = f"{self._label}: about {duration(left / speed)} to go"
        if self._rest:
            found += f"; {duration((left + self._rest) / speed)} with the other stages"
        return found

    def _watch(self) -> None:
        told = False
        while not self._ended.wait(_EVERY):
            self._look()
            self._move()
            text = None if told or time.monotonic() - self._begun < FIRST else self.estimate()
            if text is not None:
                told = True
                tqdm.write(text)

    def _look(self) -> None:
        """Read from the checkpoints how far the units are that have begun."""
        for i, part in enumerate(self._parts):
            if self._done[i] < 1:
                self._done[i] = max(self._done[i], part.done())

    def _move(self) -> None:
        finished = sum(done == 1 for done in self._done)
        with self._lock:
            self._bar.set_postfix_str(f"{finished} of {len(self._done)} done", refresh=False)
            self._bar.update(self._cost_done() - self._bar.n)

    def _cost_done(self) -> float:
        return sum(part.cost * done for part, done in zip(self._parts, self._done, strict=True))


def duration(seconds: float) -> str:
    """Return so much time in words, to two digits at most."""
    for size, name in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{round(seconds / size)} {name}"
    return f"{round(seconds)} seconds"
