"""Run every stage anew, say how long each took, and compare the result with the committed one."""

import csv
import os
import re
import subprocess
import sys
import time
from pathlib import Path

from stages.common import params
from stages.common.engine import workers
from stages.report import compare

SECONDS = Path("metrics/seconds.csv")  # git-ignored: seconds never belong to a result
RUNNING = re.compile(r"Running stage '([^']+)'")
ADVICE = """
The run failed at stage '{stage}'. Stages that finished are kept; what this one had produced before
was deleted by DVC. To have the committed results back:

    git restore metrics dvc.lock data && dvc checkout
"""


def main() -> None:
    """Force the whole pipeline, print the table of seconds, then the comparison."""
    params.read(Path("params.yaml"), params.Laptop)
    workers()  # complains before any work
    seconds = run(["dvc", "repro", "--force", *sys.argv[1:]])
    print_table(seconds)
    print("\nAgainst the numbers committed at HEAD:")
    if not compare.report(compare.committed_files()):
        sys.exit(1)


def run(command: list[str]) -> dict[str, float]:
    """Run DVC, passing its output on, and return the seconds of each stage it ran.

    Raises:
        SystemExit: if DVC fails, with how to get the committed results back.
    """
    marks: list[tuple[str, float]] = []
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            if match := RUNNING.search(line):
                marks.append((match[1], time.monotonic()))
    if process.returncode:
        sys.exit(ADVICE.format(stage=marks[-1][0] if marks else "none"))
    ends = [start for _, start in marks[1:]] + [time.monotonic()]
    return {name: end - start for (name, start), end in zip(marks, ends, strict=True)}


def print_table(seconds: dict[str, float]) -> None:
    """Print the seconds of each stage and their sum, and keep them in a file git ignores."""
    rows = [*seconds.items(), ("all", sum(seconds.values()))]
    print("\nSeconds per stage")
    for name, value in rows:
        print(f"{name:20} {value:7.1f}")
    with SECONDS.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("stage", "seconds"), *((n, f"{v:.1f}") for n, v in rows)])


if __name__ == "__main__":
    main()
