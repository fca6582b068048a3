"""Put the tables of the last runs into the README and every page of results, between its markers.

A block stands where its markers stand, ``<!-- NAME: where it comes from -->`` and
``<!-- end of NAME -->``, in the README at the top or in a page of a folder of metrics. Its content
is in `stages.report.blocks`. `make report` calls this; tests keep the blocks equal to the tables.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from stages.common.files import write_text
from stages.report.blocks import BLOCKS, Files
from stages.report.page.metrics import Absent, Metrics

BLOCK = re.compile(r"(<!-- ([^:\n]+):[^\n]*-->\n)(.*?)(<!-- end of \2 -->)", re.DOTALL)


def main() -> None:
    """Rewrite the pages with the tables of the last runs."""
    metrics = Metrics()
    try:
        texts = {path: filled(text, metrics) for path, text in pages(Path())}
    except Absent as error:
        sys.exit(f"no page is changed: {error}")
    for path, text in texts.items():
        write_text(path, text)


def pages(root: Path) -> Iterator[tuple[Path, str]]:
    """Yield the files of a repository that hold blocks, and their texts.

    What stages write holds none.
    """
    for path in (root / "README.md", *sorted(root.glob("metrics/*/*.md"))):
        text = path.read_text(encoding="utf-8")
        if "<!-- " in text:
            yield path, text


def filled(text: str, files: Files) -> str:
    """Return a text with each of its blocks made anew.

    Args:
        text: of a page.
        files: of this repository, or of a commit of it.

    Raises:
        ValueError: for a block that is unknown or does not end.
    """
    if text.count("<!-- ") != 2 * len(BLOCK.findall(text)):
        raise ValueError(
            "a page: expected each comment to be <!-- NAME: … -->, followed by <!-- end of NAME "
            f"-->, got {re.findall('<!-- .*-->', text)}"
        )
    return BLOCK.sub(lambda found: found[1] + _made(found[2], files) + found[4], text)


def _made(name: str, files: Files) -> str:
    if name not in BLOCKS:
        raise ValueError(f"a page: expected one of the blocks {', '.join(BLOCKS)}, got {name!r}")
    return BLOCKS[name](files)


if __name__ == "__main__":
    main()
