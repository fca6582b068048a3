"""Whether numbers in the working tree are those of the code beside them: a look at every dvc.lock.

Digests of code folders, parameter files and results are compared with those that DVC noted when a
stage ran: all that is in git, which takes a fifth of a second. Data, weights and commands are not
looked at: `dvc status` does that, in its own seconds.
"""

import hashlib
import json
import operator
from functools import cache, reduce
from pathlib import Path
from typing import Any

import yaml

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast, where there is one


def stale(pipeline: str) -> list[str]:
    """List the stages of a pipeline of which the lock does not say what the working tree has.

    Returns:
        ``STAGE (PATH)``, the first path that differs; behind these ``STAGE (not in the lock)``
        where it has no entry. Paths below ``data`` are left out, and files that are not there; so
        are frozen stages, which DVC leaves as they are, and entries of stages that are no more.
    """
    folder = Path() if pipeline == "laptop" else Path("stages/pipelines", pipeline)
    lock = folder / "dvc.lock"
    if not lock.is_file():
        return [f"no {lock.as_posix()}"]
    names, locked, found = _names(folder), _read(lock)["stages"], []
    for name in filter(locked.__contains__, names):
        entries = [*locked[name].get("deps", []), *locked[name].get("outs", [])]
        others = [e["path"] for e in entries if _differs(e["path"], e["md5"])]
        if others:
            found.append(f"{name} ({others[0]})")
    return found + [f"{name} (not in the lock)" for name in names if name not in locked]


def _names(folder: Path) -> list[str]:
    """Return the stages that may change, ``NAME@ITEM`` for each item of one with ``foreach``."""
    found = []
    for name, stage in _read(folder / "dvc.yaml")["stages"].items():
        if stage.get("frozen"):
            continue
        items = stage.get("foreach", [None])
        if isinstance(items, str):  # ${a.b}, of the parameters that lie beside it
            parameters = _read(folder / "params.yaml")
            items = reduce(operator.getitem, items.strip("${}").split("."), parameters)
        found += [name if item is None else f"{name}@{item}" for item in items]
    return found


def _read(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), LOADER)


def _differs(path: str, md5: str) -> bool:
    return not path.startswith("data/") and Path(path).exists() and _digest(Path(path)) != md5


@cache
def _digest(path: Path) -> str:
    """Return the MD5 by which DVC knows a file, or a folder: that of the list of its files."""
    if not path.is_dir():
        return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
    files = [p for p in path.rglob("*") if p.is_file() and "__pycache__" not in p.parts]
    names = sorted((p.relative_to(path).as_posix(), p) for p in files)
    listed = json.dumps([{"md5": _digest(p), "relpath": name} for name, p in names])
    return hashlib.md5(listed.encode(), usedforsecurity=False).hexdigest() + ".dir"
