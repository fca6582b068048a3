"""Run every stage anew, say how long it took, and compare the result with the committed one."""

import csv
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from dvc.exceptions import DvcException

from stages.common import params
from stages.common.engine import workers
from stages.compare.comparison import compare
from stages.compare.differences import as_text
from stages.compare.revision import Unanswerable, revision
from stages.report.running import AT_ONCE, LOGS, StageError, parents, run

SECONDS = Path("metrics/seconds.csv")  # git-ignored: seconds never belong to a result
FAILED = """\
{said}

The run failed at stage '{stage}', whose last lines are above; the rest is in {log}.
Stages that finished are kept; what this one had produced before was deleted by DVC.{restore}"""
RESTORE = """
To have the committed results back:

    git restore metrics/laptop dvc.lock data && dvc checkout
"""
NOT_BEGUN = """\
{why}

DVC stopped before any stage ran, for the reason above; results are as they were.
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
    begun = time.monotonic()
    keep(everything())
    minutes, rest = divmod(round(time.monotonic() - begun), 60)
    print(f"\nAll stages ran, in {minutes} min {rest} s")
    sys.exit(0 if agrees() else 1)


def everything() -> dict[str, float]:
    """Run every stage anew and return the seconds of each.

    Raises:
        SystemExit: if none can be run, or one fails, with how to get the committed results back.
    """
    try:
        order = parents()
    except DvcException as error:
        sys.exit(NOT_BEGUN.format(why=error))
    print(f"Running {len(order)} stages, {AT_ONCE} at a time; what each prints: {LOGS}/STAGE.log")
    try:
        return run(order)
    except StageError as error:
        sys.exit(FAILED.format(said=error.said, stage=error.stage, log=error.log, restore=RESTORE))
    except KeyboardInterrupt:
        sys.exit(f"\nStopped before the end.{RESTORE}")


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


def keep(seconds: Mapping[str, float]) -> None:
    """Write how long each stage took, in a file git ignores; two at a time, they add up to more."""
    with SECONDS.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(
            [("stage", "seconds"), *((n, f"{v:.1f}") for n, v in seconds.items())]
        )


if __name__ == "__main__":
    main()
