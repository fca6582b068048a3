"""The table of what every weight of either rule makes of the errors that are there without it."""

import pandas as pd

from stages.report.tables.study import CONFIDENCE
from stages.text import markdown
from stages.text.estimates import in_figures, over_seeds

NONE = "none"  # the rule of controls
IMAGES = {"noise": "noise", "data": "images"}
MODES = ("train", "eval")


def no_rule_table(points: pd.DataFrame) -> str:
    """Return a Markdown table, a row a rule and weight: relative errors over those without a rule.

    Geometric means over seeds, seed by seed.

    Args:
        points: of `stages.generative.fair.points`.
    """
    relative = points[points.error == "relative"]
    keys = ["seed", "mode", "images"]
    without = relative[relative.rule == NONE].set_index(keys)[["value", "reconstruction"]]
    both = relative[relative.rule != NONE].join(without.add_suffix("_without"), on=keys)
    both["over"] = both.value / both.value_without
    both["price"] = both.reconstruction / both.reconstruction_without
    places = [(images, mode) for images in IMAGES for mode in MODES]
    rows = []
    for (rule, weight), of in both.groupby(["rule", "weight"]):
        parts = {place: of[(of.images == place[0]) & (of["mode"] == place[1])] for place in places}
        cells = [_mean(part.over) for part in parts.values()]
        price = [_mean(parts["noise", mode].price) for mode in MODES]
        rows.append([str(rule), f"{weight:g}", *cells, *price])
    heads = [f"{IMAGES[images]}, {mode}" for images, mode in places]
    heads += [f"reconstruction, {mode}" for mode in MODES]
    return markdown.table(["rule", "weight", *heads], rows) + "\n"


def _mean(ratios: pd.Series) -> str:
    return in_figures(over_seeds(ratios, CONFIDENCE, on_logs=True))
