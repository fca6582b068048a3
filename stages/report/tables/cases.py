"""Tables of the cases of a section of the parameters, as far as they were measured."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from stages.claims.intervals import ratio
from stages.claims.sweeps.by_case import estimate, figure
from stages.text import markdown


def cases_table(
    head: Sequence[str],
    row: Callable[[Any, Any], list[str]],
    found: Mapping[str, Any],
    cases: Mapping[str, Any],
) -> str:
    """Return a Markdown table, a row a case, in the order of its parameters.

    Args:
        head: of the columns.
        row: returns the cells of what was found for a case and its parameters.
        found: by case.
        cases: by name; those that were not measured are left out.
    """
    rows = [row(found[name], case) for name, case in cases.items() if name in found]
    return markdown.table(head, rows) + "\n"


def ratio_of(found: Mapping[str, Any]) -> str:
    """Return the cell of a case's ratio of the rules, each at its own best rate."""
    return ratio(estimate(found["modified_over_ordinary"]), figure)
