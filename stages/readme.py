"""Put the tables of claims into the README, between their markers; tests keep them equal."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stages.files import write_text

TABLE = Path("metrics/laptop/claims.md")
PAPER = Path("metrics/paper/claims.json")
README = Path("README.md")


def _block(name: str) -> re.Pattern[str]:
    return re.compile(rf"(<!-- {name}:[^\n]*-->\n)(.*?)(<!-- end of {name} -->)", re.DOTALL)


BLOCK = _block("claims")
PAPER_BLOCK = _block("claims at the paper's scale")


def main() -> None:
    """Rewrite the README with the tables of the last runs."""
    paper = overview(json.loads(PAPER.read_text(encoding="utf-8")))
    text = README.read_text(encoding="utf-8")
    text = BLOCK.sub(lambda m: m[1] + TABLE.read_text(encoding="utf-8") + m[3], text)
    write_text(README, PAPER_BLOCK.sub(lambda m: m[1] + paper + m[3], text))


def overview(ledger: Mapping[str, Mapping[str, Any]]) -> str:
    """Return a Markdown table of verdicts, a row a claim and a column a network.

    Args:
        ledger: ``verdict`` by claim and network; a claim may be about some networks only.
    """
    networks = sorted({network for verdicts in ledger.values() for network in verdicts})
    rows = [["", *networks], ["---"] * (len(networks) + 1)]
    for claim, verdicts in ledger.items():
        rows.append([claim, *(verdicts.get(n, {}).get("verdict", "–") for n in networks)])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


if __name__ == "__main__":
    main()
