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
from stages.compare.comparison import compare
from stages.compare.differences import as_text
from stages.compare.revision import Unanswerable, revision

SECONDS = Path("metrics/seconds.csv")  # git-ignored: seconds never belong to a result
RUNNING = re.compile(r"Running stage '([^']+)'")
FAILED = """
The run failed at stage '{stage}'. Stages that finished are kept; what this one had produced before
was deleted by DVC. To have the committed results back:

    git restore metrics dvc.lock data && dvc checkout
"""
NOT_BEGUN = """
DVC stopped before any stage ran, for the reason it gives above; results are as they were.
"""
NO_REPOSITORY = """\
{why}
DVC and the comparison with what is committed need a git repository, which a download as ZIP is
not: take `git clone`, or run here: git init && git add --all && git commit --message Downloaded"""
LOOK = """
Where to look: metrics/laptop/claims.md for the verdicts and why; metrics/laptop/summary.json and
spread.json for the numbers and how far each may be off; `git diff --stat metrics` for all that
was written; metrics/seconds.csv for the seconds. The table again: make compare"""


def main() -> None:
    """Force the whole pipeline, then print the seconds and, last, what differs from HEAD."""
    params.read(Path("params.yaml"), params.Laptop)
    workers()  # complains before any work
    try:
        revision("HEAD")
    except Unanswerable as error:
        sys.exit(NO_REPOSITORY.format(why=error))
    print_table(run(["dvc", "repro", "--force", *sys.argv[1:]]))
    sys.exit(0 if agrees() else 1)


def agrees() -> bool:
    """Print whether claims and numbers are those committed at HEAD, and return it."""
    try:
        report = compare("HEAD", pipeline="laptop")
    except Unanswerable as error:
        sys.exit(f"\nAll stages ran; they cannot be compared with HEAD: {error}")
    print(f"\nClaims as committed: {'yes' if report.same_verdicts else 'no'}\n")
    print(as_text(report))
    print(LOOK)
    return report.agrees


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
        sys.exit(FAILED.format(stage=marks[-1][0]) if marks else NOT_BEGUN)
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
