"""What two revisions say beside each other, pipeline by pipeline."""

from stages.compare.agreement import ABSENT, Comparison, compared
from stages.compare.differences import Report
from stages.compare.lock import stale
from stages.compare.revision import WORKSPACE, Revision, Unanswerable, revision
from stages.compare.summaries import pipelines, summary

NAMED = 3  # stale stages named in a note


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
