"""The table of networks taught to copy: which rule perfects them, and at which cost."""

from collections.abc import Mapping
from typing import Any

from stages.claims.sweeps.comparison import RULES
from stages.common import params
from stages.report.tables.cases import cases_table, ratio_of

HEAD = [
    "widths",
    "data's mean",
    "relative error",
    *RULES,
    "modified / ordinary",
    "reconstruction",
    *(f"{rule}'s" for rule in RULES),
    "runs",
]


def copying_table(
    found: Mapping[str, Mapping[str, Any]], cases: Mapping[str, params.CopyingCase]
) -> str:
    """Return a Markdown table, a row a case, in the order of its parameters.

    The relative error before, and after at the best rate of either rule of those that keep the
    reconstruction, the ratio with its interval over runs, and the reconstruction before and after.

    Args:
        found: by case, of `stages.landscape.copying.headline`.
        cases: by name; those that were not measured are left out.
    """
    return cases_table(HEAD, _row, found, cases)


def _row(found: Mapping[str, Any], case: params.CopyingCase) -> list[str]:
    cells = ["–".join(map(str, case.widths)), f"{case.input_mean:g}", f"{found['start']:.2g}"]
    cells += [_at_best(found[rule]) for rule in RULES]
    cells += [ratio_of(found), f"{found['reconstruction']:.3g}"]
    after = (found[rule]["reconstruction"] for rule in RULES)
    cells += ["–" if error is None else f"{error:.3g}" for error in after]
    return [*cells, f"{found['modified_over_ordinary']['runs']}"]


def _at_best(of_rule: Mapping[str, Any]) -> str:
    if of_rule["best_rate"] is None:
        return "none keeps it"
    return f"{10 ** of_rule['log10_relative_error']:.2g} at {of_rule['best_rate']:g}"
