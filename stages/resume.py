"""Where a stage keeps what it has done so far, so that it can be killed and go on later.

A folder `.ckpt/<hash>`, git-ignored and outside every output: the hash is of the parameters and the
code that decide the result, so that whatever changes these starts afresh. It goes when the stage
has ended well.
"""

import hashlib
import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from idem.checkpoint import Checkpoint
from stages.engine import OUT_OF_TIME, checkpoint_seconds, deadline, run_units

FOLDER = Path(".ckpt")


def folder(label: str, parameters: Any, modules: Iterable[ModuleType]) -> Path:
    """Return the folder for a computation that these parameters and modules decide.

    Args:
        label: what is computed, for people who look.
        parameters: anything JSON holds.
        modules: whose source decides the result.
    """
    digest = hashlib.sha256(json.dumps([parameters, torch.__version__]).encode())
    for module in modules:
        digest.update(Path(str(module.__file__)).read_bytes())
    return FOLDER / f"{label}_{digest.hexdigest()[:16]}"


def places(files: Iterable[Path]) -> list[Checkpoint]:
    """Return a checkpoint per file, all with the deadline that counts from now on."""
    every, end = checkpoint_seconds(), deadline()
    return [Checkpoint(file, every, end) for file in files]


def run_all(
    function: Callable[..., Any], units: Iterable[tuple], noun: str, label: str = ""
) -> list[Any]:
    """Return what `function` makes of all units, each of which returns None if the time is up.

    Raises:
        SystemExit: with OUT_OF_TIME when a unit did not end in time, once all are saved; with one
            line for a FloatingPointError.
    """
    try:
        results = run_units(function, units, label)
    except FloatingPointError as error:
        sys.exit(str(error))
    done = sum(result is not None for result in results)
    if done < len(results):
        print(f"time is up: {done} of {len(results)} {noun} done; run it again to go on")
        sys.exit(OUT_OF_TIME)
    return results
