"""Errors of both rules at equal reconstruction: curves, their overlap, and what is compared."""

import numpy as np
import pandas as pd
import pytest

from stages.common import params
from stages.generative import fair
from tests import ROOT

SEARCH = params.read(ROOT / "stages/pipelines/study/params.yaml", params.MNISTStudy).search
WEIGHTS = (0.1, 0.3, 1.0, 3.0)


def points(modified: float, shift: float = 1.0, seeds: int = 3) -> pd.DataFrame:
    """Return runs whose error is a power of their reconstruction, modified's by a factor."""
    rows = []
    for seed in range(seeds):
        for rule, factor, moved in (("modified", modified, shift), ("ordinary", 1.0, 1.0)):
            for weight in WEIGHTS:
                r = 0.05 * weight * moved * (1 + seed / 10)
                rows.append(
                    {"rule": rule, "weight": weight, "seed": seed, "mode": "eval"}
                    | {"images": "noise", "error": "relative", "reconstruction": r}
                    | {"value": factor * (1 + seed / 7) * r**-0.7}
                )
    return pd.DataFrame(rows)


@pytest.mark.parametrize(("factor", "shift"), [(0.5, 1.0), (2.0, 1.0), (1.0, 1.7), (0.9, 0.4)])
def test_the_ratio_at_equal_reconstruction_is_that_of_the_curves_wherever_weights_lie(
    factor: float, shift: float
):
    found = fair.compared(points(factor, shift))
    ratios = found.modified / found.ordinary
    np.testing.assert_allclose(ratios, factor, rtol=1e-9)
    assert found.groupby("reconstruction").seed.nunique().tolist() == [3] * fair.LEVELS
    assert found.reconstruction.nunique() == fair.LEVELS


def test_equal_weights_would_say_otherwise():
    runs = points(1.0, shift=3.0)
    at_one = runs[runs.weight == 1].groupby("rule").value.mean()
    assert at_one.modified < 0.5 * at_one.ordinary
    found = fair.compared(runs)
    np.testing.assert_allclose(found.modified, found.ordinary)


def test_curves_without_overlap_and_a_rule_without_runs_are_not_compared():
    assert fair.compared(points(1.0, shift=1000.0)).empty
    alone = points(1.0)
    assert list(fair.compared(alone[alone.rule == "modified"]))[-2:] == ["modified", "ordinary"]
    assert fair.compared(alone[alone.rule == "modified"]).empty


def test_a_point_that_another_beats_in_both_is_off_the_curve_and_broken_runs_are_left_out():
    r, e = fair.curve(np.array([1.0, 2.0, np.nan, 3.0]), np.array([5.0, 9.0, 1.0, np.inf]))
    assert (r.tolist(), e.tolist()) == ([1.0, 2.0], [5.0, 5.0])
    assert fair.at((r, e), 1.7) == pytest.approx(5.0)


def test_points_are_the_last_measurements_by_mode_images_and_error():
    tried = SEARCH.groups["fair"]
    names = ["modified_0_3", "ordinary_3_0", "no_rule"]
    columns = [
        f"{start}_{name}"
        for start in fair.MODES.values()
        for name in (*fair.ERRORS.values(), "reconstruction_error")
    ]
    rows = pd.DataFrame(
        {"setting": name, "seed": 10, "step": step}
        | {c: 100 * step + 10 * i + j for j, c in enumerate(columns)}
        for i, name in enumerate(names)
        for step in (1, 2)
    )
    found = fair.points(rows, tried, SEARCH.models)
    assert len(found) == len(names) * len(fair.MODES) * len(fair.ERRORS)
    assert found.groupby("rule").weight.first().to_dict() == {
        "modified": 0.3,
        "ordinary": 3.0,
        "none": 0.0,
    }
    one = found[(found.rule == "ordinary") & (found["mode"] == "eval") & (found.images == "data")]
    assert one.set_index("error").value.to_dict() == {"relative": 217, "absolute": 218}
    assert set(one.reconstruction) == {219}
