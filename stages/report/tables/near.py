"""The table of starts near a projection: which rule improves which, at which rate."""

from collections.abc import Mapping
from typing import Any

from stages.claims.sweeps.comparison import RULES
from stages.claims.verdict import number
from stages.common import params
from stages.figures.near_cases import in_what_it_differs
from stages.report.tables.cases import cases_table, ratio_of

HEAD = ["n", "noise", "bias", "else", "start", *RULES, "modified / ordinary", "runs"]


def near_table(found: Mapping[str, Mapping[str, Any]], cases: Mapping[str, params.Start]) -> str:
    """Return a Markdown table, a row a case, in the order of its parameters.

    Relative errors on new inputs at the start and at the end, at the best rate of either rule, and
    the ratio of the ends with its interval over runs.

    Args:
        found: by case, of `stages.sweeps.near.headline`.
        cases: by name; those that were not measured are left out.
    """
    return cases_table(HEAD, _row, found, cases)


def _row(found: Mapping[str, Any], case: params.Start) -> list[str]:
    cells = [
        f"{case.width}",
        f"{case.noise:g}",
        f"{case.bias:g}",
        ", ".join(in_what_it_differs(case)),
    ]
    cells.append(f"{found['start']:.2g}")
    for rule in RULES:
        left = 10 ** number(found[rule]["log10_relative_error"])
        cells.append(f"{left:.1e} at {found[rule]['best_rate']:g}")
    runs = f"{found['modified_over_ordinary']['runs']}"
    return [*cells, ratio_of(found), runs]
