"""Put the table of claims into the README, between its markers; a test keeps the two equal."""

import re
from pathlib import Path

from stages.files import write_text

TABLE = Path("metrics/laptop/claims.md")
README = Path("README.md")
BLOCK = re.compile(r"(<!-- claims:[^\n]*-->\n)(.*?)(<!-- end of claims -->)", re.DOTALL)


def main() -> None:
    """Rewrite the README with the table of the last run."""
    text = README.read_text(encoding="utf-8")
    write_text(README, BLOCK.sub(lambda m: m[1] + TABLE.read_text(encoding="utf-8") + m[3], text))


if __name__ == "__main__":
    main()
