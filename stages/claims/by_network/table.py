"""The table of claims by network, as JSON and in Markdown."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from stages.claims.by_network.entries import Entry, judge
from stages.claims.printed import CLAIMS
from stages.claims.verdict import HEAD
from stages.common import params
from stages.common.files import write_json, write_text
from stages.text import markdown


def write(folder: Path, settings: params.Paper, section: params.Claims) -> None:
    """Write the table as claims.json and claims.md."""
    found = judge(folder, settings, section)
    write_json(folder / "claims.json", by_claim(found))
    write_text(folder / "claims.md", HEAD + table(found))


def by_claim(entries: Sequence[Entry]) -> dict[str, dict[str, Any]]:
    """Return the verdict, what it rests on, and it in short, by claim and network."""
    found: dict[str, dict[str, Any]] = {}
    for entry in entries:
        of = entry.verdict
        more = {"brief": of.brief, "ours": of.ours, "lacking": dict(of.lacking)}
        told = {name: value for name, value in more.items() if value}
        row = {"verdict": of.verdict, "runs": entry.runs} | told
        found.setdefault(of.id, {})[entry.network] = row
    return found


def table(entries: Sequence[Entry]) -> str:
    """Return a Markdown table."""
    rows = []
    for entry in entries:
        of = entry.verdict
        told = [f"{entry.runs}", f"**{of.verdict}**", of.measured]
        rows.append([of.id, CLAIMS[of.id].text, entry.network, *told])
    head = ["", "the paper", "network", "runs", "here", "measured"]
    return markdown.table(head, rows) + "\n"
