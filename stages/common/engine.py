"""Run the independent units of a stage side by side, on this machine or on others.

Every unit has one thread, so that its bytes do not depend on how many run at once. How many do is
no parameter but a matter of the machine: `IDEM_WORKERS`, by default the cores available. Nor are
the engine, `IDEM_ENGINE`, by default `local`, else the address of a Dask scheduler, whose workers
may be on other machines; the device, `IDEM_DEVICE`, by default the CPU; the minutes after which a
stage that can go on later stops, `IDEM_MINUTES`, by default none; and the seconds between two of
its checkpoints, `IDEM_CHECKPOINT_SECONDS`, by default 60.
"""

import importlib.util
import multiprocessing
import os
import re
import sys
import threading
import time
import traceback
from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

import joblib
import psutil
from tqdm import tqdm

from stages.common import devices, processes

OUT_OF_TIME = 75  # the exit status EX_TEMPFAIL of a stage that can go on: run it again
ATTEMPTS = 3  # at a unit


def workers() -> int:
    """Return how many units run at once: `IDEM_WORKERS`, else the number of cores available."""
    given = os.environ.get("IDEM_WORKERS", "")
    if not given:
        return joblib.cpu_count()
    if not given.isdigit() or int(given) < 1:
        sys.exit(f"IDEM_WORKERS: expected a whole number, at least 1, got {given!r}")
    return int(given)


def scheduler() -> str | None:
    """Return the address of the Dask scheduler that `IDEM_ENGINE` names; None if it is local."""
    given = os.environ.get("IDEM_ENGINE") or "local"
    if given == "local":
        return None
    if not re.fullmatch(r"(tcp|tls)://[^/]+:\d+", given):
        sys.exit(
            "IDEM_ENGINE: expected local, or the address of a Dask scheduler as in "
            f"tcp://127.0.0.1:8786 or tls://host:8786, got {given!r}"
        )
    if importlib.util.find_spec("distributed") is None:
        sys.exit(f"IDEM_ENGINE: {given} needs Dask: pip install '.[dask]'")
    return given


def device() -> str:
    """Return the device to compute on, one that is there: `IDEM_DEVICE`, else the CPU."""
    import torch

    name = _device_named()
    try:
        torch.empty(0, device=name)
    except (RuntimeError, AssertionError) as reason:  # the latter from a torch without CUDA
        why = str(reason).partition("\n")[0]
        sys.exit(f"IDEM_DEVICE: expected a device of this machine, got {name!r}: {why}")
    if torch.device(name).type == "cuda":
        _settle_cuda()
    return name


def gpus() -> list[str]:
    """Return the GPUs to divide among processes: those visible, if `IDEM_DEVICE` is ``cuda``."""
    return devices.visible() if _device_named() == "cuda" else []


def _device_named() -> str:
    return os.environ.get("IDEM_DEVICE") or "cpu"


def at_once_by(trial: Callable[[int], float], units: int) -> int | None:
    """Return how many units to run at once on the GPUs, as many as pay; None to leave it at that.

    It is left at what `workers` says where `IDEM_WORKERS` does, on the CPU and under Dask, whose
    workers are there already.

    Args:
        trial: runs so many for a while, and returns how much they do a second together.
        units: that there are.
    """
    there = len(gpus())
    if not there or os.environ.get("IDEM_WORKERS") or scheduler() is not None or units < 2 * there:
        return None
    most = min(joblib.cpu_count(), units) // there
    return there * devices.most_productive(lambda count: trial(there * count), max(most, 1))


def _settle_cuda() -> None:
    """Let a run come to the same bytes twice on one kind of GPU, and float32 be float32 there.

    cuDNN picks convolutions whose sums depend on chance, and rounds their inputs to the 10 bits of
    TF32, unless it is told otherwise.
    """
    import torch

    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.allow_tf32 = False
    torch.set_float32_matmul_precision("highest")


def deadline() -> float | None:
    """Return the `time.monotonic()` at which `IDEM_MINUTES` from now are over; None if not set."""
    minutes = _positive("IDEM_MINUTES", "minutes")
    return None if minutes is None else time.monotonic() + 60 * minutes


def checkpoint_seconds() -> float:
    """Return the seconds between two checkpoints: `IDEM_CHECKPOINT_SECONDS`, else 60."""
    return _positive("IDEM_CHECKPOINT_SECONDS", "seconds") or 60.0


def _positive(name: str, unit: str) -> float | None:
    given = os.environ.get(name, "")
    if not given:
        return None
    try:
        number = float(given)
    except ValueError:
        number = 0.0
    if not 0 < number < 1e6:
        sys.exit(f"{name}: expected a positive number of {unit}, got {given!r}")
    return number


def end_with_parent() -> None:
    """From now on, end this process when the one that started it has ended, for whatever reason.

    A killed `dvc` leaves its stage running, and a killed stage its workers: they would go on
    writing beside whatever runs next. Called again in the same process, it does nothing.
    """
    _end_with_parent(os.getpid())


