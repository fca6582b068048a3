"""Processes of this machine that units are computed in, side by side.

Where that is safe they are forks of the stage, as PyTorch's DataLoader has them: they have what it
has imported, PyTorch alone a matter of seconds, and start at once. Beside a GPU, whose state a fork
cannot use, and on other systems than Linux they start afresh. Python warns of forks beside threads:
those here watch a process or draw a bar, and hold no lock that a unit needs.
"""

import multiprocessing
import os
import pickle
import sys
import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import cache
from multiprocessing.context import BaseContext
from typing import Any

from threadpoolctl import threadpool_limits
from tqdm import tqdm

from stages.common import devices

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def computed(
    function: Callable[..., Any], units: Sequence[tuple], at_once: int, gpus: Sequence[str] = ()
) -> Generator[tuple[int, Any]]:
    """Yield the index of every unit and what came of it, a result or an error, as they end.

    When a process is killed, all units that have not ended have a BrokenProcessPool: which one it
    was computing is not known. Closed before the end, the generator kills its processes.

    Args:
        function: of the parts of a unit; importable, as are both of them in pickled form.
        units: what each call is given.
        at_once: how many processes.
        gpus: of which each process is to see one, if there are several.
    """
    count, others = min(at_once, len(units)), set(multiprocessing.active_children())
    divided = (devices.slots().name, gpus) if min(count, len(gpus)) > 1 else ()
    with ProcessPoolExecutor(count, _context(), _begin, divided) as pool:
        # Pickled here, a tensor is its numbers; PyTorch's way shares memory with a process that may
        # have ended.
        tasks = (pickle.dumps((function, unit)) for unit in units)
        futures = {pool.submit(_called, task): index for index, task in enumerate(tasks)}
        try:
            for future in as_completed(futures):
                yield futures.pop(future), _outcome(future)
        except BaseException:  # nobody waits for what is left
            for process in set(multiprocessing.active_children()) - others:
                process.kill()
            raise


def _outcome(future: Any) -> Any:
    try:
        return pickle.loads(future.result())
    except Exception as error:
        return error


def _called(task: bytes) -> bytes:
    function, unit = pickle.loads(task)
    return pickle.dumps(function(*unit))


@cache
def _context() -> BaseContext:
    """Return how processes are started."""
    import torch

    safe = sys.platform == "linux" and not torch.accelerator.is_available()
    return multiprocessing.get_context("fork" if safe else "spawn")


def _begin(slots: str = "", gpus: Sequence[str] = ()) -> None:
    """Settle a process: one thread for every library, and one GPU to see if there are several."""
    if gpus:
        devices.take(slots, gpus)
    os.environ |= dict.fromkeys(_THREADS, "1")  # of libraries that are yet to be imported
    threadpool_limits(1)
    tqdm.set_lock(threading.RLock())  # a thread of the stage may have held its own at the fork
