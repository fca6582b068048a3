"""Write the report: `python -m stages.report.page [FILE]`, report.html at the top by default.

It holds all that `metrics` has at every scale. What is missing or damaged is said in its place, and
printed with the command that makes it; the exit status is then 1.
"""

import argparse
import sys
from pathlib import Path

from stages.common.files import write_text
from stages.report.page.build import report
from stages.report.page.metrics import Metrics

REPORT = Path("report.html")  # git-ignored


def main() -> None:
    """Write the page, say where it is, and what it lacks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", nargs="?", type=Path, default=REPORT, metavar="FILE")
    file = parser.parse_args().file
    metrics = Metrics()
    page = report(metrics)
    write_text(file, page)
    print(f"{file}: {len(page.encode()) / 1e6:.1f} MB")
    if metrics.faults:
        sys.exit("\n".join(["The report lacks, and says so in its place:", *metrics.faults]))


if __name__ == "__main__":
    main()
