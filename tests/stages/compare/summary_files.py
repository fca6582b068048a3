"""Repositories of a few files, in which something can be compared."""

import json
from pathlib import Path
from typing import Any

from stages.report.scratch import GIT, run

NUMBERS = {
    "verdict": {"L1": "reproduced", "Q2": "no"},
    "L1": {"families": 3, "log10_moved": -15.4},
    "G1": {"distance": 22.0},
}
SPREAD = {
    "L1.families": {"kind": "exact", "from": "derive.json"},
    "L1.log10_moved": {"kind": "rounded", "absolute": 0.7, "from": "linear.json"},
    "G1.distance": {"kind": "chaotic", "spread": 2.0, "over": "5 seeds", "from": "generative.json"},
}


def write(folder: Path, numbers: Any = NUMBERS, spread: Any = SPREAD, name: str = "laptop") -> None:
    """Write the two files of a pipeline's summary."""
    metrics = folder / "metrics" / name
    metrics.mkdir(parents=True, exist_ok=True)
    (metrics / "summary.json").write_text(json.dumps(numbers))
    (metrics / "spread.json").write_text(json.dumps({"schema": 1, "numbers": spread}))


def commit(folder: Path, tag: str = "") -> None:
    """Commit all that is there, with a tag if one is named."""
    if not (folder / ".git").exists():
        run([*GIT, "init", "--quiet"], folder)
    run([*GIT, "add", "--all"], folder)
    run([*GIT, "commit", "--quiet", "--allow-empty", "--message", "State"], folder)
    if tag:
        run([*GIT, "tag", tag], folder)