@cache
def _end_with_parent(process: int) -> None:
    """Do so for this process: the cache of a fork is that of another one."""
    stage = multiprocessing.parent_process()  # of a worker; of a stage there is none
    watched = _starters() if stage is None or stage.pid is None else (stage.pid,)
    threading.Thread(target=_wait_for_orphanhood, args=(watched,), daemon=True).start()


def _wait_for_orphanhood(watched: tuple[int, ...]) -> None:
    while _lineage()[: len(watched)] == watched:
        time.sleep(1)
    os._exit(1)


def _starters() -> tuple[int, ...]:
    """Return the parent, and a `dvc` that started it: shells between the two may outlive `dvc`."""
    parent, grandparent = _lineage()
    try:
        started_by = [Path(word).name for word in psutil.Process(grandparent).cmdline()]
    except psutil.Error:
        started_by = []
    return (parent, grandparent) if "dvc" in started_by[:3] else (parent,)


def _lineage() -> tuple[int, int]:
    parent = os.getppid()
    try:
        return parent, psutil.Process(parent).ppid()
    except psutil.Error:
        return parent, 0


def run_units(
    function: Callable[..., Any],
    units: Iterable[tuple],
    label: str = "",
    *,
    travel: bool = True,
    arrived: Callable[[int, Any], object] | None = None,
    at_once: int | None = None,
) -> list[Any]:
    """Return ``[function(*unit) for unit in units]``, computed side by side, in that order.

    From here on this process, a stage's, ends with the one that started it, as its workers do. A
    unit that fails, or whose worker is killed, is tried `ATTEMPTS` times, and stops no other: all
    else is computed, and has arrived, before it is tried again and its last error is raised.

    Args:
        function: of the parts of a unit; importable, as it may run in another process, on another
            machine: of files that it leaves, those of `write_tensors` alone are brought home.
        units: what each call is given.
        label: shows how many units are done; leave it out where they show progress themselves.
        travel: whether units may be computed elsewhere; if they read or write other files than
            `cluster.prepared` names, they may not, whatever the engine.
        arrived: is called in this process with the index and the result of every unit, as soon as
            it is there.
        at_once: how many processes on this machine; `workers` if left out.

    Raises:
        Exception: what the first unit that failed raised; the tracebacks of others are printed.
        SystemExit: of a unit, at once; with one line, if the scheduler or its workers are not as
            they should be.
    """
    end_with_parent()
    units = list(units)
    results: list[Any] = [None] * len(units)
    errors = []
    address = scheduler() if units and travel else None
    at_once = at_once or workers()
    with closing(_tried(function, units, address, at_once)) as found:
        for index, result in tqdm(found, label, len(units), unit="unit", disable=not label):
            if isinstance(result, SystemExit):
                raise SystemExit(*result.args)  # pickled, it has lost its code
            if isinstance(result, Exception):
                errors.append(result)
                continue
            results[index] = result
            if arrived is not None:
                arrived(index, result)
    for error in errors[1:]:
        traceback.print_exception(error)
    if errors:
        raise errors[0]
    return results


def everywhere(function: Callable[..., object], *arguments: Any) -> None:
    """Call a function here and at all workers of the engine, for what it does to their files."""
    function(*arguments)
    address = scheduler()
    if address is not None:
        from stages.common import cluster

        cluster.call(address, function, *arguments)


def _tried(
    function: Callable[..., Any], units: list[tuple], address: str | None, at_once: int
) -> Generator[tuple[int, Any]]:
    """Yield the index of every unit and what came of it, an error only of its last attempt."""
    left, attempt = dict(enumerate(units)), 1
    while left:
        indices, failed = list(left), dict[int, str]()
        with closing(_computed(function, list(left.values()), address, at_once)) as found:
            for position, result in found:
                if not isinstance(result, Exception) or attempt == ATTEMPTS:
                    yield indices[position], result
                    continue
                said = f"{type(result).__name__}: {result}"
                if said not in failed.values():  # of a killed worker, all that were left have it
                    tqdm.write(f"attempt {attempt} of {ATTEMPTS} at a unit failed: {said}")
                failed[indices[position]] = said
        left, attempt = {index: left[index] for index in failed}, attempt + 1


def _computed(
    function: Callable[..., Any], units: list[tuple], address: str | None, at_once: int
) -> Generator[tuple[int, Any]]:
    """Yield the index of every unit and what came of it, a result or an error, as they end."""
    if address is not None:
        from stages.common import cluster  # and with it Dask, which may not be there

        yield from cluster.computed(address, function, units)
        return
    calls = [(function, unit) for unit in units]
    if at_once == 1:
        yield from ((index, _on_one_thread(*call)) for index, call in enumerate(calls))
    else:
        yield from processes.computed(_on_one_thread, calls, at_once, gpus())


def _on_one_thread(function: Callable[..., Any], unit: tuple) -> Any:
    """Return what comes of a unit: its result, the error that it raises, or its SystemExit."""
    import torch

    end_with_parent()
    torch.set_num_threads(1)
    try:
        with devices.explained(_device_named()):
            return function(*unit)
    except SystemExit as stop:
        return stop
    except Exception as error:
        error.add_note(traceback.format_exc())  # another process has no traceback of this one
        return error
