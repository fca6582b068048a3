"""The table of how far lines of ours are off the published ones, by epoch."""

from collections.abc import Mapping
from typing import Any

from stages.report.tables.readings import percent
from stages.text import markdown

EPOCHS = ("10", "100", "500", "2500")


def deviations_table(lines: Mapping[str, Mapping[str, Any]]) -> str:
    """Return a Markdown table, a row a network and rule: median and largest deviation by epoch.

    Args:
        lines: by network, what `stages.published.beside.headline` says, of one batch a run.
    """
    head = ["", "rule", "runs", "lines", *(f"epoch {epoch}" for epoch in EPOCHS), "all epochs"]
    rows = [
        [name, rule, f"{of['runs']}", f"{of['lines']}", *_cells(of)]
        for name, of_network in lines.items()
        for rule, of in of_network["fixed"]["rules"].items()
    ]
    return markdown.table(head, rows) + "\n"


def _cells(of: Mapping[str, Any]) -> list[str]:
    found = [of["at_epochs"].get(epoch) for epoch in EPOCHS]
    return [_both(there) if there else "–" for there in (*found, of)]


def _both(of: Mapping[str, float | None]) -> str:
    if of["median_deviation"] is None or of["largest_deviation"] is None:  # no line is printed
        return "–"
    return f"{percent(of['median_deviation'])} / {percent(of['largest_deviation'])}"
