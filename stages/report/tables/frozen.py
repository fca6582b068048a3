"""The table of networks that are trained on as one map, in Markdown."""

from collections.abc import Mapping

import pandas as pd

from stages.common.params import Freezing
from stages.report.tables.study import CONFIDENCE
from stages.text import markdown, names
from stages.text.estimates import in_figures, over_seeds

HEAD = (
    *("network", "rule", "matching", "noise", "f(z), before", "f(z)", "f(f(z))"),
    *("relative error on noise", "reconstruction error"),
)
MEASURED = ("frechet_distance", "frechet_distance_2", "relative_error", "reconstruction_error")


def frozen_table(rows: pd.DataFrame, ways: Mapping[str, Freezing]) -> str:
    """Return a Markdown table, a row a way: geometric means over seeds, at the last step.

    Args:
        rows: of stage ``frozen``, a row a way, seed and step.
        ways: what each is, those that there are rows of and others.
    """
    found = []
    for name, of in rows.groupby("way", sort=False):
        way, last = ways[str(name)], of[of.step == of.step.max()]
        rule = way.rule if way.rule == "none" or not way.weight else f"{way.rule}, {way.weight:g}"
        head = [names.model(way.of), rule, f"{way.matching:g}", way.noise]
        before = _mean(of[of.step == 0], "frechet_distance")
        found.append([*head, before, *(_mean(last, measure) for measure in MEASURED)])
    return markdown.table(HEAD, found) + "\n"


def _mean(runs: pd.DataFrame, name: str) -> str:
    return in_figures(over_seeds(runs[name], CONFIDENCE, on_logs=True))
