"""Compare what two revisions say: verdicts and the numbers they hang on, each by its kind.

`python -m stages.report.compare [A [B]]`: A and B are revisions, experiments or `workspace`; by
default HEAD and the working tree. What is read are the files summary.json and spread.json of every
pipeline. The exit status is 0 when every verdict is the same and every number agrees by its kind.
"""

import argparse
import sys
from pathlib import Path

from stages.common.files import write_text
from stages.report.agreement import ABSENT, Comparison, compared
from stages.report.differences import Report, as_markdown, as_text
from stages.report.lock import stale
from stages.report.revision import WORKSPACE, Revision, Unanswerable, revision
from stages.report.summaries import pipelines, summary

NAMED = 3  # stale stages named in a note


def main() -> None:
    """Print the answer and the table; exit with 1 if the sides do not agree."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("a", nargs="?", default="HEAD", metavar="A")
    parser.add_argument("b", nargs="?", default=WORKSPACE, metavar="B")
    parser.add_argument("--pipeline", help="this one alone, by its folder in metrics; default: all")
    parser.add_argument("--markdown", type=Path, help="write the answer to this file too")
    args = parser.parse_args()
    try:
        report = compare(args.a, args.b, args.pipeline)
    except Unanswerable as error:
        _write(args.markdown, f"**compare: {error}**\n")
        sys.exit(f"compare: {error}")
    print(as_text(report))
    _write(args.markdown, as_markdown(report))
    sys.exit(0 if report.agrees else 1)


def compare(a: str = "HEAD", b: str = WORKSPACE, pipeline: str | None = None) -> Report:
    """Compare two revisions, pipeline by pipeline.

    Args:
        a: whose kinds and tolerances count, unless it is the working tree.
        b: what is compared with it.
        pipeline: one by name, else all.

    Raises:
        Unanswerable: if a revision is unknown, or neither side has a summary.
    """
    old, new = revision(a), revision(b)
    known = pipelines(old, new)
    if not known:
        raise Unanswerable(f"neither {a} nor {b} has a metrics/*/summary.json; run `dvc repro`")
    if pipeline and pipeline not in known:
        raise Unanswerable(f"{pipeline}: no such pipeline, expected one of {', '.join(known)}")
    rows: list[tuple[str, Comparison]] = []
    faults: list[str] = []
    notes: list[str] = []
    for name in [pipeline] if pipeline else known:
        try:
            rows += [(name, row) for row in _rows(old, new, name)]
        except Unanswerable as error:
            faults.append(str(error))
        if old.commit is None or new.commit is None:
            notes += _lock_note(name)
    return Report(a, b, rows, faults, notes)


def _write(path: Path | None, text: str) -> None:
    if path is not None:
        write_text(path, text)


def _rows(old: Revision, new: Revision, pipeline: str) -> list[Comparison]:
    """Compare every number that either side has; the committed side says of what kind it is."""
    a, b = summary(old, pipeline), summary(new, pipeline)
    first, second = (b, a) if old.commit is None else (a, b)
    rows = []
    for name in a.numbers | b.numbers:
        pair = a.numbers.get(name, ABSENT), b.numbers.get(name, ABSENT)
        kinds = first.kinds.get(name) or second.kinds.get(name, {}), second.kinds.get(name, {})
        if pair != (None, None):  # on neither side there is a number: nothing is compared
            rows.append(compared(name, *pair, *kinds))
    return rows


def _lock_note(pipeline: str) -> list[str]:
    found = stale(pipeline)
    if not found:
        return []
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    return [
        f"{pipeline}: dvc.lock does not match the workspace, whose numbers may be of older code:"
        f" {'; '.join(found[:NAMED])}{more} (`dvc status` has the details, `dvc repro` the remedy)"
    ]


if __name__ == "__main__":
    main()
