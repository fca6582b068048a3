import math
from functools import cache

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle

from idem.figures.stability import figure_stability
from idem.figures.style import RULE_STYLES
from tests.idem.figures.drawing import curves, drawn


def edges() -> pd.DataFrame:
    rows = [
        {"network": n, "rule": r, "steps_before": s, "largest_stable_rate": 0.5}
        | {"edge_from_curvature": 0.3 + s, "edge_fresh_batches": math.nan if s == 0 else 0.4}
        | {"marchenko_pastur": 1.5, "one_layer_fresh": 1.8, "paper": math.nan}
        | {"lowest_unstable_rate": 0.7 if r == "modified" else math.inf}
        for n in ("B1", "B2")
        for r in ("modified", "ordinary")
        for s in (0, 5)
    ]
    return pd.DataFrame(rows)


@cache
def panels_of() -> list[Axes]:
    return drawn(figure_stability(edges())).axes


def test_every_network_has_a_panel_on_one_axis_of_rates():
    panels = panels_of()
    assert [axes.get_title() for axes in panels] == ["B1", "B2"]
    assert panels[0].get_ylim() == panels[1].get_ylim()
    assert [label.get_text() for label in panels[0].get_xticklabels()] == ["0", "5"]


def test_bands_reach_from_stable_to_unstable_in_the_colour_of_the_rule():
    axes = panels_of()[0]
    bands = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
    found = [(b.get_y(), b.get_y() + b.get_height(), b.get_facecolor()[:3]) for b in bands]
    colors = [to_rgb(RULE_STYLES[rule]["color"]) for rule in ("modified", "ordinary")]
    assert found == [(0.5, 0.7, colors[0]), (0.5, 1.0, colors[1])]


def test_predictions_stand_at_the_steps_before_them():
    axes = panels_of()[0]
    marks = [points for points in curves(axes, "o")]
    assert [[round(x) for x, _ in points] for points in marks] == [[0, 1]] * 2
    np.testing.assert_allclose([y for _, y in marks[0]], [0.3, 5.3])
    assert np.isnan(marks[1][0][1]) and marks[1][1][1] == 0.4
