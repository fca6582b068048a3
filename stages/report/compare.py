"""Compare the numbers in the working tree with the committed ones, metric by metric.

`python -m stages.report.compare [FILE ...]` compares the JSON files under metrics/laptop with those
of HEAD; stages/report/tolerances.yaml says how far each number may be from it on another CPU.
"""

import argparse
import fnmatch
import json
import math
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

TOLERANCES = Path("stages/report/tolerances.yaml")
METRICS = Path("metrics/laptop")


@dataclass(frozen=True)
class Difference:
    """A number that is not what was committed."""

    file: str
    key: str
    committed: Any
    found: Any
    allowed: str

    def __str__(self) -> str:
        return (
            f"{self.file}: {self.key}: committed {self.committed}, found {self.found}"
            f" ({self.allowed})"
        )


def main() -> None:
    """Print a line a file, then what was not reproduced; exit with 1 if anything was not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path)
    files = parser.parse_args().files or committed_files()
    if not report(files):
        sys.exit(1)


def report(files: list[Path]) -> bool:
    """Print the comparison of these files with HEAD; return whether all numbers were reproduced."""
    tolerances = yaml.safe_load(TOLERANCES.read_text(encoding="utf-8"))
    width = max((len(str(file)) for file in files), default=0)
    found: list[Difference] = []
    for file in files:
        committed, now = flatten(committed_content(file)), flatten(read(file))
        differences = compare(file.name, committed, now, tolerances)
        lost = sum(difference.key in committed for difference in differences)
        print(f"{file!s:{width}}  {len(committed) - lost} of {len(committed)} reproduced")
        found += differences
    for difference in found:
        print(f"not reproduced: {difference}")
    return not found


def committed_files() -> list[Path]:
    """List the metrics files of HEAD."""
    return [
        Path(line)
        for line in git("ls-tree", "-r", "--name-only", "HEAD", f"{METRICS}/").split()
        if line.endswith(".json")
    ]


def committed_content(file: Path) -> Any:
    """Return the JSON content of a file at HEAD."""
    return json.loads(git("show", f"HEAD:{file.as_posix()}"))


def read(file: Path) -> Any:
    """Return the JSON content of a file in the working tree; nothing if it is missing."""
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def flatten(content: Any, prefix: str = "") -> dict[str, Any]:
    """Return the leaves of nested dictionaries and lists under dotted keys."""
    if isinstance(content, dict):
        items = content.items()
    elif isinstance(content, list):
        items = enumerate(content)
    else:
        return {prefix.removesuffix("."): content}
    return {k: v for key, value in items for k, v in flatten(value, f"{prefix}{key}.").items()}


def compare(
    file: str, committed: dict[str, Any], found: dict[str, Any], tolerances: list[dict[str, Any]]
) -> list[Difference]:
    """List what is missing, new, or further away than its tolerance."""
    differences = []
    for key in [*committed, *(key for key in found if key not in committed)]:
        tolerance = tolerance_of(f"{file}:{key}", tolerances)
        pair = committed.get(key, "nothing"), found.get(key, "nothing")
        if not close(*pair, tolerance):
            allowed = {k: v for k, v in tolerance.items() if k in ("relative", "absolute")}
            differences.append(Difference(file, key, *pair, f"tolerance {allowed or 'none'}"))
    return differences


def tolerance_of(name: str, tolerances: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the first entry whose pattern matches ``file:key``; exact if there is none."""
    return next((t for t in tolerances if fnmatch.fnmatchcase(name, t["match"])), {})


def close(committed: Any, found: Any, tolerance: dict[str, Any]) -> bool:
    """Tell whether two values agree: numbers within the tolerance, all else exactly."""
    if tolerance.get("any"):
        numeric = {int, float, type(None)}  # null: a number that was not finite
        return type(committed) is type(found) or {type(committed), type(found)} <= numeric
    numbers = all(
        isinstance(v, int | float) and not isinstance(v, bool) for v in (committed, found)
    )
    if not numbers:
        return committed == found
    return math.isclose(
        committed,
        found,
        rel_tol=tolerance.get("relative", 0.0),
        abs_tol=tolerance.get("absolute", 0.0),
    )


def git(*arguments: str) -> str:
    """Return what git prints; stop with its own words if it fails."""
    result = subprocess.run(["git", *arguments], capture_output=True, text=True)
    if result.returncode:
        sys.exit(f"git {' '.join(arguments)}: {result.stderr.strip()}")
    return result.stdout


if __name__ == "__main__":
    main()
