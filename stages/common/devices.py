"""The GPUs of this machine: which process has which, how many processes pay, and what went wrong.

Side by side, units share what a GPU has: a training whose kernels are short leaves most of it idle.
How many pay depends on the unit and the device and is measured: twice as many run as long as they
do more work together. Between processes the GPUs are divided: each sees one for as long as it
lives, and where there are several, the next process takes the one with fewest.
"""

import itertools
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

TRIAL = 10.0  # seconds that so many units side by side are tried for
PAYS = 1.1  # times as much work that twice as many must do
_VISIBLE = "CUDA_VISIBLE_DEVICES"
_GIGABYTE = 2**30
_held: list[Any] = []  # the lock that says which GPU this process has


class DeviceError(RuntimeError):
    """A device that is gone or full; its message says what would fit."""


class Memory(NamedTuple):
    """What a process found when a GPU's memory did not suffice, in bytes.

    Attributes:
        total: that the device has.
        free: that nobody had.
        peak: the most that this process had.
        asked: that it asked for beside what it had.
    """

    total: int
    free: int
    peak: int
    asked: int


def visible() -> list[str]:
    """Return the GPUs that this process may use, as CUDA_VISIBLE_DEVICES names them."""
    given = os.environ.get(_VISIBLE)
    if given is not None:
        return [name for name in given.split(",") if name]
    import torch

    return [str(number) for number in range(torch.cuda.device_count())]


def take(slots: str, names: Sequence[str]) -> None:
    """Let this process see one of the GPUs, before it has used any.

    Args:
        slots: a folder of locks, one for every process that has taken one and lives.
        names: of the GPUs, from `visible` in the process that starts the others.
    """
    slot = next(number for number in itertools.count() if _locked(Path(slots, str(number))))
    os.environ[_VISIBLE] = names[slot % len(names)]


def _locked(path: Path) -> bool:
    """Take a lock, to be held until this process ends, or return False if another has it."""
    import fcntl  # which Windows has not

    file = path.open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return False
    _held.append(file)
    return True


@cache
def slots() -> TemporaryDirectory[str]:
    """Return the folder of locks for the processes that this one starts."""
    return TemporaryDirectory(prefix="idem_gpus_")


def most_productive(work: Callable[[int], float], most: int) -> int:
    """Return how many units side by side do most, twice as many as long as that pays.

    Args:
        work: tries so many, and returns how much they do a second together; 0 if they do not fit.
        most: to try.
    """
    count, best = 1, work(1)
    while count < most:
        more = min(2 * count, most)
        found = work(more)
        if found < PAYS * best:
            break
        count, best = more, found
    return count


@contextmanager
def explained(device: str) -> Iterator[None]:
    """Say of a device that fails what is wrong and what would fit.

    Raises:
        DeviceError: in the place of PyTorch's errors.
    """
    import torch

    try:
        yield
    except torch.OutOfMemoryError as error:
        raise DeviceError(too_small(_name(device), _memory(device, str(error)))) from error
    except torch.AcceleratorError as error:
        first = str(error).partition("\n")[0]
        raise DeviceError(
            f"IDEM_DEVICE: lost {_name(device)}: {first}; what is saved is kept: run the same "
            "command again when it is back, or with IDEM_DEVICE=cpu"
        ) from error


def too_small(name: str, memory: Memory) -> str:
    """Say what of a device's memory a unit needs, and how many fit."""
    total, free, peak, asked = (number / _GIGABYTE for number in memory)
    needed, found = peak + asked, f"IDEM_DEVICE: {name} has {total:.1f} GiB"
    fitting = int(total / needed)
    if fitting == 0:
        return (
            f"{found}, and one unit needs {needed:.1f} or more; take a device that has them, "
            "IDEM_DEVICE=cpu, fewer lanes at once (memory_megabytes) or smaller batches"
        )
    return (
        f"{found}, of which {free:.1f} were free; a unit needs {needed:.1f} or more, so that at "
        f"most {fitting} fit side by side: set IDEM_WORKERS to {fitting} a GPU, or fewer"
    )


def _memory(device: str, said: str) -> Memory:
    import torch

    free, total = torch.cuda.mem_get_info(device)
    return Memory(total, free, torch.cuda.max_memory_reserved(device), asked_for(said))


def asked_for(said: str) -> int:
    """Return the bytes that an error of PyTorch says were asked for; 0 if it does not say."""
    found = re.search(r"allocate ([\d.]+) ([KMG]?)i?(?:B|bytes)", said)
    return int(float(found[1]) * 1024 ** " KMG".index(found[2] or " ")) if found else 0


def _name(device: str) -> str:
    """Return a device by its own name and where it is; the latter alone if it does not answer."""
    import torch

    try:
        return f"{torch.cuda.get_device_name(device)} ({device})"
    except RuntimeError:
        return device
