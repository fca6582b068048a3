"""Run the independent units of a stage side by side on the cores of this machine.

Every unit has one thread, so that its bytes do not depend on how many run at once. How many do is
no parameter but a matter of the machine: `IDEM_WORKERS`, by default the cores available. Nor are
the minutes after which a stage that can go on later stops: `IDEM_MINUTES`, by default none.
"""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

import joblib
from tqdm import tqdm

_watching = False  # per process


def workers() -> int:
    """Return how many units run at once: `IDEM_WORKERS`, else the number of cores available."""
    given = os.environ.get("IDEM_WORKERS", "")
    if not given:
        return joblib.cpu_count()
    if not given.isdigit() or int(given) < 1:
        sys.exit(f"IDEM_WORKERS: expected a whole number, at least 1, got {given!r}")
    return int(given)


def deadline() -> float | None:
    """Return the `time.monotonic()` at which `IDEM_MINUTES` from now are over; None if not set."""
    given = os.environ.get("IDEM_MINUTES", "")
    if not given:
        return None
    try:
        minutes = float(given)
    except ValueError:
        minutes = 0.0
    if not 0 < minutes < 1e6:
        sys.exit(f"IDEM_MINUTES: expected a positive number of minutes, got {given!r}")
    return time.monotonic() + 60 * minutes


def end_with_parent() -> None:
    """End this process when the one that started it has ended, however that came about.

    A killed `dvc` leaves its stage running, and a killed stage its workers: they would go on
    writing beside whatever runs next.
    """
    threading.Thread(target=_wait_for_orphanhood, args=(os.getppid(),), daemon=True).start()


def _wait_for_orphanhood(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def run_units(function: Callable[..., Any], units: Iterable[tuple], label: str = "") -> list[Any]:
    """Return ``[function(*unit) for unit in units]``, computed side by side, in that order.

    A `label` shows how many units are done; leave it out where the units show progress themselves.
    """
    tasks = [joblib.delayed(_on_one_thread)(function, unit) for unit in units]
    results = joblib.Parallel(n_jobs=workers(), return_as="generator")(tasks)
    return list(tqdm(results, desc=label, total=len(tasks), unit="unit", disable=not label))


def _on_one_thread(function: Callable[..., Any], unit: tuple) -> Any:
    import torch

    global _watching
    if not _watching and joblib.parallel.mp.parent_process() is not None:
        end_with_parent()
        _watching = True
    torch.set_num_threads(1)
    return function(*unit)
