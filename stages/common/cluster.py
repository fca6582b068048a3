"""Run the independent units of a stage on the workers of a Dask scheduler, on whatever machines.

Of `distributed` itself rather than joblib's backend for it: that one stops at the first unit that
fails, counts the workers once, and hands out arguments by way of workers whose death loses them.

A worker runs one unit at a time, on one thread, in the folder it was started in: checkpoints stay
there, files that units read are brought there if they are not yet, and tensors that they write are
brought home. It takes no unit unless its code, Python, torch, NumPy and distributed are those of
the stage, in whole files, text included. Its code is what it was when it ran its first unit, as
that is what it has imported, whatever became of the files.
"""

import gc
import hashlib
import operator
import os
import pickle
import platform
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import cloudpickle
import dask
import distributed
import numpy as np
import torch
from distributed import Client, Future, Worker, get_worker, wait
from toolz import compose

from idem.checkpoint import unwanted
from stages.common import devices, files
from stages.common.files import write_bytes
from stages.common.imports import PACKAGES, ROOT

PATIENCE = 60.0  # seconds without a worker
_CONNECT = 10.0  # seconds until there is a scheduler
_POLL = 1.0  # seconds between two looks for new workers
_UNPACKED = compose(operator.call, pickle.loads)  # by a worker: the scheduler has no code of ours
_accepted: set[str] = set()  # by this worker, the runs whose terms it meets


class Refused(Exception):
    """A worker that is not what the stage needs."""


class Terms(NamedTuple):
    """What a worker has to have before it computes.

    Attributes:
        code: SHA-256 by file of the packages.
        versions: of what computes, by name.
        device: to compute on.
        files: SHA-256 by path of the files that units read.
    """

    code: dict[str, str]
    versions: dict[str, str]
    device: str
    files: dict[str, str]
    run: str
    """Which call this is of."""


class Made(NamedTuple):
    """The result of a unit, and the files that it has written, by path."""

    result: Any
    files: dict[str, bytes]


class Lacking(NamedTuple):
    """Instead of a result: a worker that came late lacks files."""

    worker: str


def computed(
    address: str,
    function: Callable[..., Any],
    units: list[tuple],
) -> Iterator[tuple[int, Any]]:
    """Yield the index of every unit and what came of it, a result or an error, as they end.

    Args:
        address: of the scheduler, ``tcp://host:port`` or ``tls://host:port``; certificates are
            found by Dask's own configuration.
        function: of the parts of a unit.
        units: what each call is given.

    Raises:
        SystemExit: with one line, if the scheduler cannot be reached or is gone, no worker is there
            for `PATIENCE` seconds, or one differs in code or versions; of a unit, at once.
    """
    needed = {path.as_posix(): _digest(path) for path in prepared()}
    terms = Terms(_code(), _versions(), os.environ.get("IDEM_DEVICE", ""), needed, uuid4().hex)
    with _connected(address) as client:
        try:
            _workers(client, address)
            for worker in _incomplete(client, terms):
                _admit(client, worker, terms)
            yield from _results(client, address, terms, function, units)
        except Refused as reason:
            sys.exit(f"IDEM_ENGINE: {reason}")
        except (OSError, CancelledError) as reason:
            sys.exit(
                f"IDEM_ENGINE: lost the scheduler at {address}; what is finished is kept: run the "
                f"same command again when it is back ({reason})"
            )


def prepared() -> list[Path]:
    """Return the files that units may read: arrays and weights, from the folder of this process."""
    kinds = ("data/**/*.npy", "data/**/*.safetensors", ".ckpt/**/*.safetensors")
    return sorted(path for kind in kinds for path in Path().glob(kind))


def call(address: str, function: Callable[..., object], *arguments: Any) -> None:
    """Call a function at all workers there are, for what it does to their files."""
    with _connected(address) as client:
        client.run(function, *arguments, on_error="ignore")


def _connected(address: str) -> Client:
    """Connect; where this context ends, in whatever way, all that is not done is cancelled."""
    # A unit's arguments may be large: they reach one worker, once.
    dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 GiB"})
    try:
        try:
            return _client(address)
        except AssertionError:  # on a busy machine its thread may not start in its ten seconds
            return _client(address)
    except (OSError, TypeError, ValueError) as reason:  # TypeError: no certificates
        sys.exit(
            f"IDEM_ENGINE: expected a scheduler at {address}, and reached none in {_CONNECT:.0f} "
            f"seconds: is it running, and this its address? ({reason})"
        )


def _client(address: str) -> Client:
    """Connect, while nothing else is collected.

    A client that did not connect closes itself when it is collected, for which it takes a lock that
    another holds while it starts: collected within that, it would wait for ever.
    """
    gc.collect()
    gc.disable()
    try:
        return Client(address, timeout=_CONNECT)
    finally:
        gc.enable()


def _workers(client: Client, address: str) -> list[str]:
    """Return the addresses of the workers there are, once there is one."""
    end = time.monotonic() + PATIENCE
    while not (found := list(client.nthreads())):
        if time.monotonic() > end:
            sys.exit(
                f"IDEM_ENGINE: the scheduler at {address} has had no worker for {PATIENCE:.0f} "
                f"seconds; start some: python -m dask worker {address} --nthreads 1"
            )
        time.sleep(_POLL / 4)
    return found


