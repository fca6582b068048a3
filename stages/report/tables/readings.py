"""The table of readings of the authors' experiment, by how far each is off their lines."""

import math

import pandas as pd

from stages.text import markdown
from stages.text.numbers import plain


def readings_table(table: pd.DataFrame) -> str:
    """Return a Markdown table, a row a reading, the nearest first.

    Args:
        table: of `stages.published.deviations.deviations`, with "" for what is empty.
    """
    both = table[table.rule == "both"]
    networks = [str(name) for name in dict.fromkeys(both.network)]
    names = [f"{name}, {of}" for name in networks for of in ("median", "largest")]
    rows = []
    over_all = both[both.network == networks[0]].sort_values("median_deviation", kind="stable")
    for changed, value, fitted in over_all[["changed", "value", "fitted"]].itertuples(index=False):
        own = both[(both.changed == changed) & (both.value == value)].set_index("network")
        columns = ["median_deviation", "largest_deviation"]
        cells = [percent(own[of][name]) for name in networks for of in columns]
        words = value.replace("_", " ") or "–"
        rows.append([changed, f"{words} (fitted)" if fitted else words, *cells])
    return markdown.table(["changed", "to", *names], rows) + "\n"


def percent(deviation: float) -> str:
    """Return a factor as a deviation from 1; a large one as a factor."""
    if not math.isfinite(deviation):
        return "diverged"
    return f"{100 * (deviation - 1):.1f} %" if deviation < 2 else f"×{plain(deviation, 2)}"
