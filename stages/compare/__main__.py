"""Compare two revisions: `python -m stages.compare [A [B]]`.

A and B are revisions, experiments or `workspace`; by default HEAD and the working tree. What is
read are the files summary.json and spread.json of every pipeline. The exit status is 0 when every
verdict is the same and every number agrees by its kind.
"""

import argparse
import sys
from pathlib import Path

from stages.common.files import write_text
from stages.compare.comparison import compare
from stages.compare.differences import as_markdown, as_text
from stages.compare.revision import WORKSPACE, Unanswerable


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


def _write(path: Path | None, text: str) -> None:
    if path is not None:
        write_text(path, text)


if __name__ == "__main__":
    main()