def _incomplete(client: Client, terms: Terms) -> list[str]:
    """Return the workers that lack files; all are asked at once, as they import meanwhile."""
    try:
        found = client.run(_lacking, terms)
    except (Refused, OSError):
        raise
    except Exception as reason:  # Dask's, without a type of its own
        raise Refused(f"a worker is in no clone of this repository: {reason}") from reason
    return [worker for worker, paths in found.items() if paths]


def _admit(client: Client, worker: str, terms: Terms) -> None:
    """Bring the files that a worker lacks, or refuse it."""
    for found in client.run(_lacking, terms, workers=[worker]).values():
        for path in found:
            client.run(write_bytes, Path(path), Path(path).read_bytes(), workers=[worker])
    client.run(_accept, terms.run, workers=[worker])


def _results(
    client: Client, address: str, terms: Terms, function: Callable[..., Any], units: list[tuple]
) -> Iterator[tuple[int, Any]]:
    """Hand out units one by one, so that none waits at a worker while its seconds left run."""
    waiting, running = deque(range(len(units))), dict[Future, int]()
    while waiting or running:
        free = len(_workers(client, address)) - len(running)
        for _ in range(min(free, len(waiting))):
            index = waiting.popleft()
            attempt = cloudpickle.dumps(partial(_attempt, terms, function, units[index]))
            running[client.submit(_UNPACKED, attempt, pure=False)] = index
        for future in _ended(running):
            index, result = running.pop(future), _result(future)
            if isinstance(result, Lacking):
                _admit(client, result.worker, terms)
                waiting.appendleft(index)
            else:
                yield index, _brought_home(result)


def _ended(running: Iterable[Future]) -> set[Future]:
    try:
        return wait(list(running), timeout=_POLL, return_when="FIRST_COMPLETED").done
    except TimeoutError:
        return set()


def _result(future: Future) -> Any:
    """Return the result, or the error; raise what concerns no unit."""
    error = future.exception()
    result = error.with_traceback(future.traceback()) if error else future.result()
    if isinstance(result, Refused):
        raise result
    return result


def _brought_home(result: Made | Exception) -> Any:
    if isinstance(result, Exception):
        return result
    for path, content in result.files.items():
        if _digest(Path(path)) != hashlib.sha256(content).hexdigest():  # no common folder
            write_bytes(Path(path), content)
    return result.result


# What follows is done by workers.


def _attempt(terms: Terms, function: Callable[..., Any], unit: tuple) -> Any:
    """Return the result of a unit; of a `SystemExit`, which would end the worker, itself."""
    worker = get_worker()
    if terms.run not in _accepted:
        if _lacking(terms, worker):
            return Lacking(worker.address)
        _accept(terms.run)
    os.environ["IDEM_DEVICE"] = terms.device
    torch.set_num_threads(1)
    files.written.clear()
    with _watched(worker):
        try:
            with devices.explained(terms.device or "cpu"):
                result = function(*unit)
        except SystemExit as stop:
            result = stop
    return Made(result, {path.as_posix(): path.read_bytes() for path in files.written})


@contextmanager
def _watched(worker: Worker) -> Iterator[None]:
    """Let the checkpoint of a unit save it, and stop, when nobody waits for it any more."""
    key, ended = worker.get_current_task(), threading.Event()

    def watch() -> None:
        while not ended.wait(_POLL):
            task = worker.state.tasks.get(key)
            if task is None or task.state == "cancelled":
                unwanted.set()

    unwanted.clear()
    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()


def _lacking(terms: Terms, dask_worker: Worker) -> list[str]:
    """Return the paths of files that are not here as they should be.

    Raises:
        Refused: this worker has more than one thread, or other code or versions.
    """
    where = f"worker {dask_worker.address}"
    if dask_worker.state.nthreads != 1:
        number = dask_worker.state.nthreads
        raise Refused(f"{where}: expected one thread, got {number}: start it with --nthreads 1")
    for name, expected in terms.versions.items():
        if (found := _versions()[name]) != expected:
            raise Refused(f"{where}: {name}: expected {expected}, as here, got {found}")
    if differing := sorted(file for file, _ in terms.code.items() ^ _code().items()):
        raise Refused(
            f"{where}: {differing[0]} is not the file that is here: check out the same code there "
            "and start it anew"
        )
    return [path for path, digest in terms.files.items() if _digest(Path(path)) != digest]


def _accept(run: str) -> None:
    """Check no more in this run, as its own units may write anew what they read."""
    _accepted.add(run)


@cache
def _code() -> dict[str, str]:
    """Return SHA-256 by file of these packages, as they are when this is first called."""
    files = (file for package in PACKAGES for file in (ROOT / package).rglob("*.py"))
    return {file.relative_to(ROOT).as_posix(): _digest(file) for file in files}


@cache
def _versions() -> dict[str, str]:
    libraries = (torch, np, distributed)
    return {"Python": platform.python_version()} | {m.__name__: m.__version__ for m in libraries}


def _digest(path: Path) -> str:
    """Return SHA-256 of a file, read again only when it has changed; "" if there is none."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return ""
    return _digest_of(path.absolute(), status.st_mtime_ns, status.st_size)


@cache
def _digest_of(path: Path, changed: int, size: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


_code()  # now, before a unit imports more
