"""Stage stability: its table, its control, and what the figure shows of them."""

import math

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from idem.figures.stability import figure_stability
from idem.rule.loss import RULES
from idem.sweeps.grid import Grid
from stages.common import params
from stages.landscape import stability

TINY = params.Stability.model_validate(
    {
        "seed": 0,
        "diverged_above": 10.0,
        "control": {
            "width": 32,
            "batch_size": 8,
            "steps": 400,
            "learning_rates": [0.18, 0.25, 0.3, 0.34, 0.43, 0.5],
        },
        "networks": {
            "B1": {
                "precision": "float64",
                "places": [
                    {"steps": 0, "learning_rate": 0.1, "applications": 3, "fresh_batches": 0},
                    {"steps": 2, "learning_rate": 0.1, "applications": 3, "fresh_batches": 2},
                ],
                "steps": 30,
                "learning_rates": {"modified": [0.5, 30.0], "ordinary": [0.5]},
                "one_batch_learning_rates": {"modified": [0.4, 40.0]},
            }
        },
    }
)


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    grids = {"B1": Grid([5, 5], [0.1], 1, 30, 32, 30, diverged_above=10.0)}
    rows, trained = stability.compute(TINY, grids)
    brackets = {key: stability.bracket([rows]) for key, rows in trained.items()}
    return stability.tabulate(rows, grids, brackets)


def test_the_stage_has_a_row_for_every_rule_and_place(table: pd.DataFrame):
    assert len(table) == 4
    modified, ordinary = (table[table.rule == rule] for rule in RULES)
    assert (modified.largest_stable_rate == 0.5).all()
    assert (modified.lowest_unstable_rate == 30).all()
    assert np.isinf(ordinary.lowest_unstable_rate).all()
    assert (modified.largest_stable_rate_one_batch == 0.4).all()
    assert (modified.lowest_unstable_rate_one_batch == 40).all()
    assert ordinary.lowest_unstable_rate_one_batch.isna().all()
    assert list(ordinary.steps_before) == [0, 2] and list(ordinary.rate_before) == [0, 0.1]
    assert np.isnan(table.edge_fresh_batches).sum() == 2


def test_the_headline_compares_with_the_start_and_has_a_control(table: pd.DataFrame):
    grids = {"B1": Grid([5, 5], [0.1], 1, 30, 32, 30)}
    found = stability.headline(TINY, table, grids)
    modified = found["B1"]["modified"]
    start = modified["after_0_steps"]["edge_from_curvature"]
    assert modified["largest_stable_rate_in_edges_at_start"] == pytest.approx(0.5 / start)
    for kind in ("one_batch", "fresh_batches"):
        measured = found["control"][kind]
        assert measured["largest_stable_rate"] < measured["lowest_unstable_rate"]
    one, fresh = (found["control"][kind] for kind in ("one_batch", "fresh_batches"))
    assert one["largest_stable_rate"] <= one["predicted"] <= one["lowest_unstable_rate"]
    assert one["lowest_unstable_rate"] < fresh["lowest_unstable_rate"]


def test_a_bracket_ends_at_the_first_unstable_rate():
    rows = pd.DataFrame(
        {
            "rule": "modified",
            "learning_rate": rate,
            "run": 0,
            "step": step,
            "absolute_error": error,
            "relative_error": error,
            "output_spread": 1.0,
            "diverged": False,
        }
        for rate, final in ((0.1, 0.5), (0.2, 0.5), (0.4, 2.0), (0.8, 0.5))
        for step, error in ((0, 1.0), (10, final))
    )
    assert stability.bracket([rows]) == (0.2, 0.4)
    assert stability.bracket([rows[rows.learning_rate < 0.3]]) == (0.2, math.inf)
    assert stability.bracket([rows[rows.learning_rate == 0.4]]) == (0.0, 0.4)


def test_places_begin_at_the_start_and_differ():
    content = TINY.model_dump()
    content["networks"]["B1"]["places"].pop(0)
    with pytest.raises(ValueError, match="a first place of 0 steps"):
        params.Stability.model_validate(content)
    content = TINY.model_dump()
    content["networks"]["B1"]["places"] *= 2
    with pytest.raises(ValueError, match="numbers of steps that all differ"):
        params.Stability.model_validate(content)


def test_the_figure_shows_every_edge(table: pd.DataFrame):
    figure = figure_stability(table)
    FigureCanvasAgg(figure).draw()
    axes = figure.axes[0]
    lines = [line for panel in figure.axes for line in panel.lines]
    heights = np.concatenate([np.asarray(line.get_ydata(), dtype=float) for line in lines])
    for name in ("edge_from_curvature", "edge_fresh_batches", "marchenko_pastur"):
        for value in table[name].dropna():
            assert np.isclose(heights, value).any()
    assert axes.get_yscale() == "log"
