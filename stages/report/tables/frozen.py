"""The table of networks that are trained on as one map, in Markdown."""

from collections.abc import Mapping

import pandas as pd

from stages.common.params import Freezing, Way
from stages.report.tables.study import CONFIDENCE
from stages.text import markdown, names
from stages.text.estimates import Estimate, in_figures, over_seeds
from stages.text.numbers import plain

HEAD = (
    *("network", "rule", "matching", "f(z), before", "f(z)", "f(f(z))"),
    *("relative error on noise", "reconstruction error"),
)
MEASURED = ("frechet_distance", "frechet_distance_2", "relative_error")  # with intervals


def frozen_table(rows: pd.DataFrame, ways: Mapping[str, Freezing]) -> str:
    """Return a Markdown table, a row a way: geometric means over seeds.

    At the last step, and before the first the distance of f(z), by statistics that were collected
    anew on data and the noise that the network is given: of the covariance of the images, or its
    own, that of its training.

    Args:
        rows: of stage ``frozen``, a row a way, seed and step.
        ways: what each way is, by name.
    """
    found = []
    for name, of in rows.groupby("way", sort=False):
        way, last = ways[str(name)], of[of.step == of.step.max()]
        own = ", its own noise" if way.noise == "fourier" else ""
        head = [names.model(way.of) + own, in_words(way), f"{way.matching:g}"]
        before = over_seeds_of(of[of.step == 0], "frechet_distance")
        cells = [in_figures(over_seeds_of(last, measure)) for measure in MEASURED]
        alone = plain(over_seeds_of(last, "reconstruction_error").mean)
        found.append([*head, plain(before.mean), *cells, alone])
    return markdown.table(HEAD, found) + "\n"


def in_words(way: Way) -> str:
    """Return the rule of a way and the weights beside it."""
    weight = "" if way.rule == "none" else f", {way.weight:g}"
    tight = "" if way.tightness is None else f", tightness {way.tightness.weight:g}"
    return ("IGN" if way.rule == "ign" else way.rule) + weight + tight


def over_seeds_of(runs: pd.DataFrame, name: str) -> Estimate:
    """Return the geometric mean of a measurement over seeds, a row of `runs` each."""
    return over_seeds(runs[name], CONFIDENCE, on_logs=True)
