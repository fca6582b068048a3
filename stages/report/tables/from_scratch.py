"""The table of networks that are trained from the start as one map, in Markdown."""

from collections.abc import Mapping

import pandas as pd

from stages.common.params import Way
from stages.report.tables.frozen import in_words, over_seeds_of
from stages.text import markdown
from stages.text.estimates import in_figures
from stages.text.numbers import plain

INTERVALS = ("frechet_distance", "frechet_distance_2", "relative_error", "reconstruction_error")
HEAD = (
    *("rule", "f(z)", "f(f(z))", "relative error on noise", "reconstruction error"),
    *("absolute error on noise", "seeds with all digits"),
)


def from_scratch_table(rows: pd.DataFrame, ways: Mapping[str, Way], digits: int) -> str:
    """Return a Markdown table, a row a way: geometric means over seeds, at the last step.

    Args:
        rows: of stage ``from_scratch``, a row a way, seed and step.
        ways: what each way is, by name.
        digits: all of them.
    """
    found = []
    for name, of in rows.groupby("way", sort=False):
        last = of[of.step == of.step.max()]
        cells = [in_figures(over_seeds_of(last, measure)) for measure in INTERVALS]
        absolute = plain(over_seeds_of(last, "absolute_error").mean)
        whole = f"{int((last.digits >= digits).sum())} of {len(last)}"
        found.append([in_words(ways[str(name)]), *cells, absolute, whole])
    return markdown.table(HEAD, found) + "\n"
