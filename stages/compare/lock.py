"""Whether numbers in the working tree are those of the code beside them: a look at every dvc.lock.

Digests of code folders, parameter files and results are compared with those that DVC noted when a
stage ran: all that is in git, which takes a fifth of a second. Data, weights and commands are not
looked at: `dvc status` does that, in its own seconds.
"""

import hashlib
import json
from functools import cache
from pathlib import Path

import yaml

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast, where there is one


def stale(pipeline: str) -> list[str]:
    """List what the lock of a pipeline has otherwise: ``STAGE (PATH)``, the first path of each.

    Paths below ``data`` are left out, and files that are not there.
    """
    lock = _lock(pipeline)
    if not lock.is_file():
        return [f"no {lock.as_posix()}"]
    stages = yaml.load(lock.read_text(encoding="utf-8"), LOADER)["stages"]
    found = []
    for name, stage in stages.items():
        entries = [*stage.get("deps", []), *stage.get("outs", [])]
        others = [e["path"] for e in entries if _differs(e["path"], e["md5"])]
        if others:
            found.append(f"{name} ({others[0]})")
    return found


def _lock(pipeline: str) -> Path:
    folder = Path() if pipeline == "laptop" else Path("stages/pipelines", pipeline)
    return folder / "dvc.lock"


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
