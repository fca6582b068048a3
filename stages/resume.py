"""Where a stage keeps what it has done so far, so that it can be killed and go on later.

A folder `.ckpt/<hash>`, git-ignored and outside every output: the hash is of the parameters and the
code that decide the result, so that whatever changes these starts afresh. It goes when the stage
has ended well.
"""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

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
