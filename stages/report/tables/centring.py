"""The table of centred inputs: which rates either rule bears, and what it comes to."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from stages.claims.sweeps.comparison import RULES
from stages.claims.verdict import number
from stages.common import params
from stages.report.tables.cases import cases_table, ratio_of

HEAD = [
    "n",
    "layers",
    "data's mean",
    "centred",
    "trained",
    *(f"{rule} bears" for rule in RULES),
    "modified leaves",
    *RULES,
    "modified / ordinary",
    "runs",
]


def centring_table(
    found: Mapping[str, Mapping[str, Any]], cases: Mapping[str, params.CentredCase]
) -> str:
    """Return a Markdown table, a row a case, in the order of its parameters.

    Which layers have centred inputs and are trained; the highest rate below any at which a run
    of a rule diverges, and what was predicted; how many runs modified leaves at every rate, how
    many it should, and of how many that is said rightly; the relative errors at the end at the
    rules' best rates, and their ratio with its interval over runs.

    Args:
        found: by case, of `stages.landscape.centring.headline`.
        cases: by name; those that were not measured are left out.
    """
    return cases_table(HEAD, _row, found, cases)


def _row(found: Mapping[str, Any], case: params.CentredCase) -> list[str]:
    layers = len(case.centres)
    centred = [layer for layer, centre in enumerate(case.centres, start=1) if centre]
    cells = [
        f"{case.width}",
        f"{layers}",
        f"{case.input_mean:g}",
        _layers(centred, layers) if centred else "none",
        _layers(case.trained, layers),
    ]
    for rule in RULES:
        cells.append(f"{_borne(found[rule])} ({found['predicted_edge'][rule]:.2g})")
    cells.append(_left(found["leaves"]))
    for rule in RULES:
        error = 10 ** number(found[rule]["log10_relative_error"])
        cells.append(f"{error:.1e} at {found[rule]['best_rate']:g}")
    runs = f"{found['modified_over_ordinary']['runs']}"
    return [*cells, ratio_of(found), runs]


def _borne(found: Mapping[str, Any]) -> str:
    rate = number(found["highest_borne_rate"])
    if math.isnan(rate):
        return "none"
    return f"≥ {rate:g}" if rate == found["highest_rate_tried"] else f"{rate:g}"


def _left(runs: Mapping[str, int] | None) -> str:
    return "–" if runs is None else f"{runs['found']} ({runs['predicted']}; {runs['agree']} right)"


def _layers(chosen: Sequence[int], of: int) -> str:
    return "all" if len(chosen) == of else ", ".join(map(str, chosen))
