"""Run the independent units of a stage side by side on the cores of this machine.

Every unit has one thread, so that its bytes do not depend on how many run at once. How many do is
no parameter but a matter of the machine: `IDEM_WORKERS`, by default the cores available.
"""

import os
import sys
from collections.abc import Callable, Iterable
from typing import Any

import joblib
from tqdm import tqdm


def workers() -> int:
    """Return how many units run at once: `IDEM_WORKERS`, else the number of cores available."""
    given = os.environ.get("IDEM_WORKERS", "")
    if not given:
        return joblib.cpu_count()
    if not given.isdigit() or int(given) < 1:
        sys.exit(f"IDEM_WORKERS: expected a whole number, at least 1, got {given!r}")
    return int(given)


def run_units(function: Callable[..., Any], units: Iterable[tuple], label: str = "") -> list[Any]:
    """Return ``[function(*unit) for unit in units]``, computed side by side, in that order.

    A `label` shows how many units are done; leave it out where the units show progress themselves.
    """
    tasks = [joblib.delayed(_on_one_thread)(function, unit) for unit in units]
    results = joblib.Parallel(n_jobs=workers(), return_as="generator")(tasks)
    return list(tqdm(results, desc=label, total=len(tasks), unit="unit", disable=not label))


def _on_one_thread(function: Callable[..., Any], unit: tuple) -> Any:
    import torch

    torch.set_num_threads(1)
    return function(*unit)
